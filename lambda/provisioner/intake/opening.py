"""How a change is opened, whoever asks: a team through the API, the reaper, or the end of another change.

Each function checks, writes the ledger once, and sends the message. The message may get lost after the ledger
was written: the reaper sends it again, so nothing here has to succeed twice.
"""

import dataclasses
import datetime as dt
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID, uuid5

from provisioner.core import events, expiry
from provisioner.core.catalog import Catalog
from provisioner.core.engines import CLUSTER
from provisioner.core.errors import FieldError, Problem, TryLater
from provisioner.core.events import ACTOR
from provisioner.core.lifecycle import DatabaseState, Kind, blocks, derive
from provisioner.core.models import ApiKey, Charge, Database, Request
from provisioner.core.names import MEMBERS, Place, member_errors, name_errors
from provisioner.core.root import Root
from provisioner.core.scopes import OPERATOR
from provisioner.intake import refusals
from provisioner.intake.message import Message
from provisioner.ledger.ledger import Ledger
from provisioner.ledger.new_request import NameTaken, QuotaExceeded

Publish = Callable[[Message], None]
# Who asked for a change before the end has this long to fix what it failed of.
TIME_TO_FIX: Final = dt.timedelta(days=7)


@dataclass(frozen=True, slots=True)
class Caller:
    """Who asks: the team, and the name under which it acts.

    `person` is whose key it is; `claimed_by` a name that the call merely sent, which decides nothing.
    `of_all` is an operator, who sees every team's things.
    """

    team: str
    actor: str
    person: str | None = None
    claimed_by: str | None = None
    of_all: bool = False

    @classmethod
    def of_key(cls, key: ApiKey, claimed_by: str | None = None) -> "Caller":
        """Whoever has the key."""
        return cls(key.team, key.actor, key.person, claimed_by, key.scope == OPERATOR)

    def sees(self, team: str) -> bool:
        """Whether this team's requests and databases are there for the caller."""
        return self.of_all or self.team == team


