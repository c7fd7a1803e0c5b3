"""A team's requests and databases in every state, made from the events that bring them there."""

import dataclasses
import datetime as dt
import itertools
import json
from typing import Any, Final

from provisioner.core import database_events, events
from provisioner.core.events import Event
from provisioner.core.lifecycle import Kind, derive
from provisioner.core.models import Activity, Charge, Request
from provisioner.ledger.ledger import Ledger

from tests.console.stack import Stack
from tests.core.examples import charge, request

GITHUB = "https://github.example/acme/databases/pull"
PIPELINE = "https://ci.example/jobs"
SECRET = "arn:aws:secretsmanager:us-east-1:123456789012:secret"
PLENTY = Charge(databases=10_000, storage_gb=10**6, monthly_cents=10**9)
CAPACITY = (
    "creating the instance: InsufficientDBInstanceCapacity: db.t4g.micro is not available in us-east-1b"
)

CHANNEL_FIX = "make another webhook, and put its address into the secret"


def ago(**length: float) -> dt.datetime:
    """So long before the present, in whole seconds."""
    return dt.datetime.now(dt.UTC).replace(microsecond=0) - dt.timedelta(**length)


class Team:
    """One team; each method brings a request one step on and returns it as it is then.

    With `makes_users` its creations are done once their users can log in.
    """

    def __init__(self, ledger: Ledger, name: str = "alpha", *, makes_users: bool = False) -> None:
        self.ledger = ledger
        self.name = name
        self.makes_users = makes_users
        self.numbers = itertools.count(211)

    def ask(
        self,
        place: str,
        at: dt.datetime,
        *,
        by: str = "jane.moreau",
        reason: str = "",
        **body: Any,
    ) -> Request:
        """A request for a new database, `environment/name`."""
        environment, name = place.split("/")
        about = {"environment": environment, "database_name": name, "database_engine": "postgres"}
        more = {"owner": "jane.moreau@acme.example", "purpose": reason}
        new = request(now=at, team=self.name, **(about | more | body))
        asked = derive([events.requested(at, by, users=self.makes_users)])
        new = dataclasses.replace(new, actor=by, reason=reason, progress=asked)
        self.ledger.open_create(new, charge(new.root), PLENTY)
        return new

    def opened(self, one: Request, after: float = 3) -> Request:
        number = next(self.numbers)
        at = one.created_at + dt.timedelta(seconds=after)
        return self._add(one, events.opened(number, at, url=f"{GITHUB}/{number}", commit="0" * 40))

    def planned(self, one: Request, after: float = 45) -> Request:
        at = one.created_at + dt.timedelta(seconds=after)
        job = f"{PIPELINE}/{4400 + (one.progress.pull_request or 0)}"
        event = events.planned(
            "0" * 40, at, pipeline_url=job, as_asked=True, counts="9 to add, 0 to change, 0 to destroy"
        )
        return self._add(self.opened(one), event)

    def merged(self, one: Request, after: float = 60, *, approved_by: str = "") -> Request:
        one = self.planned(one)
        at = one.created_at + dt.timedelta(seconds=after)
        number = one.progress.pull_request or 0
        if approved_by:
            self._add(one, events.approved(number, at - dt.timedelta(seconds=2), approved_by))
        return self._add(one, events.merged(number, at, approved_by or "rds-provisioner", commit="1" * 40))

    def started(self, one: Request, after: float = 80, **how: Any) -> Request:
        one = self.merged(one, **how)
        at = one.created_at + dt.timedelta(seconds=after)
        return self._add(one, events.started(at, pipeline_url=self._job(one), commit="1" * 40))

    def ready(self, one: Request, after: float = 480, *, users: bool = True, **how: Any) -> Request:
        one = self.started(one, **how)
        at = one.created_at + dt.timedelta(seconds=after)
        name = one.database_name
        result = {
            "identifier": f"{one.environment}-{name}",
            "endpoint": f"{one.environment}-{name}.c3k9x1qz.us-east-1.rds.amazonaws.com",
            "port": 5432 if one.root.engine == "postgres" else 3306,
            "database_name": name.replace("-", "_"),
            "secret_arn": f"{SECRET}:rds!db-6f0c41d2-9f3b-AbCdEf",
        }
        if one.root.capacity:
            result["reader_endpoint"] = (
                f"{one.environment}-{name}.cluster-ro-c3k9x1qz.us-east-1.rds.amazonaws.com"
            )
        job = self._job(one)
        one = self._add(one, events.succeeded(at, pipeline_url=job, commit="1" * 40, result=result))
        if users:
            self.users(one, at + dt.timedelta(seconds=10))
        return one

    def users(self, one: Request, at: dt.datetime) -> None:
        """Its users can log in, which ends a creation that waits for them."""
        secrets = {
            user: f"{SECRET}:rds-provisioner/{one.place}/{user}-AbCdEf"
            for user in ("application", "read_only")
        }
        self.ledger.add_database_event(one.place, database_events.users_ready(one.id, at, secrets=secrets))
        found = self.ledger.request(one.id)
        if found and found.progress.users:
            self._add(found, events.users_ready(at))

    def failed(self, one: Request, after: float = 720, *, cause: str = CAPACITY, fix: str = "") -> Request:
        one = self.started(one)
        at = one.created_at + dt.timedelta(seconds=after)
        fix = fix or "AWS has too few of them there at the moment: try again in some minutes"
        event = events.failed_apply(
            at, pipeline_url=self._job(one), commit="1" * 40, cause=cause, fix=fix, retryable=True
        )
        return self._add(one, event)

    def used(self, one: Request, last: dt.datetime | None, idle_since: dt.datetime | None = None) -> None:
        """What the reaper saw of its connections."""
        seen = Activity(
            origin=one.id, looked_at=ago(minutes=20), last_connection_at=last, idle_since=idle_since
        )
        self.ledger.keep_activity(one.place, seen)

    def removed(self, one: Request, at: dt.datetime) -> str:
        """Its database goes; the snapshot that is left."""
        database = self.ledger.database(one.place)
        assert database
        gone = request(kind=Kind.REMOVE, now=at, team=self.name, database_name=one.database_name)
        gone = dataclasses.replace(
            gone, environment=one.environment, root=database.root, before=database.root
        )
        self.ledger.open_change(gone, database, database.charge, PLENTY)
        self._add(gone, events.removed(at, pipeline_url=f"{PIPELINE}/4400", commit="1" * 40))
        return one.place.final_snapshot(database.root.request_id)

    def _add(self, one: Request, event: Event) -> Request:
        return self.ledger.add_event(one.id, event, event.at)

    def _job(self, one: Request) -> str:
        return f"{PIPELINE}/{4500 + (one.progress.pull_request or 0)}"


