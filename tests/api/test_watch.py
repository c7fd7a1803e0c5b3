"""A waiting call ends when the request changes or its time is over, and few wait at once."""

import dataclasses
import datetime as dt
from dataclasses import dataclass, field

import pytest
from provisioner.api.watch import SLOTS_OF_KEY, SLOTS_OF_STACK, Watch
from provisioner.core.models import Request

from tests.core.examples import NOW, request
from tests.intake.setting import Setting

WAITED = request()


@dataclass
class Clock:
    """Time passes where someone pauses."""

    now: dt.datetime = NOW
    pauses: list[float] = field(default_factory=list)

    def pause(self, seconds: float) -> None:
        self.pauses.append(seconds)
        self.now += dt.timedelta(seconds=seconds)


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def watch(clock: Clock) -> Watch:
    return Watch(Setting().ledger.turns, lambda: clock.now, clock.pause)


def test_it_answers_with_the_newer_version_as_soon_as_there_is_one(watch: Watch, clock: Clock) -> None:
    newer = dataclasses.replace(WAITED, version=2)
    answers = iter([WAITED, WAITED, newer])
    assert watch.changed(WAITED, lambda: next(answers), 20, key="k") == newer
    assert clock.pauses == [1.0, 1.0, 1.0]


def test_it_answers_as_it_is_when_the_time_is_over(watch: Watch, clock: Clock) -> None:
    assert watch.changed(WAITED, lambda: WAITED, 20, key="k") == WAITED
    assert sum(clock.pauses) == 20


def test_without_seconds_nobody_waits(watch: Watch, clock: Clock) -> None:
    assert watch.changed(WAITED, lambda: pytest.fail("it looked"), 0, key="k") == WAITED
    assert clock.pauses == []


def nested(watch: Watch, clock: Clock, keys: list[str]) -> list[int]:
    """The pauses of calls that begin while the ones before them wait, the innermost first."""
    taken: list[int] = []

    def call(rest: list[str]) -> None:
        def look() -> Request:
            if len(rest) > 1 and not seen:
                seen.append(True)
                call(rest[1:])
            return dataclasses.replace(WAITED, version=2)

        seen: list[bool] = []
        before = len(clock.pauses)
        watch.changed(WAITED, look, 20, key=rest[0])
        taken.append(len(clock.pauses) - before)

    call(keys)
    return taken


def test_a_key_has_few_calls_that_wait_and_the_next_is_answered_at_once(watch: Watch, clock: Clock) -> None:
    assert nested(watch, clock, ["k"] * (SLOTS_OF_KEY + 1)) == [0, 1, 2]


def test_the_stack_has_few_and_the_next_is_answered_at_once(watch: Watch, clock: Clock) -> None:
    keys = [f"k{number}" for number in range(SLOTS_OF_STACK + 1)]
    assert nested(watch, clock, keys)[0] == 0


def test_a_slot_is_free_again_after_the_call_and_after_its_time(watch: Watch, clock: Clock) -> None:
    for _ in range(SLOTS_OF_KEY + 1):
        watch.changed(WAITED, lambda: WAITED, 1, key="k")
    assert len(clock.pauses) == SLOTS_OF_KEY + 1
    for number in range(SLOTS_OF_KEY):  # a function that was killed gave nothing back
        assert watch.turns.acquire(f"wait-key-k-{number}", clock.now, clock.now + dt.timedelta(seconds=25))
    watch.changed(WAITED, lambda: WAITED, 1, key="k")
    assert len(clock.pauses) == SLOTS_OF_KEY + 1
    clock.now += dt.timedelta(seconds=26)
    watch.changed(WAITED, lambda: WAITED, 1, key="k")
    assert len(clock.pauses) == SLOTS_OF_KEY + 2


def test_a_failure_while_it_waits_frees_the_slot(watch: Watch, clock: Clock) -> None:
    for _ in range(SLOTS_OF_KEY + 1):
        with pytest.raises(ZeroDivisionError):
            watch.changed(WAITED, lambda: 1 // 0, 1, key="k")  # type: ignore[arg-type,return-value]