@dataclass(frozen=True, slots=True)
class Opening:
    """Opens changes as of `now`, with what it needs passed in."""

    ledger: Ledger
    catalog: Catalog
    publish: Publish
    now: dt.datetime
    makes_users: bool = False  # whether the deployment makes users in new databases

    def request(
        self,
        kind: Kind,
        root: Root,
        caller: Caller,
        *,
        before: Root | None,
        asked: Mapping[str, Any] | None = None,
        reason: str = "",
    ) -> Request:
        """A request that is not written yet; it has the id that its root names."""
        users = self.makes_users and kind is Kind.CREATE
        return Request(
            id=root.request_id,
            kind=kind,
            environment=root.environment,
            database_name=root.database_name,
            team=caller.team,
            actor=caller.actor,
            root=root,
            before=before,
            asked=asked or {},
            created_at=self.now,
            progress=derive([events.requested(self.now, caller.actor, users=users)]),
            reason=reason,
            person=caller.person,
            claimed_by=caller.claimed_by,
        )

    def open_change(self, new: Request, database: Database, *, key: tuple[str, str] | None = None) -> Request:
        """Write a change of a database as it was read, and send it; raises Problem where that lost a race.

        `key` is (Idempotency-Key, fingerprint) of the call; raises KeyUsed.
        """
        try:
            limit = self.limit(new.team, new.environment)
            self.ledger.open_change(new, database, self.charge_after(new, database), limit, key=key)
        except NameTaken as taken:
            active = self.active(taken.database)
            if active is None:
                raise TryLater("opening a change", "the database was changed at the same moment") from None
            raise refusals.under_way(active) from None
        except QuotaExceeded:
            raise self.over_quota(new.team, new.root) from None
        self.send(new)
        return new

    def removal(self, database: Database, caller: Caller, *, reason: str, request_id: str) -> Request:
        """The request that removes a database, or that disarms it first and names its follow-up."""
        before = self.on_main(database)
        root = before.settled(database.root)
        root = dataclasses.replace(root, request_id=request_id, deletion_protection=False)
        if not before.deletion_protection:
            return self.request(Kind.REMOVE, root, caller, before=before, reason=reason)
        new = self.request(Kind.DISARM, root, caller, before=before, reason=reason)
        return dataclasses.replace(new, follow_up=str(uuid5(UUID(request_id), "remove")))

    def maintenance(self, database: Database, *, reason: str, request_id: str) -> Request:
        """The request that brings a database to the module and the root format of main, and nothing else."""
        before = self.on_main(database)
        root = dataclasses.replace(before.settled(database.root), request_id=request_id)
        root = root.with_windows(self.catalog.windows(database.place))
        return self.request(Kind.MAINTAIN, root, Caller(database.team, ACTOR), before=before, reason=reason)

    def remove_automatically(self, database: Database, *, reason: str, request_id: str) -> Request | None:
        """Ask for a removal in the product's own name; None where another change is under way, which wins."""
        new = self.removal(database, Caller(database.team, ACTOR), reason=reason, request_id=request_id)
        return self._open_unless_refused(new, database)

    def follow_up(self, done: Request) -> Request | None:
        """Begin what a finished request announced; None where that was done, or a change came in between.

        Whoever extends a database after it was disarmed wants to keep it, also while that waits for approval.
        """
        database = self.ledger.database(done.place)
        if done.follow_up is None or database is None or self.ledger.request(done.follow_up):
            return None
        if database.root.request_id != done.id:
            return None
        caller = Caller(done.team, done.actor, done.person, done.claimed_by)
        new = self.removal(database, caller, reason=done.reason, request_id=done.follow_up)
        return self._open_unless_refused(new, database)  # else the removal can be asked for again

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
        root = database.root.settled(database.root)
        root = dataclasses.replace(root, request_id=request_id, deletion_protection=True)
        reason = f"Its removal was {ended.progress.state}, for which deletion protection had been taken off."
        caller = Caller(database.team, ACTOR)
        new = self.request(Kind.UPDATE, root, caller, before=database.root, reason=reason)
        return self._open_unless_refused(new, database)  # else that change arms it too

    def give_up(self, database: Database) -> None:
        """Cancel the failed request that keeps a database from its end, TIME_TO_FIX after it failed.

        One that asks for a later end is left alone until that has come.
        """
        active = self.active(database)
        if active is None or active.progress.failure is None or not blocks(active.progress):
            return
        over = expiry.is_over(active.root.expires_at, self.now)
        if over and self.now - active.progress.since >= TIME_TO_FIX:
            reason = f"It failed, was not fixed within {TIME_TO_FIX.days} days, and its database is over."
            self.cancel_automatically(active, reason=reason)

    def cancel_automatically(self, request: Request, *, reason: str) -> None:
        """Cancel a request in the product's own name; the worker closes its pull request."""
        asked = events.cancel_asked(self.now, ACTOR, reason=reason)
        self.send(self.ledger.add_event(request.id, asked, self.now))

    def check_free(self, database: Database) -> Database:
        """The database, if it may be changed now; raises Problem (409) otherwise."""
        if database.environment not in self.catalog.environments:
            raise refusals.no_environment(database)
        if database.state is DatabaseState.REMOVED:
            raise refusals.removed(database)
        active = self.active(database)
        if active and blocks(active.progress):
            raise refusals.under_way(active)
        if active and active.kind is Kind.REMOVE and active.progress.failure:
            raise refusals.removal_failed(active)
        return database

    def on_main(self, database: Database) -> Root:
        """The root that stands on the base branch: where the last apply failed, what that was to apply."""
        failed = self.active(database)
        merged = failed is not None and failed.progress.failure and not blocks(failed.progress)
        return failed.root if failed and merged else database.root

    def active(self, database: Database) -> Request | None:
        """The newest request of a database, while that has not ended."""
        return self.ledger.request(database.active) if database.active else None

    def charge(self, root: Root) -> Charge:
        """What a root takes of its team's quota; raises Problem (403) where its price is unknown.

        The quota is in USD, so that it holds nothing of which nobody knows what it costs.
        """
        usd = self.catalog.monthly_usd(root)
        if usd is None:
            raise refusals.no_price(root, self.catalog.region)
        cents = round(usd * 100)
        return Charge(databases=1, storage_gb=root.storage_gb, monthly_cents=cents)

    def charge_after(self, new: Request, database: Database) -> Charge:
        """What a database takes of the quota with a change: as before where nothing that costs changes.

        So a size that has left the catalog since keeps its old price.
        """
        same = new.before is not None and _price(new.before) == _price(new.root)
        return database.charge if same else self.charge(new.root)

    def limit(self, team: str, environment: str) -> Charge:
        """What a team may hold in an environment."""
        quota = self.catalog.quota(team, environment)
        return Charge(
            databases=quota.databases, storage_gb=quota.storage_gb, monthly_cents=quota.monthly_usd * 100
        )

    def over_quota(self, team: str, root: Root) -> Problem:
        """The refusal of what the quota does not hold."""
        held = self.ledger.quota_used(team, root.environment)
        limit = self.limit(team, root.environment)
        return refusals.over_quota(team, root.environment, held, self.charge(root), limit)

    def reason_errors(self, reason: str, environment: str, source: Place | None = None) -> list[FieldError]:
        """What the catalog misses where it wants a reason for what a reviewer approves."""
        catalog = self.catalog
        known = environment in catalog.environments
        wants = catalog.require_reason and not reason and known and catalog.approvers(environment, source)
        return [refusals.no_reason(environment)] if wants else []

    def member_errors(self, root: Root | None) -> list[FieldError]:
        """Databases that have the names of a cluster's members, which earlier releases allowed."""
        if root is None or root.resource is not CLUSTER:
            return []
        errors = [
            FieldError("/database_name", text, root.database_name) for text in member_errors(root.place)
        ]
        places = (Place.of_identifier(root.place.member(number)) for number in MEMBERS)
        taken = [place for place in places if place and self._is_there(place)]
        text = "the cluster's members would have the name of {}, which is there: choose another name"
        errors += [FieldError("/database_name", text.format(place), root.database_name) for place in taken]
        return errors

    def _is_there(self, place: Place) -> bool:
        found = self.ledger.database(place)
        return found is not None and found.state is not DatabaseState.REMOVED

    def free_names(self, taken: Database, team: str) -> list[str]:
        """Names like a taken one that nobody has; none where all those tried are taken."""
        name, engine = taken.database_name, taken.root.engine
        tried = [
            like for like in (f"{team}-{name}", f"{name}-2", f"{name}-3") if not name_errors(like, engine)
        ]
        return [like for like in tried if not self._is_there(Place(taken.environment, like))]

    def send(self, request: Request) -> None:
        """Send the message that names a request to the worker."""
        self.publish(
            Message(
                request_id=request.id,
                kind=request.kind.value,
                environment=request.environment,
                database_name=request.database_name,
            )
        )

    def _open_unless_refused(self, new: Request, database: Database) -> Request | None:
        try:
            return self.open_change(new, self.check_free(database))
        except Problem:
            return None  # another change got in first


def _price(root: Root) -> tuple[object, ...]:
    """What a database's charge depends on."""
    return root.instance_class, root.storage_gb, root.multi_az, root.capacity
