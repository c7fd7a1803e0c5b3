"""A message gets to each of its channels; one that fails costs the others nothing."""

import contextlib
import datetime as dt
from dataclasses import dataclass, field

import pytest
from provisioner.core.errors import NeedsPerson, RateLimited, TryLater
from provisioner.ledger.deliveries import Deliveries, End
from provisioner.ledger.table import Table
from provisioner.notifier.courier import LEASE, MOST_TRIES, Courier, Word
from provisioner.notifier.faults import Unclear
from provisioner.notifier.message import Message, key_of
from provisioner.notifier.recipients import MAIL, SLACK, Target

from tests.core.examples import NOW
from tests.ledger.memory_table import MemoryTable
from tests.ledger.moto_table import TABLE

TEAM, OTHER, JANE = Target(SLACK, "a", "alpha"), Target(SLACK, "b", "alpha"), Target(MAIL, "j@x.yy", "alpha")
MESSAGE = Message(id="m", title="t")


class Killed(BaseException):
    """The function ends in the middle of a call."""


@dataclass
class Setting:
    """A courier over a ledger in memory, whose doors fail as they are set; `now` is moved by hand."""

    now: dt.datetime = NOW
    faults: dict[str, list[BaseException | None]] = field(default_factory=dict)
    sent: list[tuple[str, str]] = field(default_factory=list)
    reported: list[tuple[str, str, bool]] = field(default_factory=list)
    table: MemoryTable = field(default_factory=MemoryTable)
    left: bool = True

    @property
    def deliveries(self) -> Deliveries:
        return Deliveries(Table(self.table, TABLE))

    def courier(self) -> Courier:
        return Courier(
            self.deliveries,
            {SLACK: self._send, MAIL: self._send},
            lambda: self.now,
            lambda target, reason, fails: self.reported.append((target.name, reason, fails)),
            lambda: self.left,
        )

    def _send(self, at: str, message: Message) -> None:
        faults = self.faults.get(at, [])
        fault = faults.pop(0) if faults else None
        if fault is None or isinstance(fault, (Killed, Unclear)):
            self.sent.append((at, message.id))  # as far as anybody can say
        if fault is not None:
            raise fault

    def deliver(self, *targets: Target, message: Message = MESSAGE) -> dt.datetime | None:
        return self.courier().deliver(Word(message, targets))

    def end(self, target: Target) -> End | None:
        found = self.deliveries.of(key_of(MESSAGE.id), target.name)
        return found.end if found else None


def test_each_channel_gets_it_once_however_often_the_event_comes() -> None:
    setting = Setting()
    assert setting.deliver(TEAM, JANE) is None
    assert setting.deliver(TEAM, JANE) is None
    assert setting.sent == [("a", "m"), ("j@x.yy", "m")]


def test_a_channel_that_fails_costs_the_others_nothing() -> None:
    setting = Setting(
        faults={"a": [NeedsPerson("d", "gone", "make one"), None], "b": [TryLater("d", "busy")]}
    )
    assert setting.deliver(TEAM, OTHER, JANE) == NOW + dt.timedelta(seconds=30)
    assert setting.sent == [("j@x.yy", "m")]
    assert setting.reported == [("slack:a", "gone", True), ("slack:b", "busy", False)]
    setting.now += dt.timedelta(seconds=30)
    assert setting.deliver(TEAM, OTHER, JANE) is None
    assert setting.sent == [("j@x.yy", "m"), ("b", "m")]
    assert (setting.end(TEAM), setting.end(OTHER), setting.end(JANE)) == (End.REFUSED, End.SENT, End.SENT)


def test_a_refused_channel_is_seen_until_it_takes_a_message() -> None:
    setting = Setting(faults={"a": [NeedsPerson("d", "gone", "make one")]})
    setting.deliver(TEAM)
    (failing,) = setting.deliveries.failing()
    assert (failing.channel, failing.cause, failing.fix) == ("slack:a", "gone", "make one")
    setting.deliver(TEAM, message=Message(id="n", title="t"))
    assert setting.deliveries.failing() == []


def test_slack_is_left_alone_for_as_long_as_it_says() -> None:
    setting = Setting(faults={"a": [RateLimited("d", "Slack asks to wait", 90)]})
    assert setting.deliver(TEAM) == NOW + dt.timedelta(seconds=90)
    setting.now += dt.timedelta(seconds=89)
    assert setting.deliver(TEAM) == NOW + dt.timedelta(seconds=90)
    assert setting.sent == []
    setting.now += dt.timedelta(seconds=1)
    assert setting.deliver(TEAM) is None
    assert setting.sent == [("a", "m")]


def test_within_one_run_a_channel_that_is_away_is_not_asked_again() -> None:
    setting = Setting(faults={"a": [TryLater("d", "busy")]})
    courier = setting.courier()
    for name in ("m", "n", "o"):
        assert courier.deliver(Word(Message(id=name, title="t"), (TEAM, JANE))) is not None
    assert setting.sent == [("j@x.yy", "m"), ("j@x.yy", "n"), ("j@x.yy", "o")]


@pytest.mark.parametrize("fault", [Killed(), Unclear("d", "ReadTimeoutError"), ValueError("ours")])
def test_after_a_crash_it_goes_out_at_most_twice(fault: BaseException) -> None:
    setting = Setting(faults={"a": [fault] * 9})
    for _ in range(9):
        with contextlib.suppress(Killed):
            setting.deliver(TEAM)
        setting.now += LEASE + dt.timedelta(hours=4)
    tried = 9 - len(setting.faults["a"])
    assert (tried, setting.end(TEAM)) == (2, End.UNCLEAR)


def test_a_crash_before_the_first_word_of_the_answer_costs_one_repetition() -> None:
    setting = Setting(faults={"a": [Killed()]})
    with pytest.raises(Killed):
        setting.deliver(TEAM)
    assert setting.deliver(TEAM) == NOW + LEASE  # someone may be at it
    setting.now += LEASE
    assert setting.deliver(TEAM) is None
    assert setting.sent == [("a", "m"), ("a", "m")]


def test_tries_grow_apart_and_end_and_the_channel_is_seen_from_the_third_on() -> None:
    setting, waits = Setting(faults={"a": [TryLater("d", "busy")] * 99}), list[float]()
    while (due := setting.deliver(TEAM)) is not None:
        waits.append((due - setting.now).total_seconds())
        assert bool(setting.deliveries.failing()) is (len(waits) >= 3)
        setting.now = due
    assert waits[:4] == [30, 60, 120, 240]
    assert len(waits) == MOST_TRIES - 1
    assert 10 * 3600 < sum(waits) < 24 * 3600
    assert setting.end(TEAM) is End.REFUSED
    assert [fails for _, _, fails in setting.reported] == [False, False, True, *[False] * 8, True]


def test_nothing_is_begun_where_no_time_is_left() -> None:
    setting = Setting(left=False)
    assert setting.deliver(TEAM) is not None
    assert (setting.sent, setting.table.rows) == ([], {})
