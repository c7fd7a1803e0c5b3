"""A row that others keep writing costs its own turn, and nobody else's."""

import datetime as dt

import boto3
import pytest
from moto import mock_aws
from provisioner.core.database_events import DatabaseEventType
from provisioner.core.lifecycle import State
from provisioner.core.names import Place
from provisioner.ledger.ledger import Ledger
from provisioner.reaper.snapshots import Pruned

from tests.core.examples import MISSION_BODY
from tests.ledger.busy_table import Busy
from tests.ledger.moto_table import TABLE
from tests.reaper.account import FINAL, Account
from tests.reaper.days import Days
from tests.reaper.world import ALPHA, World

DAY = dt.timedelta(days=1)


@pytest.fixture
def table() -> Busy:
    return Busy()


@pytest.fixture
def world(table: Busy) -> World:
    return World(Ledger(table, TABLE))


def test_a_contested_request_is_tried_again_and_rings_no_alarm(world: World, table: Busy) -> None:
    contested = world.api.create(MISSION_BODY, ALPHA).request
    other = world.api.create(MISSION_BODY | {"database_name": "other"}, ALPHA).request
    table.held[f"REQ#{contested.id}"] = 100

    outcome = world.reap(2 * DAY)  # both are to fail, since no pull request could be opened

    assert outcome.unexpected == 0
    assert outcome.errors == ["writing to the ledger: others kept changing the same rows"]
    found = world.ledger.request(other.id)
    assert found is not None
    assert found.progress.state is State.FAILED
    table.held.clear()
    world.reap(dt.timedelta(hours=1))
    found = world.ledger.request(contested.id)
    assert found is not None
    assert found.progress.state is State.FAILED


def test_a_contested_database_does_not_end_the_daily_look(world: World, table: Busy) -> None:
    days = Days(world)
    days.database("aaa", ttl="30d")
    days.database("bbb", ttl="30d")
    days.days(13)
    table.held["DB#dev#aaa"] = 100

    looked = days.look()

    assert looked is not None
    assert looked.reported == ["dev/bbb"]
    assert [error.partition(":")[0] for error in looked.errors] == ["dev/aaa"]


def test_a_snapshot_that_is_deleted_is_written_down_although_its_database_is_busy(
    world: World, table: Busy
) -> None:
    with mock_aws():
        world.now = dt.datetime.now(dt.UTC)  # moto stamps snapshots with the time that it is
        account = Account(world, boto3.client("rds", region_name="us-east-1"))
        account.removed("orders")
        account.snapshot(FINAL, "staging-orders")
        table.held["DB#staging#orders"] = 12  # more than one write has tries for

        pruned = account.run(31 * DAY)

    assert pruned == Pruned(deleted=[FINAL])
    deleted = [event.type for event in world.ledger.database_events(Place("staging", "orders"))]
    assert deleted == [DatabaseEventType.SNAPSHOT_DELETED]
