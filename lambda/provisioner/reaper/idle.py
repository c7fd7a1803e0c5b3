"""⑥ Once a day: look who uses the databases, report the idle ones, and end them where that happens by itself.

What to look at comes from RDS (the instances with our tags), not from an index of the ledger: those are what
costs money, a database without an end has no due time, and one call lists a hundred. A turn in the ledger
(`Ledger.take_turn`) makes it once a day for all, whoever runs first. It is taken for an hour, and for the day
when everything went well: after a fault, or a kill, the rest is looked at an hour later.

A removal is asked for under an id that one spell of idleness has once. Whatever else is under way for the
database wins, as does a change since: it counts as use (see `idle`). A ledger that was lost and rebuilt knows
of no spell, and so warns anew.
"""

import datetime as dt
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from itertools import groupby
from typing import Final
from uuid import UUID, uuid5

from provisioner.core import database_events
from provisioner.core.database_events import DatabaseEvent
from provisioner.core.errors import NeedsPerson, Problem, TryLater
from provisioner.core.events import ACTOR
from provisioner.core.lifecycle import DatabaseState
from provisioner.core.models import Activity, Database
from provisioner.core.times import instant
from provisioner.github.client import GitHub
from provisioner.intake.use_cases import Caller, Service
from provisioner.pull_requests import comments
from provisioner.reaper import idle_rules
from provisioner.reaper.idle_rules import Action, Point, Verdict
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
    use: Activity | None

    @property
    def place(self) -> str:
        return str(self.database.place)


@dataclass(frozen=True, slots=True)
class IdleSweeper:
    """Finds idle databases; `observer` and `github` are asked for only when needed."""

    service: Service
    observer: Callable[[], Observer]
    github: Callable[[], GitHub]

    def run(self) -> Looked | None:
        """The look of the day; None where it is not due."""
        now, ledger = self.service.now, self.service.ledger
        if not any(rules.idle_after_days for rules in self.service.catalog.environments.values()):
            return None
        if not ledger.acquire_lease(_TURN, now, now + idle_rules.HOUR):
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
            ledger.schedule(_TURN, now + idle_rules.DAY)
        return looked

    def _seen(self, instances: Iterable[Instance]) -> Iterable[_Seen]:
        """The instances to look at, by environment: at rest, and not looked at today."""
        now, ledger = self.service.now, self.service.ledger
        for one in sorted(instances, key=lambda one: one.place):
            rules = self.service.catalog.environments.get(one.place.environment)
            if rules is None or rules.idle_after_days is None:
                continue
            database = ledger.database(one.place)
            if database is None or database.state is not DatabaseState.AVAILABLE:
                continue
            use = ledger.activity(one.place)
            if use is None or use.origin != database.origin or now - use.looked_at >= _LOOKED_ALREADY:
                yield _Seen(one, database, use)

    def _environment(self, environment: str, seen: list[_Seen], looked: Looked) -> None:
        days = self.service.catalog.environments[environment].idle_after_days or 0
        begin, end = idle_rules.window(days, self.service.now)
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
        now, ledger, database = self.service.now, self.service.ledger, seen.database
        changed = ledger.request(database.root.request_id)
        verdict = idle_rules.judge(
            points,
            days=days,
            alive_since=max(seen.instance.created_at, changed.created_at if changed else database.created_at),
            now=now,
        )
        looked.looked_at += 1
        looked.idle += verdict is Verdict.IDLE
        if verdict is Verdict.UNKNOWN:
            looked.unknown.append(seen.place)
        automatic = self._automatic(database)
        following = idle_rules.follow(
            seen.use, verdict, points, origin=database.origin, days=days, removes=automatic, now=now
        )
        use, action = following.use, following.action
        if action is Action.REMOVE and self._remove(database, use):
            looked.removals.append(seen.place)
        if action in (Action.REPORT, Action.TAKE_BACK):
            self._comment(database, use)  # before the ledger: what GitHub did not take is tried again
        note = self._note(database, use, action, before=seen.use)
        if ledger.keep_activity(database.place, use, note):
            if action is Action.REPORT:
                looked.reported.append(seen.place)
            if action is Action.TAKE_BACK:
                looked.taken_back.append(seen.place)

    def _automatic(self, database: Database) -> bool:
        return self.service.catalog.merges_automatically(database.environment)

    def _note(
        self, database: Database, use: Activity, action: Action | None, before: Activity | None
    ) -> DatabaseEvent | None:
        if action is Action.REPORT:
            removed_at = use.warned_at + idle_rules.NOTICE if use.warned_at else None
            return database_events.idle(
                idle_rules.spell(use),
                database.origin,
                self.service.now,
                since=use.idle_since,
                removed_at=removed_at,
            )
        if action is Action.TAKE_BACK and before:
            return database_events.used_again(
                idle_rules.spell(before),
                database.origin,
                self.service.now,
                last_connection_at=use.last_connection_at,
            )
        return None

    def _comment(self, database: Database, use: Activity) -> None:
        number = self.service.ledger.origin_pull_request(database)
        if number is None:
            return
        text = comments.idle_comment(
            place=str(database.place),
            idle_since=instant(use.idle_since) if use.idle_since else None,
            removed_at=instant(use.warned_at + idle_rules.NOTICE) if use.warned_at else None,
        )
        self.github().put_comment(number, comments.IDLE, text)

    def _remove(self, database: Database, use: Activity) -> bool:
        """Ask for the removal of an idle database; False where it was asked for, or something else wins."""
        place = str(database.place)
        request_id = str(uuid5(_IDLE_IDS, f"{place}@{idle_rules.spell(use)}@{database.origin}"))
        ledger = self.service.ledger
        fresh = ledger.database(database.place)
        if ledger.request(request_id) or fresh is None or fresh.root.request_id != database.root.request_id:
            return False
        since = instant(use.idle_since) if use.idle_since else ""
        new = self.service.removal(
            fresh,
            Caller(fresh.team, ACTOR),
            reason=f"Nobody has connected to it since {since}.",
            request_id=request_id,
        )
        try:
            self.service.open_change(new, self.service.check_free(fresh))
        except Problem:
            return False  # another change is under way
        return True
