"""When a database is idle, and what follows; times and counts only, no clock.

The rule: a database is idle when on each of the last N days (`idle_after_days` of its environment) at least
`ENOUGH_HOURS` hours are known, and every hour that is known had no connection. Hours that CloudWatch has no
data for (the instance was stopped, the metric had a gap, it never existed, CloudWatch was down) say nothing:
such a database is neither idle nor in use, and what was found before holds. A database that was made or
changed in these days is in use.

What DatabaseConnections counts: the connections of clients, once a minute; those of RDS itself and of the
engine are left out (https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/rds-metrics.html). A connection
that lives for seconds between two counts is not seen, so that every removal is preceded by a warning.

The product's own logins are no use: the access function writes down in which hours it may be connected, one
connection at a time. Such an hour with one connection at the most says nothing, as if it were not known; one
with more is a client's.

A spell of idleness begins at the first check that finds it and goes on as long as later checks find the same
and leave no hole between them. It ends with a connection or a change. A new spell is warned about again.
"""

import datetime as dt
from collections.abc import Collection, Sequence
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

    REPORT = "report"  # say that it is idle; where removals merge automatically this is the warning
    TAKE_BACK = "take_back"
    REMOVE = "remove"


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """One look at a database: what it found between `begin` and `at`, and the newest connection in there."""

    finding: Finding
    begin: dt.datetime
    at: dt.datetime
    last_connection_at: dt.datetime | None = None


@dataclass(frozen=True, slots=True)
class Following:
    """What is known after a look, and what to do about it."""

    activity: Activity
    action: IdleAction | None = None


def window(days: int, now: dt.datetime) -> tuple[dt.datetime, dt.datetime]:
    """The whole hours to look at: the last `days` days, up to the end of the hour that runs."""
    end = now.astimezone(dt.UTC).replace(minute=0, second=0, microsecond=0) + HOUR
    return end - days * DAY, end


def look(
    points: Sequence[Point],
    *,
    days: int,
    alive_since: dt.datetime,
    now: dt.datetime,
    own: Collection[dt.datetime] = (),
) -> Look:
    """A look at what CloudWatch knows; `alive_since` is when the database was made or last changed.

    `own` are the hours in which the product itself may have been connected, by one connection.
    """
    begin, end = window(days, now)
    points = [
        (at, connections)
        for at, connections in points
        if begin <= at < end and not (at in own and connections <= 1)
    ]
    last = max((at for at, connections in points if connections > 0), default=None)
    finding = Finding.IN_USE if last or alive_since > begin else _without_connection(points, days, end)
    return Look(finding=finding, begin=begin, at=now, last_connection_at=last)


def _without_connection(points: Sequence[Point], days: int, end: dt.datetime) -> Finding:
    known = [0] * days
    for at in {at for at, _ in points}:
        known[(end - HOUR - at) // DAY] += 1
    return Finding.IDLE if min(known) >= ENOUGH_HOURS else Finding.UNKNOWN


def follow(before: Activity | None, found: Look, *, origin: str, removes: bool) -> Following:
    """What a look adds to what was known of the database that `origin` made, and what is due.

    `removes` where the environment removes what is idle.
    """
    if before is None or before.origin != origin:
        before = Activity(origin=origin, looked_at=found.at, version=before.version if before else 0)
    known = [at for at in (before.last_connection_at, found.last_connection_at) if at]
    activity = replace(
        before,
        looked_at=found.at,
        last_connection_at=max(known, default=None),
        version=before.version + 1,
    )
    match found.finding:
        case Finding.UNKNOWN:
            return Following(activity)
        case Finding.IN_USE:
            return _in_use(activity)
        case Finding.IDLE:
            return _idle(activity, found, removes=removes)


def _in_use(activity: Activity) -> Following:
    """A spell of idleness is over, if there was one: what was said about it is taken back."""
    action = IdleAction.TAKE_BACK if activity.idle_since else None
    return Following(replace(activity, idle_since=None, idle_seen_at=None, warned_at=None), action)


def _idle(activity: Activity, found: Look, *, removes: bool) -> Following:
    """A spell of idleness begins or goes on: reported once, warned about once, and removed after the notice.

    A spell with a hole (nobody looked for longer than a look reaches back) is a new one: someone may have
    connected in it, so it is warned about again. The notice is counted from the warning that went out.
    """
    goes_on = activity.idle_seen_at is not None and activity.idle_seen_at >= found.begin
    if not goes_on:
        activity = replace(activity, idle_since=found.begin, warned_at=None)
    activity = replace(activity, idle_seen_at=found.at)
    if removes and activity.warned_at is None:
        return Following(replace(activity, warned_at=found.at), IdleAction.REPORT)
    if not goes_on:
        return Following(activity, IdleAction.REPORT)
    due = removes and activity.warned_at is not None and found.at >= activity.warned_at + NOTICE
    return Following(activity, IdleAction.REMOVE if due else None)


def spell(activity: Activity) -> str:
    """The name of one spell of idleness, the same at each check."""
    return f"idle@{instant(activity.idle_since)}" if activity.idle_since else ""


def removed_at(activity: Activity) -> dt.datetime | None:
    """When the removal is due that was warned about; None where nothing is removed for idleness."""
    return activity.warned_at + NOTICE if activity.warned_at else None
