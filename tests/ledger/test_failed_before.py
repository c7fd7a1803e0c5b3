"""A change of a database whose last request failed, and which comes to nothing, leaves all as it was."""

import datetime as dt
from dataclasses import replace
from typing import Any, Unpack

import pytest
from provisioner.core.events import Detail, Event, EventType, Step
from provisioner.core.lifecycle import DatabaseState, Kind, State
from provisioner.core.models import Charge, Database, Request
from provisioner.core.names import Place
from provisioner.ledger.ledger import Ledger

from tests.core.examples import NOW, ROOMY, charge, request
from tests.ledger.memory_table import MemoryTable
from tests.ledger.moto_table import TABLE

FAILED: Detail = {"step": Step.APPLY, "cause": "no capacity", "fix": "retry", "retryable": True}
RESULT = {"endpoint": "h", "port": 3306}


@pytest.fixture
def ledger() -> Ledger:
    return Ledger(MemoryTable(), TABLE)


def happen(
    ledger: Ledger, one: Request, happened: EventType, minute: int = 0, **detail: Unpack[Detail]
) -> None:
    at = NOW + dt.timedelta(minutes=minute)
    event = Event(id=f"{happened}:{minute}", type=happened, at=at, actor="x", detail=detail)
    ledger.add_event(one.id, event, at)


def database(ledger: Ledger) -> Database:
    found = ledger.database(Place("dev", "mydb123"))
    assert found is not None
    return found


def as_it_was(ledger: Ledger) -> tuple[Database, Charge]:
    """What counts; a request that is on main does not come to nothing, so that `charge_before` does not."""
    return replace(database(ledger), version=0, charge_before=Charge()), ledger.quota_used("alpha", "dev")


def failed_create(ledger: Ledger) -> Request:
    one = request()
    ledger.open_create(one, charge(one.root), ROOMY)
    happen(ledger, one, EventType.OPENED, 1, pull_request=1)
    happen(ledger, one, EventType.STARTED, 2)
    happen(ledger, one, EventType.FAILED, 3, **FAILED)
    return one


def failed_update(ledger: Ledger) -> Request:
    first = request()
    ledger.open_create(first, charge(first.root), ROOMY)
    happen(ledger, first, EventType.SUCCEEDED, 1, result=RESULT)
    larger = request(kind=Kind.UPDATE, storage_gb=60)
    ledger.open_change(larger, database(ledger), charge(larger.root), ROOMY)
    happen(ledger, larger, EventType.STARTED, 2)
    happen(ledger, larger, EventType.FAILED, 3, **FAILED)
    return larger


def change(ledger: Ledger, kind: Kind) -> Request:
    one = request(kind=kind, storage_gb=80)
    held = database(ledger)
    ledger.open_change(one, held, held.charge if kind is Kind.REMOVE else charge(one.root), ROOMY)
    return one


@pytest.mark.parametrize("fail", [failed_create, failed_update])
@pytest.mark.parametrize("kind", [Kind.UPDATE, Kind.REMOVE])
@pytest.mark.parametrize("end", [EventType.CLOSED, EventType.CANCELLED])
def test_a_change_that_is_taken_back_gives_the_failed_request_its_place_again(
    ledger: Ledger, fail: Any, kind: Kind, end: EventType
) -> None:
    failed = fail(ledger)
    before = as_it_was(ledger)
    assert before[0].state is DatabaseState.FAILED

    happen(ledger, change(ledger, kind), end, 5)

    assert as_it_was(ledger) == before
    assert database(ledger).active == failed.id  # so that it can be retried


@pytest.mark.parametrize("fail", [failed_create, failed_update])
def test_a_late_success_of_the_failed_request_counts_once_the_change_is_taken_back(
    ledger: Ledger, fail: Any
) -> None:
    failed = fail(ledger)
    removal = change(ledger, Kind.REMOVE)
    happen(ledger, failed, EventType.SUCCEEDED, 5, result=RESULT)
    assert database(ledger).state is DatabaseState.REMOVING

    happen(ledger, removal, EventType.CLOSED, 6)

    found = database(ledger)
    assert (found.state, found.active, found.root) == (DatabaseState.AVAILABLE, None, failed.root)
    assert found.result == RESULT
    assert found.charge == found.charge_before == ledger.quota_used("alpha", "dev") == charge(failed.root)


def test_a_removal_that_is_done_leaves_nothing(ledger: Ledger) -> None:
    failed_create(ledger)

    happen(ledger, change(ledger, Kind.REMOVE), EventType.SUCCEEDED, 5)

    found = database(ledger)
    assert (found.state, found.active, found.failed_before) == (DatabaseState.REMOVED, None, None)
    assert ledger.quota_used("alpha", "dev") == Charge()


def test_a_change_that_is_done_fixes_it_for_good(ledger: Ledger) -> None:
    failed_update(ledger)
    fixed = change(ledger, Kind.UPDATE)
    happen(ledger, fixed, EventType.SUCCEEDED, 5)
    happen(ledger, change(ledger, Kind.UPDATE), EventType.CLOSED, 9)

    found = database(ledger)
    assert (found.state, found.active, found.failed_before) == (DatabaseState.AVAILABLE, None, None)
    assert found.root == fixed.root
    assert ledger.quota_used("alpha", "dev") == charge(fixed.root)


def test_a_second_failure_in_a_row_is_the_one_that_has_its_place_again(ledger: Ledger) -> None:
    failed_create(ledger)
    second = change(ledger, Kind.UPDATE)
    happen(ledger, second, EventType.STARTED, 5)
    happen(ledger, second, EventType.FAILED, 6, **FAILED)

    happen(ledger, change(ledger, Kind.REMOVE), EventType.CANCELLED, 9)

    assert database(ledger).active == second.id
    found = ledger.request(second.id)
    assert found is not None
    assert found.progress.state is State.FAILED
