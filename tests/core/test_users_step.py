"""A creation that is done once its users can log in: its states, in any order of what is received."""

import dataclasses
import datetime as dt
import itertools
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from provisioner.core import events
from provisioner.core.events import Event, EventType, Step
from provisioner.core.lifecycle import (
    DatabaseState,
    Kind,
    Progress,
    State,
    begins,
    blocks,
    derive,
    step_starts,
)
from provisioner.core.models import Charge, Database
from provisioner.ledger.ledger import Ledger

from tests.core.examples import ID, NOW, ROOMY, charge, request
from tests.ledger.memory_table import MemoryTable
from tests.ledger.moto_table import TABLE

RESULT = {"endpoint": "h", "port": 3306, "secret_arn": "arn"}
WHERE = {"pipeline_url": "https://ci/1", "commit": "c"}


def at(minute: float) -> dt.datetime:
    return NOW + dt.timedelta(minutes=minute)


ASKED = events.requested(NOW, "alpha", users=True)
OPENED = events.opened(7, at(1), url="u", commit="c")
MERGED = events.merged(7, at(3), "alpha", commit="c")
STARTED = events.started(at(4), **WHERE)
APPLIED = events.succeeded(at(9), **WHERE, result=RESULT)
FAILED = events.failed_users(at(60), cause="no way in", fix="look")
RETRIED = events.retried(1, at(70), "alpha")
FAILED_AGAIN = events.failed_users(at(120), cause="no way in", fix="look")
READY = events.users_ready(at(130))
UNTIL_APPLIED = [OPENED, MERGED, STARTED, APPLIED]

STORIES: dict[str, tuple[list[Event], State, Step, Event]] = {
    "applied": (UNTIL_APPLIED, State.APPLYING, Step.USERS, APPLIED),
    "ready": ([*UNTIL_APPLIED, READY], State.DONE, Step.END, READY),
    "failed": ([*UNTIL_APPLIED, FAILED], State.FAILED, Step.USERS, FAILED),
    "retried": ([*UNTIL_APPLIED, FAILED, RETRIED], State.APPLYING, Step.USERS, RETRIED),
    "failed again": ([*UNTIL_APPLIED, FAILED, RETRIED, FAILED_AGAIN], State.FAILED, Step.USERS, FAILED_AGAIN),
    "ready after failures": (
        [*UNTIL_APPLIED, FAILED, RETRIED, FAILED_AGAIN, READY],
        State.DONE,
        Step.END,
        READY,
    ),
    "ready in the end without a retry": ([*UNTIL_APPLIED, FAILED, READY], State.DONE, Step.END, READY),
    "an apply that failed before": (
        [
            OPENED,
            MERGED,
            events.failed_apply(
                at(3.5), pipeline_url="https://ci/0", commit="c", cause="x", fix="y", retryable=True
            ),
            STARTED,
            APPLIED,
        ],
        State.APPLYING,
        Step.USERS,
        APPLIED,
    ),
}


@pytest.mark.parametrize("story", STORIES.values(), ids=STORIES.keys())
def test_every_story_ends_as_it_should_in_every_order(story: tuple[list[Event], State, Step, Event]) -> None:
    happened, state, step, because = story
    for order in itertools.islice(itertools.permutations(happened), 720):
        progress = derive([ASKED, *order])
        assert (progress.state, progress.step, progress.since) == (state, step, because.at)
        assert progress.users


def received(happened: list[Event]) -> tuple[Progress, Database, Charge]:
    """What a ledger makes of a creation whose events it receives in this order."""
    ledger, new = Ledger(MemoryTable(), TABLE), request(ID)
    new = dataclasses.replace(new, progress=derive([ASKED]))
    ledger.open_create(new, charge(new.root), ROOMY)
    for each in happened:
        ledger.add_event(ID, each, NOW)
    found, database = ledger.request(ID), ledger.database(new.place)
    assert found is not None
    assert database is not None
    return found.progress, dataclasses.replace(database, version=0), ledger.quota_used("alpha", "dev")


@given(st.sampled_from(list(STORIES.values())), st.randoms(use_true_random=False), st.integers(0, 3))
def test_any_order_and_repetition_leaves_request_database_and_quota_where_the_right_one_does(
    story: tuple[list[Event], State, Step, Event], chance: Any, more: int
) -> None:
    right = received(story[0])
    mixed = [*story[0], *chance.choices(story[0], k=more)]
    chance.shuffle(mixed)

    assert received(mixed) == right
    assert right[1].state is DatabaseState.AVAILABLE
    assert right[1].active is None
    assert right[1].result == RESULT


@given(st.lists(st.sampled_from([*UNTIL_APPLIED, FAILED, RETRIED, FAILED_AGAIN, READY]), max_size=12))
def test_no_set_of_events_is_done_without_a_login_nor_goes_back_after_it(happened: list[Event]) -> None:
    progress, kinds = derive([ASKED, *happened]), {event.type for event in happened}
    done = {EventType.SUCCEEDED, EventType.USERS_READY} <= kinds

    assert (progress.state is State.DONE) is done
    if progress.step is Step.USERS:
        assert EventType.SUCCEEDED in kinds
        assert progress.of_database is State.DONE
        assert not blocks(progress)
    if EventType.SUCCEEDED not in kinds:
        assert progress.failure is None


@given(st.lists(st.sampled_from([*UNTIL_APPLIED, FAILED, RETRIED, READY]), max_size=8))
def test_a_request_of_before_derives_as_before(happened: list[Event]) -> None:
    progress = derive([events.requested(NOW, "alpha"), *happened])
    assert (progress.state is State.DONE) is (APPLIED in happened)
    assert (progress.users, progress.step is Step.USERS) == (False, False)


def test_users_that_are_missing_block_no_change_and_no_removal() -> None:
    ledger, new = Ledger(MemoryTable(), TABLE), request(ID)
    new = dataclasses.replace(new, progress=derive([ASKED]))
    ledger.open_create(new, charge(new.root), ROOMY)
    for each in [*UNTIL_APPLIED, FAILED]:
        ledger.add_event(ID, each, NOW)
    database = ledger.database(new.place)
    assert database is not None
    removal = request(kind=Kind.REMOVE)

    ledger.open_change(removal, database, database.charge, ROOMY)
    ledger.add_event(removal.id, events.removed(at(200), **WHERE), NOW)
    ledger.add_event(ID, READY, NOW)  # too late for anyone, and no way back

    gone = ledger.database(new.place)
    assert gone is not None
    assert (gone.state, gone.charge) == (DatabaseState.REMOVED, Charge())


def test_the_step_has_its_begin_and_its_end() -> None:
    happened = [ASKED, *UNTIL_APPLIED, READY]
    assert [step.value for step, _ in begins(happened)] == [
        *("pull_request", "review", "queue", "apply", "users", "end")
    ]
    assert step_starts(happened)[Step.USERS] == APPLIED.at
    assert step_starts(happened)[Step.END] == READY.at
    assert step_starts([ASKED, *UNTIL_APPLIED]).keys() == {
        *(Step.PULL_REQUEST, Step.REVIEW, Step.QUEUE, Step.APPLY, Step.USERS)
    }
