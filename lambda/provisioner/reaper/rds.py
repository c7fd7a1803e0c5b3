"""⑥ Reads from AWS which databases there are, of both kinds, and how many connections they had."""

import contextlib
import datetime as dt
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from botocore.exceptions import BotoCoreError, ClientError

from provisioner.core.engines import CLUSTER, INSTANCE, Resource
from provisioner.core.errors import NeedsPerson, TryLater
from provisioner.core.names import Place
from provisioner.core.tags import is_provisioners
from provisioner.reaper.idle_rules import HOUR, Point

# https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_GetMetricData.html
_MOST_METRICS: Final = 500
_MOST_POINTS: Final = 100_800

_REFUSED: Final = ("AccessDenied", "AccessDeniedException", "UnauthorizedOperation")


@dataclass(frozen=True, slots=True)
class Running:
    """A running database of ours; `created_at` is when RDS made it, its storage is in GiB (0: not said)."""

    identifier: str
    place: Place
    created_at: dt.datetime
    resource: Resource = INSTANCE
    storage_gb: int = 0


@dataclass(frozen=True, slots=True)
class _Kind:
    """What RDS says of a database of one kind, and which metrics CloudWatch has of it.

    CloudWatch has a cluster's metrics under its own name too: the most of an hour is that of all its members
    (https://docs.aws.amazon.com/AmazonRDS/latest/AuroraUserGuide/dimensions.html). A cluster's storage grows
    and shrinks automatically; the size that RDS says for it means nothing.
    """

    created: str
    storage: str | None
    metrics: tuple[str, ...]


CONNECTIONS: Final = "DatabaseConnections"
# 0 while all members of a cluster are asleep, when nobody can be connected.
CAPACITY: Final = "ServerlessDatabaseCapacity"
_KINDS: Final[Mapping[Resource, _Kind]] = {
    INSTANCE: _Kind("InstanceCreateTime", "AllocatedStorage", (CONNECTIONS,)),
    CLUSTER: _Kind("ClusterCreateTime", None, (CONNECTIONS, CAPACITY)),
}


@contextlib.contextmanager
def asking(doing: str) -> Iterator[None]:
    """Turn what AWS answers into our errors: a missing permission needs an operator, all else another try."""
    try:
        yield
    except ClientError as error:
        if error.response["Error"]["Code"] in _REFUSED:
            cause = "the reaper's role lacks a permission"
            raise NeedsPerson(doing, cause, "deploy the stack's template again") from error
        raise TryLater(doing, str(error)) from error
    except BotoCoreError as error:
        raise TryLater(doing, str(error)) from error


def tags_of(described: Mapping[str, Any]) -> dict[str, str]:
    """The tags of what RDS describes."""
    return {tag["Key"]: tag.get("Value", "") for tag in described.get("TagList", [])}


class Observer:
    """Looks at the account, and changes nothing."""

    def __init__(self, rds: Any, cloudwatch: Any) -> None:
        self._rds = rds
        self._cloudwatch = cloudwatch

    def databases(self) -> list[Running]:
        """The databases that carry our tags and a name of ours, and that RDS has finished making."""
        return [
            running
            for resource in _KINDS
            for described in self._described(resource)
            if (running := _running(resource, described))
        ]

    def _described(self, resource: Resource) -> list[Mapping[str, Any]]:
        kind = resource.databases
        with asking(f"listing the {resource.name}s"):
            pages = self._rds.get_paginator(kind.call).paginate()
            return [described for page in pages for described in page[kind.listed]]

    def connections(
        self, databases: Sequence[Running], begin: dt.datetime, end: dt.datetime
    ) -> dict[str, list[Point]]:
        """The most connections at once of each hour that is known, by identifier; other hours are left out.

        Asked by the hour, since CloudWatch keeps those for 455 days and minutes for 15 only.
        """
        series = [(database, name) for database in databases for name in _KINDS[database.resource].metrics]
        hours = max(1, (end - begin) // HOUR)
        size = max(1, min(_MOST_METRICS, _MOST_POINTS // hours))
        found: dict[tuple[str, str], dict[dt.datetime, float]] = {}
        for start in range(0, len(series), size):
            self._read(series[start : start + size], begin, end, found)
        return {
            database.identifier: list(
                {
                    **_asleep(found.get((database.identifier, CAPACITY), {})),
                    **found[database.identifier, CONNECTIONS],
                }.items()
            )
            for database in databases
        }

    def _read(
        self,
        series: Sequence[tuple[Running, str]],
        begin: dt.datetime,
        end: dt.datetime,
        found: dict[tuple[str, str], dict[dt.datetime, float]],
    ) -> None:
        """Add to `found` the most of each hour, by identifier and metric."""
        asked = {f"m{position}": each for position, each in enumerate(series)}
        found |= {(database.identifier, metric): {} for database, metric in series}
        queries = [_query(name, database, metric) for name, (database, metric) in asked.items()]
        with asking("reading the connections from CloudWatch"):
            pages = self._cloudwatch.get_paginator("get_metric_data").paginate(
                MetricDataQueries=queries, StartTime=begin, EndTime=end
            )
            for page in pages:
                for result in page["MetricDataResults"]:
                    database, metric = asked[result["Id"]]
                    times = (at.astimezone(dt.UTC) for at in result["Timestamps"])
                    found[database.identifier, metric].update(zip(times, result["Values"], strict=True))


def _query(name: str, database: Running, metric: str) -> dict[str, Any]:
    """The most of each hour of one metric, as CloudWatch is asked for it."""
    dimension = {"Name": database.resource.databases.identifier, "Value": database.identifier}
    return {
        "Id": name,
        "MetricStat": {
            "Metric": {"Namespace": "AWS/RDS", "MetricName": metric, "Dimensions": [dimension]},
            "Period": int(HOUR.total_seconds()),
            "Stat": "Maximum",
        },
    }


def _asleep(capacity: Mapping[dt.datetime, float]) -> dict[dt.datetime, float]:
    """No connections in the hours that a cluster slept through, whether or not RDS counts them then."""
    return {at: 0.0 for at, most in capacity.items() if most == 0}


def _running(resource: Resource, described: Mapping[str, Any]) -> Running | None:
    """The database of ours that RDS describes; None for any other, and for one that is still being made.

    What an instance's description calls its cluster makes it a member of that one, and no database.
    """
    kind = _KINDS[resource]
    identifier, tags = described[resource.databases.identifier], tags_of(described)
    place = Place.of_identifier(identifier)
    if place is None or not is_provisioners(tags) or tags.get("Environment") != place.environment:
        return None
    if kind.created not in described or (resource is INSTANCE and described.get("DBClusterIdentifier")):
        return None
    storage = described.get(kind.storage, 0) if kind.storage else 0
    return Running(identifier, place, described[kind.created], resource, storage)
