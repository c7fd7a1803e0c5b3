"""The ledger: requests, their events, databases and quotas in one DynamoDB table.

Its rows are listed in table.py.
Every change is one transaction on condition of the version that was read, so that no update is lost and a
crash leaves all of it or nothing. The ledger is also the outbox: a request that is not finished carries the
time at which the reaper looks after it (`due_kind`, `due_at`).
"""

import datetime as dt
from collections.abc import Collection
from dataclasses import dataclass, replace

from provisioner.core import transitions
from provisioner.core.beats import next_look
from provisioner.core.errors import Contention
from provisioner.core.events import Event
from provisioner.core.lifecycle import WITHOUT_MERGE, DatabaseState, State, derive, took
from provisioner.core.models import Beat, Charge, Database, Request
from provisioner.ledger.break_glass import BreakGlass
from provisioner.ledger.codecs import BEAT, when
from provisioner.ledger.database_writes import TRIES, DatabaseWrites
from provisioner.ledger.deliveries import Deliveries
from provisioner.ledger.new_request import DATABASE, KEY, NameTaken, NewRequest, QuotaExceeded, key_row
from provisioner.ledger.quota import QUOTA, charged
from provisioner.ledger.rows import (
    database_row,
    event_row,
    request_from_row,
    request_key,
    request_row,
)
from provisioner.ledger.step_times import StepTimes
from provisioner.ledger.table import Write, put
from provisioner.ledger.turns import Turns


@dataclass(frozen=True, slots=True)
class Claim:
    """The right to work on a request until the lease ends; `first` when nobody ever had it before."""

    request: Request
    first: bool


