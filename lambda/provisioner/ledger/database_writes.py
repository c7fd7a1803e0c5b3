"""What is written of databases outside their requests: events, warnings, use, and where they are."""

import datetime as dt
from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any, Final

from provisioner.core import listing, transitions
from provisioner.core.database_events import DatabaseEvent
from provisioner.core.errors import Contention
from provisioner.core.lifecycle import DatabaseState
from provisioner.core.models import Activity, Charge, Database
from provisioner.core.names import Place
from provisioner.core.times import instant
from provisioner.ledger.codecs import JSON, LISTED, when
from provisioner.ledger.new_request import DATABASE, KEY, key_row
from provisioner.ledger.quota import charged
from provisioner.ledger.reads import Reads
from provisioner.ledger.rows import (
    activity_row,
    database_event_row,
    database_key,
    database_row,
    login_row,
    request_key,
)
from provisioner.ledger.table import Write, put, update

TRIES: Final = 10


class DatabaseWrites(Reads):
    """The writes; each that changes a database's row makes it another version."""

    def add_database_event(
        self, place: Place, event: DatabaseEvent, *, key: tuple[str, str] | None = None
    ) -> bool:
        """Write down what happened to a database; False where that is there already, or it is unknown.

        `key` is (Idempotency-Key, fingerprint) of the call that asked for it; raises KeyUsed.
        """
        database = self.database(place)
        if database is None:
            return False
        kept = [put(KEY, key_row(database.team, *key, event.id, event.at))] if key else []
        refused = self._table.write([*_happened(place, database.origin, event), *kept])
        if key and KEY in refused:
            raise self.key_used(database.team, key[0]) or Contention("an Idempotency-Key")
        return not refused

    def mark_removed(self, place: Place, event: DatabaseEvent) -> bool:
        """Write down that a database was removed without a request; False where there was none, or none yet.

        One that is still to be created has a removed namesake, of which this is a late word.
        """
        for _ in range(TRIES):
            database = self.database(place)
            if database is None or database.state in (DatabaseState.REMOVED, DatabaseState.PENDING):
                return False
            writes = [
                put(DATABASE, database_row(transitions.removed(database), None), replaces=database.version),
                *_happened(place, database.origin, event),
                charged(database.team, place.environment, Charge().minus(database.charge)),
            ]
            if not self._table.write(writes):
                return True
        raise Contention(f"writing down that {place} was removed")

    def mark(
        self,
        database: Database,
        name: str,
        now: dt.datetime,
        check_at: dt.datetime | None,
        event: DatabaseEvent | None = None,
    ) -> bool:
        """Remember that a warning went out, or the end came; False when someone else was first."""
        marked = replace(database, marks={**database.marks, name: instant(now)}, version=database.version + 1)
        happened = _happened(database.place, database.origin, event) if event else []
        row = database_row(marked, check_at)
        return not self._table.write([put(DATABASE, row, replaces=database.version), *happened])

    def keep_login(self, place: Place, hours: Iterable[dt.datetime]) -> None:
        """Write down in which hours the access function may be connected; once, however often it is said."""
        for hour in hours:
            self._table.write([put("login", login_row(place, hour))])

    def keep_activity(self, place: Place, activity: Activity, event: DatabaseEvent | None = None) -> bool:
        """Write down what a look found, and what was said about it; False when someone else was first.

        Raises Contention when others kept writing.
        """
        happened = _happened(place, activity.origin, event) if event else []
        row = put("activity", activity_row(place, activity), replaces=activity.version - 1 or None)
        for _ in range(TRIES):
            database = self.database(place)
            shown = _shown(database, activity) if database and database.origin == activity.origin else []
            refused = self._table.write([row, *happened, *shown])
            if DATABASE not in refused:
                return not refused
        raise Contention(f"writing down the use of {place}")

    def keep_result(self, database: Database, result: Mapping[str, Any]) -> bool:
        """Write down where a database is, or how large; False when someone else wrote it first."""
        changed = self._table.update(
            database_key(database.place),
            "DB",
            "SET #result = :result ADD version :one",
            {":result": JSON.write(result), ":one": 1, ":version": database.version},
            condition="version = :version",
            names={"#result": "result"},
        )
        return changed is not None

    def schedule_database_check(self, database: Database, at: dt.datetime | None) -> bool:
        """Set when the reaper looks at a database again."""
        moved = replace(database, version=database.version + 1)
        return not self._table.write([put(DATABASE, database_row(moved, at), replaces=database.version)])


def _shown(database: Database, activity: Activity) -> list[Write]:
    """What lists show of a look, in the database's row.

    A row of an earlier release is another version all the same, so that whoever fills it in reads it again.
    """
    new = listing.after_look(database.listed, activity) if database.listed else None
    if new is not None and new == database.listed:
        return []
    change, values = "ADD version :one", {":one": 1, ":version": database.version}
    if new:
        change, values = f"SET listed = :listed {change}", {**values, ":listed": LISTED.write(new)}
    key, unchanged = database_key(database.place), "version = :version"
    return [update(DATABASE, key, "DB", change, values, condition=unchanged)]


def _happened(place: Place, origin: str, event: DatabaseEvent) -> list[Write]:
    """An event, and a check of the request that made the database, whose pull request keeps it too."""
    check = update(
        "origin",
        request_key(origin),
        "REQ",
        "SET due_kind = :kind, due_at = :due ADD version :one",
        {":kind": "request", ":due": when(event.at), ":one": 1},
        condition="attribute_exists(pk)",
    )
    return [put("event", database_event_row(place, event)), check]
