"""A request's state is a function of what happened, not of the order in which it was received."""

import dataclasses
import datetime as dt
import itertools
import random
from typing import Unpack

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from provisioner.core.events import Detail, Event, EventType, Step
from provisioner.core.lifecycle import DatabaseState, Kind, Progress, State, blocks, database_state, derive
from provisioner.core.models import Charge, Database
from provisioner.core.names import Place
from provisioner.ledger.ledger import Ledger

from tests.core.examples import ID, NOW, ROOMY, charge, request
from tests.ledger.memory_table import MemoryTable
from tests.ledger.moto_table import TABLE


def event(happened: EventType, minute: float = 0, id: str | None = None, **detail: Unpack[Detail]) -> Event:  # noqa: A002
    at = NOW + dt.timedelta(minutes=minute)
    return Event(id=id or f"{happened}:{minute}", type=happened, at=at, actor="x", detail=detail)


def failed(step: Step, minute: float, pipeline_url: str | None = None) -> Event:
    detail: Detail = {"step": step, "cause": "because", "fix": "fix it", "retryable": True}
    if pipeline_url:
        detail["pipeline_url"] = pipeline_url
    return event(EventType.FAILED, minute, **detail)


REQUESTED = event(EventType.REQUESTED)
OPENED = event(EventType.OPENED, 1, pull_request=7, pull_request_url="u", commit="c")
PLANNED = event(EventType.PLANNED, 2, pipeline_url="p")
MERGED = event(EventType.MERGED, 3)
STARTED = event(EventType.STARTED, 4, pipeline_url="p2")
SUCCEEDED = event(EventType.SUCCEEDED, 9, result={"endpoint": "h"})
HAPPY = [REQUESTED, OPENED, PLANNED, MERGED, STARTED, SUCCEEDED]


def test_each_step_of_a_good_day_has_its_state() -> None:
    states = [derive(HAPPY[: count + 1]).state for count in range(len(HAPPY))]

    assert [state.value for state in states] == [
        "requested",
        "pull_request_open",
        "pull_request_open",
        "merged",
        "applying",
        "done",
    ]


STORIES: dict[str, tuple[list[Event], State]] = {
    "a good day": (HAPPY, State.DONE),
    "closed without a merge": ([REQUESTED, OPENED, event(EventType.CLOSED, 5)], State.REJECTED),
    "closed, then reopened": (
        [REQUESTED, OPENED, event(EventType.CLOSED, 5), event(EventType.REOPENED, 6)],
        State.REJECTED,
    ),
    "closed, reopened and merged": (
        [REQUESTED, OPENED, event(EventType.CLOSED, 2), event(EventType.REOPENED, 2.5), MERGED],
        State.MERGED,
    ),
    "closed, reopened, merged and applied": (
        [*HAPPY, event(EventType.CLOSED, 2), event(EventType.REOPENED, 2.5)],
        State.DONE,
    ),
    "closed because of a cancel that is not carried out yet": (
        [REQUESTED, OPENED, event(EventType.CANCEL_ASKED, 4), event(EventType.CLOSED, 5)],
        State.PULL_REQUEST_OPEN,
    ),
    "cancelled, and so closed": (
        [
            REQUESTED,
            OPENED,
            event(EventType.CANCEL_ASKED, 4),
            event(EventType.CLOSED, 5),
            event(EventType.CANCELLED, 6),
        ],
        State.CANCELLED,
    ),
    "cancelled, reopened and merged": (
        [
            REQUESTED,
            OPENED,
            event(EventType.CANCEL_ASKED, 1.5),
            event(EventType.CANCELLED, 2),
            MERGED,
            STARTED,
        ],
        State.APPLYING,
    ),
    "cancelled too late": ([REQUESTED, OPENED, MERGED, event(EventType.CANCELLED, 6)], State.MERGED),
    "a failed apply": ([REQUESTED, OPENED, MERGED, STARTED, failed(Step.APPLY, 8)], State.FAILED),
    "a failed apply, run again": (
        [REQUESTED, OPENED, MERGED, STARTED, failed(Step.APPLY, 8), event(EventType.STARTED, 10)],
        State.APPLYING,
    ),
    "an old failure received after the success": ([*HAPPY, failed(Step.APPLY, 5)], State.DONE),
    "a denied plan": ([REQUESTED, OPENED, failed(Step.REVIEW, 2)], State.FAILED),
    "a denied plan, fixed": (
        [REQUESTED, OPENED, failed(Step.REVIEW, 2), event(EventType.PLANNED, 3)],
        State.PULL_REQUEST_OPEN,
    ),
    "a denied plan, merged all the same": ([REQUESTED, OPENED, failed(Step.REVIEW, 4), MERGED], State.MERGED),
    "GitHub refused": ([REQUESTED, failed(Step.PULL_REQUEST, 1)], State.FAILED),
    "GitHub refused, retried": (
        [REQUESTED, failed(Step.PULL_REQUEST, 1), event(EventType.RETRIED, 2)],
        State.REQUESTED,
    ),
    "the apply before the webhook": ([REQUESTED, OPENED, STARTED], State.APPLYING),
    "a failed plan, received after the apply failed": (
        [REQUESTED, OPENED, MERGED, STARTED, failed(Step.APPLY, 8), failed(Step.REVIEW, 12)],
        State.FAILED,
    ),
    "a failed apply, received before its own beginning": (
        [
            REQUESTED,
            OPENED,
            MERGED,
            failed(Step.APPLY, 8, pipeline_url="p3"),
            event(EventType.STARTED, 9, pipeline_url="p3"),
        ],
        State.FAILED,
    ),
    "a cancel that came after the merge": (
        [REQUESTED, OPENED, MERGED, event(EventType.CANCEL_ASKED, 3.5), STARTED, failed(Step.APPLY, 8)],
        State.FAILED,
    ),
}


