"""The ends of standard support: what the catalog says of them, and whom RDS charges for Extended Support."""

import datetime as dt
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from provisioner.core import extended_support
from provisioner.core.engines import CLUSTER, INSTANCE, Described
from provisioner.core.extended_support import ENROLLED, Charged
from provisioner.core.tags import is_provisioners

from ops.doctor.deployment import Check, Deployment
from ops.doctor.verdict import one_of, wrong_if

_STANDARD: Final = "open-source-rds-standard-support"


@dataclass(frozen=True, slots=True)
class _Enrolled:
    """A database in Extended Support, which RDS charges by its size's unit and the hour."""

    name: str
    environment: str
    engine: str
    version: str
    unit: str
    charged: Charged | None

    def __str__(self) -> str:
        """Its name, with what is charged of it."""
        size = str(self.charged) if self.charged else f"an unknown number of {self.unit}s"
        return f"{self.name} ({self.engine} {self.version}, {size})"


def ends_are_the_regions(deployment: Deployment) -> str:
    """Each `until` of the catalog is the day that RDS says.

    https://docs.aws.amazon.com/AmazonRDS/latest/APIReference/API_DescribeDBMajorEngineVersions.html
    """
    found, problems = [], []
    for engine, rules in deployment.catalog.engines.items():
        known = _ends(deployment, engine)
        for version in rules.versions:
            said, is_so = rules.until(version), known.get(version)
            if is_so is None:
                continue
            found.append(f"{engine} {version} until {is_so}")
            if said != is_so:
                problems.append(
                    f"the standard support of {engine} {version} ends {is_so}, and catalog.yaml says "
                    f"{said or 'nothing'}: correct its until"
                )
    wrong_if(problems)
    return one_of(found)


def nobody_pays_for_extended_support(deployment: Deployment) -> str:
    """No database is charged where the catalog does not enrol; each that is enrolled is named, with its cost.

    Enrolment is for life: https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/extended-support-overview.html
    """
    problems, others = [], []
    today = dt.datetime.now(dt.UTC).date()
    enrolled = list(_enrolled(deployment))
    ends = {engine: _known_ends(deployment, engine) for engine in {found.engine for found in enrolled}}
    for found in enrolled:
        until = _until(found, ends[found.engine])
        if until is None:
            others.append(f"{found} after a day that neither RDS nor the catalog says")
            continue
        first = extended_support.begins(until)
        cost = _cost(deployment, found, until, today)
        rules = deployment.catalog.environments.get(found.environment)
        if today < first:
            others.append(f"{found} from {first} on, {cost}")
        elif rules and rules.extended_support:
            others.append(f"{found} since {first}, as {found.environment} is by the catalog, {cost}")
        else:
            problems.append(
                f"RDS charges Extended Support for {found} by the {found.unit} and hour since {first}, "
                f"{cost}: upgrade it"
            )
    listed = f"enrolled: {', '.join(others)}" if others else "no database is enrolled"
    wrong_if([*problems, *([listed] if problems and others else [])])
    return listed


def _ends(deployment: Deployment, engine: str) -> dict[str, dt.date]:
    """The last day of standard support by major version, as RDS says it."""
    pages = (
        deployment.client("rds").get_paginator("describe_db_major_engine_versions").paginate(Engine=engine)
    )
    return {
        version["MajorEngineVersion"]: cycle["LifecycleSupportEndDate"].date()
        for page in pages
        for version in page["DBMajorEngineVersions"]
        for cycle in version.get("SupportedEngineLifecycles", ())
        if cycle["LifecycleSupportName"] == _STANDARD
    }


def _enrolled(deployment: Deployment) -> Iterator[_Enrolled]:
    """The databases of ours that are enrolled; a cluster's members are so with their cluster."""
    for described in _ours(deployment, INSTANCE.databases):
        if not described.get("DBClusterIdentifier"):
            charged = extended_support.of_instance(
                described["DBInstanceClass"], standby=bool(described.get("MultiAZ"))
            )
            yield _of(described, INSTANCE.databases, "vCPU", charged)
    for described in _ours(deployment, CLUSTER.databases):
        scaling = described.get("ServerlessV2ScalingConfiguration")
        charged = scaling and extended_support.of_cluster(
            scaling["MinCapacity"], scaling["MaxCapacity"], max(len(described.get("DBClusterMembers", ())), 1)
        )
        yield _of(described, CLUSTER.databases, "ACU", charged)


def _of(described: Mapping[str, Any], words: Described, unit: str, charged: Charged | None) -> _Enrolled:
    name, engine, version = (described[word] for word in (words.identifier, "Engine", "EngineVersion"))
    environment = _tags(described).get("Environment", "")
    return _Enrolled(str(name), environment, str(engine), str(version), unit, charged)


def _ours(deployment: Deployment, words: Described) -> Iterator[Mapping[str, Any]]:
    for page in deployment.client("rds").get_paginator(words.call).paginate():
        for described in page[words.listed]:
            if described.get("EngineLifecycleSupport") == ENROLLED and is_provisioners(_tags(described)):
                yield described


def _tags(described: Mapping[str, Any]) -> dict[str, str]:
    return {tag["Key"]: tag["Value"] for tag in described.get("TagList", ())}


def _known_ends(deployment: Deployment, engine: str) -> dict[str, dt.date]:
    """The last day that is not charged by major version: as RDS says it, which charges, else as the catalog.

    An old version may long have left the catalog.
    """
    rules = deployment.catalog.engine(engine)
    said = {version: support.until for version, support in rules.support.items()} if rules else {}
    return said | _ends(deployment, engine)


def _until(found: _Enrolled, ends: Mapping[str, dt.date]) -> dt.date | None:
    return next((day for major, day in ends.items() if f"{found.version}.".startswith(f"{major}.")), None)


def _cost(deployment: Deployment, found: _Enrolled, until: dt.date, today: dt.date) -> str:
    """What it costs a month, where prices.json says it."""
    catalog = deployment.catalog
    month = extended_support.month(catalog.prices, catalog.region, found.engine, found.charged, until, today)
    return str(month) if month else "at a price that is not known"


CHECKS: Final = (
    Check("support ends when the catalog says", ends_are_the_regions),
    Check("nobody pays for Extended Support", nobody_pays_for_extended_support),
)
