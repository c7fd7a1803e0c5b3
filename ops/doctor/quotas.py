"""What the account may hold in the region, against what the catalog lets teams ask for."""

from collections.abc import Mapping
from typing import Final

from provisioner.core.catalog import Catalog
from provisioner.core.engines import CLUSTER, INSTANCE, Resource

from ops.doctor.deployment import Check, Deployment
from ops.doctor.module import kinds
from ops.doctor.verdict import NotLooked, wrong_if

# https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/CHAP_Limits.html
RETAINED_BACKUPS: Final = 40
# https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html: a new account may have 10.
LEAST_CONCURRENCY: Final = 100
# The manual snapshots of each kind, final ones among them, have separate quotas.
_SNAPSHOTS: Final[Mapping[Resource, str]] = {INSTANCE: "ManualSnapshots", CLUSTER: "ManualClusterSnapshots"}
_RAISE: Final = "raise it in Service Quotas"


def rds_has_room(deployment: Deployment) -> str:
    """The region takes what one team's quota lets it ask for, and is not nearly full."""
    attributes = deployment.client("rds").describe_account_attributes()["AccountQuotas"]
    quotas = {quota["AccountQuotaName"]: (quota["Used"], quota["Max"]) for quota in attributes}
    if "DBInstances" not in quotas:
        raise NotLooked("RDS did not say its quotas")
    wanted = _wanted(deployment.catalog)
    problems = [
        f"{name}: a team's quota in catalog.yaml lets it ask for {needed}, the region takes "
        f"{quotas[name][1]}: {_RAISE} (RDS), or lower the quota"
        for name, needed in wanted.items()
        if name in quotas and needed > quotas[name][1]
    ]
    problems += [
        f"{name}: {used} of {most} are used: {_RAISE} (RDS)"
        for name in (*wanted, *(_SNAPSHOTS[kind] for kind in kinds(deployment.catalog)))
        for used, most in [quotas.get(name, (0, 1))]
        if used * 10 >= most * 9
    ]
    wrong_if(problems)
    used, most = quotas["DBInstances"]
    return f"{used} of {most} instances"


def _wanted(catalog: Catalog) -> dict[str, int]:
    """What a team's quota lets it ask for, by the name of RDS's own quota.

    Each database has a parameter group and an instance, a cluster's writer; the reader of one with high
    availability comes on top and is not counted.
    """
    quotas = {name: rules.quota for name, rules in catalog.environments.items()}
    databases = sum(quota.databases for quota in quotas.values())
    storage = sum(quota.storage_gb for quota in quotas.values())
    clusters = sum(quota.databases for name, quota in quotas.items() if _offers(catalog, name, CLUSTER))
    wanted = {"DBInstances": databases, "DBParameterGroups": databases, "AllocatedStorage": storage}
    if clusters:
        wanted |= {"DBClusters": clusters, "DBClusterParameterGroups": clusters}
    return wanted


def _offers(catalog: Catalog, environment: str, kind: Resource) -> bool:
    """Whether an environment takes databases of a kind."""
    sizes = catalog.environments[environment].sizes
    return kind in kinds(catalog) and any(catalog.sizes[name].resource is kind for name in sizes)


def retained_backups_have_room(deployment: Deployment) -> str:
    """A removal that keeps automated backups is refused once the region is full of them."""
    pages = deployment.client("rds").get_paginator("describe_db_instance_automated_backups")
    kept = sum(
        backup.get("Status") == "retained"
        for page in pages.paginate()
        for backup in page["DBInstanceAutomatedBackups"]
    )
    if kept * 10 >= RETAINED_BACKUPS * 9:
        wrong_if(
            [
                f"{kept} of {RETAINED_BACKUPS} retained automated backups are used, and removals are refused "
                "next: delete old ones (`aws rds delete-db-instance-automated-backup`)"
            ]
        )
    return f"{kept} of {RETAINED_BACKUPS}"


def lambda_has_room(deployment: Deployment) -> str:
    """The functions may run next to each other."""
    limit = deployment.client("lambda").get_account_settings()["AccountLimit"]
    free = limit["UnreservedConcurrentExecutions"]
    if free < LEAST_CONCURRENCY:
        wrong_if(
            [
                f"{free} concurrent executions are left, and the functions are throttled below "
                f"{LEAST_CONCURRENCY}: {_RAISE} (Lambda, Concurrent executions; 1,000 is usual)"
            ]
        )
    return f"{free} executions"


CHECKS: Final = (
    Check("RDS has room", rds_has_room),
    Check("retained backups have room", retained_backups_have_room),
    Check("Lambda has room", lambda_has_room),
)
