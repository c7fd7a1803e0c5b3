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
from typing import Any, Final
from uuid import UUID, uuid5

from provisioner.api import documents
from provisioner.api.dry_run import preview
from provisioner.core import events
from provisioner.core.catalog import Catalog
from provisioner.core.errors import Problem, TryLater
from provisioner.core.events import ACTOR, EventType, Step
from provisioner.core.lifecycle import DatabaseState, Kind, State, blocks, derive
from provisioner.core.models import Charge, Database, Request
from provisioner.core.names import Place
from provisioner.core.root import NEVER, Root
from provisioner.core.times import parse_instant
from provisioner.intake import bodies, refusals
from provisioner.intake.message import Message
from provisioner.ledger.ledger import KeyUsed, Ledger, NameTaken, QuotaExceeded

Publish = Callable[[Message], None]
# Who asked for a change before the end has this long to mend what it failed of.
MENDING: Final = dt.timedelta(days=7)


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
        body = bodies.read_create(content)
        fingerprint = _fingerprint(content)
        if key and (used := self.ledger.key_used(caller.team, key)):
            return self._replay_key(used, fingerprint)
        request_id = str(self.new_id())
        root = self._new_root(body, request_id, caller)
        ttl = body.ttl or self.catalog.environments[body.environment].lifetime.default
        asked = bodies.asked(root, ttl, self.catalog)
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
        body = bodies.read_create(content)
        root = self._new_root(body, str(self.new_id()), caller)
        existing = self.ledger.database(root.place)
        if existing and existing.state is not DatabaseState.REMOVED:
            ttl = body.ttl or self.catalog.environments[body.environment].lifetime.default
            self._replay_name(existing, bodies.asked(root, ttl, self.catalog), caller)
        return self._preview(Kind.CREATE, root, Charge(), caller)

    def change(
        self, place: Place, content: Any, caller: Caller, *, dry_run: bool = False
    ) -> Accepted | dict[str, Any]:
        """Change a database in place: size, storage, lifetime, tags."""
        body = bodies.read_patch(content)
        database = self._free(place, caller)
        request_id, before = str(self.new_id()), self.on_main(database)
        root = bodies.changed_root(
            before,
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
        return self.open_change(self._request(kind, root, before, asked, caller, ""), database)

    def remove(
        self, place: Place, caller: Caller, *, reason: str = "", dry_run: bool = False
    ) -> Accepted | dict[str, Any]:
        """Remove a database; where deletion protection is on, a first pull request disarms it."""
        existing = self.own_database(place, caller.team)
        if existing.state is DatabaseState.REMOVING and existing.active:
            under_way = self.ledger.request(existing.active)
            if under_way and under_way.kind in (Kind.REMOVE, Kind.DISARM):
                if dry_run:
                    return self._preview(under_way.kind, under_way.root, existing.charge, caller)
                return Accepted(under_way, replayed=True)
        database = self._free(place, caller)
        new = self.removal(database, caller, reason=reason, request_id=str(self.new_id()))
        if dry_run:
            return self._preview(new.kind, new.root, database.charge, caller)
        return self.open_change(new, database)

    def removal(self, database: Database, caller: Caller, *, reason: str, request_id: str) -> Request:
        """The request that removes a database, or that disarms it first and names its follow-up."""
        before = self.on_main(database)
        if before.deletion_protection:
            root = bodies.disarmed_root(before, request_id=request_id)
            new = self._request(Kind.DISARM, root, before, {}, caller, reason)
            return dataclasses.replace(new, follow_up=str(uuid5(UUID(request_id), "remove")))
        root = dataclasses.replace(before, request_id=request_id)
        return self._request(Kind.REMOVE, root, before, {}, caller, reason)

    def follow_up(self, done: Request) -> Request | None:
        """Begin what a finished request announced; None where that was done, or a change came in between.

        Whoever extends a database after it was disarmed wants to keep it, also while that waits for approval.
        """
        database = self.ledger.database(done.place)
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

    def arm_again(self, ended: Request) -> Request | None:
        """Ask for deletion protection again after a removal came to nothing; None where it is not off."""
        database = self.ledger.database(ended.place)
        rules = self.catalog.environments.get(ended.environment)
        request_id = str(uuid5(UUID(ended.id), "arm"))
        if database is None or rules is None or self.ledger.request(request_id):
            return None
        if database.state is not DatabaseState.AVAILABLE or database.root.deletion_protection:
            return None
        if not rules.deletion_protection:
            return None
        root = bodies.armed_root(database.root, request_id=request_id)
        caller = Caller(database.team, ACTOR)
        reason = f"Its removal was {ended.progress.state}, for which deletion protection had been taken off."
        new = self._request(Kind.UPDATE, root, database.root, {}, caller, reason)
        try:
            self.open_change(new, self.check_free(database))
        except Problem:
            return None  # another change got in first, and arms it too
        return new

    def give_up(self, database: Database) -> None:
        """Cancel the failed request that keeps a database from its end, once nobody mended it for a while.

        One that asks for a later end is left alone until that has come.
        """
        active = self.ledger.request(database.active) if database.active else None
        if active is None or active.progress.failure is None or not blocks(active.progress):
            return
        end = active.root.expires_at
        if end == NEVER or parse_instant(end) > self.now or self.now - active.progress.since < MENDING:
            return
        asked = events.cancel_asked(self.now, ACTOR)
        self._send(self.ledger.add_event(active.id, asked, self.now))

    def open_change(self, new: Request, database: Database) -> Accepted:
        """Write a change of a database as it was read, and send it; raises Problem where that lost a race."""
        same = new.before is not None and _price(new.before) == _price(new.root)
        charge = database.charge if same else self._charge(new.root)
        try:
            self.ledger.open_change(new, database, charge, self._limit(new.team, new.environment))
        except NameTaken as taken:
            active = self.ledger.request(taken.database.active) if taken.database.active else None
            if active is None:
                raise TryLater("opening a change", "the database was changed at the same moment") from None
            raise refusals.under_way(active) from None
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
            raise refusals.too_late(found)
        if dry_run:
            return documents.move_document(found, State.CANCELLED)
        asked = events.cancel_asked(self.now, caller.actor)
        found = self.ledger.add_event(found.id, asked, self.now)
        self._send(found)
        return Accepted(found)

    def retry(self, request_id: str, caller: Caller, *, dry_run: bool = False) -> Accepted | dict[str, Any]:
        """Try the failed step of a request again."""
        found = self.own_request(request_id, caller)
        failure = found.progress.failure
        if failure is None or not failure.retryable:
            raise refusals.not_retryable(found)
        database = self.ledger.database(found.place)
        if database is None or database.active != found.id:
            raise refusals.superseded(found)
        known = self.ledger.events(found.id)
        count = sum(event.type is EventType.RETRIED for event in known)
        event = events.retried(count + 1, self.now, caller.actor)
        if dry_run:
            return documents.move_document(found, derive([*known, event]).state)
        found = self.ledger.add_event(found.id, event, self.now)
        self._send(found)
        return Accepted(found)

    def own_request(self, request_id: str, caller: Caller) -> Request:
        """A request of the caller's team; raises Problem (404) for any other."""
        found = self.ledger.request(request_id)
        if found is None or found.team != caller.team:
            raise refusals.not_found(f"request {request_id}")
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

    def database_page(self, place: Place, caller: Caller) -> dict[str, Any]:
        """The document of one of the team's databases."""
        database = self.own_database(place, caller.team)
        history = self.ledger.request_ids(place, team=caller.team)
        notes = self.ledger.database_events(place, since=database.created_at)
        use = self.ledger.activity(place)
        return documents.database_document(database, self.catalog, history=history, notes=notes, use=use)

    def own_database(self, place: Place, team: str) -> Database:
        """A database of the team; raises Problem (404) for any other."""
        database = self.ledger.database(place)
        if database is None or database.team != team:
            raise refusals.not_found(f"database {place}")
        return database

    def _free(self, place: Place, caller: Caller) -> Database:
        """A database that may be changed now."""
        return self.check_free(self.own_database(place, caller.team))

    def check_free(self, database: Database) -> Database:
        """The database, if it may be changed now; raises Problem (409) otherwise."""
        if database.environment not in self.catalog.environments:
            raise refusals.no_environment(database)
        if database.state is DatabaseState.REMOVED:
            raise refusals.removed(database)
        active = self.ledger.request(database.active) if database.active else None
        if active and blocks(active.progress):
            raise refusals.under_way(active)
        if active and active.kind is Kind.REMOVE and active.progress.failure:
            raise refusals.removal_failed(active)
        return database

    def on_main(self, database: Database) -> Root:
        """The root that stands on the base branch: where the last apply failed, what that was to apply."""
        failed = self.ledger.request(database.active) if database.active else None
        merged = failed is not None and failed.progress.failure and not blocks(failed.progress)
        return failed.root if failed and merged else database.root

    def _request(
        self,
        kind: Kind,
        root: Root,
        before: Root | None,
        asked: Mapping[str, Any],
        caller: Caller,
        reason: str,
    ) -> Request:
        first = events.requested(self.now, caller.actor)
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

    def _new_root(self, body: bodies.CreateBody, request_id: str, caller: Caller) -> Root:
        """The root of a new database, and of its source, if it has one, checked against each other."""
        origin = self._source(body.restore_from, caller) if body.restore_from else None
        root = bodies.new_root(
            body,
            self.catalog,
            team=caller.team,
            request_id=request_id,
            now=self.now,
            source=origin.root if origin else None,
        )
        if body.restore_from and origin:
            errors = refusals.of_source(body.restore_from, origin, root, self.now)
            if errors:
                raise bodies.invalid(errors)
        return root

    def _source(self, source: bodies.RestoreFrom, caller: Caller) -> Database:
        """The database that the data comes from, as it was when a final snapshot was taken of it.

        A name may have been another team's before, whose snapshots stay: raises Problem (404) for those.
        """
        place, snapshot = source.source(), source.snapshot_name()
        found = self.ledger.database(place)
        taken = snapshot.taken if snapshot else None
        if found and snapshot and snapshot.id8:
            last = self.ledger.request_for_branch(place, snapshot.id8)
            if last and last.team == caller.team:
                return dataclasses.replace(found, root=last.root)
        elif found and found.team == caller.team and (taken is None or taken >= found.created_at):
            return found
        raise refusals.not_found(f"database {place}, named in restore_from,")

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
        environment = root.environment
        held, limit = self.ledger.quota_used(team, environment), self._limit(team, environment)
        return refusals.over_quota(team, environment, held, self._charge(root), limit)

    def _preview(self, kind: Kind, root: Root, held: Charge, caller: Caller) -> dict[str, Any]:
        return preview(
            kind,
            root,
            self.catalog,
            usage=self.ledger.quota_used(caller.team, root.environment),
            held=held,
            wanted=held if kind in (Kind.REMOVE, Kind.DISARM) else self._charge(root),
            limit=self._limit(caller.team, root.environment),
            now=self.now,
        )

    def _replay_name(self, existing: Database, asked: Mapping[str, Any], caller: Caller) -> Accepted:
        if existing.team != caller.team:
            raise refusals.name_taken(existing)
        if existing.state is DatabaseState.REMOVING and existing.active:
            raise refusals.under_way(self._must_exist(existing.active))
        different = [name for name in asked if asked[name] != existing.asked.get(name)]
        if different:
            raise refusals.differs(existing, asked, different)
        return Accepted(self._must_exist(existing.origin), replayed=True)

    def _replay_key(self, used: KeyUsed, fingerprint: str) -> Accepted:
        if used.fingerprint != fingerprint:
            raise refusals.key_reused()
        return Accepted(self._must_exist(used.request_id), replayed=True)

    def _must_exist(self, request_id: str) -> Request:
        found = self.ledger.request(request_id)
        if found is None:
            raise TryLater("reading a request", f"request {request_id} is not to be seen yet")
        return found


def _price(root: Root) -> tuple[object, ...]:
    """What a database's charge depends on: where this stays, the size may have left the catalog since."""
    return root.instance_class, root.storage_gb, root.multi_az


def _fingerprint(content: Any) -> str:
    return hashlib.sha256(json.dumps(content, sort_keys=True, separators=(",", ":")).encode()).hexdigest()
