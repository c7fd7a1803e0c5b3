"""A request's state is a function of what happened, not of the order in which it was received."""

import dataclasses
import datetime as dt
import itertools
import random
from enum import StrEnum
from pathlib import Path
from typing import Unpack

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st
from provisioner.core.events import Detail, Event, EventType, Step
from provisioner.core.lifecycle import (
    DatabaseState,
    Kind,
    Progress,
    State,
    blocks,
    database_state,
    derive,
    maximum,
    step_starts,
)
from provisioner.core.models import Charge, Database
from provisioner.core.names import Place
from provisioner.ledger.ledger import Ledger

from tests.core.examples import ID, NOW, ROOMY, charge, request
from tests.ledger.memory_table import MemoryTable
from tests.ledger.moto_table import TABLE
from tests.thorough import tries

API = Path(__file__).parents[2] / "lambda" / "provisioner" / "api" / "openapi.yaml"
OPENAPI = yaml.safe_load(API.read_text(encoding="utf-8"))


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
    "GitHub refused, opened later without a retry": (
        [REQUESTED, failed(Step.PULL_REQUEST, 0.5), OPENED],
        State.PULL_REQUEST_OPEN,
    ),
    "GitHub refused, merged all the same": (
        [REQUESTED, failed(Step.PULL_REQUEST, 4), MERGED],
        State.MERGED,
    ),
    "GitHub refused, and only the apply was received": (
        [REQUESTED, failed(Step.PULL_REQUEST, 5), STARTED],
        State.APPLYING,
    ),
    "a failed plan, and only the apply was received": (
        [REQUESTED, OPENED, failed(Step.REVIEW, 5), STARTED],
        State.APPLYING,
    ),
    "a failed plan, retried": (
        [REQUESTED, OPENED, failed(Step.REVIEW, 2), event(EventType.RETRIED, 3)],
        State.PULL_REQUEST_OPEN,
    ),
    "a plan that passes later in the run that failed": (
        [
            REQUESTED,
            OPENED,
            failed(Step.REVIEW, 2, pipeline_url="p"),
            event(EventType.PLANNED, 3, pipeline_url="p"),
        ],
        State.PULL_REQUEST_OPEN,
    ),
    "a plan of the same moment as its failure": (
        [REQUESTED, OPENED, failed(Step.REVIEW, 2), event(EventType.PLANNED, 2)],
        State.FAILED,
    ),
    "stuck in the queue": ([REQUESTED, OPENED, MERGED, failed(Step.QUEUE, 400)], State.FAILED),
    "stuck in the queue, retried": (
        [REQUESTED, OPENED, MERGED, failed(Step.QUEUE, 400), event(EventType.RETRIED, 401)],
        State.MERGED,
    ),
    "stuck in the queue, begun late": (
        [REQUESTED, OPENED, MERGED, failed(Step.QUEUE, 400), event(EventType.STARTED, 390, pipeline_url="p")],
        State.APPLYING,
    ),
    "closed after an apply that was received before the merge": (
        [REQUESTED, OPENED, STARTED, event(EventType.CLOSED, 5)],
        State.APPLYING,
    ),
    "a failed apply, begun by another run": (
        [
            REQUESTED,
            OPENED,
            MERGED,
            failed(Step.APPLY, 8, pipeline_url="p3"),
            event(EventType.STARTED, 9, pipeline_url="p4"),
        ],
        State.APPLYING,
    ),
    "a failed apply, retried": (
        [REQUESTED, OPENED, MERGED, STARTED, failed(Step.APPLY, 8), event(EventType.RETRIED, 9)],
        State.APPLYING,
    ),
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


