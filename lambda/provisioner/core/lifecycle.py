"""Where a request stands, derived from the set of everything that is known to have happened to it.

The state is a function of the set of events, never of the order in which they were received: late, repeated
and reordered events cannot move it backwards, and a ledger rebuilt from its events comes out the same.
"""

import datetime as dt
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from itertools import pairwise
from typing import Any, Final

from provisioner.core.events import Event, EventType, Step, in_order


class State(StrEnum):
    """A request's state."""

    REQUESTED = "requested"
    PULL_REQUEST_OPEN = "pull_request_open"
    MERGED = "merged"
    APPLYING = "applying"
    DONE = "done"
    REJECTED = "rejected"
    FAILED = "failed"
    CANCELLED = "cancelled"


WITHOUT_MERGE: Final = frozenset({State.REJECTED, State.CANCELLED})
ENDED: Final = WITHOUT_MERGE | {State.DONE}


class Kind(StrEnum):
    """What a request asks for."""

    CREATE = "create"
    UPDATE = "update"
    EXTEND = "extend"
    MAINTAIN = "maintain"  # the same database by the module and the root format of main
    DISARM = "disarm"  # deletion protection off: the first step of a protected removal
    REMOVE = "remove"


@dataclass(frozen=True, slots=True, kw_only=True)
class Failure:
    """Why a request is stuck, what to do, and whether `/retry` can help."""

    step: Step
    cause: str
    fix: str
    retryable: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Progress:
    """What the events of one request add up to.

    `users` says that it is done once its users can log in, as it was noted when it was asked for: then `step`
    is `users` from the end of its apply on, which `applied_at` says.
    """

    state: State
    step: Step
    since: dt.datetime
    pull_request: int | None = None
    pull_request_url: str | None = None
    commit: str | None = None  # the head that the worker made
    edited: bool = False
    cancelling: bool = False
    pipeline_url: str | None = None
    failure: Failure | None = None
    result: Mapping[str, Any] | None = None
    users: bool = False
    applied_at: dt.datetime | None = None

    @property
    def of_database(self) -> State:
        """The state as far as the database goes, which is there from the end of the apply on.

        So a failure to make its users keeps no change out, and no removal.
        """
        return State.DONE if self.step is Step.USERS else self.state

    @property
    def of_database_since(self) -> dt.datetime:
        """Since when `of_database` holds."""
        return self.applied_at or self.since


_STEPS: Final = {
    State.REQUESTED: Step.PULL_REQUEST,
    State.PULL_REQUEST_OPEN: Step.REVIEW,
    State.MERGED: Step.QUEUE,
    State.APPLYING: Step.APPLY,
    State.DONE: Step.END,
    State.REJECTED: Step.END,
    State.CANCELLED: Step.END,
}


def derive(events: Collection[Event]) -> Progress:
    """The progress that a set of events adds up to; order and repetition do not matter."""
    last: dict[EventType, Event] = {}
    ordered = in_order(events)
    for event in ordered:
        if event.type is not EventType.CLOSED or event.type not in last:  # the first close ends a request
            last[event.type] = event
    failures = [event for event in ordered if event.type is EventType.FAILED]
    state, because = _state(last, failures)
    failure = _failure(because) if state is State.FAILED else None
    opened = last.get(EventType.OPENED)
    succeeded = last.get(EventType.SUCCEEDED)
    step = failure.step if failure else _STEPS[state]
    if state is State.APPLYING and succeeded:
        step = Step.USERS
    links = [
        event
        for event in (last.get(kind) for kind in _WITH_PIPELINE)
        if event and "pipeline_url" in event.detail
    ]
    return Progress(
        state=state,
        step=step,
        since=because.at,
        pull_request=opened.detail.get("pull_request") if opened else None,
        pull_request_url=opened.detail.get("pull_request_url") if opened else None,
        commit=opened.detail.get("commit") if opened else None,
        edited=EventType.EDITED in last,
        cancelling=EventType.CANCEL_ASKED in last and state not in ENDED and not _on_main(last),
        pipeline_url=max(links, key=lambda link: link.at).detail["pipeline_url"] if links else None,
        failure=failure,
        result=succeeded.detail.get("result") if succeeded else None,
        users=_makes_users(last),
        applied_at=succeeded.at if succeeded and _makes_users(last) else None,
    )


