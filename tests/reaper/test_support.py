"""Owners are warned half a year and a month before their version's standard support ends, once each."""

import datetime as dt

import pytest
from provisioner.core.database_events import DatabaseEventType
from provisioner.core.names import Place
from provisioner.reaper.support import EndingVersions, Warned, due

from tests.reaper.test_growth import Sizes
from tests.reaper.world import DAY, World

UNTIL = dt.date(2028, 2, 29)
SEEN = Sizes({"orders": 20, "shop": 20, "unknown": 20})


def look(world: World, day: dt.date) -> Warned | None:
    world.now = dt.datetime.combine(day, dt.time(12), tzinfo=dt.UTC)
    return EndingVersions(world.opening, lambda: SEEN).run()  # type: ignore[arg-type, return-value]


def said(world: World) -> list[tuple[str, bool]]:
    return [
        (event.detail["version"], event.detail["last"])
        for event in world.ledger.database_events(Place("dev", "orders"))
        if event.type is DatabaseEventType.VERSION_ENDING
    ]


@pytest.mark.parametrize(
    ("left", "expected"), [(181, None), (180, 180), (31, 180), (30, 30), (0, 30), (-1, 30), (-999, 30)]
)
def test_a_warning_is_due_by_the_days_that_are_left(left: int, expected: int | None) -> None:
    assert due(UNTIL, UNTIL - left * DAY) == expected


def test_each_warning_goes_out_once_and_for_one_version(world: World) -> None:
    world.database("orders", database_engine="postgres", engine_version="15")
    world.database("shop", database_engine="postgres", engine_version="18")
    what = "dev/orders: postgres 15 until 2028-02-29"

    assert look(world, UNTIL - 181 * DAY) == Warned()
    assert look(world, UNTIL - 180 * DAY) == Warned(warned=[what])
    assert look(world, UNTIL - 90 * DAY) == Warned()
    assert look(world, UNTIL - 30 * DAY) == Warned(warned=[what])
    assert look(world, UNTIL + 30 * DAY) == Warned()
    assert said(world) == [("15", False), ("15", True)]


def test_of_two_late_warnings_the_last_alone_goes_out(world: World) -> None:
    world.database("orders", database_engine="postgres", engine_version="15")

    look(world, UNTIL + DAY)

    assert said(world) == [("15", True)]


def test_the_end_of_its_life_is_warned_about_as_before(world: World) -> None:
    world.database("orders", database_engine="postgres", engine_version="15", ttl="7d")
    created = world.now
    engine = world.catalog.engines["postgres"]
    support = {"15": engine.support["15"].model_copy(update={"until": created.date() + 100 * DAY})}
    world.catalog = world.catalog.model_copy(
        update={"engines": {"postgres": engine.model_copy(update={"support": support})}}
    )

    found = look(world, created.date())

    assert found is not None
    assert found.warned == [f"dev/orders: postgres 15 until {created.date() + 100 * DAY}"]
    assert world.reap(4 * DAY).warned == 1
