"""⑥ Reads from AWS which instances there are and how many connections they had."""

import contextlib
import datetime as dt
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from botocore.exceptions import BotoCoreError, ClientError

from provisioner.core.errors import NeedsPerson, TryLater
from provisioner.core.names import Place
from provisioner.core.tags import is_provisioners
from provisioner.reaper.idle_rules import HOUR, Point

# https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_GetMetricData.html
_MOST_METRICS: Final = 500
_MOST_POINTS: Final = 100_800

_REFUSED: Final = ("AccessDenied", "AccessDeniedException", "UnauthorizedOperation")


@dataclass(frozen=True, slots=True)
class Instance:
    """A running database of ours; `created_at` is when RDS made it, its storage is in GiB (0: not said)."""

    identifier: str
    place: Place
    created_at: dt.datetime
    storage_gb: int = 0


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

    def instances(self) -> list[Instance]:
        """The instances that carry our tags and a name of ours, and that RDS has finished making."""
        found: list[Instance] = []
        with asking("listing the instances"):
            for page in self._rds.get_paginator("describe_db_instances").paginate():
                found += [instance for instance in map(_instance, page["DBInstances"]) if instance]
        return found

    def connections(
        self, identifiers: Sequence[str], begin: dt.datetime, end: dt.datetime
    ) -> dict[str, list[Point]]:
        """The most connections at once of each hour that CloudWatch knows; hours without data are left out.

        Asked by the hour, since CloudWatch keeps those for 455 days and minutes for 15 only.
        """
        hours = max(1, (end - begin) // HOUR)
        size = max(1, min(_MOST_METRICS, _MOST_POINTS // hours))
        points: dict[str, list[Point]] = {identifier: [] for identifier in identifiers}
        for start in range(0, len(identifiers), size):
            self._read(identifiers[start : start + size], begin, end, points)
        return points

    def _read(
        self,
        identifiers: Sequence[str],
        begin: dt.datetime,
        end: dt.datetime,
        points: dict[str, list[Point]],
    ) -> None:
        names = {f"m{position}": identifier for position, identifier in enumerate(identifiers)}
        queries = [
            {
                "Id": name,
                "MetricStat": {
                    "Metric": {
                        "Namespace": "AWS/RDS",
                        "MetricName": "DatabaseConnections",
                        "Dimensions": [{"Name": "DBInstanceIdentifier", "Value": identifier}],
                    },
                    "Period": int(HOUR.total_seconds()),
                    "Stat": "Maximum",
                },
            }
            for name, identifier in names.items()
        ]
        with asking("reading the connections from CloudWatch"):
            pages = self._cloudwatch.get_paginator("get_metric_data").paginate(
                MetricDataQueries=queries, StartTime=begin, EndTime=end
            )
            for page in pages:
                for result in page["MetricDataResults"]:
                    times = (at.astimezone(dt.UTC) for at in result["Timestamps"])
                    points[names[result["Id"]]] += zip(times, result["Values"], strict=True)


def _instance(described: Mapping[str, Any]) -> Instance | None:
    """The instance of ours that RDS describes; None for any other, and for one that is still being made."""
    identifier, tags = described["DBInstanceIdentifier"], tags_of(described)
    place = Place.of_identifier(identifier)
    if place is None or not is_provisioners(tags) or tags.get("Environment") != place.environment:
        return None
    if "InstanceCreateTime" not in described:
        return None
    return Instance(identifier, place, described["InstanceCreateTime"], described.get("AllocatedStorage", 0))