class Ledger(DatabaseWrites):
    """All reads and writes of the ledger table."""

    @property
    def turns(self) -> Turns:
        """Who does the work that is done once in a while."""
        return Turns(self._table)

    @property
    def break_glass(self) -> BreakGlass:
        """The switch that lets a root change without a request."""
        return BreakGlass(self._table)

    @property
    def deliveries(self) -> Deliveries:
        """What was sent to which channel."""
        return Deliveries(self._table)

    # Requests begin

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
        database = transitions.created(request, existing.version + 1 if existing else 1)
        self._open(NewRequest(request=request, database=database, existing=existing, limit=limit, key=key))

    def open_change(
        self,
        request: Request,
        database: Database,
        charge: Charge,
        limit: Charge,
        *,
        key: tuple[str, str] | None = None,
    ) -> None:
        """Write a change of an existing database; raises NameTaken where another got in first, or KeyUsed."""
        request = replace(request, charge=charge)
        changed = transitions.change_started(database, request)
        self._open(NewRequest(request=request, database=changed, existing=database, limit=limit, key=key))

    def _open(self, new: NewRequest) -> None:
        refused = self._table.write(new.writes())
        if not refused:
            return
        request = new.request
        if new.key and KEY in refused:
            raise self.key_used(request.team, new.key[0]) or Contention("an Idempotency-Key")
        if DATABASE in refused:
            there = self.database(request.place)
            raise NameTaken(there) if there else Contention("opening a request")
        if QUOTA in refused:
            raise QuotaExceeded
        raise Contention(f"opening request {request.id}")

    # Requests are worked on

    def claim(self, request_id: str, now: dt.datetime, lease: dt.timedelta) -> Claim | None:
        """Take a request that waits for its pull request; None while someone else works on it.

        The lease outlives the worker's own time limit, so two deliveries never work at once, and a
        killed worker's request is free again when it ends.
        """
        row = self._table.update(
            request_key(request_id),
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

    def release(self, request_id: str, check_at: dt.datetime, *, contradicted: bool = False) -> None:
        """Give a claim back; the reaper does not look after it before `check_at`.

        `contradicted` counts a try that a contradiction of GitHub's cost.
        """
        counted = ", contradicted :one" if contradicted else ""
        self._table.update(
            request_key(request_id),
            "REQ",
            f"SET lease_until = :free, due_at = :due ADD version :one{counted}",
            {":free": "0", ":due": when(check_at), ":one": 1},
            condition="attribute_exists(due_at)",
        )

    def schedule_check(self, request: Request, at: dt.datetime) -> None:
        """Move the time at which the reaper looks after a request; nothing happens where it has ended."""
        self._table.update(
            request_key(request.id),
            "REQ",
            "SET due_at = :due",
            {":due": when(at)},
            condition="attribute_exists(due_at)",
        )

    def stop_checking(self, request: Request) -> None:
        """Let the reaper know that nothing is left to do for a request as it was read."""
        self._table.update(
            request_key(request.id),
            "REQ",
            "REMOVE due_kind, due_at",
            {":version": request.version},
            condition="version = :version",
        )

    def keep_beat(self, request_id: str, environment: str, beat: Beat) -> bool:
        """Keep the last word of the job that applies a request; False for none of this environment.

        No new version: nobody who waits for a change is woken. While it is applied, each word moves the
        reaper's look, which so comes where words stop.
        """
        pk, own = request_key(request_id), "attribute_exists(pk) AND environment = :environment"
        values = {":beat": BEAT.write(beat), ":environment": environment}
        states = {":merged": State.MERGED.value, ":applying": State.APPLYING.value}
        at_work = self._table.update(
            pk,
            "REQ",
            "SET beat = :beat, due_at = :due",
            {**values, **states, ":due": when(next_look(beat))},
            condition=f"{own} AND attribute_exists(due_at) AND (#state = :merged OR #state = :applying)",
            names={"#state": "state"},
        )
        return at_work is not None or (
            self._table.update(pk, "REQ", "SET beat = :beat", values, condition=own) is not None
        )

    def add_event(
        self, request_id: str, event: Event, now: dt.datetime, *, key: tuple[str, str] | None = None
    ) -> Request:
        """Add an event and carry out what follows from it; the same event again changes nothing.

        `key` is (Idempotency-Key, fingerprint) of the call that asked for it. Raises KeyError for an unknown
        request, KeyUsed, and Contention when others kept writing.
        """
        for _ in range(TRIES):
            request, events = self._with_events(request_id)
            is_new = event.id not in {known.id for known in events}
            if is_new:
                events.append(event)
            after = _after(request, events)
            if not is_new and after.progress == request.progress:
                return request
            writes = [
                put(
                    "request",
                    request_row(after, transitions.next_request_check(after, now)),
                    replaces=request.version,
                ),
                *([put("event", event_row(request_id, event))] if is_new else []),
                *self._advanced(after, request.progress.state),
                *([put(KEY, key_row(request.team, *key, request_id, now))] if key else []),
            ]
            refused = self._table.write(writes)
            if key and KEY in refused:
                raise self.key_used(request.team, key[0]) or Contention("an Idempotency-Key")
            if not refused:
                if after.progress.state is State.DONE and request.progress.state is not State.DONE:
                    StepTimes(self._table).learn(after, events)
                return after
        raise Contention(f"recording {event.type} of request {request_id}")

    def _with_events(self, request_id: str) -> tuple[Request, list[Event]]:
        rows = self._table.query(request_key(request_id))
        request = next((request_from_row(row) for row in rows if row["sk"] == "REQ"), None)
        if request is None:
            raise KeyError(request_id)
        return request, self._events(row for row in rows if row["sk"] != "REQ")

    def _advanced(self, request: Request, before: State) -> list[Write]:
        """What a request's new state means for its database and its team's quota."""
        database = self.database(request.place)
        new = transitions.advanced(database, request, before) if database else None
        if database is None or new is None:
            return []
        if request.progress.state in WITHOUT_MERGE and new.failed_before:
            failed = self.request(new.failed_before)
            new = replace(transitions.returned_to(new, failed), version=new.version) if failed else new
        row = database_row(new, transitions.next_database_check(new))
        freed = new.charge.minus(database.charge)
        charges = [charged(request.team, request.environment, freed)] if freed != Charge() else []
        return [put(DATABASE, row, replaces=database.version), *charges]


def _after(request: Request, events: Collection[Event]) -> Request:
    """A request as these events leave it."""
    progress = derive(events)
    held = progress.state is State.REQUESTED  # else the claim has done its work
    return replace(
        request,
        progress=progress,
        lease_until=request.lease_until if held else "0",
        contradicted=None,
        took=took(events) if progress.state is State.DONE else None,
        version=request.version + 1,
    )
