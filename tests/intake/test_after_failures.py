"""What a change meets after another one has failed, in the ledger itself."""

import pytest
from provisioner.core.errors import Problem
from provisioner.core.events import EventType, Step
from provisioner.core.names import Place
from provisioner.ledger.ledger import Ledger

from tests.reaper.world import ALPHA, HOUR, World


@pytest.fixture
def world(ledger: Ledger) -> World:
    return World(ledger)


def test_the_change_after_a_failed_apply_starts_from_what_is_on_main(world: World) -> None:
    world.database("orders")
    larger = world.api.change(Place("dev", "orders"), {"size": "medium", "storage_gb": 50}, ALPHA).request
    world.fail(larger.id, Step.APPLY, retryable=True)
    world.now += HOUR

    tagged = world.api.change(Place("dev", "orders"), {"tags": {"a": "b"}}, ALPHA)

    assert tagged.request.before == larger.root
    assert tagged.request.root.instance_class == larger.root.instance_class
    world.happened(tagged.request.id, EventType.CLOSED)
    back = world.api.change(Place("dev", "orders"), {"size": "small"}, ALPHA)  # the size can be undone
    assert back.request.root.instance_class == "db.t4g.micro"


def test_a_growth_that_rds_refused_is_taken_back_and_blocks_no_extension(world: World) -> None:
    world.database("orders")
    larger = world.api.change(Place("dev", "orders"), {"storage_gb": 50}, ALPHA).request
    world.fail(larger.id, Step.APPLY, retryable=True)
    world.now += HOUR

    extended = world.api.change(Place("dev", "orders"), {"ttl": "9d"}, ALPHA).request

    assert (extended.root.storage_gb, extended.root.max_storage_gb) == (20, 40)
    world.happened(extended.id, EventType.CLOSED)
    back = world.api.change(Place("dev", "orders"), {"storage_gb": 20}, ALPHA).request
    assert (back.before, back.root.storage_gb) == (larger.root, 20)


def test_a_database_whose_removal_failed_takes_no_other_change(world: World) -> None:
    world.database("orders")
    removal = world.api.remove(Place("dev", "orders"), ALPHA).request
    world.fail(removal.id, Step.APPLY, retryable=True)

    with pytest.raises(Problem) as changed:
        world.api.change(Place("dev", "orders"), {"ttl": "8d"}, ALPHA)
    with pytest.raises(Problem) as removed:
        world.api.remove(Place("dev", "orders"), ALPHA)

    for refused in (changed.value, removed.value):
        assert (refused.status, refused.slug) == (409, "removal-failed")
        assert f"POST /requests/{removal.id}/retry" in refused.detail
