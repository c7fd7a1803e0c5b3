"""① What a team can ask for through the API: create, change, remove, cancel, retry.

Each has a dry run, which checks all that the real call checks, and writes nothing.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any
from uuid import UUID

from provisioner.core import events, storage, transitions
from provisioner.core.errors import Problem, TryLater
from provisioner.core.events import Event, EventType, Step
from provisioner.core.lifecycle import DatabaseState, Kind, State, derive
from provisioner.core.models import Charge, Database, Request
from provisioner.core.names import Place
from provisioner.core.root import Root
from provisioner.intake import bodies, refusals, roots, sources
from provisioner.intake.idempotency import Key, fingerprint
from provisioner.intake.opening import Caller, Opening
from provisioner.intake.shapes import Read
from provisioner.ledger.ledger import Ledger
from provisioner.ledger.new_request import KeyUsed, NameTaken, QuotaExceeded


@dataclass(frozen=True, slots=True)
class Accepted:
    """The request that an answer is about; `replayed` where it had been made before."""

    request: Request
    replayed: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class DryRun:
    """What a change would be: the team holds `used` of `limit`, and `held` of that for this very database.

    `wanted` is what the database would take of it.
    """

    request: Request
    used: Charge
    held: Charge
    wanted: Charge
    limit: Charge

    @property
    def kind(self) -> Kind:
        """What it would ask for."""
        return self.request.kind

    @property
    def root(self) -> Root:
        """What the root would say."""
        return self.request.root


@dataclass(frozen=True, slots=True)
class Move:
    """Where a cancel or a retry would lead."""

    request: Request
    next_state: State


@dataclass(frozen=True, slots=True)
class UseCases:
    """The use cases, with what they need passed in: ids too."""

    opening: Opening
    new_id: Callable[[], UUID]

    @property
    def ledger(self) -> Ledger:
        """The ledger that all of them write."""
        return self.opening.ledger

    def create(self, content: Any, caller: Caller, *, key: str | None = None) -> Accepted:
        """Ask for a new database; the same content again is the same request."""
        found = bodies.read_create(content)
        content_print = fingerprint(content)
        if key and not found.errors and (used := self.ledger.key_used(caller.team, key)):
            return self._replay_key(used, content_print)
        root, body = self._new_root(found, caller), found.body
        asked = self._asked(root, body)
        new = self.opening.request(
            Kind.CREATE, root, caller, before=None, asked=asked, reason=body.reason or body.purpose
        )
        try:
            self.ledger.open_create(
                new,
                self.opening.charge(root),
                self.opening.limit(caller.team, root.environment),
                key=(key, content_print) if key else None,
            )
        except NameTaken as taken:
            return self._replay_name(taken.database, asked, caller, body.owner)
        except KeyUsed as used:
            return self._replay_key(used, content_print)
        except QuotaExceeded:
            raise self.opening.over_quota(caller.team, root) from None
        self.opening.send(new)
        return Accepted(new)

    def dry_run_create(self, content: Any, caller: Caller) -> DryRun:
        """What `create` would do."""
        found = bodies.read_create(content)
        root, body = self._new_root(found, caller), found.body
        existing = self.ledger.database(root.place)
        if existing and existing.state is not DatabaseState.REMOVED:
            self._replay_name(existing, self._asked(root, body), caller, body.owner)
        request = self.opening.request(Kind.CREATE, root, caller, before=None)
        return self._dry_run(request, held=Charge(), wanted=self.opening.charge(root))

    def change(self, place: Place, content: Any, caller: Caller, *, key: Key | None = None) -> Accepted:
        """Change a database in place: size, storage, lifetime, tags, owner, purpose."""

        def ask() -> Accepted:
            new, database = self._changed(place, content, caller)
            return Accepted(self.opening.open_change(new, database, key=key.pair if key else None))

        return self._once(key, caller, ask)

    def dry_run_change(self, place: Place, content: Any, caller: Caller) -> DryRun:
        """What `change` would do."""
        new, database = self._changed(place, content, caller)
        wanted = self.opening.charge_after(new, database)
        return self._dry_run(new, held=database.charge, wanted=wanted)

    def remove(self, place: Place, caller: Caller, *, reason: str = "", key: Key | None = None) -> Accepted:
        """Remove a database; where deletion protection is on, a first pull request disarms it."""

        def ask() -> Accepted:
            if under_way := self._removal_under_way(place, caller):
                return Accepted(under_way, replayed=True)
            new, database = self._removal(place, caller, reason)
            return Accepted(self.opening.open_change(new, database, key=key.pair if key else None))

        return self._once(key, caller, ask)

    def dry_run_remove(self, place: Place, caller: Caller, *, reason: str = "") -> DryRun:
        """What `remove` would do, or does already."""
        database = self.own_database(place, caller)
        request = self._removal_under_way(place, caller) or self._removal(place, caller, reason)[0]
        return self._dry_run(request, held=database.charge, wanted=database.charge)

    def cancel(
        self, request_id: str, caller: Caller, *, reason: str = "", key: Key | None = None
    ) -> Accepted:
        """Stop a request that is not merged yet; the worker closes its pull request."""

        def ask() -> Accepted:
            found = self._cancellable(request_id, caller)
            if _is_cancelled(found):
                return Accepted(found, replayed=True)
            now = self.opening.now
            event = events.cancel_asked(now, caller.actor, reason=reason)
            found = self.ledger.add_event(found.id, event, now, key=key.pair if key else None)
            self.opening.send(found)
            return Accepted(found)

        return self._once(key, caller, ask)

    def dry_run_cancel(self, request_id: str, caller: Caller) -> Move | None:
        """What `cancel` would do; None where it was asked for before, so that it writes nothing."""
        found = self._cancellable(request_id, caller)
        return None if _is_cancelled(found) else Move(found, State.CANCELLED)

    def retry(self, request_id: str, caller: Caller, *, reason: str = "", key: Key | None = None) -> Accepted:
        """Try the failed step of a request again."""
        if caller.of_all:  # keys are kept with the team whose request it is
            caller = replace(caller, team=self.own_request(request_id, caller).team)

        def ask() -> Accepted:
            found, _, event = self._retried(request_id, caller, reason)
            found = self.ledger.add_event(found.id, event, self.opening.now, key=key.pair if key else None)
            self.opening.send(found)
            return Accepted(found)

        return self._once(key, caller, ask)

    def dry_run_retry(self, request_id: str, caller: Caller) -> Move:
        """What `retry` would do."""
        found, known, event = self._retried(request_id, caller)
        return Move(found, derive([*known, event]).state)

    def own_request(self, request_id: str, caller: Caller) -> Request:
        """A request that the caller sees; raises Problem (404) for any other."""
        found = self.ledger.request(request_id)
        if found is None or not caller.sees(found.team):
            raise refusals.not_found(f"request {request_id}")
        return found

    def own_database(self, place: Place, caller: Caller) -> Database:
        """A database that the caller sees; raises Problem (404) for any other."""
        database = self.ledger.database(place)
        if database is None or not caller.sees(database.team):
            raise refusals.not_found(f"database {place}")
        return database

    # How

    def _new_root(self, read: Read[bodies.CreateBody], caller: Caller) -> Root:
        """The root of a new database, and of its source, if it has one, checked against each other.

        Raises Problem (422) naming all that is wrong: in the body's shape, by the catalog, and by the source.
        """
        catalog, now, body, wanted = self.opening.catalog, self.opening.now, read.body, read.body.restore_from
        try:
            origin, missing = (sources.find(wanted, caller.team, self.ledger) if wanted else None), None
        except Problem as problem:
            origin, missing = None, problem
        made = roots.draft(
            body,
            catalog,
            team=caller.team,
            request_id=str(self.new_id()),
            now=now,
            source=storage.as_held(origin) if origin else None,
            key_holder=caller.person,
        )
        errors = list(made.errors)
        if wanted and origin and made.root:
            errors += sources.errors(wanted, origin, made.root, catalog, now)
        source = wanted.source() if wanted else None
        errors += self.opening.reason_errors(body.reason or body.purpose, body.environment, source)
        errors += self.opening.member_errors(made.root)
        errors = read.all_errors(errors)
        if missing and not errors:
            raise missing
        if errors or made.root is None:
            raise refusals.invalid([*errors, *([refusals.not_there(missing)] if missing else [])])
        return made.root

    def _asked(self, root: Root, body: bodies.CreateBody) -> dict[str, Any]:
        catalog = self.opening.catalog
        ttl = body.ttl or catalog.environments[root.environment].lifetime.default
        return roots.asked(root, ttl, catalog)

    def _changed(self, place: Place, content: Any, caller: Caller) -> tuple[Request, Database]:
        read = bodies.read_patch(content)
        body = read.body
        database = self.opening.check_free(self.own_database(place, caller))
        before = self.opening.on_main(database)
        unsaid = self.opening.reason_errors(body.reason, place.environment)
        root = roots.changed(
            before,
            Read(body, (*read.errors, *unsaid)),
            self.opening.catalog,
            request_id=str(self.new_id()),
            created_at=database.created_at,
            now=self.opening.now,
            applied=database.root,
            held_gb=storage.held_gb(database),
        )
        kind = Kind.EXTEND if body.changes == {"ttl"} else Kind.UPDATE
        asked = body.model_dump(include=body.changes)
        new = self.opening.request(kind, root, caller, before=before, asked=asked, reason=body.reason)
        return new, database

    def _removal_under_way(self, place: Place, caller: Caller) -> Request | None:
        database = self.own_database(place, caller)
        active = self.opening.active(database) if database.state is DatabaseState.REMOVING else None
        return active if active and active.kind in (Kind.REMOVE, Kind.DISARM) else None

    def _removal(self, place: Place, caller: Caller, reason: str) -> tuple[Request, Database]:
        database = self.opening.check_free(self.own_database(place, caller))
        if unsaid := self.opening.reason_errors(reason, place.environment):
            raise refusals.invalid(unsaid)
        new = self.opening.removal(database, caller, reason=reason, request_id=str(self.new_id()))
        return new, database

    def _cancellable(self, request_id: str, caller: Caller) -> Request:
        found = self.own_request(request_id, caller)
        if not _is_cancelled(found) and found.progress.step not in (Step.PULL_REQUEST, Step.REVIEW):
            raise refusals.too_late(found)
        return found

    def _retried(
        self, request_id: str, caller: Caller, reason: str = ""
    ) -> tuple[Request, list[Event], Event]:
        """The request, its events so far, and the one that the retry adds."""
        found = self.own_request(request_id, caller)
        failure = found.progress.failure
        if failure is None or not failure.retryable:
            raise refusals.not_retryable(found)
        database = self.ledger.database(found.place)
        if database is None or not _is_its_own(database, found):
            raise refusals.superseded(found)
        known = self.ledger.events(found.id)
        count = sum(event.type is EventType.RETRIED for event in known)
        return found, known, events.retried(count + 1, self.opening.now, caller.actor, reason=reason)

    def _dry_run(self, request: Request, *, held: Charge, wanted: Charge) -> DryRun:
        return DryRun(
            request=request,
            used=self.ledger.quota_used(request.team, request.environment),
            held=held,
            wanted=wanted,
            limit=self.opening.limit(request.team, request.environment),
        )

    def _replay_name(
        self, existing: Database, asked: Mapping[str, Any], caller: Caller, given: str | None
    ) -> Accepted:
        if existing.team != caller.team:
            raise refusals.name_taken(existing, self.opening.free_names(existing, caller.team))
        if existing.state is DatabaseState.REMOVING and existing.active:
            raise refusals.under_way(self._must_exist(existing.active))
        origin = self._must_exist(existing.origin)
        nobody = () if given else (existing.team, origin.person)
        if different := roots.differing(asked, existing.asked, nobody):
            raise refusals.differs(existing, asked, different)
        return Accepted(origin, replayed=True)

    def _once(self, key: Key | None, caller: Caller, ask: Callable[[], Accepted]) -> Accepted:
        """What a call asks for, or what it asked for when it came with this key before."""
        if key and (used := self.ledger.key_used(caller.team, key.text)):
            return self._replay_key(used, key.fingerprint)
        try:
            return ask()
        except KeyUsed as used:
            if key is None:
                raise
            return self._replay_key(used, key.fingerprint)

    def _replay_key(self, used: KeyUsed, asked: str) -> Accepted:
        if used.fingerprint != asked:
            raise refusals.key_reused()
        return Accepted(self._must_exist(used.request_id), replayed=True)

    def _must_exist(self, request_id: str) -> Request:
        found = self.ledger.request(request_id)
        if found is None:
            raise TryLater("reading a request", f"the ledger does not show request {request_id} yet")
        return found


def _is_cancelled(request: Request) -> bool:
    return request.progress.state is State.CANCELLED or request.progress.cancelling


def _is_its_own(database: Database, failed: Request) -> bool:
    """Whether a failed request may go on: no other took its place, or it only lacks its users."""
    if failed.progress.step is Step.USERS:
        return transitions.is_there(database, failed)
    return database.active == failed.id
