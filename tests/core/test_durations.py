"""A running step says how long it usually takes, from requests like it and from no others."""

import datetime as dt
import itertools
from typing import Any

import pytest
from provisioner.core import durations
from provisioner.core.events import Event, EventType, Step
from provisioner.core.models import Charge, Request
from provisioner.ledger.ledger import Ledger

from tests.core.examples import NOW, charge, request

ROOM = Charge(databases=100, storage_gb=10_000, monthly_cents=10_000_000)
NAMES = (f"db{number}" for number in itertools.count())
STEPS = (EventType.OPENED, EventType.MERGED, EventType.STARTED, EventType.SUCCEEDED)


def done(ledger: Ledger, *seconds: float, **body: Any) -> Request:
    """A request whose steps took so long, one after the other."""
    one = request(database_name=next(NAMES), **body)
    ledger.open_create(one, charge(one.root), ROOM)
    now = NOW
    for happened, took in zip(STEPS, seconds, strict=True):
        now += dt.timedelta(seconds=took)
        ledger.add_event(one.id, Event(id=happened, type=happened, at=now, actor="x"), now)
    return one


def test_nothing_is_typical_before_anything_was_done(ledger: Ledger) -> None:
    assert ledger.typical(request()) == {}


def test_the_median_of_requests_like_it_is_typical(ledger: Ledger) -> None:
    for apply in (300, 320, 9000):
        done(ledger, 4, 60, 10, apply)
    assert ledger.typical(request()) == {
        Step.PULL_REQUEST: 4.0,
        Step.REVIEW: 60.0,
        Step.QUEUE: 10.0,
        Step.APPLY: 320.0,
    }


@pytest.mark.parametrize("other", [{"database_engine": "postgres"}, {"size": "medium"}])
def test_another_engine_or_size_says_nothing(ledger: Ledger, other: dict[str, Any]) -> None:
    done(ledger, 4, 60, 10, 300)
    assert ledger.typical(request(**other)) == {}


def test_a_review_is_typical_for_its_environment_alone(ledger: Ledger) -> None:
    done(ledger, 4, 86_400, 10, 300, environment="staging", size="small")
    assert ledger.typical(request()) == {Step.PULL_REQUEST: 4.0, Step.QUEUE: 10.0, Step.APPLY: 300.0}


def test_the_newest_are_kept(ledger: Ledger) -> None:
    for apply in (*[1000] * 10, *[100] * durations.KEEP):
        done(ledger, 1, 1, 1, apply)
    assert ledger.typical(request())[Step.APPLY] == 100.0


def test_an_end_received_twice_counts_once(ledger: Ledger) -> None:
    one = done(ledger, 1, 1, 1, 100)
    done(ledger, 1, 1, 1, 200)
    for number in range(5):
        ledger.add_event(one.id, Event(id=f"again{number}", type=EventType.SUCCEEDED, at=NOW, actor="x"), NOW)
    assert ledger.typical(one)[Step.APPLY] == 150.0


def test_a_step_that_nobody_reported_says_nothing(ledger: Ledger) -> None:
    one = request(database_name="lost")
    ledger.open_create(one, charge(one.root), ROOM)
    for happened, after in ((EventType.OPENED, 5), (EventType.SUCCEEDED, 400)):
        now = NOW + dt.timedelta(seconds=after)
        ledger.add_event(one.id, Event(id=happened, type=happened, at=now, actor="x"), now)
    assert ledger.typical(one) == {Step.PULL_REQUEST: 5.0}
