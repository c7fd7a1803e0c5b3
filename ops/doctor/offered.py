"""What RDS offers in this region, against catalog and module: the plan does not notice, the apply does."""

from collections.abc import Iterator
from typing import Any, Final

from provisioner.core.catalog import Catalog
from provisioner.core.engines import INSTANCE, resource_of
from provisioner.core.root import SERVERLESS

from ops.doctor import module
from ops.doctor.deployment import Check, Deployment
from ops.doctor.verdict import one_of, wrong_if

# What the module switches on for each instance, by the field that says whether a class has it.
_NEEDED: Final = {
    "SupportsStorageEncryption": "encryption",
    "SupportsEnhancedMonitoring": "enhanced monitoring",
    "SupportsIAMDatabaseAuthentication": "IAM authentication",
    "SupportsStorageAutoscaling": "growing storage",
}


def versions_are_offered(deployment: Deployment) -> str:
    """RDS makes new databases of each major version of the catalog."""
    found, problems = {}, []
    for engine, version in _versions(deployment.catalog):
        minor = _default_minor(deployment, engine, version)
        found[f"{engine} {version}"] = minor
        if minor is None:
            problems.append(f"RDS offers no {engine} {version} here: take it out of catalog.yaml")
    wrong_if(problems)
    return one_of([f"{name.partition(' ')[0]} {minor}" for name, minor in found.items()])


def classes_are_offered(deployment: Deployment) -> str:
    """Each size can be ordered with each version, in two zones where a standby may be asked for."""
    problems = []
    standby = {
        size
        for rules in deployment.catalog.environments.values()
        if rules.high_availability != "never"
        for size in rules.sizes
    }
    for engine, version in _versions(deployment.catalog):
        minor = _default_minor(deployment, engine, version)
        if minor is None:
            continue
        for size, one in deployment.catalog.sizes.items():
            if one.resource is not resource_of(engine):
                continue
            instance_class = one.instance_class or SERVERLESS
            options = list(_options(deployment, engine, minor, instance_class))
            what = f"size {size} ({instance_class}) with {engine} {minor}"
            if not options:
                problems.append(f"{what} is not offered here: choose another class in catalog.yaml")
                continue
            lacking = [
                name
                for field, name in _NEEDED.items()
                if not any(option.get(field, True) for option in options)
            ]
            in_two_zones = any(option.get("MultiAZCapable", True) for option in options)
            if one.resource is INSTANCE and size in standby and not in_two_zones:
                lacking.append("a standby in a second zone")
            if lacking:
                problems.append(f"{what} lacks {one_of(lacking)}: choose another class in catalog.yaml")
    wrong_if(problems)
    return one_of(
        [f"{name} {one.instance_class or SERVERLESS}" for name, one in deployment.catalog.sizes.items()]
    )


def parameters_are_taken(deployment: Deployment) -> str:
    """RDS takes each parameter that the module sets, with that value."""
    rds, problems, count = deployment.client("rds"), [], 0
    for family, wanted in module.parameters(deployment.clone, deployment.catalog).items():
        known = {
            parameter["ParameterName"]: parameter
            for page in rds.get_paginator("describe_engine_default_parameters").paginate(
                DBParameterGroupFamily=family
            )
            for parameter in page["EngineDefaults"]["Parameters"]
        }
        for name, value in wanted.items():
            count += 1
            problem = _refused(known.get(name), value)
            if problem:
                problems.append(
                    f"{family}: {name} = {value} {problem}: correct it in {module.MODULE}/main.tf"
                )
    wrong_if(problems)
    return f"{count} values"


def _refused(parameter: dict[str, Any] | None, value: str) -> str | None:
    """Why RDS refuses a parameter's value; None where it takes it."""
    if parameter is None:
        return "names a parameter that RDS does not have"
    if not parameter.get("IsModifiable", True):
        return "names a parameter that cannot be changed"
    allowed = parameter.get("AllowedValues")
    return None if not allowed or takes(allowed, value) else f"is not among {allowed}"


def takes(allowed: str, value: str) -> bool:
    """Whether a value is among AllowedValues, as RDS writes them: values and ranges, with commas."""
    for part in allowed.split(","):
        if value == part:
            return True
        low, dash, high = part.rpartition("-")
        try:
            if dash and float(low) <= float(value) <= float(high):
                return True
        except ValueError:
            continue
    return False


def _versions(catalog: Catalog) -> Iterator[tuple[str, str]]:
    for engine, one in catalog.engines.items():
        for version in one.versions:
            yield engine, version


def _default_minor(deployment: Deployment, engine: str, version: str) -> str | None:
    """The minor version that RDS takes for a new database of a major one."""
    found = deployment.client("rds").describe_db_engine_versions(
        Engine=engine, EngineVersion=version, DefaultOnly=True
    )["DBEngineVersions"]
    return str(found[0]["EngineVersion"]) if found else None


def _options(
    deployment: Deployment, engine: str, minor: str, instance_class: str
) -> Iterator[dict[str, Any]]:
    """What can be ordered of a class in a VPC, with the storage that the module asks for."""
    pages = deployment.client("rds").get_paginator("describe_orderable_db_instance_options")
    for page in pages.paginate(Engine=engine, EngineVersion=minor, DBInstanceClass=instance_class, Vpc=True):
        yield from (
            found for found in page["OrderableDBInstanceOptions"] if found.get("StorageType") == "gp3"
        )


CHECKS: Final = (
    Check("versions are offered", versions_are_offered),
    Check("classes are offered", classes_are_offered),
    Check("parameters are taken", parameters_are_taken),
)
