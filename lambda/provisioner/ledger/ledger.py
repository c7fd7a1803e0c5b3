"""The ledger: requests, their events, databases and quotas in one DynamoDB table.

| pk | sk | what |
|---|---|---|
| `REQ#<id>` | `REQ` | a request as derived from its events |
| `REQ#<id>` | `EVT#<event id>` | one event, written once |
| `DB#<environment>#<name>` | `DB` | a database |
| `DB#<environment>#<name>` | `EVT#<event id>` | what happened to it beside its requests, written once |
| `DB#<environment>#<name>` | `USE` | when it was last connected to, and since when it is idle |
| `DB#<environment>#<name>` | `REQ#<first 8 of id>` | the database's requests, for branches and history |
| `QUOTA#<team>#<environment>` | `QUOTA` | what the team holds there |
| `IDEM#<team>#<key>` | `IDEM` | an Idempotency-Key and what it stood for |
| `KEY#<API key id>` | `KEY` | whose key it is |
| `STAT#<kind>#<engine>#<class>` | `STAT` | how long the last requests of this sort took, by step |
| `TURN#<what>` | `TURN` | when something that is done once in a while is due again |

Every change is one transaction on condition of the version that was read, so that no update is lost and a
crash leaves all of it or nothing. The ledger is also the outbox: a request that is not finished carries the
time at which the reaper looks after it (`due_kind`, `due_at`).
"""

import datetime as dt
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any, Final

from provisioner.core import durations, events, transitions
from provisioner.core.database_events import DatabaseEvent
from provisioner.core.errors import Contention
from provisioner.core.events import Event, Step
from provisioner.core.lifecycle import WITHOUT_MERGE, DatabaseState, State, derive
from provisioner.core.models import Activity, Charge, Database, Page, Request
from provisioner.core.names import Place
from provisioner.core.times import instant
from provisioner.ledger.rows import (
    Row,
    activity_from_row,
    activity_row,
    database_event_from_row,
    database_event_row,
    database_from_row,
    database_row,
    event_from_row,
    event_row,
    request_from_row,
    request_row,
    when,
)
from provisioner.ledger.table import Table, Write

TRIES: Final = 10
_TRIES_TO_LEARN: Final = 3
IDEMPOTENCY_DAYS: Final = 7


@dataclass(frozen=True, slots=True)
class NameTaken(Exception):
    """A database of this name exists, or another request for it is under way."""

    database: Database


class QuotaExceeded(Exception):
    """The team's quota in this environment does not hold what was asked for."""


@dataclass(frozen=True, slots=True)
class KeyUsed(Exception):
    """The Idempotency-Key was used before."""

    fingerprint: str
    request_id: str


@dataclass(frozen=True, slots=True)
class Claim:
    """The right to work on a request until the lease ends; `first` when nobody ever had it before."""

    request: Request
    first: bool


