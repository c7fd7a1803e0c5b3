"""A ledger, an account and a clock that is moved by whole days."""

import datetime as dt
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from botocore.exceptions import ReadTimeoutError
from provisioner.core.engines import CLUSTER, INSTANCE, Resource
from provisioner.core.lifecycle import Kind
from provisioner.core.models import Request
from provisioner.core.names import Place
from provisioner.ledger.ledger import Ledger
from provisioner.reaper.idle import IdleDatabases, Looked
from provisioner.reaper.idle_rules import HOUR
from provisioner.reaper.rds import Observer, Running

from tests.reaper.world import FakeGitHub, World

DAY = dt.timedelta(days=1)

# Who is connected in an hour; None where CloudWatch knows nothing of it.
Connections = Callable[[dt.datetime], float | None]


@dataclass
class FakeAccount:
    """What RDS and CloudWatch list: instances, and the connections of each; both clients in one."""

    running: dict[str, tuple[Running, Connections]] = field(default_factory=dict)
    down: bool = False
    reads: list[int] = field(default_factory=list)

    def get_paginator(self, operation: str) -> "Pages":
        if operation == "describe_db_instances":
            return Pages(self._instances)
        if operation == "describe_db_clusters":
            return Pages(self._clusters)
        assert operation == "get_metric_data"
        return Pages(self._connections)

    def _instances(self) -> dict[str, Any]:
        return {"DBInstances": [_described(each, "DBInstance") for each in self._of(INSTANCE)]}

    def _clusters(self) -> dict[str, Any]:
        return {"DBClusters": [_described(each, "DBCluster") for each in self._of(CLUSTER)]}

    def _of(self, resource: Resource) -> list[Running]:
        return [each for each, _ in self.running.values() if each.resource is resource]

    def _connections(
        self,
        MetricDataQueries: Sequence[Mapping[str, Any]],  # noqa: N803 - as boto3 has it
        StartTime: dt.datetime,  # noqa: N803
        EndTime: dt.datetime,  # noqa: N803
    ) -> dict[str, Any]:
        if self.down:
            raise ReadTimeoutError(endpoint_url="https://cloudwatch")
        self.reads.append(len(MetricDataQueries))
        return {"MetricDataResults": [self._result(query, StartTime, EndTime) for query in MetricDataQueries]}

    def _result(self, query: Mapping[str, Any], begin: dt.datetime, end: dt.datetime) -> dict[str, Any]:
        metric = query["MetricStat"]["Metric"]
        (dimension,) = metric["Dimensions"]
        running, connected = self.running[dimension["Value"]]
        assert dimension["Name"].removesuffix("Identifier") == f"DB{running.resource.name.capitalize()}"
        if metric["MetricName"] != "DatabaseConnections":  # of clusters that are awake all the time
            return {"Id": query["Id"], "Timestamps": [], "Values": []}
        hours = [begin + count * HOUR for count in range((end - begin) // HOUR)]
        known = {hour: connected(hour) for hour in hours if hour >= running.created_at}
        counts = {hour: count for hour, count in known.items() if count is not None}
        return {"Id": query["Id"], "Timestamps": list(counts), "Values": list(counts.values())}


@dataclass
class Pages:
    """A paginator whose answers fit in one page."""

    page: Callable[..., dict[str, Any]]

    def paginate(self, **call: Any) -> Iterator[dict[str, Any]]:
        yield self.page(**call)


def _described(running: Running, kind: str) -> dict[str, Any]:
    tags = {"ManagedBy": "rds-provisioner", "Environment": running.place.environment}
    return {
        f"{kind}Identifier": running.identifier,
        f"{kind.removeprefix('DB')}CreateTime": running.created_at,
        "TagList": [{"Key": key, "Value": value} for key, value in tags.items()],
    }


@dataclass
class KilledGitHub(FakeGitHub):
    """Where the function dies once, at a comment on one pull request."""

    at: int | None = None

    def put_comment(self, number: int, marker: str, body: str) -> None:
        if number == self.at:
            self.at = None
            raise MemoryError
        super().put_comment(number, marker, body)


@dataclass
class Days:
    """A ledger, an account and a clock that is moved by whole days."""

    world: World
    account: FakeAccount = field(default_factory=FakeAccount)

    @property
    def ledger(self) -> Ledger:
        return self.world.ledger

    def database(
        self, name: str, connected: Connections = lambda hour: 0.0, *, number: int = 1, **body: str
    ) -> None:
        """A database that is there; `connected` says who uses it."""
        self.world.database(name, number=number, **body)
        place = Place(body.get("environment", "dev"), name)
        self.account.running[place.identifier] = (
            Running(
                place.identifier,
                place,
                self.world.now,
                self.world.there(name, place.environment).root.resource,
            ),
            connected,
        )

    def look(self, after: dt.timedelta = DAY) -> Looked | None:
        self.world.now += after
        return self.idle_databases().run()

    def idle_databases(self) -> IdleDatabases:
        observer = Observer(rds=self.account, cloudwatch=self.account)
        return IdleDatabases(self.world.opening, lambda: observer, lambda: self.world.github)

    def days(self, count: int) -> list[tuple[int, Looked]]:
        """What each of the next days' looks did, by day, where it did anything."""
        found = []
        for day in range(1, count + 1):
            looked = self.look()
            assert looked is not None
            if looked.reported or looked.taken_back or looked.removals or looked.errors:
                found.append((day, looked))
        return found

    def removals(self, name: str, environment: str = "dev") -> list[Request]:
        return [found for found in self.world.requests(name, environment) if found.kind is Kind.REMOVE]

    def events(self, name: str, environment: str = "dev") -> list[str]:
        return [event.type.value for event in self.ledger.database_events(Place(environment, name))]
