"""The break-glass switch: for a while, one database's root may change in git without a request.

Written by operators (ops/break_glass.py), who need rights in AWS for that: no push to the repository and no
report of the pipeline can. A row is never deleted, so that it says later who did it, why and until when.
"""

import datetime as dt
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Final

from provisioner.core.names import Place
from provisioner.ledger.codecs import Row, parse_when, when
from provisioner.ledger.table import Table, put

LONGEST: Final = dt.timedelta(hours=8)
_DUE: Final = "glass"


@dataclass(frozen=True, slots=True, kw_only=True)
class Glass:
    """One use of the switch; `closed_at` is set where it ended before `until`."""

    place: Place
    actor: str
    reason: str
    opened_at: dt.datetime
    until: dt.datetime
    closed_at: dt.datetime | None = None
    version: int = 1

    def is_open(self, now: dt.datetime) -> bool:
        """Whether it lets changes pass at this moment."""
        return self.closed_at is None and self.opened_at <= now < self.until


@dataclass(frozen=True, slots=True)
class BreakGlass:
    """The switch of every database."""

    table: Table

    def open(self, glass: Glass) -> bool:
        """Let one database's root change without a request; False where that was written already."""
        return not self.table.write([put("glass", _row(glass, watched=True))])

    def close(self, glass: Glass, now: dt.datetime) -> bool:
        """End it before its time; False where it changed meanwhile."""
        closed = replace(glass, closed_at=now, version=glass.version + 1)
        return not self.table.write([put("glass", _row(closed, watched=False), replaces=glass.version)])

    def forget_expired(self, glass: Glass) -> None:
        """Take one whose time is over off the reaper's list; what it was stays written."""
        later = replace(glass, version=glass.version + 1)
        self.table.write([put("glass", _row(later, watched=False), replaces=glass.version)])

    def of(self, place: Place) -> list[Glass]:
        """Every use of the switch for a database, oldest first."""
        return [_glass(row) for row in self.table.query(_key(place), "GLASS#")]

    def open_for(self, place: Place, now: dt.datetime) -> Glass | None:
        """The use of the switch that lets a database's root change now, if there is one."""
        return next((glass for glass in reversed(self.of(place)) if glass.is_open(now)), None)

    def watched(self, now: dt.datetime) -> Iterator[Glass]:
        """Those that are open, and those that expired since the last look."""
        yield from (_glass(row) for row in self.table.due(_DUE, now))


def _key(place: Place) -> str:
    return f"GLASS#{place.environment}#{place.database_name}"


def _row(glass: Glass, *, watched: bool) -> Row:
    row: dict[str, str | int] = {
        "pk": _key(glass.place),
        "sk": f"GLASS#{when(glass.opened_at)}",
        "environment": glass.place.environment,
        "database_name": glass.place.database_name,
        "actor": glass.actor,
        "reason": glass.reason,
        "opened_at": when(glass.opened_at),
        "until": when(glass.until),
        "version": glass.version,
    }
    if glass.closed_at:
        row["closed_at"] = when(glass.closed_at)
    if watched:
        row |= {"due_kind": _DUE, "due_at": when(glass.opened_at)}
    return row


def _glass(row: Row) -> Glass:
    return Glass(
        place=Place(str(row["environment"]), str(row["database_name"])),
        actor=str(row["actor"]),
        reason=str(row["reason"]),
        opened_at=parse_when(row["opened_at"]),
        until=parse_when(row["until"]),
        closed_at=parse_when(row["closed_at"]) if "closed_at" in row else None,
        version=int(row["version"]),
    )
