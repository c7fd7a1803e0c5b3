"""Every event of a request, with its id: the same id each time that the same thing is received.

A request's state is derived from the set of its events (see lifecycle.py), so that what is received twice
counts once. One constructor each, and no other place that writes an id. What is stored does not change:
`tests/core/test_events.py` holds each id to its text. Those of a database are in database_events.py, those of
the pipeline's runs in reruns.py.
"""

import datetime as dt
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Any, Final, Self, TypedDict

from provisioner.core.times import instant

# In whose name the product itself acts, and the pipeline reports.
ACTOR: Final = "rds-provisioner"
PIPELINE: Final = "pipeline"
LONGEST_CAUSE: Final = 2000
# What is kept of the attributes that a plan changes: enough for a page, and little in a record.
MOST_CHANGED: Final = 20
LONGEST_CHANGE: Final = 100


class Step(StrEnum):
    """The step that a request is in, or failed in."""

    PULL_REQUEST = "pull_request"  # message, worker, GitHub
    REVIEW = "review"  # gate and plan, then approval and merge
    QUEUE = "queue"  # merged; the pipeline has not begun to apply it
    APPLY = "apply"
    USERS = "users"  # applied; its users are being made, where the deployment makes them
    END = "end"


class OpenType(StrEnum):
    """Types of events, which grow: one that only a newer release knows is kept as it is, and means nothing.

    While a release is deployed, functions of the one before read rows of the newer one.
    """

    @classmethod
    def _missing_(cls, value: object) -> Self | None:
        if not isinstance(value, str) or not value:
            return None
        newer = str.__new__(cls, value)
        newer._name_ = newer._value_ = value
        return newer

    @property
    def is_known(self) -> bool:
        """Whether this release knows what it means."""
        return self._name_ in type(self).__members__


class EventType(OpenType):
    """What can happen to a request."""

    REQUESTED = "requested"
    OPENED = "opened"
    PLANNED = "planned"
    EDITED = "edited"  # someone pushed to the branch: no automatic merge from here on
    APPROVED = "approved"
    CHANGES_REQUESTED = "changes_requested"
    APPROVAL_DISMISSED = "approval_dismissed"
    APPROVAL_AWAITED = "approval_awaited"  # what the merge waits for changed
    CLOSED = "closed"
    REOPENED = "reopened"
    MERGED = "merged"
    STARTED = "started"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    CANCEL_ASKED = "cancel_asked"  # from here on nothing merges automatically
    CANCELLED = "cancelled"
    RETRIED = "retried"
    REDRIVEN = "redriven"  # the pipeline of the base branch was run again
    USERS_READY = "users_ready"  # its users have logged in