@pytest.mark.parametrize(("events", "state"), STORIES.values(), ids=STORIES.keys())
def test_every_story_ends_as_it_should_in_every_order(events: list[Event], state: State) -> None:
    orders = itertools.islice(itertools.permutations(events), 720)

    assert {derive(order).state for order in orders} == {state}


@settings(max_examples=300)
@given(st.sampled_from(list(STORIES.values())), st.randoms())
def test_repetition_changes_nothing(story: tuple[list[Event], State], chance: random.Random) -> None:
    events = story[0] + chance.choices(story[0], k=5)
    chance.shuffle(events)

    assert derive(events) == derive(story[0])


def received_by_a_ledger(kind: Kind, events: list[Event]) -> tuple[Progress, Database, Charge]:
    """What a ledger makes of a request whose events it receives in this order: itself, database, quota."""
    ledger = Ledger(MemoryTable(), TABLE)
    one = request(ID, kind=kind, storage_gb=40)
    if kind is Kind.CREATE:
        ledger.open_create(one, charge(one.root), ROOMY)
    else:
        first = request("5a1ec0de-0000-4000-8000-000000000000")
        ledger.open_create(first, charge(first.root), ROOMY)
        ledger.add_event(first.id, event(EventType.SUCCEEDED), NOW)
        there = ledger.database(Place("dev", "mydb123"))
        assert there is not None
        ledger.open_change(one, there, charge(one.root), ROOMY)
    for each in events:
        ledger.add_event(ID, each, NOW)
    found, database = ledger.request(ID), ledger.database(Place("dev", "mydb123"))
    assert found is not None
    assert database is not None
    return found.progress, dataclasses.replace(database, version=0), ledger.quota_used("alpha", "dev")


def test_a_thousand_orders_and_repetitions_leave_the_ledger_where_the_right_order_does() -> None:
    chance = random.Random(20261123)
    kinds = (Kind.CREATE, Kind.UPDATE, Kind.REMOVE)
    in_order = {
        (kind, name): received_by_a_ledger(kind, sorted(events[1:], key=lambda event: event.at))
        for kind in kinds
        for name, (events, _) in STORIES.items()
    }
    tried = 0
    for kind, name in itertools.islice(itertools.cycle(in_order), 1000):
        events, state = STORIES[name]
        received = [*events[1:], *chance.choices(events[1:], k=chance.randint(1, 5))]
        chance.shuffle(received)
        right = in_order[kind, name]
        assert received_by_a_ledger(kind, received) == right, (kind, name, [each.id for each in received])
        assert right[0].state is state
        assert right[1].state is database_state(kind, state)
        tried += 1
    assert tried == 1000


