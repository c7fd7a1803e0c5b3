"""A removal that the reaper asked for is tried again until it is merged, or until someone refuses it."""

import datetime as dt

import pytest
from provisioner.core.catalog import parse
from provisioner.core.events import EventType, Step
from provisioner.core.lifecycle import DatabaseState, Kind, State
from provisioner.core.models import Request
from provisioner.core.names import Place
from provisioner.ledger.ledger import Ledger

from tests.core.examples import CATALOG_TEXT
from tests.ledger.moto_table import TABLE
from tests.reaper.days import Days
from tests.reaper.fleet import RacingTable
from tests.reaper.world import ALPHA, DAY, HOUR, World

MINUTE = dt.timedelta(minutes=1)
BEFORE_ITS_MERGE = pytest.mark.parametrize("step", [Step.PULL_REQUEST, Step.REVIEW])


@pytest.fixture
def table() -> RacingTable:
    return RacingTable()


@pytest.fixture
def world(table: RacingTable) -> World:
    return World(Ledger(table, TABLE))


def expired(world: World, environment: str = "dev", ttl: str = "2d") -> Request:
    """orders, whose end is over and whose removal was asked for."""
    world.database("orders", environment=environment, ttl=ttl)
    hours_until_asked(world)
    return newest(world, environment)


def newest(world: World, environment: str = "dev") -> Request:
    return world.requests("orders", environment)[-1]


def hours_until_asked(world: World) -> int:
    """Let the reaper run every hour until it asks for a removal."""
    return next(hours for hours in range(1, 31 * 24) if world.reap(HOUR).expired)


def fail(world: World, request: Request, step: Step = Step.REVIEW) -> None:
    """Let a try fail, and the worker do what the reaper then asks for."""
    if step is Step.REVIEW:
        world.happened(request.id, EventType.OPENED, pull_request=2, pull_request_url="u", commit="c")
    world.fail(request.id, step)
    world.reap(5 * MINUTE)
    assert world.sent[-1].request_id == request.id
    assert world.request(request.id).progress.cancelling
    world.happened(request.id, EventType.CANCELLED)


def kinds(world: World, environment: str = "dev") -> list[Kind]:
    return [request.kind for request in world.requests("orders", environment)]


@BEFORE_ITS_MERGE
def test_a_removal_that_failed_is_asked_for_again_until_its_database_is_removed(
    world: World, step: Step
) -> None:
    first = expired(world)
    fail(world, first, step)
    assert world.there("orders").state is DatabaseState.AVAILABLE

    assert world.reap(HOUR - MINUTE).expired == 0
    assert world.reap(HOUR).expired == 1

    second = newest(world)
    assert second.id != first.id
    assert (second.kind, second.actor) == (Kind.REMOVE, "rds-provisioner")
    assert second.reason == f"Its life ended {first.root.expires_at}. This is try 2."
    assert world.sent[-1].request_id == second.id
    world.happened(second.id, EventType.SUCCEEDED, result=None)
    assert world.there("orders").state is DatabaseState.REMOVED
    assert [world.reap(DAY).expired for _ in range(3)] == [0] * 3


def test_the_tries_come_less_and_less_often_and_never_end(world: World) -> None:
    expired(world)
    hours = []
    for _ in range(60):
        fail(world, newest(world), Step.PULL_REQUEST)
        hours.append(hours_until_asked(world))

    assert hours[:7] == [1, 2, 4, 8, 16, 24, 24]
    assert set(hours[7:]) == {24}
    assert len({request.id for request in world.requests("orders")}) == 62


@pytest.mark.parametrize("end", [EventType.CLOSED, EventType.CANCEL_ASKED])
def test_a_try_that_someone_refuses_is_the_last_one(world: World, end: EventType) -> None:
    fail(world, expired(world))
    hours_until_asked(world)
    second = newest(world)

    world.happened(second.id, end)
    if end is EventType.CANCEL_ASKED:
        world.happened(second.id, EventType.CANCELLED)

    assert [world.reap(DAY).expired for _ in range(10)] == [0] * 10
    assert newest(world).id == second.id
    assert world.there("orders").state is DatabaseState.AVAILABLE