_WITH_PIPELINE: Final = (EventType.PLANNED, EventType.STARTED, EventType.SUCCEEDED, EventType.FAILED)


def _on_main(last: Mapping[EventType, Event]) -> bool:
    return EventType.STARTED in last or EventType.MERGED in last


def _makes_users(last: Mapping[EventType, Event]) -> bool:
    asked = last.get(EventType.REQUESTED)
    return asked is not None and asked.detail.get("users") is True


def _users_state(
    applied: Event, last: Mapping[EventType, Event], failures: Sequence[Event]
) -> tuple[State, Event]:
    """The state of an applied request that is done once its users can log in, and its first event."""
    if ready := last.get(EventType.USERS_READY):
        return State.DONE, max(applied, ready, key=lambda event: event.at)
    of_users = [failed for failed in failures if failed.detail["step"] == Step.USERS]
    restarts = [sign for failed in of_users for sign in _newer_signs(failed, last)]
    if of_users and not _newer_signs(of_users[-1], last):
        return State.FAILED, of_users[-1]
    return State.APPLYING, max([applied, *restarts], key=lambda event: event.at)


def _state(last: Mapping[EventType, Event], failures: Sequence[Event]) -> tuple[State, Event]:
    """The state, and the event with which it began."""
    if event := last.get(EventType.SUCCEEDED):
        return _users_state(event, last, failures) if _makes_users(last) else (State.DONE, event)
    # What is known of users before the apply is says nothing yet.
    failures = [failed for failed in failures if failed.detail["step"] != Step.USERS]
    if not _on_main(last):
        if event := last.get(EventType.CANCELLED):
            return State.CANCELLED, event
        closed = last.get(EventType.CLOSED)
        if closed and EventType.CANCEL_ASKED not in last:  # else the worker says that it is cancelled
            return State.REJECTED, closed
    for failed in reversed(failures):
        if not _superseded(failed, last):
            return State.FAILED, failed
    for happened, state in _REACHED:
        if event := last.get(happened):
            # A retry begins the step again, and so does whatever else overcame a failure of it.
            restarts = [last.get(EventType.RETRIED, event)]
            for failed in failures:
                if failed.detail["step"] == _STEPS[state]:
                    restarts += _newer_signs(failed, last)
            return state, max([event, *restarts], key=lambda event: event.at)
    raise ValueError("a request begins with the event that it was requested")


_REACHED: Final = (
    (EventType.STARTED, State.APPLYING),
    (EventType.MERGED, State.MERGED),
    (EventType.OPENED, State.PULL_REQUEST_OPEN),
    (EventType.REQUESTED, State.REQUESTED),
)

# What shows that a failed step was overcome: any sign of a later step, or a newer sign of the same one.
_LATER_STEP: Final = {
    Step.PULL_REQUEST: (EventType.OPENED, EventType.MERGED, EventType.STARTED),
    Step.REVIEW: (EventType.MERGED, EventType.STARTED),
    Step.QUEUE: (EventType.STARTED,),
}
_NEWER_SIGN: Final = {
    Step.PULL_REQUEST: (EventType.RETRIED,),
    Step.REVIEW: (EventType.RETRIED, EventType.PLANNED),
    Step.QUEUE: (EventType.RETRIED,),
    Step.APPLY: (EventType.RETRIED, EventType.STARTED),
    Step.USERS: (EventType.RETRIED,),
}


def _superseded(failed: Event, last: Mapping[EventType, Event]) -> bool:
    step = Step(failed.detail["step"])
    if any(happened in last for happened in _LATER_STEP.get(step, ())):
        return True
    return bool(_newer_signs(failed, last))


def _newer_signs(failed: Event, last: Mapping[EventType, Event]) -> list[Event]:
    """What shows that a failed step goes on; not the word that the very run which failed had begun."""
    run = failed.detail.get("pipeline_url")
    kinds = _NEWER_SIGN.get(Step(failed.detail["step"]), ())
    newer = [last[happened] for happened in kinds if happened in last and last[happened].at > failed.at]
    return [
        sign
        for sign in newer
        if sign.type is not EventType.STARTED or not run or sign.detail.get("pipeline_url") != run
    ]


def _failure(event: Event) -> Failure:
    detail = event.detail
    return Failure(
        step=Step(detail["step"]),
        cause=detail["cause"],
        fix=detail["fix"],
        retryable=bool(detail["retryable"]),
    )


