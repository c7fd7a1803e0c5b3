"""The clone: each place that a version, a size or an environment of the catalog needs."""

from typing import Any, Final

import yaml

from ops.doctor import module
from ops.doctor.deployment import Check, Deployment
from ops.doctor.verdict import Wrong, one_of, wrong_if

PIPELINE: Final = ".circleci/config.yml"


def catalog(deployment: Deployment) -> str:
    """The catalog can be used."""
    return one_of(deployment.environments)


def module_takes_the_catalog(deployment: Deployment) -> str:
    """Each version, size and storage range of the catalog passes the conditions of its kind's module."""
    wrong_if(module.refused(deployment.clone, deployment.catalog))
    catalog = deployment.catalog
    versions = [f"{name} {version}" for name, one in catalog.engines.items() for version in one.versions]
    return f"{one_of(versions)}; {one_of(list(catalog.sizes))}"


def pipeline_applies_each_environment(deployment: Deployment) -> str:
    """The matrix of the apply job has each environment."""
    path = deployment.clone / PIPELINE
    try:
        content = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (OSError, yaml.YAMLError) as error:
        raise Wrong(f"{PIPELINE} cannot be read ({error}); restore it") from error
    applied = set(_applied(content))
    missing = [name for name in deployment.environments if name not in applied]
    unknown = sorted(applied - set(deployment.environments))
    wrong_if(
        [
            f"{name} is merged and never applied: add it to the matrix of `apply` in {PIPELINE}"
            for name in missing
        ]
        + [f"{name} is applied and not in the catalog: take it out of {PIPELINE}" for name in unknown]
    )
    return one_of(sorted(applied))


def _applied(content: Any) -> list[str]:
    """The environments of each apply job that runs on main."""
    found: list[str] = []
    for workflow in (content or {}).get("workflows", {}).values():
        for job in workflow.get("jobs", []) if isinstance(workflow, dict) else []:
            settings = job.get("apply") if isinstance(job, dict) else None
            if settings:
                found += settings.get("matrix", {}).get("parameters", {}).get("environment", [])
    return found


CHECKS: Final = (
    Check("catalog", catalog),
    Check("module takes the catalog", module_takes_the_catalog),
    Check("pipeline applies each environment", pipeline_applies_each_environment),
)
