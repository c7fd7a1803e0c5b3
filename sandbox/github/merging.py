"""Merges a pull request, where no rule is against it."""

from collections.abc import Mapping
from typing import Any

from sandbox.github.accounts import Actor
from sandbox.github.hub import Hub
from sandbox.github.pulls import IssueEvent, Pull, now
from sandbox.github.refused import Refused
from sandbox.github.repository import Conflict

NOT_MERGEABLE = (405, "Pull Request is not mergeable")


def merge(hub: Hub, pull: Pull, body: Mapping[str, Any], actor: Actor) -> str:
    """The merge commit; raises Refused."""
    if pull.state != "open":
        raise Refused(*NOT_MERGEABLE)
    if body.get("sha") not in (None, pull.head_sha):
        raise Refused(409, "Head branch was modified. Review and try the merge again.")
    hub.rules.check_merge(pull, actor)
    title = str(body.get("commit_title") or f"{pull.title} (#{pull.number})")
    text = f"{title}\n\n{body.get('commit_message') or ''}".strip()
    squash = body.get("merge_method", "merge") == "squash"
    before = hub.head(pull.base)
    try:
        commit = hub.repository.merge(pull.base, pull.head_sha, text, squash=squash)
    except Conflict as error:
        raise Refused(*NOT_MERGEABLE) from error
    pull.state, pull.merged, pull.merge_commit = "closed", True, commit
    pull.merged_at = pull.closed_at = pull.updated_at = now()
    pull.merged_by = actor.login
    for event in ("merged", "closed"):
        pull.history.append(IssueEvent(hub.next_id(), event, actor.login, commit, pull.merged_at))
    hub.send_event(pull, "closed", actor)
    hub.pushed(pull.base, before, commit, actor)
    return commit