def test_a_failed_try_that_its_team_cancels_first_is_the_last_one(world: World) -> None:
    first = expired(world)
    world.fail(first.id, Step.PULL_REQUEST)
    world.api.cancel(first.id, ALPHA)
    world.happened(first.id, EventType.CANCELLED)

    assert [world.reap(DAY).expired for _ in range(10)] == [0] * 10
    assert kinds(world) == [Kind.CREATE, Kind.REMOVE]


def test_between_two_tries_the_database_can_be_extended(world: World) -> None:
    fail(world, expired(world))

    extended = world.api.change(Place("dev", "orders"), {"ttl": "7d"}, ALPHA).request
    world.happened(extended.id, EventType.SUCCEEDED, result=None)

    assert [world.reap(DAY).expired for _ in range(6)] == [0] * 6
    assert kinds(world) == [Kind.CREATE, Kind.REMOVE, Kind.EXTEND]


@BEFORE_ITS_MERGE
def test_a_removal_that_its_team_asked_for_stays_failed(world: World, step: Step) -> None:
    world.database("orders")
    removal = world.api.remove(Place("dev", "orders"), ALPHA).request
    world.fail(removal.id, step)

    for _ in range(5):
        world.reap(HOUR)

    assert world.request(removal.id).progress.state is State.FAILED
    assert not world.request(removal.id).progress.cancelling


def test_a_removal_whose_apply_failed_is_merged_and_so_not_asked_for_again(world: World) -> None:
    first = expired(world)
    world.fail(first.id, Step.APPLY, retryable=True)

    for _ in range(10):
        assert world.reap(DAY).expired == 0

    assert world.request(first.id).progress.state is State.FAILED
    assert EventType.CANCEL_ASKED not in {event.type for event in world.ledger.events(first.id)}
    assert kinds(world) == [Kind.CREATE, Kind.REMOVE]


def test_a_failed_try_that_its_team_retries_meanwhile_goes_on(world: World, table: RacingTable) -> None:
    first = expired(world)
    world.fail(first.id, Step.PULL_REQUEST, retryable=True)
    world.now += 5 * MINUTE

    def retry() -> None:
        world.api.retry(first.id, ALPHA)

    table.meanwhile["request"] = retry

    world.reap()

    progress = world.request(first.id).progress
    assert (progress.state, progress.cancelling) == (State.REQUESTED, False)


def test_a_removal_that_nobody_approves_for_two_weeks_is_asked_for_again(world: World) -> None:
    first = expired(world, "staging", "30d")
    world.happened(first.id, EventType.OPENED, pull_request=2, pull_request_url="u", commit="c")
    world.github.open(2)

    for _ in range(14):
        world.reap(DAY)
    assert world.request(first.id).progress.state is State.FAILED
    world.reap(HOUR)
    assert world.request(first.id).progress.cancelling
    world.happened(first.id, EventType.CANCELLED)
    world.reap(HOUR)

    assert kinds(world, "staging") == [Kind.CREATE, Kind.REMOVE, Kind.REMOVE]


@BEFORE_ITS_MERGE
def test_a_disarm_that_failed_is_asked_for_again(world: World, step: Step) -> None:
    fail(world, expired(world, "prod", "30d"), step)
    hours_until_asked(world)

    assert kinds(world, "prod") == [Kind.CREATE, Kind.DISARM, Kind.DISARM]
    world.happened(newest(world, "prod").id, EventType.SUCCEEDED, result=None)
    world.reap(HOUR)
    assert newest(world, "prod").kind is Kind.REMOVE


def disarmed(world: World) -> Request:
    """The removal of a database of prod whose protection is off already."""
    disarm = expired(world, "prod", "30d")
    world.happened(disarm.id, EventType.SUCCEEDED, result=None)
    world.reap(HOUR)
    return world.request(str(disarm.follow_up))


