"""What a request's state means for its database, its team's quota and the next check."""

import datetime as dt
from dataclasses import replace
from typing import Any

import pytest
from provisioner.core import transitions
from provisioner.core.events import Step
from provisioner.core.lifecycle import DatabaseState, Failure, Kind, Progress, State
from provisioner.core.models import Charge, Database, Request

from tests.core.examples import ID, NOW, database, request

SMALL = Charge(databases=1, storage_gb=20, monthly_cents=1398)
LARGE = Charge(databases=1, storage_gb=60, monthly_cents=5435)
RESULT = {"endpoint": "h", "port": 3306}
OTHER = "11111111-8f5e-4c1d-9a70-1c2d3e4f5a6b"
FAILURE = Failure(step=Step.APPLY, cause="c", fix="f", retryable=True)


def asked(state: State, kind: Kind = Kind.UPDATE, **progress: Any) -> Request:
    """A request that stands there; of an update to a larger database where nothing else is said."""
    body: dict[str, Any] = {} if kind is Kind.CREATE else {"storage_gb": 60}
    step = {State.MERGED: Step.QUEUE, State.APPLYING: Step.APPLY}.get(state, Step.REVIEW)
    stands = Progress(state=state, step=step, since=NOW, **progress)
    return replace(request(ID, kind=kind, **body), charge=LARGE, progress=stands)


def available(**values: Any) -> Database:
    return replace(database(request_id=OTHER), charge=SMALL, charge_before=SMALL, version=5, **values)


def under_change(kind: Kind = Kind.UPDATE, **values: Any) -> Database:
    """The database while the request of `asked` changes it."""
    return transitions.change_started(available(**values), asked(State.REQUESTED, kind))


def test_a_create_makes_a_pending_database_that_takes_its_charge() -> None:
    create = asked(State.REQUESTED, Kind.CREATE)

    made = transitions.created(create, version=3)

    assert (made.state, made.origin, made.active) == (DatabaseState.PENDING, ID, ID)
    assert (made.charge, made.charge_before, made.version) == (LARGE, Charge(), 3)
    assert (made.place, made.team, made.created_at) == (create.place, "alpha", NOW)
    assert (made.root, made.asked) == (create.root, create.asked)


@pytest.mark.parametrize(
    ("kind", "state"),
    [
        (Kind.UPDATE, DatabaseState.UPDATING),
        (Kind.EXTEND, DatabaseState.UPDATING),
        (Kind.DISARM, DatabaseState.REMOVING),
        (Kind.REMOVE, DatabaseState.REMOVING),
    ],
)
def test_a_change_holds_the_database_and_remembers_what_it_took(kind: Kind, state: DatabaseState) -> None:
    held = under_change(kind, active=OTHER)

    assert (held.state, held.active, held.failed_before) == (state, ID, OTHER)
    assert (held.charge, held.charge_before, held.version) == (LARGE, SMALL, 6)
    assert held.root == available().root  # until it is applied


def test_a_change_that_is_done_gives_the_database_its_root_result_and_charge() -> None:
    done = asked(State.DONE, result=RESULT)

    new = transitions.advanced(under_change(), done, State.APPLYING)

    assert new is not None
    assert (new.state, new.active, new.failed_before) == (DatabaseState.AVAILABLE, None, None)
    assert (new.root, new.result) == (done.root, RESULT)
    assert (new.charge, new.charge_before, new.version) == (LARGE, LARGE, 7)


def test_a_change_without_a_result_keeps_the_one_before() -> None:
    new = transitions.advanced(under_change(result=RESULT), asked(State.DONE), State.APPLYING)

    assert new is not None
    assert new.result == RESULT


@pytest.mark.parametrize("end", [State.REJECTED, State.CANCELLED])
def test_a_change_that_came_to_nothing_leaves_the_database_as_it_was(end: State) -> None:
    new = transitions.advanced(under_change(), asked(end), State.PULL_REQUEST_OPEN)

    assert new == replace(available(), version=7)


