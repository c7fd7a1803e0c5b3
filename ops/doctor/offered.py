"""What RDS offers in this region, against catalog and modules: the plan does not notice, the apply does."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from provisioner.core.catalog import Catalog
from provisioner.core.engines import CLUSTER, INSTANCE, Resource, resource_of
from provisioner.core.root import SERVERLESS
from provisioner.core.sizes import Size

from ops.doctor import module
from ops.doctor.deployment import Check, Deployment
from ops.doctor.verdict import one_of, wrong_if

# What the modules switch on, by the field that says whether a class has it.
_OF_BOTH: Final = {
    "SupportsStorageEncryption": "encryption",
    "SupportsEnhancedMonitoring": "enhanced monitoring",
    "SupportsIAMDatabaseAuthentication": "IAM authentication",
}


@dataclass(frozen=True, slots=True)
class _Kind:
    """What the module of a kind asks RDS for, and the call that lists the parameters of its groups."""

    storage: str
    needed: Mapping[str, str]
    parameters: str


_KINDS: Final[Mapping[Resource, _Kind]] = {
    INSTANCE: _Kind(
        "gp3",
        _OF_BOTH | {"SupportsStorageAutoscaling": "growing storage"},
        "describe_engine_default_parameters",
    ),
    CLUSTER: _Kind(
        "aurora", _OF_BOTH | {"SupportsClusters": "clusters"}, "describe_engine_default_cluster_parameters"
    ),
}


def versions_are_offered(deployment: Deployment) -> str:
    """RDS makes new databases of each major version of the catalog."""
    found, problems = {}, []
    for engine, version in _versions(deployment.catalog):
        minor = _minor(_described(deployment, engine, version))
        found[f"{engine} {version}"] = minor
        if minor is None:
            problems.append(f"RDS offers no {engine} {version} here: take it out of catalog.yaml")
    wrong_if(problems)
    return one_of([f"{name.partition(' ')[0]} {minor}" for name, minor in found.items()])


def classes_are_offered(deployment: Deployment) -> str:
    """Each size can be ordered with each version of its kind, in two zones where a standby may be asked for.

    A cluster's reader is an instance like its writer, so that nothing is asked of the class for it.
    """
    problems = []
    standby = {
        size
        for rules in deployment.catalog.environments.values()
        if rules.high_availability != "never"
        for size in rules.sizes
    }
    for engine, version in _versions(deployment.catalog):
        described = _described(deployment, engine, version)
        minor = _minor(described)
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
            lacking = _lacking(one, options, standby=size in standby)
            lacking += _beyond(one, described)
            if lacking:
                problems.append(f"{what} lacks {one_of(lacking)}: choose another size in catalog.yaml")
    wrong_if(problems)
    return one_of(
        [f"{name} {one.instance_class or SERVERLESS}" for name, one in deployment.catalog.sizes.items()]
    )


def _lacking(size: Size, options: Sequence[Mapping[str, Any]], *, standby: bool) -> list[str]:
    """What the module asks for and no way to order the class has."""
    lacking = [
        name
        for field, name in _KINDS[size.resource].needed.items()
        if not any(option.get(field, True) for option in options)
    ]
    in_two_zones = any(option.get("MultiAZCapable", True) for option in options)
    if size.resource is INSTANCE and standby and not in_two_zones:
        lacking.append("a standby in a second zone")
    return lacking


def _beyond(size: Size, described: Mapping[str, Any] | None) -> list[str]:
    """The ends of a range of capacity that a version does not take, such as 0 ACU in an older one."""
    limits = (described or {}).get("ServerlessV2FeaturesSupport", {})
    least, most = limits.get("MinCapacity"), limits.get("MaxCapacity")
    beyond = []
    if size.min_acu is not None and least is not None and size.min_acu < least:
        beyond.append(f"a minimum of {size.min_acu:g} ACU (it takes {least:g} and more)")
    if size.max_acu is not None and most is not None and size.max_acu > most:
        beyond.append(f"a maximum of {size.max_acu:g} ACU (it takes up to {most:g})")
    return beyond


def parameters_are_taken(deployment: Deployment) -> str:
    """RDS takes each parameter that the modules set, with that value."""
    problems, count = [], 0
    for kind in module.kinds(deployment.catalog):
        for family, wanted in module.parameters(deployment.clone, deployment.catalog, kind).items():
            known = _known_parameters(deployment, kind, family)
            for name, value in wanted.items():
                count += 1
                problem = _refused(known.get(name), value)
                if problem:
                    fix = f"correct it in {kind.module_path}main.tf"
                    problems.append(f"{family}: {name} = {value} {problem}: {fix}")
    wrong_if(problems)
    return f"{count} values"


def _known_parameters(deployment: Deployment, kind: Resource, family: str) -> dict[str, dict[str, Any]]:
    """The parameters of a family's groups, by name."""
    pages = deployment.client("rds").get_paginator(_KINDS[kind].parameters)
    return {
        parameter["ParameterName"]: parameter
        for page in pages.paginate(DBParameterGroupFamily=family)
        for parameter in page["EngineDefaults"]["Parameters"]
    }


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


def _described(deployment: Deployment, engine: str, version: str) -> Mapping[str, Any] | None:
    """The minor version that RDS takes for a new database of a major one, as RDS describes it."""
    found = deployment.client("rds").describe_db_engine_versions(
        Engine=engine, EngineVersion=version, DefaultOnly=True
    )["DBEngineVersions"]
    return found[0] if found else None


def _minor(described: Mapping[str, Any] | None) -> str | None:
    return str(described["EngineVersion"]) if described else None


def _options(
    deployment: Deployment, engine: str, minor: str, instance_class: str
) -> Iterator[dict[str, Any]]:
    """What can be ordered of a class in a VPC, with the storage that the module asks for."""
    pages = deployment.client("rds").get_paginator("describe_orderable_db_instance_options")
    storage = _KINDS[resource_of(engine)].storage
    for page in pages.paginate(Engine=engine, EngineVersion=minor, DBInstanceClass=instance_class, Vpc=True):
        yield from (
            found for found in page["OrderableDBInstanceOptions"] if found.get("StorageType") == storage
        )


CHECKS: Final = (
    Check("versions are offered", versions_are_offered),
    Check("classes are offered", classes_are_offered),
    Check("parameters are taken", parameters_are_taken),
)