AMIR, INES, TOMAS = (
    {"by": name, "owner": f"{name}@acme.example"} for name in ("amir.haddad", "ines.caldera", "tomas.ruiz")
)
MYSQL: Final = {"database_engine": "mysql"}
BIG: Final[dict[str, Any]] = {"size": "large", "storage_gb": 200, "high_availability": True}


def orders(ledger: Ledger) -> dict[str, Request]:
    """The databases that the design's pages show, as far as the ledger can hold them."""
    team = Team(ledger)
    ask, found = team.ask, {}
    shop = team.ready(ask("dev/shop", ago(days=6, hours=4), **MYSQL, ttl="7d"))
    about: dict[str, Any] = {"engine_version": "16", "storage_gb": 30, "ttl": "30d", **AMIR}
    spike = team.ready(ask("dev/search-spike", ago(days=27), **about))
    books = team.ready(ask("dev/ledger", ago(days=9), size="medium", storage_gb=40, ttl="14d"))
    one = ask("staging/orders", ago(days=18), size="medium", storage_gb=50, reason="Order service, staging")
    found["store"] = store = team.ready(one, approved_by="tomas.ruiz")
    about = {"storage_gb": 60, "ttl": "14d", "reason": "Nightly import, first try", **MYSQL, **AMIR}
    found["failed"] = team.failed(ask("dev/etl-load", ago(minutes=24), **about))
    sync = team.ready(ask("staging/billing-sync", ago(days=7), **MYSQL, **TOMAS), approved_by="ines.caldera")
    about = {"size": "medium", "storage_gb": 50, "reason": "Load tests of the new checkout"}
    found["queue"] = team.merged(
        ask("staging/checkout", ago(minutes=9), **about), 530, approved_by="tomas.ruiz"
    )
    about = {"size": "large", "ttl": "365d", "reason": "Payments moves over", **TOMAS}
    found["review"] = team.planned(ask("prod/payments", ago(minutes=44), **about), 112)
    prod = team.ready(ask("prod/orders", ago(days=200), **BIG), approved_by="ines.caldera")
    found["applying"] = team.started(ask("dev/reports", ago(minutes=4), **MYSQL, **INES))
    found["ready"] = team.ready(
        ask("dev/preview", ago(minutes=12), ttl="8h", reason="Review of the new basket")
    )
    seen = [(shop, ago(minutes=40)), (books, ago(minutes=20)), (store, ago(hours=2)), (sync, ago(hours=16))]
    for used, last in [*seen, (prod, ago(minutes=20))]:
        team.used(used, last)
    team.used(spike, ago(days=16), ago(days=16))
    return found