@BEFORE_ITS_MERGE
def test_a_removal_that_failed_after_its_disarm_is_asked_for_again_without_another(
    world: World, step: Step
) -> None:
    fail(world, disarmed(world), step)
    hours_until_asked(world)

    assert kinds(world, "prod") == [Kind.CREATE, Kind.DISARM, Kind.REMOVE, Kind.REMOVE]
    assert not newest(world, "prod").root.deletion_protection


def test_a_refusal_after_the_disarm_is_respected(world: World) -> None:
    world.happened(disarmed(world).id, EventType.CLOSED)
    world.reap(HOUR)
    world.happened(newest(world, "prod").id, EventType.SUCCEEDED, result=None)  # armed again

    assert [world.reap(DAY).expired for _ in range(10)] == [0] * 10
    assert kinds(world, "prod") == [Kind.CREATE, Kind.DISARM, Kind.REMOVE, Kind.UPDATE]


def test_a_later_try_that_is_refused_puts_the_protection_back(world: World) -> None:
    fail(world, disarmed(world))
    hours_until_asked(world)
    world.happened(newest(world, "prod").id, EventType.CLOSED)

    for _ in range(5):
        world.reap(HOUR)

    assert kinds(world, "prod") == [Kind.CREATE, Kind.DISARM, Kind.REMOVE, Kind.REMOVE, Kind.UPDATE]
    assert newest(world, "prod").root.deletion_protection


def test_a_change_that_came_after_the_disarm_does_not_keep_the_database_for_ever(world: World) -> None:
    disarm = expired(world, "prod", "30d")
    world.happened(disarm.id, EventType.SUCCEEDED, result=None)
    world.now += MINUTE
    tagged = world.api.change(Place("prod", "orders"), {"tags": {"a": "b"}}, ALPHA).request
    world.happened(tagged.id, EventType.SUCCEEDED, result=None)

    assert hours_until_asked(world) == 1
    assert kinds(world, "prod") == [Kind.CREATE, Kind.DISARM, Kind.UPDATE, Kind.DISARM]


@BEFORE_ITS_MERGE
def test_an_idle_databases_removal_that_failed_is_asked_for_at_the_next_look(
    world: World, step: Step
) -> None:
    days = Days(world)
    days.database("orders", ttl="30d")
    days.days(17)
    (first,) = days.removals("orders")

    fail(world, first, step)
    did = days.days(1)

    assert [looked.removals for _, looked in did] == [["dev/orders"]]
    second = days.removals("orders")[-1]
    assert second.reason == "Nobody has connected to it since 2026-11-23T13:00:00Z. This is try 2."


def test_an_idle_database_that_is_used_after_its_removal_failed_is_kept(world: World) -> None:
    days = Days(world)
    days.database("orders", lambda hour: 2.0 if hour >= world.now - HOUR and spared else 0.0, ttl="30d")
    spared = False
    days.days(17)
    (first,) = days.removals("orders")
    fail(world, first)
    spared = True

    did = days.days(5)

    assert [(looked.taken_back, looked.removals) for _, looked in did] == [(["dev/orders"], [])]
    assert len(days.removals("orders")) == 1


def test_a_protected_database_whose_idle_removal_failed_is_protected_again(world: World) -> None:
    before, _, after = CATALOG_TEXT.rpartition("approval: review")  # that of prod
    world.catalog = parse(f"{before}approval: auto\n    idle_after_days: 14{after}")
    days = Days(world)
    days.database("orders", environment="prod", ttl="never")
    days.days(17)
    disarm = newest(world, "prod")
    world.happened(disarm.id, EventType.SUCCEEDED, result=None)
    world.reap(HOUR)
    fail(world, world.request(str(disarm.follow_up)))

    world.reap(HOUR)

    assert kinds(world, "prod") == [Kind.CREATE, Kind.DISARM, Kind.REMOVE, Kind.UPDATE]
    assert newest(world, "prod").root.deletion_protection
