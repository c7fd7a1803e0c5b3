"""Whatever is merged, killed, paused or run again: after the last run main and reality are equal."""

import os

import pytest

from tests.pipeline.histories import History

# 1,000 in `make check-all`.
COUNT = int(os.environ.get("HISTORIES", "60"))
GROUP = 20


@pytest.mark.parametrize("first", range(0, COUNT, GROUP))
def test_after_the_last_run_main_and_reality_are_equal(first: int) -> None:
    for seed in range(first, first + GROUP):
        world = History(seed).play()
        assert world.faults == [], seed
        assert world.reality == world.main, seed


@pytest.mark.parametrize("first", range(0, COUNT, GROUP))
def test_without_accidents_nothing_has_to_be_run_again(first: int) -> None:
    for seed in range(first, first + GROUP):
        world = History(seed, accidents=False).play()
        assert world.faults == [], seed
        assert world.reality == world.main, seed
