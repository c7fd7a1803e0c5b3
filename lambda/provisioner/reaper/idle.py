"""⑥ Once a day: look who uses the databases, report the idle ones, and end them where that happens by itself.

What to look at comes from RDS (the instances with our tags), not from an index of the ledger: those are what
costs money, a database without an end has no due time, and one call lists a hundred. A turn in the ledger
(`Ledger.take_turn`) makes it once a day for all, whoever runs first. It is taken for an hour, and for the day
when everything went well: after a fault, or a kill, the rest is looked at an hour later.

A removal is asked for under an id that one spell of idleness has once. Whatever else is under way for the
database wins, as does a change since: it counts as a connection (see idle_rules.py). A ledger that was lost
and rebuilt knows of no spell, and so warns again.
"""

import datetime as dt
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from itertools import groupby
from typing import Final
from uuid import UUID, uuid5

from provisioner.core import database_events
from provisioner.core.database_events import DatabaseEvent
from provisioner.core.errors import NeedsPerson, TryLater
from provisioner.core.lifecycle import DatabaseState
from provisioner.core.models import Activity, Database
from provisioner.core.times import instant
from provisioner.github.client import GitHub
from provisioner.intake.opening import Opening
from provisioner.pull_requests import comments
from provisioner.reaper import idle_rules
from provisioner.reaper.idle_rules import Finding, IdleAction, Point
from provisioner.reaper.rds import Instance, Observer

_IDLE_IDS: Final = UUID("0c5f9d0e-7a52-5c0e-8f0b-2d5a3c1e9b47")
_TURN: Final = "idle"
_LOOKED_ALREADY: Final = dt.timedelta(hours=23)


@dataclass(slots=True)
class Looked:
    """What one day's look did, for the log and the metrics."""

    looked_at: int = 0
    idle: int = 0
    unknown: list[str] = field(default_factory=list)
    reported: list[str] = field(default_factory=list)
    taken_back: list[str] = field(default_factory=list)
    removals: list[str] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class _Seen:
    instance: Instance
    database: Database
    activity: Activity | None

    @property
    def place(self) -> str:
        return str(self.database.place)


@dataclass(frozen=True, slots=True)
class IdleDatabases:
    """Finds idle databases; `observer` and `github` are asked for only when needed."""

    opening: Opening
    observer: Callable[[], Observer]
    github: Callable[[], GitHub]

    def run(self) -> Looked | None:
        """The look of the day; None where it is not due."""
        now, ledger = self.opening.now, self.opening.ledger
        if not any(rules.idle_after_days for rules in self.opening.catalog.environments.values()):
            return None
        if not ledger.turns.acquire(_TURN, now, now + idle_rules.HOUR):
            return None
        looked = Looked()
        try:
            seen = list(self._seen(self.observer().instances()))
        except (TryLater, NeedsPerson) as error:
            looked.errors.append(str(error))
            seen = []
        for environment, ones in groupby(seen, key=lambda one: one.database.environment):
            self._environment(environment, list(ones), looked)
        if not looked.errors:
            ledger.turns.schedule(_TURN, now + idle_rules.DAY)
        return looked

    def _seen(self, instances: Iterable[Instance]) -> Iterable[_Seen]:
        """The instances to look at, by environment: at rest, and not looked at today."""
        now, ledger = self.opening.now, self.opening.ledger
        for one in sorted(instances, key=lambda one: one.place):
            rules = self.opening.catalog.environments.get(one.place.environment)
            if rules is None or rules.idle_after_days is None:
                continue
            database = ledger.database(one.place)
            if database is None or database.state is not DatabaseState.AVAILABLE:
                continue
            activity = ledger.activity(one.place)
            if (
                activity is None
                or activity.origin != database.origin
                or now - activity.looked_at >= _LOOKED_ALREADY
            ):
                yield _Seen(one, database, activity)

    def _environment(self, environment: str, seen: list[_Seen], looked: Looked) -> None:
        days = self.opening.catalog.environments[environment].idle_after_days or 0
        begin, end = idle_rules.window(days, self.opening.now)
        try:
            points = self.observer().connections([one.instance.identifier for one in seen], begin, end)
        except (TryLater, NeedsPerson) as error:
            looked.errors.append(str(error))
            return
        for one in seen:
            try:
                self._database(one, points[one.instance.identifier], days, looked)
            except (TryLater, NeedsPerson) as error:
                looked.errors.append(f"{one.place}: {error}")

    def _database(self, seen: _Seen, points: list[Point], days: int, looked: Looked) -> None:
        now, ledger, database = self.opening.now, self.opening.ledger, seen.database
        changed = ledger.request(database.root.request_id)
        verdict = idle_rules.judge(
            points,
            days=days,
            alive_since=max(seen.instance.created_at, changed.created_at if changed else database.created_at),
            now=now,
        )
        looked.looked_at += 1
        looked.idle += verdict is Finding.IDLE
        if verdict is Finding.UNKNOWN:
            looked.unknown.append(seen.place)
        automatic = self._automatic(database)
        following = idle_rules.follow(
            seen.activity, verdict, points, origin=database.origin, days=days, removes=automatic, now=now
        )
        activity, action = following.activity, following.action
        if action is IdleAction.REMOVE and self._remove(database, activity):
            looked.removals.append(seen.place)
        if action in (IdleAction.REPORT, IdleAction.TAKE_BACK):
            self._comment(database, activity)  # before the ledger: what GitHub did not take is tried again
        note = self._note(database, activity, action, before=seen.activity)
        if ledger.keep_activity(database.place, activity, note):
            if action is IdleAction.REPORT:
                looked.reported.append(seen.place)
            if action is IdleAction.TAKE_BACK:
                looked.taken_back.append(seen.place)

    def _automatic(self, database: Database) -> bool:
        return self.opening.catalog.merges_automatically(database.environment)

    def _note(
        self, database: Database, activity: Activity, action: IdleAction | None, before: Activity | None
    ) -> DatabaseEvent | None:
        if action is IdleAction.REPORT:
            removed_at = activity.warned_at + idle_rules.NOTICE if activity.warned_at else None
            return database_events.idle(
                idle_rules.spell(activity),
                database.origin,
                self.opening.now,
                since=activity.idle_since,
                removed_at=removed_at,
            )
        if action is IdleAction.TAKE_BACK and before:
            return database_events.used_again(
                idle_rules.spell(before),
                database.origin,
                self.opening.now,
                last_connection_at=activity.last_connection_at,
            )
        return None

    def _comment(self, database: Database, activity: Activity) -> None:
        number = self.opening.ledger.origin_pull_request(database)
        if number is None:
            return
        text = comments.idle_comment(
            place=str(database.place),
            idle_since=instant(activity.idle_since) if activity.idle_since else None,
            removed_at=instant(activity.warned_at + idle_rules.NOTICE) if activity.warned_at else None,
        )
        self.github().put_comment(number, comments.IDLE, text)

    def _remove(self, database: Database, activity: Activity) -> bool:
        """Ask for the removal of an idle database; False where it was asked for, or something else wins."""
        place = str(database.place)
        request_id = str(uuid5(_IDLE_IDS, f"{place}@{idle_rules.spell(activity)}@{database.origin}"))
        ledger = self.opening.ledger
        fresh = ledger.database(database.place)
        if ledger.request(request_id) or fresh is None or fresh.root.request_id != database.root.request_id:
            return False
        since = instant(activity.idle_since) if activity.idle_since else ""
        reason = f"Nobody has connected to it since {since}."
        return self.opening.remove_automatically(fresh, reason=reason, request_id=request_id) is not None
