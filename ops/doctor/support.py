"""The ends of standard support: what the catalog says of them, and whom RDS charges for Extended Support."""

import datetime as dt
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from provisioner.core.catalog import Catalog
from provisioner.core.instance_classes import capacity
from provisioner.core.tags import is_provisioners

from ops.doctor.deployment import Check, Deployment
from ops.doctor.verdict import one_of, wrong_if

_STANDARD: Final = "open-source-rds-standard-support"
_ENROLLED: Final = "open-source-rds-extended-support"


@dataclass(frozen=True, slots=True)
class _Enrolled:
    """A database in Extended Support, which RDS charges by its size's unit and the hour."""

    name: str
    size: str
    unit: str
    described: Mapping[str, Any]


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
    """No database of ours is past its version's end and enrolled; those that are to come are named.

    Enrolment is for life: https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/extended-support-overview.html
    """
    problems, later = [], []
    today = dt.datetime.now(dt.UTC).date()
    for found in _enrolled(deployment):
        until = _until(deployment.catalog, found.described)
        engine = f"{found.described['Engine']} {found.described['EngineVersion']}"
        what = f"{found.name} ({engine}, {found.size})"
        if until is None or today <= until:
            later.append(f"{what} after {until or 'a day that the catalog does not say'}")
        else:
            problems.append(
                f"RDS charges Extended Support for {what} by the {found.unit} and hour since {until}: "
                "upgrade it"
            )
    wrong_if(problems)
    return f"enrolled: {', '.join(later)}" if later else "no database is enrolled"


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
    for described in _ours(deployment, "describe_db_instances", "DBInstances"):
        if not described.get("DBClusterIdentifier"):
            size = f"{_vcpus(described)} vCPUs"
            yield _Enrolled(str(described["DBInstanceIdentifier"]), size, "vCPU", described)
    for described in _ours(deployment, "describe_db_clusters", "DBClusters"):
        most = described.get("ServerlessV2ScalingConfiguration", {}).get("MaxCapacity", 0)
        yield _Enrolled(str(described["DBClusterIdentifier"]), f"up to {most:g} ACU", "ACU", described)


def _ours(deployment: Deployment, operation: str, listed: str) -> Iterator[Mapping[str, Any]]:
    for page in deployment.client("rds").get_paginator(operation).paginate():
        for described in page[listed]:
            tags = {tag["Key"]: tag["Value"] for tag in described.get("TagList", ())}
            if described.get("EngineLifecycleSupport") == _ENROLLED and is_provisioners(tags):
                yield described


def _until(catalog: Catalog, described: Mapping[str, Any]) -> dt.date | None:
    engine, minor = catalog.engine(described["Engine"]), str(described["EngineVersion"])
    if engine is None:
        return None
    major = next((known for known in engine.support if f"{minor}.".startswith(f"{known}.")), "")
    return engine.until(major)


def _vcpus(instance: Mapping[str, Any]) -> str:
    found = capacity(instance["DBInstanceClass"])
    return str(found[0]) if found else "an unknown number of"


CHECKS: Final = (
    Check("support ends when the catalog says", ends_are_the_regions),
    Check("nobody pays for Extended Support", nobody_pays_for_extended_support),
)