class Ledger:
    """All reads and writes of the ledger table."""

    def __init__(self, client: Any, table: str) -> None:
        self._table = Table(client, table)

    # Reading

    def request(self, request_id: str) -> Request | None:
        """A request, as of now."""
        row = self._table.get(f"REQ#{request_id}", "REQ")
        return request_from_row(row) if row else None

    def events(self, request_id: str) -> list[Event]:
        """A request's events, in the order in which they happened."""
        rows = self._table.query(f"REQ#{request_id}", "EVT#")
        return sorted((event_from_row(row) for row in rows), key=lambda event: (event.at, event.id))

    def database(self, place: Place) -> Database | None:
        """A database, as of now; removed ones included."""
        row = self._table.get(_database_key(place), "DB")
        return database_from_row(row) if row else None

    def origin_pull_request(self, database: Database) -> int | None:
        """The pull request that made a database: what happens to it beside its requests is told there."""
        origin = self.request(database.origin)
        return origin.progress.pull_request if origin else None

    def request_ids(self, place: Place, *, team: str | None = None) -> list[str]:
        """The ids of all requests that databases of this name ever had, or of a team's ones."""
        rows = self._table.query(_database_key(place), "REQ#")
        rows = [row for row in rows if team in (None, row["team"])]
        return [str(row["request_id"]) for row in sorted(rows, key=lambda row: str(row["created_at"]))]

    def database_events(self, place: Place, *, since: dt.datetime | None = None) -> list[DatabaseEvent]:
        """What happened to a database beside its requests, in that order.

        `since` leaves out what happened to others that had its name before, perhaps another team's.
        """
        rows = self._table.query(_database_key(place), "EVT#")
        notes = (database_event_from_row(row) for row in rows)
        kept = (note for note in notes if since is None or note.at >= since)
        return sorted(kept, key=lambda note: (note.at, note.id))

    def activity(self, place: Place) -> Activity | None:
        """What is known of a database's use; None where nobody has looked yet."""
        row = self._table.get(_database_key(place), "USE")
        return activity_from_row(row) if row else None

    def request_for_branch(self, place: Place, id8: str) -> Request | None:
        """The request behind a branch, which carries the first 8 characters of its id."""
        row = self._table.get(_database_key(place), f"REQ#{id8}")
        return self.request(str(row["request_id"])) if row else None

    def team_of_key(self, api_key_id: str) -> tuple[str, str] | None:
        """(team, actor) of an API key."""
        row = self._table.get(f"KEY#{api_key_id}", "KEY")
        return (str(row["team"]), str(row.get("actor") or row["team"])) if row else None

    def quota_used(self, team: str, environment: str) -> Charge:
        """What a team holds in an environment."""
        row = self._table.get(f"QUOTA#{team}#{environment}", "QUOTA") or {}
        return Charge(
            databases=int(row.get("databases", 0)),
            storage_gb=int(row.get("storage_gb", 0)),
            monthly_cents=int(row.get("monthly_cents", 0)),
        )

    def typical(self, request: Request) -> dict[Step, float]:
        """The usual seconds of each step of requests like this one, as far as any is known."""
        row = self._table.get(f"STAT#{durations.group(request)}", "STAT") or {}
        return durations.typical(_seconds_of(row), request.environment)

    def requests(
        self, team: str, *, filters: Mapping[str, str], page_size: int, page_token: str | None
    ) -> Page[Request]:
        """A team's requests, newest first; `filters` on environment, state, kind and database_name."""
        rows, token = self._table.page(f"TEAM#{team}#REQ", filters, page_size, page_token)
        return Page([request_from_row(row) for row in rows], token)

    def databases(
        self,
        team: str,
        *,
        filters: Mapping[str, str],
        page_size: int,
        page_token: str | None,
        expires_before: str | None = None,
    ) -> Page[Database]:
        """A team's databases, newest first; `filters` on environment, state and engine."""
        rows, token = self._table.page(f"TEAM#{team}#DB", filters, page_size, page_token, expires_before)
        return Page([database_from_row(row) for row in rows], token)

    def due_requests(self, now: dt.datetime) -> Iterator[Request]:
        """Requests that the reaper should look after."""
        yield from (request_from_row(row) for row in self._table.due("request", now))

    def due_databases(self, now: dt.datetime) -> Iterator[Database]:
        """Databases for which a warning or the end is due."""
        yield from (database_from_row(row) for row in self._table.due("database", now))

    # Writing

    def open_create(
        self, request: Request, charge: Charge, limit: Charge, *, key: tuple[str, str] | None = None
    ) -> None:
        """Write a new request and its database, and charge the quota; all of it or nothing.

        `key` is (Idempotency-Key, fingerprint of the body). Raises NameTaken, QuotaExceeded or KeyUsed.
        """
        request = replace(request, charge=charge)
        existing = self.database(request.place)
        if existing and existing.state is not DatabaseState.REMOVED:
            raise NameTaken(existing)
        version = existing.version + 1 if existing else 1
        self._open(request, transitions.created(request, version), limit, key=key, existing=existing)

    def open_change(self, request: Request, database: Database, charge: Charge, limit: Charge) -> None:
        """Write a change of an existing database; raises NameTaken when another one got in first."""
        request = replace(request, charge=charge)
        self._open(request, transitions.change_started(database, request), limit, key=None, existing=database)

    def claim(self, request_id: str, now: dt.datetime, lease: dt.timedelta) -> Claim | None:
        """Take a request that waits for its pull request; None while somebody else works on it.

        The lease outlives the worker's own time limit, so two deliveries never work at once, and a
        killed worker's request is free again when it ends.
        """
        row = self._table.update(
            f"REQ#{request_id}",
            "REQ",
            "SET lease_until = :until ADD attempts :one, version :one",
            {":until": when(now + lease), ":now": when(now), ":one": 1, ":requested": "requested"},
            condition="attribute_exists(pk) AND #state = :requested AND lease_until < :now",
            names={"#state": "state"},
        )
        if row is None:
            return None
        request = request_from_row(row)
        return Claim(request, first=request.attempts == 1)

    def release(self, request_id: str, check_at: dt.datetime) -> None:
        """Give a claim back; the reaper does not come before `look_again`."""
        self._table.update(
            f"REQ#{request_id}",
            "REQ",
            "SET lease_until = :free, due_at = :due ADD version :one",
            {":free": "0", ":due": when(check_at), ":one": 1},
            condition="attribute_exists(due_at)",
        )

    def schedule_check(self, request: Request, at: dt.datetime) -> None:
        """Move the time at which the reaper looks after a request; nothing happens where it has ended."""
        self._table.update(
            f"REQ#{request.id}",
            "REQ",
            "SET due_at = :due",
            {":due": when(at)},
            condition="attribute_exists(due_at)",
        )

    def add_event(self, request_id: str, event: Event, now: dt.datetime) -> Request:
        """Add an event and carry what follows from it; hearing the same event again changes nothing.

        Raises KeyError for an unknown request, and Contention when others kept writing.
        """
        for _ in range(TRIES):
            rows = self._table.query(f"REQ#{request_id}")
            request = next((request_from_row(row) for row in rows if row["sk"] == "REQ"), None)
            if request is None:
                raise KeyError(request_id)
            events = [event_from_row(row) for row in rows if row["sk"] != "REQ"]
            known = any(one.id == event.id for one in events)
            progress = derive(events if known else [*events, event])
            if known and progress == request.progress:
                return request
            held = progress.state is State.REQUESTED  # else the claim has done its work
            new = replace(
                request,
                progress=progress,
                lease_until=request.lease_until if held else "0",
                version=request.version + 1,
            )
            writes = [
                self._table.putting(
                    request_row(new, transitions.next_request_check(new, now)), version=request.version
                )
            ]
            if not known:
                writes.append(self._table.putting(event_row(request_id, event)))
            writes += self._advance(new, request.progress.state)
            if self._table.write(writes) is None:
                if progress.state is State.DONE and request.progress.state is not State.DONE:
                    self._learn(new, [*events, event])
                return new
        raise Contention(f"recording {event.type} of request {request_id}")

    def mark_removed(self, place: Place, note: DatabaseEvent) -> bool:
        """Write down that a database went without a request; False where there was none, or none yet.

        One that is still to be created has a namesake that went before it, of which this is a late word.
        """
        for _ in range(TRIES):
            database = self.database(place)
            if database is None or database.state in (DatabaseState.REMOVED, DatabaseState.PENDING):
                return False
            writes = [
                self._table.putting(
                    database_row(transitions.removed(database), None), version=database.version
                ),
                *self._noted(place, database.origin, note),
                self._quota(database.team, place.environment, Charge().minus(database.charge), None),
            ]
            if self._table.write(writes) is None:
                return True
        raise Contention(f"writing down that {place} was removed")

    def stop_checking(self, request: Request) -> None:
        """Tell the reaper that nothing is left to do for a request as it was read."""
        self._table.update(
            f"REQ#{request.id}",
            "REQ",
            "REMOVE due_kind, due_at",
            {":version": request.version},
            condition="version = :version",
        )

    def mark(
        self,
        database: Database,
        name: str,
        now: dt.datetime,
        check_at: dt.datetime | None,
        note: DatabaseEvent | None = None,
    ) -> bool:
        """Remember that a warning went out, or the end came; False when somebody else was first."""
        marked = replace(database, marks={**database.marks, name: instant(now)}, version=database.version + 1)
        writes = [self._table.putting(database_row(marked, check_at), version=database.version)]
        if note:
            writes += self._noted(database.place, database.origin, note)
        return self._table.write(writes) is None

    def keep_activity(self, place: Place, use: Activity, note: DatabaseEvent | None = None) -> bool:
        """Write down what a look found, and what was said about it; False when somebody else was first."""
        before = use.version - 1 or None
        writes = [self._table.putting(activity_row(place, use), version=before)]
        if note:
            writes += self._noted(place, use.origin, note)
        return self._table.write(writes) is None

    def acquire_lease(self, what: str, now: dt.datetime, until: dt.datetime) -> bool:
        """Take the turn to do something that is done once in a while; False where it is not due, or taken.

        Nobody else has it before `until`; `set_turn` says when it is due again.
        """
        row = self._table.get(f"TURN#{what}", "TURN")
        if row and str(row["next_at"]) > when(now):
            return False
        return self._turn(what, row, until)

    def schedule(self, what: str, at: dt.datetime) -> None:
        """Say when something is due again; whoever has the turn does."""
        self._turn(what, self._table.get(f"TURN#{what}", "TURN"), at)

    def _turn(self, what: str, row: Row | None, at: dt.datetime) -> bool:
        version = int(row["version"]) if row else None
        turn: Row = {
            "pk": f"TURN#{what}",
            "sk": "TURN",
            "next_at": when(at),
            "version": (version or 0) + 1,
        }
        return self._table.write([self._table.putting(turn, version=version)]) is None

    def add_database_event(self, place: Place, note: DatabaseEvent) -> bool:
        """Write down what happened to a database; False where it stood there already, or is unknown."""
        database = self.database(place)
        if database is None:
            return False
        return self._table.write(self._noted(place, database.origin, note)) is None

    def schedule_database_check(self, database: Database, at: dt.datetime | None) -> bool:
        """Set when the reaper looks at a database again."""
        moved = replace(database, version=database.version + 1)
        return (
            self._table.write([self._table.putting(database_row(moved, at), version=database.version)])
            is None
        )

    # How

    def _noted(self, place: Place, origin: str, note: DatabaseEvent) -> list[Write]:
        """A note, and a look at the request that made the database, on whose pull request it is kept too."""
        look = self._table.updating(
            f"REQ#{origin}",
            "REQ",
            "SET due_kind = :kind, due_at = :due",
            {":kind": "request", ":due": when(note.at)},
            condition="attribute_exists(pk)",
        )
        return [self._table.putting(database_event_row(place, note)), look]

    def _open(
        self,
        request: Request,
        database: Database,
        limit: Charge,
        *,
        key: tuple[str, str] | None,
        existing: Database | None,
    ) -> None:
        first = events.requested(request.created_at, request.actor)
        look = request.created_at + transitions.FIRST_CHECK[Step.PULL_REQUEST]
        taken = database.charge.minus(database.charge_before)
        writes = [
            self._table.putting(
                database_row(database, transitions.next_database_check(database)),
                version=existing.version if existing else None,
            ),
            self._quota(request.team, request.environment, taken, limit),
            self._table.putting(request_row(request, look)),
            self._table.putting(event_row(request.id, first)),
            self._table.putting(
                {
                    "pk": _database_key(request.place),
                    "sk": f"REQ#{request.id[:8]}",
                    "request_id": request.id,
                    "team": request.team,
                    "created_at": when(request.created_at),
                }
            ),
        ]
        if key:
            end = request.created_at + dt.timedelta(days=IDEMPOTENCY_DAYS)
            row: Row = {"fingerprint": key[1], "request_id": request.id, "expire_at": int(end.timestamp())}
            writes.append(self._table.putting({"pk": f"IDEM#{request.team}#{key[0]}", "sk": "IDEM", **row}))
        for _ in range(TRIES):
            failed = self._table.write(writes)
            if failed is None:
                return
            if key and "ConditionalCheckFailed" in failed[5:]:
                raise self.key_used(request.team, key[0]) or Contention("an Idempotency-Key")
            if failed[0] == "ConditionalCheckFailed":
                now_there = self.database(request.place)
                raise NameTaken(now_there) if now_there else Contention("opening a request")
            if failed[1] == "ConditionalCheckFailed":
                raise QuotaExceeded
        raise Contention(f"opening request {request.id}")

    def key_used(self, team: str, key: str) -> KeyUsed | None:
        """What an Idempotency-Key stood for, if it was used in the last days."""
        row = self._table.get(f"IDEM#{team}#{key}", "IDEM")
        return KeyUsed(str(row["fingerprint"]), str(row["request_id"])) if row else None

    def _advance(self, request: Request, before: State) -> list[Write]:
        """What a request's new state means for its database and its team's quota."""
        database = self.database(request.place)
        if database is None:
            return []
        new = transitions.advanced(database, request, before)
        if new is None:
            return []
        if request.progress.state in WITHOUT_MERGE and new.failed_before:
            failed = self.request(new.failed_before)
            new = replace(transitions.returned_to(new, failed), version=new.version) if failed else new
        writes = [
            self._table.putting(
                database_row(new, transitions.next_database_check(new)), version=database.version
            )
        ]
        freed = new.charge.minus(database.charge)
        if freed != Charge():
            writes.append(self._quota(request.team, request.environment, freed, None))
        return writes

    def _learn(self, request: Request, events: list[Event]) -> None:
        """Keep how long a request took; where others keep writing the same row, its times are left out."""
        key = {"pk": f"STAT#{durations.group(request)}", "sk": "STAT"}
        for _ in range(_TRIES_TO_LEARN):
            row = self._table.get(**key)
            kept = _seconds_of(row or {})
            kept |= {
                name: durations.extended(kept.get(name, []), new)
                for name, new in durations.seconds(request, events).items()
            }
            version = int(row["version"]) if row else None
            learned: Row = {**key, "seconds": json.dumps(kept, sort_keys=True), "version": (version or 0) + 1}
            if self._table.write([self._table.putting(learned, version=version)]) is None:
                return

    def _quota(self, team: str, environment: str, difference: Charge, limit: Charge | None) -> Write:
        values: dict[str, str | int] = {
            ":databases": difference.databases,
            ":storage": difference.storage_gb,
            ":cents": difference.monthly_cents,
        }
        rooms = (
            {
                "databases": (limit.databases - difference.databases, difference.databases),
                "storage_gb": (limit.storage_gb - difference.storage_gb, difference.storage_gb),
                "monthly_cents": (limit.monthly_cents - difference.monthly_cents, difference.monthly_cents),
            }
            if limit
            else {}
        )
        conditions = []
        for name, (room, wanted) in rooms.items():
            if wanted > 0:  # giving back, or taking nothing more, is always allowed
                empty = f"attribute_not_exists({name}) OR " if room >= 0 else ""
                conditions.append(f"({empty}{name} <= :room_{name})")
                values[f":room_{name}"] = room
        return self._table.updating(
            f"QUOTA#{team}#{environment}",
            "QUOTA",
            "ADD databases :databases, storage_gb :storage, monthly_cents :cents",
            values,
            condition=" AND ".join(conditions) or None,
        )


def _seconds_of(row: Row) -> dict[str, list[float]]:
    kept: dict[str, list[float]] = json.loads(str(row.get("seconds", "{}")))
    return kept


def _database_key(place: Place) -> str:
    return f"DB#{place.environment}#{place.database_name}"