@pytest.mark.parametrize("end", [State.REJECTED, State.CANCELLED])
def test_a_create_that_came_to_nothing_takes_nothing_of_the_quota(end: State) -> None:
    pending = transitions.created(asked(State.REQUESTED, Kind.CREATE), version=1)

    new = transitions.advanced(pending, asked(end, Kind.CREATE), State.PULL_REQUEST_OPEN)

    assert new is not None
    assert (new.state, new.active, new.charge) == (DatabaseState.REMOVED, None, Charge())


def test_a_removal_that_is_done_takes_nothing_of_the_quota_and_keeps_the_last_root() -> None:
    new = transitions.advanced(under_change(Kind.REMOVE), asked(State.DONE, Kind.REMOVE), State.APPLYING)

    assert new is not None
    assert (new.state, new.active) == (DatabaseState.REMOVED, None)
    assert (new.charge, new.charge_before) == (Charge(), Charge())
    assert new.root == available().root


@pytest.mark.parametrize(
    ("state", "shown"), [(State.MERGED, DatabaseState.UPDATING), (State.FAILED, DatabaseState.FAILED)]
)
def test_a_change_under_way_keeps_the_database_and_its_charge(state: State, shown: DatabaseState) -> None:
    held = under_change()

    assert transitions.advanced(held, asked(state), State.APPLYING) == replace(held, state=shown, version=7)


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (State.PULL_REQUEST_OPEN, State.MERGED),  # it never ended
        (State.REJECTED, State.REJECTED),  # nor came back
        (State.REJECTED, State.CANCELLED),
    ],
)
def test_a_request_has_no_say_in_a_database_that_it_does_not_hold(before: State, after: State) -> None:
    assert transitions.advanced(available(), asked(after), before) is None


@pytest.mark.parametrize("before", [State.REJECTED, State.CANCELLED])
def test_an_ended_request_that_was_merged_all_the_same_takes_the_database_up(before: State) -> None:
    new = transitions.advanced(available(), asked(State.MERGED), before)

    assert new is not None
    assert (new.state, new.active, new.charge, new.version) == (DatabaseState.UPDATING, ID, LARGE, 6)


def test_an_ended_create_that_was_merged_all_the_same_makes_its_database() -> None:
    gone = transitions.removed(available())

    new = transitions.advanced(gone, asked(State.MERGED, Kind.CREATE), State.REJECTED)

    assert new is not None
    assert (new.state, new.active, new.origin, new.charge) == (DatabaseState.PENDING, ID, ID, LARGE)


@pytest.mark.parametrize(
    ("kind", "held"),
    [
        (Kind.UPDATE, available(active=OTHER)),  # another change is under way
        (Kind.UPDATE, transitions.removed(available())),
        (Kind.CREATE, available()),  # the name is taken
    ],
)
def test_an_ended_request_takes_up_nothing_that_is_not_there_for_it(kind: Kind, held: Database) -> None:
    assert transitions.advanced(held, asked(State.MERGED, kind), State.REJECTED) is None


def test_a_database_returns_to_the_request_whose_failure_a_change_was_to_overcome() -> None:
    failed = replace(asked(State.FAILED, failure=FAILURE), id=OTHER)

    new = transitions.returned_to(available(failed_before=OTHER), failed)

    assert (new.state, new.active, new.failed_before) == (DatabaseState.FAILED, OTHER, None)


def test_a_database_that_was_removed_without_a_request_takes_nothing_and_waits_for_nothing() -> None:
    new = transitions.removed(available(active=OTHER, failed_before=OTHER))

    assert (new.state, new.active, new.failed_before) == (DatabaseState.REMOVED, None, None)
    assert (new.charge, new.charge_before, new.version) == (Charge(), Charge(), 6)


