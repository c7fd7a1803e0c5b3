"""Branches, trees and comparisons."""

from sandbox.github.hub import NO_COMMIT, Hub
from sandbox.github.refused import NOT_FOUND, Refused
from sandbox.github.rest.call import Answer, Call


def get_ref(hub: Hub, call: Call, *, branch: str) -> Answer:
    return 200, hub.shapes.ref(branch, hub.head(branch))


def create_ref(hub: Hub, call: Call) -> Answer:
    ref, sha = str(call.body.get("ref", "")), str(call.body.get("sha", ""))
    if not ref.startswith("refs/heads/") or ref.count("/") < 2:
        raise Refused(422, "Reference name must start with 'refs/' and have at least two slashes.")
    if hub.repository.commit(sha) is None:
        raise Refused(422, "Object does not exist")
    branch = ref.removeprefix("refs/heads/")
    if not hub.repository.set_branch(branch, sha, None):
        raise Refused(422, "Reference already exists")
    hub.pushed(branch, NO_COMMIT, sha, call.actor)
    return 201, hub.shapes.ref(branch, sha)


def delete_ref(hub: Hub, call: Call, *, branch: str) -> Answer:
    if hub.repository.head(branch) is None:
        raise Refused(422, "Reference does not exist")
    hub.rules.check_deletion(branch, call.actor)
    hub.repository.delete_branch(branch)
    for pull in hub.open_pulls(branch):
        hub.close(pull, call.actor)
    return 204, None


def get_tree(hub: Hub, call: Call, *, ref: str) -> Answer:
    commit = hub.repository.commit(ref)
    if commit is None:
        raise Refused(*NOT_FOUND)
    recursive = ["-r", "-t"] if call.query.get("recursive") else []
    lines = hub.repository.git("ls-tree", *recursive, commit).splitlines()
    entries = [(*line.partition("\t")[0].split(), line.partition("\t")[2]) for line in lines]
    tree = [{"path": path, "mode": mode, "type": kind, "sha": sha} for mode, kind, sha, path in entries]
    return 200, {"sha": commit, "tree": tree, "truncated": False}


def compare(hub: Hub, call: Call, *, base: str, head: str) -> Answer:
    ends = hub.repository.commit(base), hub.repository.commit(head)
    if ends[0] is None or ends[1] is None:
        raise Refused(*NOT_FOUND)
    ahead, behind = hub.repository.ahead(ends[0], ends[1]), hub.repository.ahead(ends[1], ends[0])
    statuses = {(True, True): "diverged", (True, False): "ahead", (False, True): "behind"}
    return 200, {
        "status": statuses.get((ahead > 0, behind > 0), "identical"),
        "ahead_by": ahead,
        "behind_by": behind,
        "total_commits": ahead,
        "files": hub.repository.files(ends[0], ends[1]),
    }
