"""When a database is warned about and when it ends, however rarely anybody looks."""

import datetime as dt
import random

import pytest
from provisioner.core import expiry
from provisioner.core.expiry import Due, ExpiryAction
from provisioner.core.times import instant

from tests.core.examples import NOW

HOUR, DAY = dt.timedelta(hours=1), dt.timedelta(days=1)


def test_a_short_life_is_warned_in_proportion() -> None:
    first, last = expiry.warnings(NOW, NOW + 8 * HOUR)

    assert NOW + 8 * HOUR - first == 4 * HOUR
    assert dt.timedelta(minutes=34) < NOW + 8 * HOUR - last < dt.timedelta(minutes=35)


def test_a_long_life_is_warned_seven_days_and_one_day_before() -> None:
    end = NOW + 30 * DAY
    assert expiry.warnings(NOW, end) == (end - 7 * DAY, end - DAY)
    assert expiry.warnings(NOW, NOW + 14 * DAY) == (NOW + 7 * DAY, NOW + 13 * DAY)
    # An end before the creation has no life to scale by.
    assert expiry.warnings(NOW, NOW - DAY) == (NOW - DAY, NOW - DAY)


def test_an_end_has_come_at_its_very_second() -> None:
    assert not expiry.is_over("2026-11-23T12:00:01Z", NOW)
    assert expiry.is_over("2026-11-23T12:00:00Z", NOW)
    assert not expiry.is_over("never", NOW)


def test_each_mark_is_written_with_its_end_as_the_ledger_keeps_it() -> None:
    marks = [expiry.mark(action, "2026-12-07T12:00:00Z") for action in ExpiryAction]
    assert marks == [
        "first@2026-12-07T12:00:00Z",
        "last@2026-12-07T12:00:00Z",
        "expire@2026-12-07T12:00:00Z",
    ]


END = NOW + 30 * DAY
FIRST, LAST, EXPIRED = (expiry.mark(action, instant(END)) for action in ExpiryAction)
SECOND = dt.timedelta(seconds=1)


@pytest.mark.parametrize(
    ("at", "marks", "action", "check_at"),
    [
        (NOW, {}, None, END - 7 * DAY),
        (END - 7 * DAY - SECOND, {}, None, END - 7 * DAY),
        (END - 7 * DAY, {}, ExpiryAction.WARN_FIRST, END - DAY),
        (END - 7 * DAY, {FIRST: ""}, None, END - DAY),
        (END - DAY - SECOND, {}, ExpiryAction.WARN_FIRST, END - DAY),
        (END - DAY, {}, ExpiryAction.WARN_LAST, END),
        (END - DAY, {FIRST: ""}, ExpiryAction.WARN_LAST, END),
        (END - DAY, {LAST: instant(END - DAY)}, None, END),
        (END - SECOND, {LAST: instant(END - DAY)}, None, END),
        (END, {LAST: instant(END - DAY)}, ExpiryAction.EXPIRE, None),
        (END, {EXPIRED: ""}, None, None),
        # Found late: the last warning first, then its full notice.
        (END + 3 * DAY, {}, ExpiryAction.WARN_LAST, END + 4 * DAY),
        (END + 3 * DAY, {FIRST: ""}, ExpiryAction.WARN_LAST, END + 4 * DAY),
        (END + 3 * DAY, {LAST: instant(END + 2.5 * DAY)}, None, END + 3.5 * DAY),
        (END + 3.5 * DAY, {LAST: instant(END + 2.5 * DAY)}, ExpiryAction.EXPIRE, None),
        # What was done for another end does not count.
        (END, {"last@2026-12-01T00:00:00Z": instant(NOW)}, ExpiryAction.WARN_LAST, END + DAY),
    ],
)
def test_what_is_due_and_when_to_check_again(
    at: dt.datetime, marks: dict[str, str], action: ExpiryAction | None, check_at: dt.datetime | None
) -> None:
    assert expiry.due(instant(END), NOW, marks, at) == Due(action, check_at)


def test_a_database_without_an_end_is_never_due() -> None:
    assert expiry.due("never", NOW, {}, NOW + 9999 * DAY) == Due(None, None)


def test_a_thousand_databases_through_ninety_days_with_the_scheduler_down_for_up_to_three() -> None:
    chance = random.Random(90)
    for _ in range(1000):
        created_at = NOW + chance.uniform(0, 60) * DAY
        end = created_at + DAY * chance.choice([1 / 3, 2, 7, 14, 30])
        expires_at = instant(end)
        marks: dict[str, str] = {}
        done: list[tuple[ExpiryAction, dt.datetime]] = []
        now = created_at
        while now < NOW + 95 * DAY:
            now += chance.choice([1, 6, 24, 72]) * HOUR
            action = expiry.due(expires_at, created_at, marks, now).action
            if action:
                marks[expiry.mark(action, expires_at)] = instant(now)
                done.append((action, now))
        actions = [action for action, _ in done]
        assert actions in (
            [ExpiryAction.WARN_FIRST, ExpiryAction.WARN_LAST, ExpiryAction.EXPIRE],
            [ExpiryAction.WARN_LAST, ExpiryAction.EXPIRE],
        )
        assert done[-1][1] >= end - dt.timedelta(seconds=1)
        assert done[-1][1] > done[-2][1]
