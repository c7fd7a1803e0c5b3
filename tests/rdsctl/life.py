"""Moves a request through its steps by the events that worker, webhook and pipeline write."""

import datetime as dt
from collections.abc import Callable
from typing import Any

from provisioner.core import events
from provisioner.core.database_events import users_ready
from provisioner.core.events import Event
from provisioner.core.models import Activity, Request
from provisioner.core.names import Place

from tests.handlers.conftest import Cloud

COMMIT = "c" * 40
JOB = "https://circleci.example/jobs/88"
PULL = "https://github.example/acme/databases/pull/12"


class Life:
    """One team's requests, as the ledger has them."""

    def __init__(self, cloud: Cloud) -> None:
        self._ledger = cloud.ledger
        self._cloud = cloud

    def newest(self) -> Request:
        """The request that was asked for last."""
        page = self._ledger.requests("alpha", page_size=1, page_token=None)
        return page.items[0]

    def opened(self) -> None:
        """Its pull request is open."""
        self._add(lambda at: events.opened(12, at, url=PULL, commit=COMMIT))

    def planned(self) -> None:
        """Its plan passed."""
        self._add(lambda at: events.planned(COMMIT, at, pipeline_url=JOB, as_asked=True, counts="2 to add"))

    def merged(self) -> None:
        """It is merged."""
        self._add(lambda at: events.merged(12, at, "rds-provisioner", commit=COMMIT))

    def closed(self) -> None:
        """Someone closed its pull request."""
        self._add(lambda at: events.closed(12, at, "jane"))

    def started(self) -> None:
        """Its apply began."""
        self._add(lambda at: events.started(at, pipeline_url=JOB, commit=COMMIT))

    def succeeded(self, **result: Any) -> None:
        """Its apply went well; `result` changes where the database is."""
        place = self.newest().place
        found = {
            "identifier": place.identifier,
            "endpoint": f"{place.identifier}.c1xyz.eu-central-1.rds.amazonaws.com",
            "port": 5432,
            "database_name": place.database_name.replace("-", "_"),
            "secret_arn": "arn:aws:secretsmanager:us-east-1:123456789012:secret:rds!db-1-AbCdEf",
            "arn": f"arn:aws:rds:us-east-1:123456789012:db:{place.identifier}",
            "resource_id": "db-ONE",
        } | result
        self._add(lambda at: events.succeeded(at, pipeline_url=JOB, commit=COMMIT, result=found))

    def removed(self) -> None:
        """The apply of its removal went well."""
        self._add(lambda at: events.removed(at, pipeline_url=JOB, commit=COMMIT))

    def failed(self) -> None:
        """Its apply failed."""
        self._add(
            lambda at: events.failed_apply(
                at,
                pipeline_url=JOB,
                commit=COMMIT,
                cause="AWS has no db.t4g.micro left in eu-central-1a (InsufficientDBInstanceCapacity)",
                fix="Try again; another try helps as a rule.",
                retryable=True,
            )
        )

    def plan_failed(self) -> None:
        """Gate or plan did not pass."""
        self._add(lambda at: events.failed_plan(COMMIT, at, pipeline_url=JOB, cause="no", fix="ask again"))

    def cancelled(self) -> None:
        """The worker has closed what was open of it."""
        self._add(events.cancelled)

    def users(self, place: str, **secrets: str) -> None:
        """Its users can log in, which ends a creation that waits for them; `secrets` are their ARNs."""
        found = Place.parse(place)
        assert found is not None
        database = self._ledger.database(found)
        assert database is not None
        self._ledger.add_database_event(found, users_ready(database.origin, _now(), secrets=secrets))
        made = self._ledger.request(database.origin)
        if made and made.progress.users:
            self._ledger.add_event(made.id, events.users_ready(_now()), _now())

    def users_failed(self) -> None:
        """Its users cannot log in."""
        self._add(lambda at: events.failed_users(at, cause="logging in: timed out", fix="let it in, retry"))

    def idle(self, place: str, days: int) -> None:
        """Nobody has connected to it for so long."""
        found = Place.parse(place)
        assert found is not None
        database = self._ledger.database(found)
        assert database is not None
        since = _now() - dt.timedelta(days=days)
        self._ledger.keep_activity(
            found, Activity(origin=database.origin, looked_at=_now(), idle_since=since)
        )

    def whole(self) -> list[Callable[[], None]]:
        """Each step of a request that goes well."""
        return [self.opened, self.planned, self.merged, self.started, self.succeeded]

    def created(self) -> None:
        """All of it at once."""
        for step in self.whole():
            step()

    def _add(self, make: Callable[[dt.datetime], Event]) -> None:
        at = _now()
        self._ledger.add_event(self.newest().id, make(at), at)


def _now() -> dt.datetime:
    return dt.datetime.now(dt.UTC)