def test_a_thousand_random_histories_never_show_a_state_that_went_back() -> None:
    rank = {State.REQUESTED: 0, State.PULL_REQUEST_OPEN: 1, State.MERGED: 2, State.APPLYING: 3, State.DONE: 4}
    chance = random.Random(7)
    for _ in range(1000):
        received = [*HAPPY[1:], *chance.choices(HAPPY[1:], k=4)]
        chance.shuffle(received)
        shown = [derive([REQUESTED, *received[:count]]).state for count in range(len(received) + 1)]
        assert [rank[state] for state in shown] == sorted(rank[state] for state in shown)
        assert shown[-1] is State.DONE


def test_progress_names_the_pull_request_the_pipeline_and_the_result() -> None:
    progress = derive(HAPPY)

    assert (progress.pull_request, progress.commit, progress.pipeline_url) == (7, "c", "p2")
    assert progress.result == {"endpoint": "h"}
    assert progress.step is Step.END


def test_a_failure_says_where_why_and_what_to_do() -> None:
    failure = derive([REQUESTED, failed(Step.PULL_REQUEST, 1)]).failure

    assert failure is not None
    assert (failure.step, failure.cause, failure.fix, failure.retryable) == (
        Step.PULL_REQUEST,
        "because",
        "fix it",
        True,
    )


@pytest.mark.parametrize(
    ("kind", "state", "expected"),
    [
        (Kind.CREATE, State.REQUESTED, DatabaseState.PENDING),
        (Kind.CREATE, State.DONE, DatabaseState.AVAILABLE),
        (Kind.CREATE, State.REJECTED, DatabaseState.REMOVED),
        (Kind.CREATE, State.FAILED, DatabaseState.FAILED),
        (Kind.UPDATE, State.APPLYING, DatabaseState.UPDATING),
        (Kind.EXTEND, State.CANCELLED, DatabaseState.AVAILABLE),
        (Kind.DISARM, State.MERGED, DatabaseState.REMOVING),
        (Kind.DISARM, State.DONE, DatabaseState.AVAILABLE),
        (Kind.REMOVE, State.APPLYING, DatabaseState.REMOVING),
        (Kind.REMOVE, State.DONE, DatabaseState.REMOVED),
        (Kind.REMOVE, State.REJECTED, DatabaseState.AVAILABLE),
    ],
)
def test_a_database_follows_its_request(kind: Kind, state: State, expected: DatabaseState) -> None:
    assert database_state(kind, state) is expected


def test_a_failed_apply_lets_the_next_change_in_and_a_failed_pull_request_does_not() -> None:
    assert not blocks(derive([REQUESTED, OPENED, MERGED, STARTED, failed(Step.APPLY, 8)]))
    assert blocks(derive([REQUESTED, failed(Step.PULL_REQUEST, 1)]))
    assert blocks(derive([REQUESTED, OPENED]))
    assert not blocks(derive(HAPPY))


def test_a_cancel_that_lost_to_a_merge_is_over() -> None:
    asked = event(EventType.CANCEL_ASKED, 2)

    assert derive([REQUESTED, OPENED, asked]).cancelling
    assert not derive([REQUESTED, OPENED, asked, MERGED]).cancelling
    assert not derive([REQUESTED, OPENED, asked, MERGED, STARTED, failed(Step.APPLY, 8)]).cancelling


def test_what_overcomes_a_failure_begins_its_step_again() -> None:
    again = event(EventType.PLANNED, 130)

    assert derive([REQUESTED, OPENED, failed(Step.REVIEW, 120), again]).since == again.at
    assert derive([REQUESTED, OPENED, PLANNED]).since == OPENED.at


def test_the_id_is_part_of_no_state() -> None:
    assert ID not in str(derive(HAPPY))
