"""How far rows of earlier releases are brought to what lists read, written down for whoever reads lists.

`ops.migrate` does it, a part at a time; see ops/migrate.py.
"""

from dataclasses import dataclass
from typing import Final

from provisioner.core import database_events, listing
from provisioner.core.database_events import DatabaseEvent
from provisioner.core.errors import Contention
from provisioner.core.lifecycle import DatabaseState
from provisioner.core.models import Database, Listed
from provisioner.core.times import instant
from provisioner.ledger import lists
from provisioner.ledger.codecs import JSON, LISTED, Row
from provisioner.ledger.quota import quota_key
from provisioner.ledger.rows import (
    activity_from_row,
    database_event_from_row,
    database_from_row,
    database_key,
    database_list,
    request_from_row,
    request_key,
    request_list,
)
from provisioner.ledger.table import Table, put

_KEY: Final = ("MIGRATION#lists", "MIGRATION")
_TRIES: Final = 10
_UNLISTED: Final = "its team is found by no list"
_MIXED: Final = "an open request among those that have ended"


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """How far the migration is: the rows of a pass before `position` were looked at, and `changed` of them.

    It is complete once a whole pass found nothing to change.
    """

    position: Row | None = None
    looked_at: int = 0
    changed: int = 0
    complete: bool = False


@dataclass(frozen=True, slots=True)
class Migration:
    """Brings rows to what lists read, while they are read and written."""

    table: Table

    def is_complete(self) -> bool:
        """Whether no row of an earlier release is left."""
        return lists.is_complete(self.table.get(*_KEY))

    def standing(self) -> Standing:
        """How far it is."""
        row = self.table.get(*_KEY) or {}
        return Standing(
            position=JSON.read(row["position"]) if "position" in row else None,
            looked_at=int(row.get("looked_at", 0)),
            changed=int(row.get("changed", 0)),
            complete=lists.is_complete(row or None),
        )

    def keep(self, standing: Standing) -> None:
        """Write down how far it is; raises Contention where another run does."""
        row = self.table.get(*_KEY)
        version = int(row["version"]) if row else None
        kept: dict[str, str | int] = {
            "pk": _KEY[0],
            "sk": _KEY[1],
            "state": "complete" if standing.complete else "under way",
            "looked_at": standing.looked_at,
            "changed": standing.changed,
            "version": (version or 0) + 1,
        }
        if standing.position:
            kept["position"] = JSON.write(standing.position)
        if self.table.write([put("migration", kept, replaces=version)]):
            raise Contention("another run of the migration")

    def part(self, position: Row | None, size: int) -> tuple[list[Row], Row | None]:
        """The next rows that may have to change, and the position after them; None at the end."""
        return self.table.scanned(("DB", "QUOTA", "REQ"), position, size)

    def differs(self, row: Row) -> str | None:
        """What of a row is not yet as lists read it, in a few words; None where it is."""
        if row["sk"] == "QUOTA":
            return _UNLISTED if row.get("list_pk") != lists.QUOTAS else None
        if row["sk"] == "REQ":
            return None if row["list_pk"] == request_list(request_from_row(row)) else _MIXED
        quota = self.table.get(_quota(row), "QUOTA") or {}
        return self._change(row)[1] or (_UNLISTED if quota.get("list_pk") != lists.QUOTAS else None)

    def bring(self, row: Row) -> bool:
        """Write what lists read into a row; False where that is there already. Raises Contention."""
        if row["sk"] == "QUOTA":
            return self._bring_quota(str(row["pk"]))
        if row["sk"] == "REQ":
            return self._bring_request(row)
        quota = self._bring_quota(_quota(row))  # of a database without one, so that its team is found
        for _ in range(_TRIES):
            now = self.table.get(str(row["pk"]), "DB")
            values, _ = self._change(now) if now else ({}, None)
            if now is None or not values:
                return quota
            if self._write(now, values):
                return True
        raise Contention(f"migrating {row['pk']}")

    def _write(self, now: Row, values: Row) -> bool:
        names = {f"#{name}": name for name in values}
        sets = ", ".join(f"#{name} = :{name}" for name in values)
        changed = self.table.update(
            str(now["pk"]),
            "DB",
            f"SET {sets} ADD version :one",
            {**{f":{name}": value for name, value in values.items()}, ":one": 1, ":version": now["version"]},
            condition="version = :version",
            names=names,
        )
        return changed is not None

    def _bring_request(self, row: Row) -> bool:
        """Put a request into its list. No new version: whoever writes the row whole names its list too."""
        now: Row | None = row
        for _ in range(_TRIES):
            wanted = request_list(request_from_row(now)) if now else None
            if now is None or wanted is None or now["list_pk"] == wanted:
                return False
            values = {":list": wanted, ":version": now["version"]}
            if self.table.update(
                str(now["pk"]), "REQ", "SET list_pk = :list", values, condition="version = :version"
            ):
                return True
            now = self.table.get(str(now["pk"]), "REQ")
        raise Contention(f"migrating {row['pk']}")

    def _bring_quota(self, pk: str) -> bool:
        team, _, environment = pk.removeprefix("QUOTA#").rpartition("#")
        place = lists.quota_place(team, environment)
        values = {":list": place["list_pk"], ":place": place["list_sk"]}
        change, old = "SET list_pk = :list, list_sk = :place", "attribute_not_exists(list_pk)"
        return self.table.update(pk, "QUOTA", change, values, condition=old) is not None

    def _change(self, row: Row) -> tuple[dict[str, str | int], str | None]:
        """What has to be written into a database's row, and why."""
        database = database_from_row(row)
        listed = self._listed(database)
        values: dict[str, str | int] = {}
        if database.listed != listed:
            values["listed"] = LISTED.write(listed)
        wanted = database_list(database.team, database.state, apart=True)
        if row["list_pk"] != wanted:
            values["list_pk"] = wanted
        drift = self._drift(database)
        if drift and database.drift is None:
            values["drift"] = JSON.write({"since": instant(drift.at), "link": drift.detail["link"]})
        if database.listed is None:
            return values, "a row of an earlier release"
        return values, f"{', '.join(sorted(values))} is not what other rows say" if values else None

    def _listed(self, database: Database) -> Listed:
        active = self.table.get(request_key(database.active), "REQ") if database.active else None
        origin = self.table.get(request_key(database.origin), "REQ")
        used = self.table.get(database_key(database.place), "USE")
        return listing.whole(
            database,
            request_from_row(active) if active else None,
            request_from_row(origin) if origin else None,
            activity_from_row(used) if used else None,
        )

    def _drift(self, database: Database) -> DatabaseEvent | None:
        if database.state is DatabaseState.REMOVED:
            return None
        rows = self.table.query(database_key(database.place), "EVT#")
        return database_events.drift(map(database_event_from_row, rows), database.created_at)


def _quota(row: Row) -> str:
    return quota_key(str(row["team"]), str(row["environment"]))
