"""When a database is warned about and when it ends, however rarely anybody looks."""

import datetime as dt
import random

from provisioner.core import expiry
from provisioner.core.expiry import ExpiryAction
from provisioner.core.times import instant

from tests.core.examples import NOW

HOUR, DAY = dt.timedelta(hours=1), dt.timedelta(days=1)


def test_a_short_life_is_warned_in_proportion() -> None:
    first, last = expiry.warnings(NOW, NOW + 8 * HOUR)

    assert NOW + 8 * HOUR - first == 4 * HOUR
    assert dt.timedelta(minutes=34) < NOW + 8 * HOUR - last < dt.timedelta(minutes=35)


def test_a_thousand_databases_through_ninety_days_with_the_scheduler_down_for_up_to_three() -> None:
    chance = random.Random(90)
    for _ in range(1000):
        created_at = NOW + chance.uniform(0, 60) * DAY
        end = created_at + expiry.DAY * chance.choice([1 / 3, 2, 7, 14, 30])
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