def test_orders_and_repetitions_leave_the_ledger_where_the_right_order_does() -> None:
    chance = random.Random(20261123)
    kinds = (Kind.CREATE, Kind.UPDATE, Kind.REMOVE)
    in_order = {
        (kind, name): received_by_a_ledger(kind, sorted(events[1:], key=lambda event: event.at))
        for kind in kinds
        for name, (events, _) in STORIES.items()
    }
    tried, orders = 0, tries(1000, 200)
    for kind, name in itertools.islice(itertools.cycle(in_order), orders):
        events, state = STORIES[name]
        received = [*events[1:], *chance.choices(events[1:], k=chance.randint(1, 5))]
        chance.shuffle(received)
        right = in_order[kind, name]
        assert received_by_a_ledger(kind, received) == right, (kind, name, [each.id for each in received])
        assert right[0].state is state
        assert right[1].state is database_state(kind, state)
        tried += 1
    assert tried == orders


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
        (Kind.CREATE, State.CANCELLED, DatabaseState.REMOVED),
        (Kind.UPDATE, State.DONE, DatabaseState.AVAILABLE),
        (Kind.UPDATE, State.FAILED, DatabaseState.FAILED),
        (Kind.REMOVE, State.FAILED, DatabaseState.FAILED),
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
    assert not derive([REQUESTED, OPENED, asked, event(EventType.CANCELLED, 3)]).cancelling
    assert not derive([REQUESTED, OPENED, asked, MERGED]).cancelling
    assert not derive([REQUESTED, OPENED, asked, MERGED, STARTED, failed(Step.APPLY, 8)]).cancelling


def test_what_overcomes_a_failure_begins_its_step_again() -> None:
    again = event(EventType.PLANNED, 130)

    assert derive([REQUESTED, OPENED, failed(Step.REVIEW, 120), again]).since == again.at
    assert derive([REQUESTED, OPENED, PLANNED]).since == OPENED.at


@pytest.mark.parametrize(
    ("step", "overcomes"),
    [
        (Step.PULL_REQUEST, {EventType.OPENED, EventType.MERGED, EventType.STARTED, EventType.RETRIED}),
        (Step.REVIEW, {EventType.MERGED, EventType.STARTED, EventType.RETRIED, EventType.PLANNED}),
        (Step.QUEUE, {EventType.STARTED, EventType.RETRIED}),
        (Step.APPLY, {EventType.RETRIED, EventType.STARTED}),
    ],
)
def test_a_failure_is_overcome_by_a_later_step_or_a_newer_sign_of_the_same_one(
    step: Step, overcomes: set[EventType]
) -> None:
    signs = {*EventType} - {EventType.REQUESTED, EventType.FAILED, EventType.SUCCEEDED}
    signs -= {EventType.CLOSED, EventType.CANCELLED}  # these end a request
    overcame = {
        sign
        for sign in signs
        if derive([REQUESTED, failed(step, 5), event(sign, 6)]).state is not State.FAILED
    }
    assert overcame == overcomes


def test_of_two_failures_the_newest_that_is_not_overcome_is_shown() -> None:
    overcome, newer = failed(Step.REVIEW, 2), failed(Step.APPLY, 8)
    assert derive([REQUESTED, OPENED, overcome, MERGED, STARTED, newer]).since == newer.at
    first, second = failed(Step.APPLY, 6), dataclasses.replace(failed(Step.APPLY, 8), id="second")
    assert derive([REQUESTED, OPENED, MERGED, STARTED, first, second]).since == second.at


def test_a_retry_begins_its_step_again() -> None:
    again = event(EventType.RETRIED, 9)
    assert derive([REQUESTED, OPENED, MERGED, STARTED, failed(Step.APPLY, 8), again]).since == again.at
    early = event(EventType.RETRIED, 0.5)
    assert derive([REQUESTED, failed(Step.PULL_REQUEST, 0.2), early, OPENED]).since == OPENED.at


def test_the_first_close_ends_a_request_and_the_newest_of_everything_else_counts() -> None:
    closes = [event(EventType.CLOSED, 5), event(EventType.CLOSED, 8)]
    assert derive([REQUESTED, OPENED, *closes]).since == closes[0].at
    opened = [OPENED, event(EventType.OPENED, 2, pull_request=8, pull_request_url="v", commit="d")]
    assert derive([REQUESTED, *opened]).pull_request == 8
    assert derive([REQUESTED, *opened]).pull_request_url == "v"


def test_what_is_not_known_yet_is_none() -> None:
    progress = derive([REQUESTED])

    assert (progress.step, progress.since) == (Step.PULL_REQUEST, REQUESTED.at)
    assert (progress.pull_request, progress.pull_request_url, progress.commit) == (None, None, None)
    assert (progress.pipeline_url, progress.failure, progress.result) == (None, None, None)
    assert (progress.edited, progress.cancelling) == (False, False)
    assert derive([REQUESTED, OPENED, event(EventType.EDITED, 2)]).edited
    # An event of before these keys were written has none.
    assert derive([REQUESTED, event(EventType.OPENED, 1)]).pull_request is None
    assert derive([REQUESTED, OPENED, event(EventType.PLANNED, 2)]).pipeline_url is None
    assert derive([*HAPPY[:-1], event(EventType.SUCCEEDED, 9)]).result is None


