"""⑥ Once a day: find the databases that nobody uses, report them, and end them where that is automatic.

What to look at comes from RDS (the instances and clusters with our tags), not from an index of the ledger:
those are what costs money, a database without an end has no due time, and one call lists a hundred. A turn
in the ledger (ledger/turns.py) makes it once a day for all, whoever runs first. It is held for an hour, and
for the day when everything went well: after a fault, or a kill, the rest is looked at an hour later.

A removal is asked for under the name of one spell of idleness (see removal.py). Whatever else is under way
for the database wins, as does a change since: it counts as a connection (see idle_rules.py). A ledger that
was lost and rebuilt knows of no spell, and so warns again.
"""

import datetime as dt
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from itertools import groupby
from typing import Final
from uuid import UUID

from provisioner.core import database_events
from provisioner.core.database_events import DatabaseEvent
from provisioner.core.errors import NeedsPerson, TryLater
from provisioner.core.lifecycle import DatabaseState
from provisioner.core.models import Activity, Database
from provisioner.core.times import optional_instant
from provisioner.github.pull_request import PullRequests
from provisioner.intake.opening import Opening
from provisioner.pull_requests import comments
from provisioner.reaper import idle_rules, removal
from provisioner.reaper.daily import once_a_day
from provisioner.reaper.idle_rules import Finding, IdleAction, Look, Point
from provisioner.reaper.rds import Observer, Running
from provisioner.reaper.removal import Asked

_IDLE_IDS: Final = UUID("0c5f9d0e-7a52-5c0e-8f0b-2d5a3c1e9b47")
_TURN: Final = "idle"
_LOOKED_AT_TODAY: Final = dt.timedelta(hours=23)


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

    def count(self, place: str, finding: Finding) -> None:
        """Count one database by what was found."""
        self.looked_at += 1
        self.idle += finding is Finding.IDLE
        if finding is Finding.UNKNOWN:
            self.unknown.append(place)


@dataclass(frozen=True, slots=True)
class _Candidate:
    running: Running
    database: Database
    before: Activity | None

    @property
    def place(self) -> str:
        return str(self.database.place)


@dataclass(frozen=True, slots=True)
class IdleDatabases:
    """Finds idle databases; `observer` and `github` are asked for only when needed."""

    opening: Opening
    observer: Callable[[], Observer]
    github: Callable[[], PullRequests]

    def run(self) -> Looked | None:
        """The look of the day; None where it is not due."""
        if not any(rules.idle_after_days for rules in self.opening.catalog.environments.values()):
            return None
        return once_a_day(self.opening, _TURN, Looked(), self._look_at_all)

    def _look_at_all(self, looked: Looked) -> None:
        found = list(self._candidates(self.observer().databases()))
        for environment, candidates in groupby(found, key=lambda found: found.database.environment):
            self._environment(environment, list(candidates), looked)

    def _candidates(self, found: Iterable[Running]) -> Iterable[_Candidate]:
        """The databases to look at, by environment: at rest, and not looked at today."""
        ledger = self.opening.ledger
        for running in sorted(found, key=lambda running: running.place):
            rules = self.opening.catalog.environments.get(running.place.environment)
            if rules is None or rules.idle_after_days is None:
                continue
            database = ledger.database(running.place)
            if database is None or database.state is not DatabaseState.AVAILABLE:
                continue
            if database.root.resource is not running.resource:
                continue
            before = ledger.activity(running.place)
            if not self._is_looked_at(before, database):
                yield _Candidate(running, database, before)

    def _is_looked_at(self, before: Activity | None, database: Database) -> bool:
        if before is None or before.origin != database.origin:
            return False
        return self.opening.now - before.looked_at < _LOOKED_AT_TODAY

    def _environment(self, environment: str, candidates: list[_Candidate], looked: Looked) -> None:
        days = self.opening.catalog.environments[environment].idle_after_days or 0
        begin, end = idle_rules.window(days, self.opening.now)
        try:
            points = self.observer().connections([each.running for each in candidates], begin, end)
        except (TryLater, NeedsPerson) as error:
            looked.errors.append(str(error))
            return
        for candidate in candidates:
            try:
                found = self._look(candidate, points[candidate.running.identifier], days)
                self._follow(candidate, found, looked)
            except (TryLater, NeedsPerson) as error:
                looked.errors.append(f"{candidate.place}: {error}")

    def _look(self, candidate: _Candidate, points: list[Point], days: int) -> Look:
        database = candidate.database
        changed = self.opening.ledger.request(database.root.request_id)
        changed_at = changed.created_at if changed else database.created_at
        alive_since = max(candidate.running.created_at, changed_at)
        own = self.opening.ledger.own_logins(database.place)
        return idle_rules.look(points, days=days, alive_since=alive_since, now=self.opening.now, own=own)

    def _follow(self, candidate: _Candidate, found: Look, looked: Looked) -> None:
        """Do what follows from a look, then write it down; what GitHub did not take is tried again."""
        database, before = candidate.database, candidate.before
        automatic = self.opening.catalog.merges_automatically(database.environment)
        following = idle_rules.follow(before, found, origin=database.origin, removes=automatic)
        activity, action = following.activity, following.action
        looked.count(candidate.place, found.finding)
        if action is IdleAction.REMOVE and self._remove(database, activity):
            looked.removals.append(candidate.place)
        if action in (IdleAction.REPORT, IdleAction.TAKE_BACK):
            self._comment(database, activity)
        event = self._event(database, activity, action, before)
        if self.opening.ledger.keep_activity(database.place, activity, event):
            if action is IdleAction.REPORT:
                looked.reported.append(candidate.place)
            if action is IdleAction.TAKE_BACK:
                looked.taken_back.append(candidate.place)

    def _event(
        self, database: Database, activity: Activity, action: IdleAction | None, before: Activity | None
    ) -> DatabaseEvent | None:
        now = self.opening.now
        if action is IdleAction.REPORT:
            return database_events.idle(
                idle_rules.spell(activity),
                database.origin,
                now,
                since=activity.idle_since,
                removed_at=idle_rules.removed_at(activity),
            )
        if action is IdleAction.TAKE_BACK and before:
            last = activity.last_connection_at
            spell = idle_rules.spell(before)
            return database_events.used_again(spell, database.origin, now, last_connection_at=last)
        return None

    def _comment(self, database: Database, activity: Activity) -> None:
        number = self.opening.ledger.origin_pull_request(database)
        if number is None:
            return
        text = comments.idle_comment(
            place=str(database.place),
            idle_since=optional_instant(activity.idle_since),
            removed_at=optional_instant(idle_rules.removed_at(activity)),
        )
        self.github().put_comment(number, comments.IDLE, text)

    def _remove(self, database: Database, activity: Activity) -> bool:
        """Ask for the removal of an idle database; False where it was asked for, or something else wins."""
        fresh = self.opening.ledger.database(database.place)
        if fresh is None or fresh.root.request_id != database.root.request_id:
            return False
        since = optional_instant(activity.idle_since) or ""
        asked = removal.ask(
            self.opening,
            fresh,
            namespace=_IDLE_IDS,
            name=f"{database.place}@{idle_rules.spell(activity)}@{database.origin}",
            reason=f"Nobody has connected to it since {since}.",
        )
        return asked is Asked.OPENED