@pytest.mark.parametrize(
    ("stands", "minutes"),
    [
        (asked(State.PULL_REQUEST_OPEN), 15),
        (asked(State.MERGED), 30),
        (asked(State.APPLYING), 60),
        (asked(State.FAILED, failure=FAILURE), None),  # an operator goes on
        (asked(State.FAILED, failure=FAILURE, pull_request=7), 2),  # its record is kept on the pull request
        (asked(State.FAILED, failure=FAILURE, cancelling=True), 15),  # the worker closes it
        (asked(State.DONE), None),
        (asked(State.DONE, pull_request=7), 2),
        (replace(asked(State.DONE), follow_up=OTHER), 2),
        (asked(State.REJECTED), None),
        (asked(State.REJECTED, Kind.REMOVE), 2),  # protection may have to be put back
    ],
)
def test_a_request_is_checked_while_something_is_left_to_do(stands: Request, minutes: int | None) -> None:
    expected = None if minutes is None else NOW + dt.timedelta(minutes=minutes)

    assert transitions.next_request_check(stands, NOW) == expected


@pytest.mark.parametrize(
    ("state", "checked"),
    [
        (DatabaseState.PENDING, False),
        (DatabaseState.AVAILABLE, True),
        (DatabaseState.UPDATING, True),
        (DatabaseState.FAILED, True),
        (DatabaseState.REMOVING, False),
        (DatabaseState.REMOVED, False),
    ],
)
def test_a_database_that_lives_is_checked_when_its_first_warning_is_due(
    state: DatabaseState, checked: bool
) -> None:
    first_warning = NOW + dt.timedelta(days=3, hours=12)  # half of its 7 days

    found = transitions.next_database_check(available(state=state))

    assert found == (first_warning if checked else None)


def removal(step: Step | None, kind: Kind = Kind.REMOVE, actor: str = "rds-provisioner") -> Request:
    """A removal that failed at a step, or is under way where that is None."""
    failure = None if step is None else Failure(step=step, cause="c", fix="f", retryable=True)
    state = State.FAILED if failure else State.PULL_REQUEST_OPEN
    return replace(asked(state, kind, failure=failure), actor=actor)


@pytest.mark.parametrize("step", [Step.PULL_REQUEST, Step.REVIEW])
@pytest.mark.parametrize("kind", [Kind.REMOVE, Kind.DISARM])
def test_a_removal_of_the_reapers_that_failed_before_its_merge_makes_way(kind: Kind, step: Step) -> None:
    given_up = removal(step, kind)

    assert transitions.is_given_up(given_up)
    assert transitions.next_request_check(given_up, NOW) == NOW + dt.timedelta(minutes=2)


@pytest.mark.parametrize("step", [Step.PULL_REQUEST, Step.REVIEW])
def test_a_maintenance_of_the_products_that_failed_before_its_merge_makes_way(step: Step) -> None:
    assert transitions.is_given_up(removal(step, Kind.MAINTAIN))


@pytest.mark.parametrize(
    "stands",
    [
        removal(Step.QUEUE),
        removal(Step.APPLY),
        removal(None),
        removal(Step.REVIEW, actor="alpha-ci"),
        removal(Step.REVIEW, Kind.UPDATE),
        removal(Step.REVIEW, Kind.EXTEND),
    ],
    ids=["queue", "apply", "under way", "a team's", "an update", "an extension"],
)
def test_no_other_request_makes_way(stands: Request) -> None:
    assert not transitions.is_given_up(stands)


def test_a_failed_request_of_a_team_without_a_pull_request_is_left_to_its_team() -> None:
    assert transitions.next_request_check(removal(Step.PULL_REQUEST, actor="alpha-ci"), NOW) is None


def test_a_removal_that_is_done_and_left_nothing_needs_no_check() -> None:
    assert transitions.next_request_check(replace(removal(None), progress=ended(State.DONE)), NOW) is None
    refused = replace(removal(None), progress=ended(State.REJECTED))
    assert transitions.next_request_check(refused, NOW) == NOW + dt.timedelta(minutes=2)


def ended(state: State) -> Progress:
    return Progress(state=state, step=Step.END, since=NOW)
