"""Whatever is merged, killed, paused or run again: after the last run main and reality are equal."""

import pytest

from tests.pipeline.histories import History
from tests.pipeline.play_histories import play, table

COUNT = 60  # 1,000 in `make histories`
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


def test_what_happened_is_counted_and_what_is_wrong_is_said() -> None:
    counts, wrong = play(3, accidents=True)
    assert (counts["merges"] > 0, counts["applies"] > 0, wrong) == (True, True, [])
    assert [line.split() for line in table("2 histories", counts, ["history 3: no"])][-2:] == [
        ["ended", "otherwise", "than", "main,", "or", "did", "wrong", "1"],
        ["history", "3:", "no"],
    ]
