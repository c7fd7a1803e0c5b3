"""⑥ Once a day: give an end to what the databases log, which RDS keeps in CloudWatch without one.

https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/USER_LogAccess.Procedural.UploadtoCloudWatch.html. The
groups stay when their database goes; those whose database the ledger knows are ours, removed or not. A
retention that someone has set stays.
"""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any, Final

from provisioner.core.engines import RESOURCES
from provisioner.core.names import Place
from provisioner.intake.opening import Opening
from provisioner.reaper.daily import once_a_day
from provisioner.reaper.rds import asking

# https://docs.aws.amazon.com/AmazonRDS/latest/AuroraUserGuide/AuroraPostgreSQL.CloudWatch.html for clusters.
PREFIXES: Final = tuple(f"/aws/rds/{resource.name}/" for resource in RESOURCES)
_NAME: Final = re.compile(rf"(?:{'|'.join(PREFIXES)})(?P<identifier>[^/]+)/[^/]+")
_TURN: Final = "log-groups"


@dataclass(slots=True)
class Retained:
    """What one day's run did, for the log and the metrics: each group with its days."""

    limited: list[str] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class LogGroups:
    """Sets the retention of endless groups; `logs` is asked for only when needed."""

    opening: Opening
    logs: Callable[[], Any]

    def run(self) -> Retained | None:
        """The run of the day; None where it is not due."""
        return once_a_day(self.opening, _TURN, Retained(), self._limit_all)

    def _limit_all(self, retained: Retained) -> None:
        for name, place in list(self._endless()):
            self._limit(name, place, retained)

    def _endless(self) -> Iterator[tuple[str, Place]]:
        """The groups without a retention, each with the database that its name says."""
        with asking("listing the log groups"):
            paginator = self.logs().get_paginator("describe_log_groups")
            pages = (page for prefix in PREFIXES for page in paginator.paginate(logGroupNamePrefix=prefix))
            groups = [group for page in pages for group in page["logGroups"]]
        for group in groups:
            named = _NAME.fullmatch(group["logGroupName"])
            place = Place.of_identifier(named["identifier"]) if named else None
            if place and "retentionInDays" not in group:
                yield group["logGroupName"], place

    def _limit(self, name: str, place: Place, retained: Retained) -> None:
        rules = self.opening.catalog.environments.get(place.environment)
        if rules is None or self.opening.ledger.database(place) is None:
            return
        days = rules.log_retention_days
        with asking(f"setting the retention of {name}"):
            self.logs().put_retention_policy(logGroupName=name, retentionInDays=days)
        retained.limited.append(f"{name}: {days}")
