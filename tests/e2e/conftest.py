"""One sandbox for all end-to-end tests, in which the scenes that they look at run side by side."""

from collections.abc import Iterator

import pytest

from tests.e2e import attack, cluster, scenes
from tests.e2e import typed as commands
from tests.e2e.attack import Attacked
from tests.e2e.cluster import Slept
from tests.e2e.running import Sandbox, started, until
from tests.e2e.scenes import Born, Copied, Expired, Guarded, Lost, Revived, Scenes

__all__ = ["Sandbox", "until"]

SCENES = {
    "orders": scenes.orders,
    "shop": scenes.shop,
    "cloned": scenes.cloned,
    "revived": scenes.revived,
    "guarded": scenes.guarded,
    "expired": scenes.expired,
    "lost": scenes.lost,
    "attacked": attack.attacked,
    "slept": cluster.slept,
    "typed": commands.typed,
}


@pytest.fixture(scope="session")
def sandbox() -> Iterator[Sandbox]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SANDBOX_PAUSE_SCALE", cluster.PAUSE_SCALE)
        with started("test") as running:
            yield running


@pytest.fixture(scope="session")
def all_scenes(sandbox: Sandbox, request: pytest.FixtureRequest) -> Iterator[Scenes]:
    """The scenes that the chosen tests look at, all begun before the first test runs."""
    found = Scenes(sandbox)
    wanted = {name for item in request.session.items for name in getattr(item, "fixturenames", ())}
    for name, scene in SCENES.items():
        if name in wanted:
            found.begin(scene)
    yield found
    found.end()


@pytest.fixture
def orders(all_scenes: Scenes) -> Born:
    return all_scenes.see(scenes.orders)


@pytest.fixture
def shop(all_scenes: Scenes) -> Born:
    return all_scenes.see(scenes.shop)


@pytest.fixture
def cloned(all_scenes: Scenes) -> Copied:
    return all_scenes.see(scenes.cloned)


@pytest.fixture
def revived(all_scenes: Scenes) -> Revived:
    return all_scenes.see(scenes.revived)


@pytest.fixture
def guarded(all_scenes: Scenes) -> Guarded:
    return all_scenes.see(scenes.guarded)


@pytest.fixture
def expired(all_scenes: Scenes) -> Expired:
    return all_scenes.see(scenes.expired)


@pytest.fixture
def attacked(all_scenes: Scenes) -> Attacked:
    return all_scenes.see(attack.attacked)


@pytest.fixture
def slept(all_scenes: Scenes) -> Slept:
    return all_scenes.see(cluster.slept)


@pytest.fixture
def lost(all_scenes: Scenes) -> Lost:
    return all_scenes.see(scenes.lost)


@pytest.fixture
def typed(all_scenes: Scenes) -> dict[str, commands.Ended]:
    return all_scenes.see(commands.typed)