class Detail(TypedDict, total=False):
    """What the events of a request say beyond their type; each has the keys that its constructor writes."""

    pull_request: int
    pull_request_url: str
    commit: str | None
    pipeline_url: str
    as_asked: bool
    plan: str
    result: Mapping[str, Any] | None
    pipeline: object
    step: Step
    cause: str
    fix: str
    retryable: bool
    approval_of: list[str]
    approved_by: list[str]
    waits_for: str
    reason: str
    notes: list[str]
    users: bool
    counts: Mapping[str, int]
    changed: Sequence[Mapping[str, str]]
    approvers: Sequence[Mapping[str, Any]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """One thing that happened to a request."""

    id: str
    type: EventType
    at: dt.datetime
    actor: str
    detail: Detail = field(default_factory=Detail)


def in_order(events: Iterable[Event]) -> list[Event]:
    """Events in the order in which they happened; those of the same moment by their ids."""
    return sorted(events, key=lambda event: (event.at, event.id))


# A request: asked for, cancelled, retried


def requested(at: dt.datetime, actor: str, *, users: bool = False) -> Event:
    """The first event of every request; `users` where it is done only once its users can log in."""
    detail: Detail = {"users": True} if users else {}
    return Event(id="requested", type=EventType.REQUESTED, at=at, actor=actor, detail=detail)


def cancel_asked(at: dt.datetime, actor: str, *, reason: str = "") -> Event:
    """Someone asked to cancel it; the worker ends it."""
    return Event(id="cancel_asked", type=EventType.CANCEL_ASKED, at=at, actor=actor, detail=_because(reason))


def cancelled(at: dt.datetime) -> Event:
    """The worker ended it: nothing of it is open any more."""
    return Event(id="cancelled", type=EventType.CANCELLED, at=at, actor=ACTOR)


def retried(count: int, at: dt.datetime, actor: str, *, reason: str = "") -> Event:
    """The failed step is tried again, for the `count`th time."""
    return Event(id=f"retried:{count}", type=EventType.RETRIED, at=at, actor=actor, detail=_because(reason))


def _because(reason: str) -> Detail:
    return {"reason": reason} if reason else {}


# Its pull request


def opened(number: int, at: dt.datetime, *, url: str, commit: str) -> Event:
    """The worker opened the pull request; `commit` is the head that it made."""
    detail: Detail = {"pull_request": number, "pull_request_url": url, "commit": commit}
    return Event(id=f"opened:{number}", type=EventType.OPENED, at=at, actor=ACTOR, detail=detail)


def merged(
    number: int, at: dt.datetime, actor: str, *, commit: str | None, approved_by: Sequence[str] = ()
) -> Event:
    """The pull request was merged; `commit` is the merge commit, `approved_by` whose approvals it took."""
    detail: Detail = {"commit": commit}
    if approved_by:
        detail["approved_by"] = list(approved_by)
    return Event(id=f"merged:{number}", type=EventType.MERGED, at=at, actor=actor, detail=detail)


def closed(number: int, at: dt.datetime, actor: str) -> Event:
    """The pull request was closed without a merge into the base branch."""
    return Event(id=f"closed:{number}:{instant(at)}", type=EventType.CLOSED, at=at, actor=actor)


def reopened(number: int, at: dt.datetime, actor: str) -> Event:
    """The pull request was opened again after it was closed."""
    return Event(id=f"reopened:{number}:{instant(at)}", type=EventType.REOPENED, at=at, actor=actor)


def edited(commit: str, at: dt.datetime, actor: str) -> Event:
    """Someone pushed `commit` to its branch."""
    return Event(id=f"edited:{commit}", type=EventType.EDITED, at=at, actor=actor, detail={"commit": commit})


def approved(review_id: int | str, at: dt.datetime, actor: str, *, commit: str | None = None) -> Event:
    """A reviewer approved the pull request, as it was with `commit`."""
    return _review("approved", EventType.APPROVED, review_id, at, actor, commit)


def changes_requested(
    review_id: int | str, at: dt.datetime, actor: str, *, commit: str | None = None
) -> Event:
    """A reviewer asked for changes, which takes an approval of the same reviewer back."""
    return _review("changes_requested", EventType.CHANGES_REQUESTED, review_id, at, actor, commit)


def approval_dismissed(review_id: int | str, at: dt.datetime, actor: str) -> Event:
    """A review was dismissed by `actor`: it counts no longer."""
    return _review("approval_dismissed", EventType.APPROVAL_DISMISSED, review_id, at, actor, None)


def approval_awaited(
    count: int,
    at: dt.datetime,
    *,
    owners: Sequence[str],
    waits_for: str,
    commit: str,
    approvers: Sequence[Mapping[str, Any]] = (),
) -> Event:
    """What the merge of `commit` waits for, said for the `count`th time: an approval of one of `owners`.

    `approvers` has the people of each owner, as far as GitHub says who they are.
    """
    detail: Detail = {"commit": commit, "approval_of": list(owners), "waits_for": waits_for[:LONGEST_CAUSE]}
    if approvers:
        detail["approvers"] = list(approvers)
    return Event(
        id=f"approval_awaited:{count}", type=EventType.APPROVAL_AWAITED, at=at, actor=ACTOR, detail=detail
    )


def _review(
    what: str, type_: EventType, review_id: int | str, at: dt.datetime, actor: str, commit: str | None
) -> Event:
    detail: Detail = {} if commit is None else {"commit": commit}
    return Event(id=f"{what}:{review_id}", type=type_, at=at, actor=actor, detail=detail)


def planned(
    commit: str,
    at: dt.datetime,
    *,
    pipeline_url: str,
    as_asked: bool,
    counts: str | None,
    numbers: Mapping[str, int] | None = None,
    changed: Sequence[Mapping[str, str]] = (),
) -> Event:
    """A plan of the pull request passed; `counts` says in one line what it changes.

    `numbers` says the same by action; `changed` are attributes of what stays, the first MOST_CHANGED of them.
    """
    detail: Detail = {"pipeline_url": pipeline_url, "commit": commit, "as_asked": as_asked}
    if counts is not None:
        detail["plan"] = counts
    if numbers is not None:
        detail["counts"] = dict(numbers)
    if changed:
        detail["changed"] = [
            {name: text[:LONGEST_CHANGE] for name, text in each.items()} for each in changed[:MOST_CHANGED]
        ]
    return Event(
        id=f"planned:{commit}:{pipeline_url}", type=EventType.PLANNED, at=at, actor=PIPELINE, detail=detail
    )


# Its apply


def started(at: dt.datetime, *, pipeline_url: str, commit: str) -> Event:
    """An apply of it began."""
    return _apply("started", EventType.STARTED, at, pipeline_url, commit)


def succeeded(at: dt.datetime, *, pipeline_url: str, commit: str, result: Mapping[str, Any] | None) -> Event:
    """Its apply went well; `result` says where the database is."""
    return _apply("succeeded", EventType.SUCCEEDED, at, pipeline_url, commit, {"result": result})


def removed(at: dt.datetime, *, pipeline_url: str, commit: str) -> Event:
    """The apply of its removal went well."""
    return _apply("removed", EventType.SUCCEEDED, at, pipeline_url, commit)


def users_ready(at: dt.datetime) -> Event:
    """The users of the database that it made have logged in."""
    return Event(id="users_ready", type=EventType.USERS_READY, at=at, actor=ACTOR)


def noted(event: Event, notes: Sequence[str]) -> Event:
    """The same event of an apply, with what else is to be said: for example whose place it took over."""
    if not notes:
        return event
    return replace(event, detail={**event.detail, "notes": [note[:LONGEST_CAUSE] for note in notes]})


# Its failures


def failed_opening(attempt: int, at: dt.datetime, *, cause: str, fix: str) -> Event:
    """The worker's `attempt` to open its pull request failed for good."""
    failure = _failure(Step.PULL_REQUEST, cause, fix, retryable=True)
    return _failed(f"pull_request:{attempt}", at, ACTOR, failure)


def failed_plan(commit: str, at: dt.datetime, *, pipeline_url: str, cause: str, fix: str) -> Event:
    """Gate or plan did not pass."""
    failure = _failure(Step.REVIEW, cause, fix, retryable=False)
    failure["pipeline_url"] = pipeline_url
    return _failed(f"plan:{commit}:{pipeline_url}", at, PIPELINE, failure)


def failed_rerun(wanted: str, step: Step, at: dt.datetime, *, cause: str, fix: str) -> Event:
    """The pipeline could not be run again."""
    return _failed(wanted, at, ACTOR, _failure(step, cause, fix, retryable=True))


def failed_stuck(
    step: Step, since: dt.datetime, at: dt.datetime, *, cause: str, fix: str, retryable: bool
) -> Event:
    """A step took longer than its maximum."""
    return _failed(
        f"stuck:{step}:{instant(since)}", at, ACTOR, _failure(step, cause, fix, retryable=retryable)
    )


def failed_apply(
    at: dt.datetime, *, pipeline_url: str, commit: str, cause: str, fix: str, retryable: bool
) -> Event:
    """Its apply failed."""
    failure = _failure(Step.APPLY, cause, fix, retryable=retryable)
    return _apply("failed", EventType.FAILED, at, pipeline_url, commit, failure)


def failed_users(at: dt.datetime, *, cause: str, fix: str) -> Event:
    """Its users could not be made, and it is not tried again automatically."""
    return _failed(f"users:{instant(at)}", at, ACTOR, _failure(Step.USERS, cause, fix, retryable=True))


def _apply(
    outcome: str,
    type_: EventType,
    at: dt.datetime,
    pipeline_url: str,
    commit: str,
    more: Detail | None = None,
) -> Event:
    detail: Detail = {"pipeline_url": pipeline_url, "commit": commit, **(more or {})}
    return Event(id=f"{outcome}:{pipeline_url}", type=type_, at=at, actor=PIPELINE, detail=detail)


def _failed(what: str, at: dt.datetime, actor: str, failure: Detail) -> Event:
    return Event(id=f"failed:{what}", type=EventType.FAILED, at=at, actor=actor, detail=failure)


def _failure(step: Step, cause: str, fix: str, *, retryable: bool) -> Detail:
    return {"step": step, "cause": cause[:LONGEST_CAUSE], "fix": fix, "retryable": retryable}