# The event with which each step begins.
_BEGINS: Final = (
    (Step.PULL_REQUEST, EventType.REQUESTED),
    (Step.REVIEW, EventType.OPENED),
    (Step.QUEUE, EventType.MERGED),
    (Step.APPLY, EventType.STARTED),
)
_ENDS: Final = ((Step.END, EventType.SUCCEEDED),)
_ENDS_WITH_USERS: Final = ((Step.USERS, EventType.SUCCEEDED), (Step.END, EventType.USERS_READY))


def begins(events: Collection[Event]) -> tuple[tuple[Step, EventType], ...]:
    """The steps of a request, each with the event with which it begins."""
    users = _makes_users({event.type: event for event in events if event.type is EventType.REQUESTED})
    return _BEGINS + (_ENDS_WITH_USERS if users else _ENDS)


def step_starts(events: Collection[Event]) -> dict[Step, dt.datetime]:
    """When each step that was reached began; a step that nobody reported begins with the next one."""
    first: dict[Step, dt.datetime] = {}
    later: dt.datetime | None = None
    for step, happened in reversed(begins(events)):
        times = [event.at for event in events if event.type is happened]
        start = min(times) if times else later
        if start is not None:
            first[step] = start if later is None else min(start, later)
            later = first[step]
    return first


def took(events: Collection[Event]) -> dict[str, float]:
    """The seconds of each step whose begin and end were reported."""
    starts, received = step_starts(events), {event.type for event in events}
    return {
        step.value: round((starts[following] - starts[step]).total_seconds(), 1)
        for (step, begin), (following, end) in pairwise(begins(events))
        if {begin, end} <= received
    }


class DatabaseState(StrEnum):
    """A database's state."""

    PENDING = "pending"
    AVAILABLE = "available"
    UPDATING = "updating"
    REMOVING = "removing"
    REMOVED = "removed"
    FAILED = "failed"


def database_state(kind: Kind, state: State) -> DatabaseState:
    """A database's state while, and after, a request of this kind stands in this state."""
    if state is State.FAILED:
        return DatabaseState.FAILED
    if kind is Kind.CREATE:
        if state in WITHOUT_MERGE:
            return DatabaseState.REMOVED
        return DatabaseState.AVAILABLE if state is State.DONE else DatabaseState.PENDING
    if state in WITHOUT_MERGE:
        return DatabaseState.AVAILABLE
    if kind is Kind.REMOVE:
        return DatabaseState.REMOVED if state is State.DONE else DatabaseState.REMOVING
    if state is State.DONE:
        return DatabaseState.AVAILABLE
    return DatabaseState.REMOVING if kind is Kind.DISARM else DatabaseState.UPDATING


def blocks(progress: Progress) -> bool:
    """Whether a request keeps other changes of its database out.

    A failed apply does not: its root is on main, so that another change, or the removal, is the way on. Nor
    do users that are still to be made: the database is there.
    """
    if progress.step is Step.USERS:
        return False
    if progress.failure:
        return progress.failure.step not in (Step.APPLY, Step.QUEUE)
    return progress.state not in ENDED


# How long a step may take before the reaper looks after it.
#   pull request: GitHub's longest published outages stay under a day; redeliveries fill the time before.
#   review: gate and plan take minutes; a reviewer may be on holiday.
#   queue: CircleCI cancels a job that waited 5 hours in its serial group.
#   apply: the provider waits 40 minutes for a create, 80 for an update, 60 for a delete, and a root may
#   need two of them.
#   users: the access function's queue gives up after 48 minutes.
MAXIMUM: Final[Mapping[Step, dt.timedelta]] = {
    Step.PULL_REQUEST: dt.timedelta(hours=24),
    Step.REVIEW: dt.timedelta(days=14),
    Step.QUEUE: dt.timedelta(hours=6),
    Step.APPLY: dt.timedelta(hours=3),
    Step.USERS: dt.timedelta(hours=2),
}
MAXIMUM_AUTOMATIC_REVIEW: Final = dt.timedelta(hours=2)


def maximum(step: Step, *, automatic: bool) -> dt.timedelta:
    """How long a request may stay in a step; `automatic` where no approval is waited for."""
    return MAXIMUM_AUTOMATIC_REVIEW if automatic and step is Step.REVIEW else MAXIMUM[step]
