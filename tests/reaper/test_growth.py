"""Storage that RDS has grown is written down once a day."""

import datetime as dt

from provisioner.core import storage
from provisioner.core.errors import TryLater
from provisioner.core.events import EventType
from provisioner.core.lifecycle import DatabaseState
from provisioner.core.names import Place
from provisioner.core.times import optional_instant
from provisioner.ledger.ledger import Ledger
from provisioner.reaper.growth import Followed, GrownStorage
from provisioner.reaper.rds import Running

from tests.ledger.moto_table import TABLE
from tests.reaper.fleet import RacingTable
from tests.reaper.world import ALPHA, DAY, HOUR, RESULT, World


class Sizes:
    """An observer who sees instances of these sizes in GiB."""

    def __init__(self, sizes: dict[str, int], *, down: bool = False) -> None:
        self.sizes, self.down = sizes, down

    def databases(self) -> list[Running]:
        if self.down:
            raise TryLater("listing the instances", "RDS did not answer")
        created = dt.datetime(2026, 11, 1, tzinfo=dt.UTC)
        return [
            Running(f"dev-{name}", Place("dev", name), created, storage_gb=size)
            for name, size in self.sizes.items()
        ]


def look(world: World, sizes: Sizes, after: dt.timedelta = DAY) -> Followed | None:
    world.now += after
    return GrownStorage(world.opening, lambda: sizes).run()  # type: ignore[arg-type, return-value]


def test_a_size_that_is_another_one_is_written_down_once(world: World) -> None:
    world.database("orders")
    world.database("bills")
    sizes = Sizes({"orders": 30, "bills": 20, "unknown": 50})

    assert look(world, sizes) == Followed(grown=["dev/orders: 30", "dev/bills: 20"])
    assert look(world, sizes) == Followed()

    orders = world.there("orders")
    assert orders.result == {**RESULT, "storage_gb": 30}
    assert storage.held_gb(orders) == 30
    assert storage.as_held(orders).storage_gb == 30
    assert orders.root.storage_gb == 20


def test_the_warnings_of_a_database_come_as_if_it_had_not_grown(world: World) -> None:
    origin = world.database("orders", ttl="7d")
    end = world.there("orders").root.expires_at
    look(world, Sizes({"orders": 30}), HOUR)

    world.reap(5 * DAY)

    assert len(world.github.comments[1]) == 1
    assert optional_instant(world.now) is not None
    assert (world.there("orders").origin, world.there("orders").root.expires_at) == (origin, end)


def test_a_database_under_way_is_left_to_its_apply(world: World) -> None:
    world.database("orders")
    world.api.change(Place("dev", "orders"), {"size": "medium"}, ALPHA)

    assert look(world, Sizes({"orders": 30})) == Followed()


def test_a_fault_is_tried_again_after_an_hour_and_nothing_is_looked_at_twice_a_day(world: World) -> None:
    world.database("orders")
    sizes = Sizes({"orders": 30}, down=True)
    failed = look(world, sizes)
    assert failed == Followed(errors=["listing the instances: RDS did not answer"])

    assert look(world, Sizes({"orders": 30}), HOUR / 2) is None
    assert look(world, Sizes({"orders": 30}), HOUR) == Followed(grown=["dev/orders: 30"])
    assert look(world, Sizes({"orders": 40}), DAY / 2) is None


def test_what_is_written_meanwhile_wins() -> None:
    table = RacingTable()
    world = World(Ledger(table, TABLE))
    world.database("orders")

    def change() -> None:
        world.api.change(Place("dev", "orders"), {"size": "medium"}, ALPHA)

    table.meanwhile["DB#dev#orders"] = change

    assert look(world, Sizes({"orders": 30})) == Followed()
    assert world.there("orders").state is DatabaseState.UPDATING
    assert world.there("orders").result == RESULT


def test_the_next_change_keeps_the_size(world: World) -> None:
    world.database("orders")
    look(world, Sizes({"orders": 30}))
    changed = world.api.change(Place("dev", "orders"), {"size": "medium"}, ALPHA).request
    world.happened(changed.id, EventType.SUCCEEDED, result={**RESULT, "storage_gb": 33})

    assert storage.held_gb(world.there("orders")) == 33
