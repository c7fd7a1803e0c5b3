"""A master password's rotation is announced once RDS has done it, and never before."""

import datetime as dt
from dataclasses import dataclass, field

import pytest
from provisioner.core import database_events
from provisioner.core.database_events import DatabaseEventType
from provisioner.core.errors import TryLater
from provisioner.core.events import EventType
from provisioner.core.lifecycle import Kind
from provisioner.core.models import User
from provisioner.core.names import Place
from provisioner.reaper.outcome import Outcome
from provisioner.reaper.rotations import MasterRotations
from provisioner.reaper.stuck import StuckRequests

from tests.core.examples import MISSION_BODY
from tests.reaper.world import ALPHA, DAY, HOUR, RESULT, World

PLACE = Place("dev", "orders")
MINUTE = dt.timedelta(minutes=1)


@dataclass
class Rds:
    """When a secret was rotated last, and who asked."""

    rotated_at: dt.datetime | None = None
    asked_for: list[str] = field(default_factory=list)
    down: bool = False

    def is_rotated(self, arn: str, since: dt.datetime) -> bool:
        if self.down:
            raise TryLater("looking at a master's secret", "timed out")
        self.asked_for.append(arn)
        return self.rotated_at is not None and self.rotated_at >= since


@pytest.fixture
def rds() -> Rds:
    return Rds()


@pytest.fixture
def origin(world: World) -> str:
    """The request that made dev/orders, which is available and of which nothing is left to do."""
    made = world.database("orders")
    reap(world, Rds(), DAY)
    return made


def reap(world: World, rds: Rds, after: dt.timedelta) -> Outcome:
    world.now += after
    outcome = Outcome()
    settle = MasterRotations(world.opening, rds.is_rotated).settle
    StuckRequests(world.opening, lambda: world.github, "main", settle).run(outcome)
    return outcome


def ask(world: World, user: str = "master", number: int = 1) -> None:
    asked = database_events.rotation_asked(number, world.now, "ada", user=user)
    assert world.ledger.add_database_event(PLACE, asked)


def said(world: World) -> list[tuple[str, str]]:
    """The id and the cause of each event that says how a rotation ended."""
    return [
        (event.id, event.detail.get("cause", ""))
        for event in world.ledger.database_events(PLACE)
        if event.type in (DatabaseEventType.ROTATED, DatabaseEventType.ACCESS_FAILED)
    ]


def is_due(world: World, origin: str) -> bool:
    return origin in {request.id for request in world.ledger.due_requests(world.now + DAY)}


def test_it_is_announced_once_rds_has_done_it(world: World, rds: Rds, origin: str) -> None:
    ask(world)
    asked_at = world.now
    for _ in range(3):
        assert reap(world, rds, 5 * MINUTE).errors == []
        assert said(world) == []

    rds.rotated_at = asked_at + MINUTE
    reap(world, rds, 5 * MINUTE)

    assert said(world) == [("rotated:rotation_asked:1", "")]
    (done,) = (e for e in world.ledger.database_events(PLACE) if e.type is DatabaseEventType.ROTATED)
    assert done.detail == {"user": "master", "secret_arn": RESULT["secret_arn"], "asked_by": "ada"}
    assert "rotated:rotation_asked:1" in world.github.records[1]
    assert set(rds.asked_for) == {RESULT["secret_arn"]}
    reap(world, rds, 5 * MINUTE)
    assert len(said(world)) == 1
    assert not is_due(world, origin)


def test_a_rotation_before_it_was_asked_for_is_another_one(world: World, rds: Rds, origin: str) -> None:
    rds.rotated_at = world.now - MINUTE
    ask(world)
    reap(world, rds, 5 * MINUTE)
    assert said(world) == []
    assert is_due(world, origin)


def test_what_rds_has_not_done_within_an_hour_is_said_with_what_to_do(
    world: World, rds: Rds, origin: str
) -> None:
    ask(world)
    for _ in range(11):
        reap(world, rds, 5 * MINUTE)
        assert said(world) == []
    reap(world, rds, 5 * MINUTE)
    assert said(world) == [("access_failed:rotation_asked:1", "RDS did not rotate it within an hour")]
    reap(world, rds, HOUR)
    assert len(said(world)) == 1
    assert not is_due(world, origin)


def test_each_rotation_has_a_separate_end(world: World, rds: Rds, origin: str) -> None:
    ask(world)
    reap(world, rds, HOUR)
    ask(world, number=2)
    rds.rotated_at = world.now + MINUTE
    reap(world, rds, 5 * MINUTE)
    assert [event_id for event_id, _ in said(world)] == [
        "access_failed:rotation_asked:1",
        "rotated:rotation_asked:2",
    ]


def test_aws_that_does_not_answer_is_asked_again(world: World, rds: Rds, origin: str) -> None:
    ask(world)
    rds.down = True
    assert reap(world, rds, 5 * MINUTE).errors == ["looking at a master's secret: timed out"]
    rds.down, rds.rotated_at = False, world.now
    reap(world, rds, 2 * HOUR)
    assert [event_id for event_id, _ in said(world)] == ["rotated:rotation_asked:1"]


def test_the_other_users_are_the_access_functions(world: World, rds: Rds, origin: str) -> None:
    ask(world, user=User.APPLICATION)
    reap(world, rds, 5 * MINUTE)
    assert rds.asked_for == []
    assert not is_due(world, origin)


def test_what_was_never_answered_long_ago_is_history(world: World, rds: Rds, origin: str) -> None:
    ask(world)
    reap(world, rds, DAY)
    assert (said(world), rds.asked_for) == ([], [])


def test_a_removed_database_has_no_password(world: World, rds: Rds, origin: str) -> None:
    ask(world)
    removal = world.api.remove(PLACE, ALPHA).request
    assert removal.kind is Kind.REMOVE
    world.happened(removal.id, EventType.SUCCEEDED)
    reap(world, rds, 5 * MINUTE)
    assert (said(world), rds.asked_for) == ([], [])


def test_an_event_that_comes_while_a_record_is_kept_is_recorded_too(world: World, origin: str) -> None:
    """The record is read before the request is left alone: what comes in between keeps it due."""
    before = world.ledger.request(origin)
    assert before is not None
    ask(world, user=User.APPLICATION)
    world.ledger.stop_checking(before)
    assert is_due(world, origin)


def test_a_new_database_is_asked_about_by_nobody(world: World, rds: Rds) -> None:
    world.api.create(MISSION_BODY, ALPHA)
    reap(world, rds, 5 * MINUTE)
    assert rds.asked_for == []
