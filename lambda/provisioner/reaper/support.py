"""⑥ Once a day: say of which databases' versions RDS's standard support ends, half a year and a month before.

The marks of the ledger say what went out, for one end of one version: another `until` in the catalog, or an
upgrade, starts afresh.
"""

import datetime as dt
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final

from provisioner.core import database_events, expiry
from provisioner.core.lifecycle import DatabaseState
from provisioner.core.models import Database
from provisioner.intake.opening import Opening
from provisioner.reaper.daily import once_a_day
from provisioner.reaper.rds import Observer

_TURN: Final = "support"
# Days before the end of the standard support, the last warning first.
WARNINGS: Final = (30, 180)


@dataclass(slots=True)
class Warned:
    """What one day's look said, for the log and the metrics: each database with its version's end."""

    warned: list[str] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class EndingVersions:
    """Warns about versions whose standard support ends; `observer` is asked for only when needed."""

    opening: Opening
    observer: Callable[[], Observer]

    def run(self) -> Warned | None:
        """The look of the day; None where it is not due."""
        return once_a_day(self.opening, _TURN, Warned(), self._look)

    def _look(self, warned: Warned) -> None:
        for running in self.observer().databases():
            if database := self.opening.ledger.database(running.place):
                self._warn(database, warned)

    def _warn(self, database: Database, warned: Warned) -> None:
        root, now = database.root, self.opening.now
        engine = self.opening.catalog.engine(root.engine)
        until = engine.until(root.engine_version) if engine else None
        days = due(until, now.date()) if until else None
        if until is None or days is None or database.state in (DatabaseState.REMOVING, DatabaseState.REMOVED):
            return
        name = f"support:{days}@{until}:{root.engine_version}"
        if name in database.marks:
            return
        event = database_events.version_ending(
            name, database.origin, now, version=root.engine_version, until=until, last=days == min(WARNINGS)
        )
        if self.opening.ledger.mark(database, name, now, self._next_check(database), event):
            warned.warned.append(f"{database.place}: {root.engine} {root.engine_version} until {until}")

    def _next_check(self, database: Database) -> dt.datetime | None:
        """When the end of its life is looked at next, as before."""
        now = self.opening.now
        found = expiry.due(database.root.expires_at, database.created_at, database.marks, now)
        return found.check_at if found.action is None else now


def due(until: dt.date, today: dt.date) -> int | None:
    """Which warning is due, by its days before the end; None while that is far away.

    Of two late ones only the last goes out.
    """
    left = (until - today).days
    return next((days for days in WARNINGS if left <= days), None)