def fleet(stack: Stack) -> dict[str, Request]:
    """What the board's page of the design shows: other teams, failures, drift, a dead letter."""
    ledger, found = stack.ledger, {}
    billing, search, data = (Team(ledger, name) for name in ("billing", "search", "data"))
    for name, days in (("invoices", 90), ("ledger-eu", 60), ("payments-eu", 12)):
        one = billing.ready(billing.ask(f"prod/{name}", ago(days=days), **BIG), approved_by="ines.caldera")
    shown = {"since": "2026-11-24T06:00:00Z", "link": f"{GITHUB}/7"}
    ledger.all_teams.keep_drift(one.place, shown)
    billing.ready(billing.ask("staging/invoices", ago(days=20), size="medium", storage_gb=50), 700)
    geo = search.ready(search.ask("staging/geo", ago(days=25), size="medium", storage_gb=80), 900)
    search.used(geo, ago(days=3))
    for number in range(6):
        made = search.ask(
            f"dev/index-{number}", ago(days=3 + number), size="medium", storage_gb=60, ttl="14d"
        )
        search.ready(made, 420 + 45 * number)
    raw = data.ready(data.ask("dev/raw-1", ago(days=9), ttl="14d", by="li.wei"), 460)
    data.used(raw, ago(hours=4))
    found["failed"] = data.failed(
        data.ask("dev/raw-7", ago(hours=20), storage_gb=40, by="li.wei", reason="Copy of raw-1"),
        cause="the snapshot is encrypted with a key that dev may not use",
        fix="allow the key, or restore in staging",
    )
    data.merged(data.ask("dev/raw-2", ago(minutes=6), by="li.wei"), 90)
    billing.planned(billing.ask("prod/ledger-us", ago(days=1, hours=3), **BIG, by="tomas.ruiz"))
    refused = {"cause": "Slack answered 404 no_service", "fix": CHANNEL_FIX}
    ledger.deliveries.failed("slack:rds-provisioner/notify/search", "search", ago(hours=7), **refused)
    letter = {"version": 1, "request_id": found["failed"].id, "kind": "create", "environment": "dev"}
    stack.queues.held["dead/requests"] = [json.dumps(letter | {"database_name": "raw-7"})]
    return found
