"""What expires is warned about twice, then removed through a request; what is extended is not."""

import pytest
from provisioner.core.events import EventType, Step
from provisioner.core.lifecycle import DatabaseState, Kind
from provisioner.core.names import Place

from tests.core.examples import NOW
from tests.reaper.world import ALPHA, DAY, HOUR, FakeGitHub, World


def test_a_database_is_warned_twice_and_then_removed_through_a_request(world: World) -> None:
    world.database("orders", ttl="14d")
    seen = []
    for _ in range(24 * 14 + 2):
        outcome = world.reap(HOUR)
        if outcome.warned or outcome.expired:
            seen.append(((world.now - NOW).total_seconds() / 86_400, outcome.warned, outcome.expired))

    assert seen == [(7.0, 1, 0), (13.0, 1, 0), (14.0, 0, 1)]
    database = world.there("orders")
    assert database.state is DatabaseState.REMOVING
    assert len(world.github.comments[1]) == 2


def test_a_database_whose_change_is_under_way_for_days_is_warned_all_the_same(world: World) -> None:
    world.database("orders", environment="staging", ttl="14d")
    for _ in range(4):
        world.reap(DAY)
    change = world.api.change(Place("staging", "orders"), {"size": "medium"}, ALPHA).request
    world.happened(change.id, EventType.OPENED, pull_request=2, pull_request_url="u", commit="c")
    world.github.open(2)

    assert [world.reap(DAY).warned for _ in range(3)] == [0, 0, 1]

    assert world.there("orders", "staging").state is DatabaseState.UPDATING
    assert len(world.github.comments[1]) == 1


def test_an_extension_that_comes_before_the_reaper_wins(world: World) -> None:
    world.database("orders", ttl="14d")
    for _ in range(13):
        world.reap(DAY)
    world.now = NOW + 14 * DAY - HOUR

    extended = world.api.change(Place("dev", "orders"), {"ttl": "7d"}, ALPHA)
    assert extended.request.kind is Kind.EXTEND
    assert world.reap(2 * HOUR).expired == 0
    world.happened(extended.request.id, EventType.SUCCEEDED, result=None)
    assert world.reap(DAY).expired == 0

    database = world.there("orders")
    assert database.root.expires_at == "2026-12-14T11:00:00Z"


def test_a_removal_that_a_reviewer_refused_is_not_asked_for_again(world: World) -> None:
    world.happened(_removal_at_its_end(world, "staging"), EventType.CLOSED)

    assert [world.reap(DAY).expired for _ in range(10)] == [0] * 10
    database = world.there("orders", "staging")
    assert database.state is DatabaseState.AVAILABLE


def test_a_protected_database_is_disarmed_and_then_removed(world: World) -> None:
    disarm = world.request(_removal_at_its_end(world, "prod"))
    assert disarm.kind is Kind.DISARM
    assert disarm.follow_up is not None

    world.happened(disarm.id, EventType.SUCCEEDED, result=None)
    world.reap(HOUR)

    removal = world.request(disarm.follow_up)
    assert (removal.kind, removal.root.deletion_protection) == (Kind.REMOVE, False)


class BrokenForOne(FakeGitHub):
    """Comments about one database raise what no rule foresees."""

    def put_comment(self, number: int, marker: str, body: str) -> None:
        if "dev/first" in body:
            raise ValueError("not foreseen")
        super().put_comment(number, marker, body)


def test_the_trouble_of_one_database_does_not_keep_the_others_waiting(world: World) -> None:
    world.github = BrokenForOne()
    world.database("first", ttl="8h")
    world.database("second", ttl="8h", number=2)

    outcome = world.reap(7.9 * HOUR)

    assert any("ValueError: not foreseen" in error for error in outcome.errors)
    assert outcome.unexpected == 1
    assert any("dev/second" in text for text in world.github.comments[2])


def blocked(world: World, step: Step) -> str:
    """dev/orders, kept from its end by a change that failed before it was merged."""
    world.database("orders", ttl="2d")
    accepted = world.api.change(Place("dev", "orders"), {"size": "medium"}, ALPHA)
    world.fail(accepted.request.id, step)
    return accepted.request.id


@pytest.mark.parametrize("step", [Step.PULL_REQUEST, Step.REVIEW])
def test_a_failed_change_that_nobody_cancels_does_not_keep_it_for_ever(world: World, step: Step) -> None:
    failed = blocked(world, step)
    for _ in range(7 * 24 - 1):
        assert world.reap(HOUR).expired == 0
    found = world.request(failed)
    assert not found.progress.cancelling  # whoever asked for it has a week to fix it, past the end too

    for _ in range(3):
        world.reap(HOUR)
    found = world.request(failed)
    assert found.progress.cancelling
    assert failed in [message.request_id for message in world.sent]
    world.happened(failed, EventType.CANCELLED)  # the worker

    assert [world.reap(HOUR).expired for _ in range(3)].count(1) == 1
    database = world.there("orders")
    assert database.state is DatabaseState.REMOVING


@pytest.mark.parametrize("step", [Step.PULL_REQUEST, Step.REVIEW])
def test_an_extension_that_failed_before_its_merge_keeps_the_database_until_its_own_end(
    world: World, step: Step
) -> None:
    world.database("orders", ttl="2d")
    accepted = world.api.change(Place("dev", "orders"), {"ttl": "20d"}, ALPHA)
    world.fail(accepted.request.id, step)

    for _ in range(19):
        assert world.reap(DAY).expired == 0
    found = world.request(accepted.request.id)
    assert not found.progress.cancelling

    world.reap(DAY + HOUR)
    found = world.request(accepted.request.id)
    assert found.progress.cancelling


def test_a_merged_extension_counts_although_its_apply_failed(world: World) -> None:
    world.database("orders", ttl="2d")
    extended = world.api.change(Place("dev", "orders"), {"ttl": "4d"}, ALPHA)
    world.fail(extended.request.id, Step.APPLY, retryable=True)
    for _ in range(90):
        assert world.reap(HOUR).expired == 0

    assert len(world.ledger.request_ids(Place("dev", "orders"))) == 2
    assert [world.reap(HOUR).expired for _ in range(24)].count(1) == 1  # its own end comes all the same


def _removal_at_its_end(world: World, environment: str) -> str:
    """The request that asks for the removal of a database that has lived its 30 days."""
    world.database("orders", environment=environment, ttl="30d")
    for _ in range(30):
        world.reap(DAY)
    database = world.there("orders", environment)
    assert database.active is not None
    return database.active
