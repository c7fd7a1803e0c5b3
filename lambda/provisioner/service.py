"""What the API can be asked to do: each function checks, writes the ledger once, and sends the message.

The message may get lost after the ledger was written: the sweeper sends it again, so nothing here has to
succeed twice.
"""

import dataclasses
import datetime as dt
import hashlib
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID, uuid5

from provisioner import documents, policy, request
from provisioner.catalog import Catalog
from provisioner.errors import FieldError, Problem, TryLater
from provisioner.ledger import KeyUsed, Ledger, NameTaken, QuotaExceeded
from provisioner.lifecycle import (
    DatabaseState,
    Event,
    Happened,
    Kind,
    State,
    Step,
    blocks,
    derive,
)
from provisioner.message import Message
from provisioner.records import Charge, Database, Request
from provisioner.terraform import Root, render, render_removed

Publish = Callable[[Message], None]


@dataclass(frozen=True, slots=True)
class Caller:
    """Who calls: the team of the API key, and the name under which it acts."""

    team: str
    actor: str


@dataclass(frozen=True, slots=True)
class Accepted:
    """The request that an answer is about; `replayed` where it had been made before."""

    request: Request
    replayed: bool = False


@dataclass(frozen=True, slots=True)
class Service:
    """The use cases, with what they need passed in: time and ids too."""

    ledger: Ledger
    catalog: Catalog
    publish: Publish
    now: dt.datetime
    new_id: Callable[[], UUID]

    def create(self, content: Any, caller: Caller, *, key: str | None = None) -> Accepted:
        """Ask for a new database; the same content again is the same request."""
        body = request.read_create(content)
        fingerprint = _fingerprint(content)
        if key and (used := self.ledger.key_used(caller.team, key)):
            return self._replay_key(used, fingerprint)
        request_id = str(self.new_id())
        root = request.new_root(body, self.catalog, team=caller.team, request_id=request_id, now=self.now)
        if body.restore_from:
            self._check_source(body.restore_from, root, caller)
        ttl = body.ttl or self.catalog.environments[body.environment].lifetime.default
        asked = request.asked(root, ttl, self.catalog)
        new = self._request(Kind.CREATE, root, None, asked, caller, body.purpose)
        try:
            self.ledger.open_create(
                new,
                self._charge(root),
                self._limit(caller.team, root.environment),
                key=(key, fingerprint) if key else None,
            )
        except NameTaken as taken:
            return self._replay_name(taken.database, asked, caller)
        except KeyUsed as used:
            return self._replay_key(used, fingerprint)
        except QuotaExceeded:
            raise self._over_quota(caller.team, root) from None
        self._send(new)
        return Accepted(new)

    def dry_run_create(self, content: Any, caller: Caller) -> dict[str, Any]:
        """What `create` would do: the file, the policy's verdict and the cost; writes nothing."""
        body = request.read_create(content)
        root = request.new_root(
            body, self.catalog, team=caller.team, request_id=str(self.new_id()), now=self.now
        )
        if body.restore_from:
            self._check_source(body.restore_from, root, caller)
        existing = self.ledger.database(root.environment, root.database_name)
        if existing and existing.state is not DatabaseState.REMOVED:
            ttl = body.ttl or self.catalog.environments[body.environment].lifetime.default
            self._replay_name(existing, request.asked(root, ttl, self.catalog), caller)
        return self._preview(Kind.CREATE, root, Charge(), caller)

    def change(
        self, environment: str, database_name: str, content: Any, caller: Caller, *, dry_run: bool = False
    ) -> Accepted | dict[str, Any]:
        """Change a database in place: size, storage, lifetime, tags."""
        body = request.read_patch(content)
        database = self._free(environment, database_name, caller)
        request_id = str(self.new_id())
        root = request.changed_root(
            database.root,
            body,
            self.catalog,
            request_id=request_id,
            created_at=database.created_at,
            now=self.now,
        )
        kind = Kind.EXTEND if body.model_fields_set == {"ttl"} else Kind.UPDATE
        if dry_run:
            return self._preview(kind, root, database.charge, caller)
        asked = body.model_dump(exclude_unset=True)
        return self.open_change(self._request(kind, root, database.root, asked, caller, ""), database)

    def remove(
        self, environment: str, database_name: str, caller: Caller, *, reason: str = "", dry_run: bool = False
    ) -> Accepted | dict[str, Any]:
        """Remove a database; where deletion protection is on, a first pull request disarms it."""
        existing = self.own_database(environment, database_name, caller.team)
        if existing.state is DatabaseState.REMOVING and existing.active:
            under_way = self.ledger.request(existing.active)
            if under_way and under_way.kind in (Kind.REMOVE, Kind.DISARM):
                return Accepted(under_way, replayed=True)
        database = self._free(environment, database_name, caller)
        new = self.removal(database, caller, reason=reason, request_id=str(self.new_id()))
        if dry_run:
            return self._preview(new.kind, new.root, database.charge, caller)
        return self.open_change(new, database)

    def removal(self, database: Database, caller: Caller, *, reason: str, request_id: str) -> Request:
        """The request that removes a database, or that disarms it first and names its follow-up."""
        if database.root.deletion_protection:
            root = request.disarmed_root(database.root, request_id=request_id)
            new = self._request(Kind.DISARM, root, database.root, {}, caller, reason)
            return dataclasses.replace(new, follow_up=str(uuid5(UUID(request_id), "remove")))
        root = dataclasses.replace(database.root, request_id=request_id)
        return self._request(Kind.REMOVE, root, database.root, {}, caller, reason)

    def follow_up(self, done: Request) -> Request | None:
        """Begin what a finished request announced; None where that was done, or a change came in between.

        Whoever extends a database after it was disarmed wants to keep it, also while that waits for approval.
        """
        database = self.ledger.database(done.environment, done.database_name)
        if done.follow_up is None or database is None or self.ledger.request(done.follow_up):
            return None
        if database.root.request_id != done.id:
            return None
        caller = Caller(done.team, done.actor)
        new = self.removal(database, caller, reason=done.reason, request_id=done.follow_up)
        try:
            self.open_change(new, self.check_free(database))
        except Problem:
            return None  # another change got in first; the removal can be asked for again
        return new

    def open_change(self, new: Request, database: Database) -> Accepted:
        """Write a change of a database as it was read, and send it; raises Problem where that lost a race."""
        charge = database.charge if new.kind in (Kind.REMOVE, Kind.DISARM) else self._charge(new.root)
        try:
            self.ledger.open_change(new, database, charge, self._limit(new.team, new.environment))
        except NameTaken as taken:
            active = self.ledger.request(taken.database.active) if taken.database.active else None
            if active is None:
                raise TryLater("opening a change", "the database was changed at the same moment") from None
            raise _under_way(active) from None
        except QuotaExceeded:
            raise self._over_quota(new.team, new.root) from None
        self._send(new)
        return Accepted(new)

    def cancel(self, request_id: str, caller: Caller, *, dry_run: bool = False) -> Accepted | dict[str, Any]:
        """Stop a request that is not merged yet; the worker closes its pull request."""
        found = self.own_request(request_id, caller)
        if found.progress.state is State.CANCELLED or found.progress.cancelling:
            return Accepted(found, replayed=True)
        if found.progress.step not in (Step.PULL_REQUEST, Step.REVIEW):
            raise Problem(
                409,
                "Too late to cancel",
                f"The request is {found.progress.state}. "
                + (
                    "It has ended; nothing is left to cancel."
                    if found.progress.step is Step.END
                    else "It is merged; when it is done, change or remove the database instead."
                ),
                slug="too-late",
                extra={"request": f"/requests/{found.id}"},
            )
        if dry_run:
            return documents.move_document(found, State.CANCELLED)
        asked = Event(id="cancel_asked", type=Happened.CANCEL_ASKED, at=self.now, actor=caller.actor)
        found = self.ledger.record(found.id, asked, self.now)
        self._send(found)
        return Accepted(found)

    def retry(self, request_id: str, caller: Caller, *, dry_run: bool = False) -> Accepted | dict[str, Any]:
        """Try the failed step of a request again."""
        found = self.own_request(request_id, caller)
        failure = found.progress.failure
        if failure is None or not failure.retryable:
            raise Problem(
                409,
                "Nothing to retry",
                failure.fix if failure else f"The request is {found.progress.state}, not failed.",
                slug="not-retryable",
                extra={"request": f"/requests/{found.id}", "pipeline": found.progress.pipeline_url},
            )
        database = self.ledger.database(found.environment, found.database_name)
        if database is None or database.active != found.id:
            raise Problem(
                409,
                "Another change took its place",
                "The database was changed after this request failed; look at that change instead.",
                slug="superseded",
                extra={
                    "request": f"/requests/{found.id}",
                    "database": f"/databases/{found.environment}/{found.database_name}",
                },
            )
        events = self.ledger.events(found.id)
        count = sum(event.type is Happened.RETRIED for event in events)
        event = Event(id=f"retried:{count + 1}", type=Happened.RETRIED, at=self.now, actor=caller.actor)
        if dry_run:
            return documents.move_document(found, derive([*events, event]).state)
        found = self.ledger.record(found.id, event, self.now)
        self._send(found)
        return Accepted(found)

    def own_request(self, request_id: str, caller: Caller) -> Request:
        """A request of the caller's team; raises Problem (404) for any other."""
        found = self.ledger.request(request_id)
        if found is None or found.team != caller.team:
            raise not_found(f"request {request_id}")
        return found

    def request_page(self, found: Request) -> dict[str, Any]:
        """The whole document of a request."""
        waits = found.progress.step is not Step.END and found.progress.failure is None
        return documents.request_document(
            found,
            self.ledger.events(found.id),
            self.catalog,
            now=self.now,
            typical=self.ledger.typical(found) if waits else {},
        )

    def database_page(self, environment: str, database_name: str, caller: Caller) -> dict[str, Any]:
        """The document of one of the team's databases."""
        database = self.own_database(environment, database_name, caller.team)
        history = self.ledger.history(environment, database_name)
        notes = self.ledger.notes(environment, database_name)
        use = self.ledger.use(environment, database_name)
        return documents.database_document(database, self.catalog, history=history, notes=notes, use=use)

    def own_database(self, environment: str, database_name: str, team: str) -> Database:
        """A database of the team; raises Problem (404) for any other."""
        database = self.ledger.database(environment, database_name)
        if database is None or database.team != team:
            raise not_found(f"database {environment}/{database_name}")
        return database

    def _free(self, environment: str, database_name: str, caller: Caller) -> Database:
        """A database that may be changed now."""
        return self.check_free(self.own_database(environment, database_name, caller.team))

    def check_free(self, database: Database) -> Database:
        """The database, if it may be changed now; raises Problem (409) otherwise."""
        if database.environment not in self.catalog.environments:
            raise Problem(
                409,
                "The environment left the catalog",
                f"Neither API nor pipeline changes what is in {database.environment} without its rules. "
                "Put it back into catalog.yaml until its databases are removed.",
                slug="no-environment",
            )
        if database.state is DatabaseState.REMOVED:
            place = f"{database.environment}/{database.database_name}"
            raise Problem(
                409,
                "The database is gone",
                f"{place} was removed; ask for a new one with POST /provision-rds.",
                slug="removed",
            )
        if database.active:
            active = self.ledger.request(database.active)
            if active and blocks(active.progress):
                raise _under_way(active)
        return database

    def _request(
        self,
        kind: Kind,
        root: Root,
        before: Root | None,
        asked: Mapping[str, Any],
        caller: Caller,
        reason: str,
    ) -> Request:
        first = Event(id="requested", type=Happened.REQUESTED, at=self.now, actor=caller.actor)
        return Request(
            id=root.request_id,
            kind=kind,
            environment=root.environment,
            database_name=root.database_name,
            team=caller.team,
            actor=caller.actor,
            root=root,
            before=before,
            asked=asked,
            created_at=self.now,
            progress=derive([first]),
            reason=reason,
        )

    def _send(self, new: Request) -> None:
        self.publish(
            Message(
                request_id=new.id,
                kind=new.kind.value,
                environment=new.environment,
                database_name=new.database_name,
            )
        )

    def _charge(self, root: Root) -> Charge:
        cents = round(self.catalog.monthly_usd(root) * 100)
        return Charge(databases=1, storage_gb=root.storage_gb, monthly_cents=cents)

    def _limit(self, team: str, environment: str) -> Charge:
        quota = self.catalog.quota(team, environment)
        return Charge(
            databases=quota.databases, storage_gb=quota.storage_gb, monthly_cents=quota.monthly_usd * 100
        )

    def _over_quota(self, team: str, root: Root) -> Problem:
        held, limit = self.ledger.usage(team, root.environment), self._limit(team, root.environment)
        wanted = self._charge(root)
        return Problem(
            429,
            "The team's quota is used up",
            f"In {root.environment} team {team} holds {held.databases} of {limit.databases} databases, "
            f"{held.storage_gb} of {limit.storage_gb} GB and {held.monthly_cents / 100:.2f} of "
            f"{limit.monthly_cents / 100:.2f} USD a month; this takes {wanted.storage_gb} GB and "
            f"{wanted.monthly_cents / 100:.2f} USD a month. Remove a database, ask for a smaller one, "
            "or have the quota in the catalog raised.",
            slug="quota",
            retry_after=3600,
        )

    def _preview(self, kind: Kind, root: Root, held: Charge, caller: Caller) -> dict[str, Any]:
        removed = kind is Kind.REMOVE
        text = render_removed(root.environment, root.database_name) if removed else render(root)
        results = (
            []
            if removed
            else policy.check(
                text,
                environment=root.environment,
                database_name=root.database_name,
                catalog=self.catalog,
                now=self.now,
                disarming=kind is Kind.DISARM,
            )
        )
        usage = self.ledger.usage(caller.team, root.environment)
        wanted = held if kind in (Kind.REMOVE, Kind.DISARM) else self._charge(root)
        difference, limit = wanted.minus(held), self._limit(caller.team, root.environment)
        fits = removed or all(
            used + more <= most or more <= 0
            for used, more, most in zip(
                dataclasses.astuple(usage),
                dataclasses.astuple(difference),
                dataclasses.astuple(limit),
                strict=True,
            )
        )
        return {
            "dry_run": True,
            "kind": kind.value,
            "terraform": text,
            "policy": {
                "passed": policy.passed(results),
                "results": [dataclasses.asdict(result) for result in results],
            },
            "fits_quota": fits,
            "approval": self.catalog.environments[root.environment].approval,
            "database": documents.root_document(root, self.catalog),
            "monthly_cost_usd": 0.0 if removed else wanted.monthly_cents / 100,
        }

    def _check_source(self, source: request.RestoreFrom, root: Root, caller: Caller) -> None:
        environment, name = source.source()
        origin = self.ledger.database(environment, name)
        if origin is None or origin.team != caller.team:
            raise not_found(f"database {environment}/{name}, named in restore_from,")
        errors = []
        if origin.root.engine != root.engine:
            text = f"{environment}/{name} is {origin.root.engine}; a restore cannot change the engine"
            errors.append(FieldError("/database_engine", text))
        if origin.root.engine_version != root.engine_version:
            text = f"the source has version {origin.root.engine_version}; restore it first, then upgrade"
            errors.append(FieldError("/engine_version", text))
        if root.storage_gb < origin.root.storage_gb:
            text = f"the source has {origin.root.storage_gb} GB; storage cannot shrink"
            errors.append(FieldError("/storage_gb", text))
        if source.database and origin.state in (DatabaseState.REMOVED, DatabaseState.PENDING):
            text = f"{environment}/{name} is {origin.state}; restore from its final snapshot instead"
            errors.append(FieldError("/restore_from/database", text))
        if source.point_in_time not in (None, "latest"):
            moment = request.parse_instant(str(source.point_in_time))
            oldest = self.now - dt.timedelta(days=origin.root.backup_retention_days)
            if not oldest <= moment <= self.now:
                text = (
                    f"backups reach from {request.instant(oldest)} to now; choose a time between, or latest"
                )
                errors.append(FieldError("/restore_from/point_in_time", text))
        if errors:
            raise request.invalid(errors)

    def _replay_name(self, existing: Database, asked: Mapping[str, Any], caller: Caller) -> Accepted:
        place = f"{existing.environment}/{existing.database_name}"
        if existing.team != caller.team:
            raise Problem(
                409,
                "The name is taken",
                f"Another team has {place}. Choose another database_name.",
                slug="name-taken",
                errors=[FieldError("/database_name", "taken by another team; choose another name")],
            )
        differs = [name for name in asked if asked[name] != existing.asked.get(name)]
        if differs:
            raise Problem(
                409,
                "The database exists and differs",
                f"{place} was asked for with other values of {', '.join(differs)}. Change it with "
                f"PATCH /databases/{place}, or choose another database_name.",
                slug="differs",
                errors=[
                    FieldError(
                        f"/{name}", f"it has {_show(existing.asked.get(name))}, not {_show(asked[name])}"
                    )
                    for name in differs
                ],
                extra={"database": f"/databases/{place}", "request": f"/requests/{existing.origin}"},
            )
        return Accepted(self._must_exist(existing.origin), replayed=True)

    def _replay_key(self, used: KeyUsed, fingerprint: str) -> Accepted:
        if used.fingerprint != fingerprint:
            raise Problem(
                422,
                "The Idempotency-Key was used with another body",
                "Send a new Idempotency-Key with a new body, or the old body again.",
                slug="idempotency-key-reused",
            )
        return Accepted(self._must_exist(used.request_id), replayed=True)

    def _must_exist(self, request_id: str) -> Request:
        found = self.ledger.request(request_id)
        if found is None:
            raise TryLater("reading a request", f"request {request_id} is not to be seen yet")
        return found


def not_found(what: str) -> Problem:
    """The 404, the same for what does not exist and for what is another team's."""
    return Problem(404, "Not found", f"There is no {what} of this team.", slug="not-found")


def _under_way(active: Request) -> Problem:
    progress = active.progress
    state = f"{progress.state}, cancelling" if progress.cancelling else progress.state
    way_on = "Wait for it, or cancel it"
    if progress.failure:
        way_on = "Retry or cancel it"
    return Problem(
        409,
        "Another change is under way",
        f"Request {active.id} ({active.kind}, {state}) has to end first. {way_on}.",
        slug="under-way",
        extra={"request": f"/requests/{active.id}"},
    )


def _fingerprint(content: Any) -> str:
    return hashlib.sha256(json.dumps(content, sort_keys=True, separators=(",", ":")).encode()).hexdigest()


def _show(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)
