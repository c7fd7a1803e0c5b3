"""③ What GitHub says of a pull request, as events of its request: in an answer, or in a webhook."""

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from provisioner.core import events
from provisioner.core.events import ACTOR, Event
from provisioner.core.models import Request
from provisioner.core.names import BranchName
from provisioner.github.pull_request import PullRequest


@dataclass(frozen=True, slots=True, kw_only=True)
class PullRequestEvent:
    """One delivery about a pull request on one of the provisioner's branches.

    `name` is GitHub's event and action, such as `pull_request.closed`; `into_base` says that it is for the
    base branch, and `merged` that it was merged there. `review` is the id of a review, `opinion` what it
    says and `reviewed` the commit that it is about.
    """

    branch: BranchName
    into_base: bool
    name: str
    number: int
    actor: str
    head: str
    merged: bool
    at: dt.datetime | None
    merge_commit: str | None = None
    review: int | str | None = None
    opinion: str = ""
    reviewed: str | None = None

    @property
    def is_review(self) -> bool:
        """Whether a review came, or lost its force."""
        return self.name.startswith("pull_request_review.")


def of_answer(request: Request, found: PullRequest, commit: str, now: dt.datetime) -> Event:
    """The event that a pull request is open, since when GitHub says so.

    GitHub counts whole seconds: what was opened within the second in which it was asked for came after.
    """
    at = _time(found.created_at) or now
    if dt.timedelta() <= request.created_at - at < dt.timedelta(seconds=1):
        at = request.created_at + dt.timedelta(microseconds=1)
    return events.opened(found.number, at, url=found.url, commit=commit)


def of_end(found: PullRequest, actor: str, now: dt.datetime, *, approved_by: Sequence[str] = ()) -> Event:
    """The event that a pull request was merged, or closed without; `actor` where GitHub names nobody."""
    if found.merged:
        merger = ACTOR if found.merged_by_app else found.merged_by or actor
        at = _time(found.merged_at) or now
        return events.merged(found.number, at, merger, commit=found.merge_commit, approved_by=approved_by)
    return events.closed(found.number, _time(found.closed_at) or now, actor)


def of_delivery(
    name: str, payload: Mapping[str, Any], *, repository: str, base: str
) -> PullRequestEvent | None:
    """What a webhook says, where it concerns a branch of the provisioner's; raises KeyError and the like.

    A pull request from a fork may carry any branch name, and is nobody's request. One that was merged into
    another branch than `base` was closed, as far as a request is concerned.
    """
    if name not in ("pull_request", "pull_request_review"):
        return None
    pull = payload["pull_request"]
    head = pull["head"]
    source = (head.get("repo") or {}).get("full_name")
    if payload["repository"]["full_name"] != repository or source != repository:
        return None
    branch = BranchName.parse(str(head["ref"]))
    if branch is None:
        return None
    action = str(payload["action"])
    merged = bool(pull.get("merged")) and pull["base"]["ref"] == base
    review = payload["review"] if name == "pull_request_review" else {}
    times = {
        "pull_request.closed": pull.get("merged_at") if merged else pull.get("closed_at"),
        "pull_request.reopened": pull.get("updated_at"),
        "pull_request_review.submitted": review.get("submitted_at"),
        "pull_request_review.dismissed": pull.get("updated_at"),
    }
    return PullRequestEvent(
        branch=branch,
        into_base=pull["base"]["ref"] == base,
        name=f"{name}.{action}",
        number=int(pull["number"]),
        actor=_actor(payload),
        head=str(head["sha"]),
        merged=merged,
        at=_time(times.get(f"{name}.{action}")),
        merge_commit=pull.get("merge_commit_sha"),
        review=review.get("id"),
        opinion=str(review.get("state", "")).lower(),
        reviewed=review.get("commit_id"),
    )


def is_of(delivered: PullRequestEvent, request: Request) -> bool:
    """Whether a delivery is about the request's own pull request.

    Anybody who may push can open another one from a branch with the first characters of the request's id: it
    has another kind, another number, or, while the number is not known yet, another base.
    """
    number = request.progress.pull_request
    if delivered.branch.kind != request.kind.value:
        return False
    return delivered.into_base if number is None else delivered.number == number


def to_event(delivered: PullRequestEvent, commit: str | None, now: dt.datetime) -> Event | None:
    """The event, if it is one that moves or marks a request; `commit` is the head that the worker made."""
    at, actor = delivered.at or now, delivered.actor
    match delivered.name:
        case "pull_request.closed" if delivered.merged:
            return events.merged(delivered.number, at, actor, commit=delivered.merge_commit)
        case "pull_request.closed":
            return events.closed(delivered.number, at, actor)
        case "pull_request.reopened":
            return events.reopened(delivered.number, at, actor)
        case "pull_request.synchronize" if delivered.head != commit:
            return events.edited(delivered.head, now, actor)
        case "pull_request_review.submitted" | "pull_request_review.dismissed" if delivered.review:
            return _of_review(delivered, delivered.review, at)
    return None


def _of_review(delivered: PullRequestEvent, review: int | str, at: dt.datetime) -> Event | None:
    if delivered.name == "pull_request_review.dismissed":
        return events.approval_dismissed(review, at, delivered.actor)
    if delivered.opinion == "approved":
        return events.approved(review, at, delivered.actor, commit=delivered.reviewed)
    if delivered.opinion == "changes_requested":
        return events.changes_requested(review, at, delivered.actor, commit=delivered.reviewed)
    return None  # a comment


def _actor(payload: Mapping[str, Any]) -> str:
    """Who did it; the App, which opened the pull request, has one name however it is learned."""
    login = str((payload.get("sender") or {}).get("login", "github"))
    opener = payload["pull_request"].get("user") or {}
    return ACTOR if opener.get("type") == "Bot" and opener.get("login") == login else login


def _time(text: str | None) -> dt.datetime | None:
    return dt.datetime.fromisoformat(text) if text else None
