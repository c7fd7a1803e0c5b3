"""When nobody uses a database, and what follows; times and counts only, no clock.

The rule: a database is idle when on each of the last N days (`idle_after_days` of its environment) at least
`ENOUGH_HOURS` hours are known, and every hour that is known had no connection. Hours that CloudWatch has no
data for (the instance was stopped, the metric had a gap, it never existed, CloudWatch was down) say nothing:
such a database is neither idle nor in use, and what was found before stands. A database made, or changed by
somebody, in these days is in use.

What DatabaseConnections counts: the connections of clients, once a minute; those of RDS itself and of the
engine are left out (https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/rds-metrics.html). A connection
that lives for seconds between two counts is not seen, so that every removal is preceded by a warning.

A spell of idleness begins at the first look that finds it and goes on as long as later looks find the same
and leave no hole between them. It ends with a connection or a change. A new spell is warned about anew.
"""

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Final

from provisioner.core.models import Activity
from provisioner.core.times import instant

HOUR: Final = dt.timedelta(hours=1)
DAY: Final = dt.timedelta(days=1)
# A warning of a Friday evening is read on Monday, before it takes effect.
NOTICE: Final = dt.timedelta(days=3)
# A restart, a maintenance window and a gap in the metric fit in four hours; a stopped instance does not.
ENOUGH_HOURS: Final = 20

# The begin of an hour in UTC, and the most connections that were open at once in it.
Point = tuple[dt.datetime, float]


class Finding(StrEnum):
    """What a look at a database found."""

    IN_USE = "in_use"
    IDLE = "idle"
    UNKNOWN = "unknown"


class IdleAction(StrEnum):
    """What follows from a look."""

    REPORT = "report"  # say that it is idle; where it is removed by itself this is the warning
    TAKE_BACK = "take_back"
    REMOVE = "remove"


@dataclass(frozen=True, slots=True)
class Next:
    """What is known now, and what to do about it."""

    activity: Activity
    action: IdleAction | None = None


def window(days: int, now: dt.datetime) -> tuple[dt.datetime, dt.datetime]:
    """The whole hours to look at: the last `days` days, up to the end of the hour that runs."""
    end = now.astimezone(dt.UTC).replace(minute=0, second=0, microsecond=0) + HOUR
    return end - days * DAY, end


def last_connection(points: Sequence[Point]) -> dt.datetime | None:
    """The begin of the last hour with a connection."""
    return max((at for at, connections in points if connections > 0), default=None)


def judge(points: Sequence[Point], *, days: int, alive_since: dt.datetime, now: dt.datetime) -> Finding:
    """The verdict on what CloudWatch knows; `alive_since` is when the database was made or last changed."""
    begin, end = window(days, now)
    points = [(at, connections) for at, connections in points if begin <= at < end]
    if last_connection(points) or alive_since > begin:
        return Finding.IN_USE
    known = [0] * days
    for at in {at for at, _ in points}:
        known[(end - HOUR - at) // DAY] += 1
    return Finding.IDLE if min(known) >= ENOUGH_HOURS else Finding.UNKNOWN


def follow(
    before: Activity | None,
    verdict: Finding,
    points: Sequence[Point],
    *,
    origin: str,
    days: int,
    removes: bool,
    now: dt.datetime,
) -> Next:
    """What a look adds to what was known, and what is due; `removes` where the environment removes by itself.

    A spell with a hole (nobody looked for longer than a look reaches back) is a new one: somebody may have
    connected in it, so it is warned about anew. The notice is counted from the warning that went out.
    """
    if before is None or before.origin != origin:
        before = Activity(origin=origin, looked_at=now, version=before.version if before else 0)
    seen = [at for at in (before.last_connection_at, last_connection(points)) if at]
    activity = replace(
        before, looked_at=now, last_connection_at=max(seen, default=None), version=before.version + 1
    )
    if verdict is Finding.UNKNOWN:
        return Next(activity)
    if verdict is Finding.IN_USE:
        action = IdleAction.TAKE_BACK if before.idle_since else None
        return Next(replace(activity, idle_since=None, idle_seen_at=None, warned_at=None), action)
    begin, _ = window(days, now)
    holds = before.idle_seen_at is not None and before.idle_seen_at >= begin
    if not holds:
        activity = replace(activity, idle_since=begin, warned_at=None)
    activity = replace(activity, idle_seen_at=now)
    if removes and activity.warned_at is None:
        return Next(replace(activity, warned_at=now), IdleAction.REPORT)
    if not holds:
        return Next(activity, IdleAction.REPORT)
    due = removes and activity.warned_at is not None and now >= activity.warned_at + NOTICE
    return Next(activity, IdleAction.REMOVE if due else None)


def spell(activity: Activity) -> str:
    """The name of one spell of idleness, the same at each look."""
    return f"idle@{instant(activity.idle_since)}" if activity.idle_since else ""
