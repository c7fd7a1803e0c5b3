"""Files: read on a branch, written and deleted by a commit each."""

import base64
import binascii
from typing import Any

from sandbox.github.hub import Hub
from sandbox.github.refused import NOT_FOUND, Refused
from sandbox.github.rest.call import Answer, Call


def get_file(hub: Hub, call: Call, *, path: str) -> Answer:
    ref = call.query.get("ref", "main")
    commit = hub.repository.commit(ref)
    if commit is None:
        raise Refused(404, f"No commit found for the ref {ref}")
    found = hub.repository.file(commit, path)
    if found is None:
        raise Refused(*NOT_FOUND)
    sha, content = found
    return 200, hub.shapes.file(path, ref, sha, content, base64.encodebytes(content).decode())


def put_file(hub: Hub, call: Call, *, path: str) -> Answer:
    branch = _branch(hub, call)
    there = hub.repository.file(hub.head(branch), path)
    _check_blob(there, call.body.get("sha"), path)
    try:
        content = base64.b64decode(str(call.body["content"]), validate=False)
    except (KeyError, binascii.Error) as error:
        raise Refused(422, 'Invalid request.\n\n"content" wasn\'t supplied.') from error
    commit = hub.commit(branch, path, content, str(call.body["message"]), call.actor)
    found = hub.repository.file(commit, path)
    assert found is not None
    shown = hub.shapes.file(path, branch, found[0], content, "")
    return 200 if there else 201, {"content": shown, "commit": hub.shapes.commit(hub.repository, commit)}


def delete_file(hub: Hub, call: Call, *, path: str) -> Answer:
    branch = _branch(hub, call)
    there = hub.repository.file(hub.head(branch), path)
    if there is None:
        raise Refused(*NOT_FOUND)
    _check_blob(there, call.body.get("sha"), path)
    commit = hub.commit(branch, path, None, str(call.body["message"]), call.actor)
    return 200, {"content": None, "commit": hub.shapes.commit(hub.repository, commit)}


def _branch(hub: Hub, call: Call) -> str:
    branch = str(call.body.get("branch", "main"))
    if hub.repository.head(branch) is None:
        raise Refused(404, f"Branch {branch} not found")
    return branch


def _check_blob(there: tuple[str, bytes] | None, sha: Any, path: str) -> None:
    if there and not sha:
        raise Refused(422, 'Invalid request.\n\n"sha" wasn\'t supplied.')
    if there and sha != there[0]:
        raise Refused(409, f"{path} does not match {sha}")
    if not there and sha:
        raise Refused(*NOT_FOUND)