def test_the_newest_word_of_a_pipeline_is_the_link_that_is_shown() -> None:
    plan = event(EventType.PLANNED, 2, pipeline_url="plan")
    assert derive([REQUESTED, OPENED, plan]).pipeline_url == "plan"
    for newest in (
        event(EventType.STARTED, 4, pipeline_url="x"),
        event(EventType.SUCCEEDED, 5, pipeline_url="x"),
        failed(Step.APPLY, 6, pipeline_url="x"),
    ):
        assert derive([REQUESTED, OPENED, plan, MERGED, newest]).pipeline_url == "x"


@pytest.mark.parametrize("step", [Step.PULL_REQUEST, Step.REVIEW, Step.QUEUE, Step.APPLY])
def test_a_failure_stands_at_its_own_step(step: Step) -> None:
    progress = derive([REQUESTED, failed(step, 0.1)])
    assert (progress.state, progress.step) == (State.FAILED, step)
    assert blocks(progress) is (step in (Step.PULL_REQUEST, Step.REVIEW))


@pytest.mark.parametrize("state", list(State))
def test_what_has_ended_keeps_nobody_out(state: State) -> None:
    progress = Progress(state=state, step=Step.END, since=NOW)
    assert (progress.edited, progress.cancelling) == (False, False)
    assert blocks(progress) is (state not in (State.DONE, State.REJECTED, State.CANCELLED))


def test_events_without_the_first_are_no_request() -> None:
    with pytest.raises(ValueError, match=r"^a request begins with the event that it was requested$"):
        derive([PLANNED])


def test_each_step_begins_with_its_event_and_at_the_latest_with_the_next() -> None:
    at = {each.type: each.at for each in HAPPY}
    assert step_starts(HAPPY) == {
        Step.PULL_REQUEST: at[EventType.REQUESTED],
        Step.REVIEW: at[EventType.OPENED],
        Step.QUEUE: at[EventType.MERGED],
        Step.APPLY: at[EventType.STARTED],
        Step.END: at[EventType.SUCCEEDED],
    }
    unreported = [REQUESTED, STARTED]
    assert step_starts(unreported) == {
        Step.PULL_REQUEST: REQUESTED.at,
        Step.REVIEW: STARTED.at,
        Step.QUEUE: STARTED.at,
        Step.APPLY: STARTED.at,
    }
    # A step that is said to begin after the next one begins with that; of two beginnings the first counts.
    late = event(EventType.MERGED, 6)
    assert step_starts([REQUESTED, OPENED, late, STARTED])[Step.QUEUE] == STARTED.at
    assert (
        step_starts([REQUESTED, OPENED, MERGED, STARTED, event(EventType.STARTED, 5)])[Step.APPLY]
        == STARTED.at
    )


@pytest.mark.parametrize(
    ("step", "automatic", "longest"),
    [
        (Step.PULL_REQUEST, False, dt.timedelta(hours=24)),
        (Step.PULL_REQUEST, True, dt.timedelta(hours=24)),
        (Step.REVIEW, False, dt.timedelta(days=14)),
        (Step.REVIEW, True, dt.timedelta(hours=2)),
        (Step.QUEUE, False, dt.timedelta(hours=6)),
        (Step.QUEUE, True, dt.timedelta(hours=6)),
        (Step.APPLY, False, dt.timedelta(hours=3)),
        (Step.APPLY, True, dt.timedelta(hours=3)),
        (Step.USERS, True, dt.timedelta(hours=2)),
    ],
)
def test_a_step_has_a_maximum(step: Step, automatic: bool, longest: dt.timedelta) -> None:
    assert maximum(step, automatic=automatic) == longest


@pytest.mark.parametrize(
    ("schema", "stored"),
    [("RequestState", State), ("Kind", Kind), ("Step", Step), ("DatabaseState", DatabaseState)],
)
def test_every_stored_value_is_the_one_that_the_api_describes(schema: str, stored: type[StrEnum]) -> None:
    assert OPENAPI["components"]["schemas"][schema]["enum"] == [member.value for member in stored]


def test_the_id_is_part_of_no_state() -> None:
    assert ID not in str(derive(HAPPY))
