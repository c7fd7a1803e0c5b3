"""A running step says how long it usually takes, from requests like it and from no others."""

import datetime as dt
import itertools
from typing import Any

import pytest
from provisioner.core import durations
from provisioner.core.events import Event, EventType, Step
from provisioner.core.models import Charge, Request
from provisioner.ledger.ledger import Ledger

from tests.core.examples import NOW, catalog, charge, request
from tests.ledger.memory_table import MemoryTable
from tests.ledger.moto_table import TABLE

ROOM = Charge(databases=100, storage_gb=10_000, monthly_cents=10_000_000)
NAMES = (f"db{number}" for number in itertools.count())
STEPS = (EventType.OPENED, EventType.MERGED, EventType.STARTED, EventType.SUCCEEDED)


@pytest.fixture
def ledger() -> Ledger:
    return Ledger(MemoryTable(), TABLE)


def done(ledger: Ledger, *seconds: float, **body: Any) -> Request:
    """A request whose steps took so long, one after the other."""
    one = request(database_name=next(NAMES), **body)
    ledger.open_create(one, charge(one.root), ROOM)
    now = NOW
    for happened, took in zip(STEPS, seconds, strict=True):
        now += dt.timedelta(seconds=took)
        ledger.add_event(one.id, Event(id=happened, type=happened, at=now, actor="x"), now)
    return one


def usual(ledger: Ledger, wanted: Request) -> dict[Step, durations.Usual]:
    return durations.usual(ledger.step_times(wanted), wanted, catalog())


def likely(ledger: Ledger, wanted: Request) -> dict[str, float]:
    """What is likely of each step that the ledger, and not the catalog, knows."""
    known = usual(ledger, wanted).items()
    return {step.value: step_usual.likely for step, step_usual in known if step_usual.basis != "catalog"}


def test_before_any_history_the_catalog_says_what_is_usual(ledger: Ledger) -> None:
    found = usual(ledger, request())
    assert {step.value: (known.likely, known.latest, known.basis) for step, known in found.items()} == {
        "pull_request": (15.0, 60, "catalog"),
        "review": (180.0, 480, "catalog"),
        "queue": (60.0, 180, "catalog"),
        "apply": (900.0, 2400, "catalog"),
    }


def test_the_median_of_requests_like_it_is_likely(ledger: Ledger) -> None:
    for apply in (300, 320, 9000):
        done(ledger, 4, 60, 10, apply)
    assert likely(ledger, request()) == {"pull_request": 4.0, "review": 60.0, "queue": 10.0, "apply": 320.0}


@pytest.mark.parametrize(
    ("other", "basis"),
    [({"size": "medium"}, "apply#mysql"), ({"database_engine": "postgres"}, "apply")],
)
def test_what_is_less_like_it_counts_where_nothing_closer_was_done(
    ledger: Ledger, other: dict[str, Any], basis: str
) -> None:
    done(ledger, 4, 60, 10, 300)
    found = usual(ledger, request(**other))[Step.APPLY]
    assert (found.likely, found.basis) == (300.0, basis)


def test_the_closest_counts_alone(ledger: Ledger) -> None:
    done(ledger, 1, 1, 1, 300)
    done(ledger, 1, 1, 1, 700, size="medium")
    assert likely(ledger, request())["apply"] == 300.0
    assert likely(ledger, request(size="medium"))["apply"] == 700.0


def test_a_restore_is_no_create(ledger: Ledger) -> None:
    done(ledger, 1, 1, 1, 300)
    restored = done(ledger, 1, 1, 1, 2000, restore_from={"snapshot": "dev-old-final-0a1b2c3d"})
    assert likely(ledger, restored)["apply"] == 2000.0
    assert likely(ledger, request())["apply"] == 300.0


def test_a_review_is_usual_for_its_environment_alone(ledger: Ledger) -> None:
    done(ledger, 4, 86_400, 10, 300, environment="staging", size="small")
    assert likely(ledger, request()) == {"pull_request": 4.0, "queue": 10.0, "apply": 300.0}


def test_the_newest_are_kept(ledger: Ledger) -> None:
    for apply in (*[1000] * 10, *[100] * durations.KEEP):
        done(ledger, 1, 1, 1, apply)
    assert likely(ledger, request())["apply"] == 100.0


def test_an_end_received_twice_counts_once(ledger: Ledger) -> None:
    one = done(ledger, 1, 1, 1, 100)
    done(ledger, 1, 1, 1, 200)
    for number in range(5):
        ledger.add_event(one.id, Event(id=f"again{number}", type=EventType.SUCCEEDED, at=NOW, actor="x"), NOW)
    assert likely(ledger, one)["apply"] == 150.0


def test_a_step_that_nobody_reported_says_nothing(ledger: Ledger) -> None:
    one = request(database_name="lost")
    ledger.open_create(one, charge(one.root), ROOM)
    for happened, after in ((EventType.OPENED, 5), (EventType.SUCCEEDED, 400)):
        now = NOW + dt.timedelta(seconds=after)
        ledger.add_event(one.id, Event(id=happened, type=happened, at=now, actor="x"), now)
    assert likely(ledger, one) == {"pull_request": 5.0}


def test_few_times_do_not_shorten_the_longest_that_the_catalog_calls_usual(ledger: Ledger) -> None:
    for _ in range(4):
        done(ledger, 1, 1, 1, 300)
    assert usual(ledger, request())[Step.APPLY].latest == 2400
    done(ledger, 1, 1, 1, 330)
    assert usual(ledger, request())[Step.APPLY].latest == 330.0


def test_nine_of_ten_do_not_exceed_the_latest() -> None:
    assert durations.Usual(tuple(map(float, range(1, 21))), "apply").latest == 18.0
    assert durations.Usual(tuple(map(float, range(1, 10))), "apply").latest == 9.0


@pytest.mark.parametrize(
    ("elapsed", "left"),
    [(0, (200.0, 300.0)), (100, (150.0, 200.0)), (250, (50.0, 50.0)), (300, None), (999, None)],
)
def test_what_is_left_is_judged_by_those_that_took_longer(
    elapsed: float, left: tuple[float, float] | None
) -> None:
    assert durations.Usual((100.0, 200.0, 300.0), "apply").remaining(elapsed) == left


def test_what_the_catalog_states_bounds_what_is_left_where_few_are_known() -> None:
    known = durations.Usual((100.0,), "apply", stated=600)
    assert [known.remaining(elapsed) for elapsed in (0, 100, 600)] == [(100.0, 600), (500, 500), None]
