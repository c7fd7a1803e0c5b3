"""Asks Terraform itself what the modules take: their variables and parameters alone, without a provider.

A copy of a module's `variables.tf`, and of the one local value that holds the engines' parameters, is applied
in a temporary directory, once for each thing that the catalog offers of its kind. Nothing outside that
directory is touched.
"""

import json
import os
import subprocess
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final

import hcl2
from provisioner.core.catalog import Catalog
from provisioner.core.engines import CLUSTER, INSTANCE, RESOURCES, Resource, resource_of

from ops.doctor.verdict import NotLooked, Wrong, one_of

_OUTPUT: Final = 'output "parameters" {\n  value = local.engine.parameters\n}\n'
# Everything else that the modules ask for; each offer changes its own part of it.
_OF_BOTH: Final[Mapping[str, Any]] = {
    "environment": "dev",
    "backup_retention_days": 7,
    "backup_window": "03:00-03:30",
    "maintenance_window": "sun:04:30-sun:05:00",
    "database_name": "doctor",
    "request_id": "00000000-0000-4000-8000-000000000000",
    "team": "doctor",
    "owner": "doctor",
    "purpose": "",
    "cost_center": "doctor",
    "expires_at": "never",
    "final_snapshot": True,
    "deletion_protection": False,
    "multi_az": False,
}
_USUAL: Final[Mapping[Resource, Mapping[str, Any]]] = {
    INSTANCE: {**_OF_BOTH, "instance_class": "db.m7g.large", "storage_gb": 100, "max_storage_gb": 100},
    CLUSTER: {**_OF_BOTH, "min_acu": 1, "max_acu": 2, "pause_after": 0, "monitoring": False},
}


@dataclass(frozen=True, slots=True)
class Offer:
    """One thing that the catalog offers, and the variables of a module that ask for it."""

    what: str
    variables: Mapping[str, Any]


def kinds(catalog: Catalog) -> list[Resource]:
    """The kinds of databases that the catalog offers, each with its module."""
    return [kind for kind in RESOURCES if any(resource_of(name) is kind for name in catalog.engines)]


def versions(catalog: Catalog, kind: Resource) -> Iterator[Offer]:
    """Each version of each engine of a kind."""
    for name, one in catalog.engines.items():
        for version in one.versions if resource_of(name) is kind else ():
            yield Offer(f"{name} {version}", {"engine": name, "engine_version": version})


def bounds(catalog: Catalog, kind: Resource) -> Iterator[Offer]:
    """Each size of a kind, and each environment's own values."""
    for name, size in catalog.sizes.items():
        if size.resource is kind:
            capacity = size.capacity(monitoring=False)
            asks = asdict(capacity) if capacity else {"instance_class": size.instance_class}
            yield Offer(f"size {name}", asks)
    for name, rules in catalog.environments.items():
        days = rules.backup_retention_days
        yield Offer(f"environment {name}", {"environment": name, "backup_retention_days": days})
        for gb in (rules.storage_gb.minimum, rules.storage_gb.maximum) if kind is INSTANCE else ():
            most = catalog.maximum_storage_gb(name, gb)
            yield Offer(f"{gb} GB in {name}", {"storage_gb": gb, "max_storage_gb": most})


def refused(clone: Path, catalog: Catalog) -> list[str]:
    """What the catalog offers and a module refuses, with the module's words and its file."""
    # Apart: Terraform sees some conditions in the plan, and others in the apply, which then does not come.
    return [
        f"{problem} Change {kind.module_path}variables.tf, or take it out of catalog.yaml"
        for kind in kinds(catalog)
        for problem in [
            *_refusals(clone, kind, list(versions(catalog, kind)), {}),
            *_refusals(clone, kind, list(bounds(catalog, kind)), next(versions(catalog, kind)).variables),
        ]
    ]


def _refusals(clone: Path, kind: Resource, wanted: Sequence[Offer], usual: Mapping[str, Any]) -> list[str]:
    problems = []
    for found in (line.get("diagnostic", {}) for line in _apply(clone, kind, wanted, usual)):
        if found.get("severity") != "error":
            continue
        words = str(found.get("detail") or found["summary"]).partition("\n")[0]
        number = _number(found)
        offer = Offer("the module", {}) if number is None else wanted[number]
        # The module's messages begin with the variable's name; each offer reports on those that it gives.
        variable = words.partition(" ")[0]
        if variable in offer.variables or variable not in {*_USUAL[kind], *usual}:
            problems.append(f"{offer.what}: {words}")
    return sorted(problems)


def parameters(clone: Path, catalog: Catalog, kind: Resource) -> dict[str, dict[str, str]]:
    """The parameters that a module sets, by the family of their group, such as postgres17."""
    wanted = list(versions(catalog, kind))
    said = [line["outputs"] for line in _apply(clone, kind, wanted, {}) if line["type"] == "outputs"]
    if not said or any("value" not in output for output in said[-1].values()):
        raise NotLooked(
            f"{kind.module} refuses a version of the catalog, so that its parameters cannot be read"
        )
    return {
        f"{offer.variables['engine']}{offer.variables['engine_version']}": said[-1][f"offer{number}"]["value"]
        for number, offer in enumerate(wanted)
    }


def _number(diagnostic: Mapping[str, Any]) -> int | None:
    """Which offer a diagnostic is about; Terraform names the module call around it."""
    context = (diagnostic.get("snippet") or {}).get("context") or ""
    number = context.partition("module.offer")[2]
    return int(number) if number.isdecimal() else None


def _apply(
    clone: Path, kind: Resource, wanted: Sequence[Offer], usual: Mapping[str, Any]
) -> list[dict[str, Any]]:
    """What Terraform says, line by line, when the variables of a kind's module get each offer."""
    with tempfile.TemporaryDirectory(prefix="doctor-") as name:
        directory = Path(name)
        _write(clone, directory, kind, wanted, usual)
        for command in (["init", "-backend=false"], ["apply", "-auto-approve", "-json"]):
            done = _terraform(directory, *command, "-input=false", "-no-color")
            if command[0] == "init" and done.returncode:
                raise NotLooked(f"`terraform init` said: {' '.join(done.stderr.split())}")
    return [json.loads(line) for line in done.stdout.splitlines() if line.startswith("{")]


def _write(
    clone: Path, directory: Path, kind: Resource, wanted: Sequence[Offer], usual: Mapping[str, Any]
) -> None:
    source, module = clone / kind.module_path, directory / "module"
    if not source.is_dir():
        raise Wrong(
            f"catalog.yaml offers {one_of([offer.what for offer in wanted])}, and this clone has no "
            f"{kind.module_path}: merge the release that brings it, or take the engines out of the catalog"
        )
    module.mkdir()
    try:
        (module / "variables.tf").write_bytes((source / "variables.tf").read_bytes())
        with (source / "main.tf").open(encoding="utf-8") as file:
            blocks = hcl2.load(file)["locals"]
        engine = next(block["engine"] for block in blocks if "engine" in block)
    except (OSError, KeyError, StopIteration) as error:
        raise Wrong(
            f"{kind.module_path} has no variables.tf or no local value `engine`; is it this product's?"
        ) from error
    expression = str(engine).removeprefix("${").removesuffix("}")
    (module / "main.tf").write_text(f"locals {{\n  engine = {expression}\n}}\n{_OUTPUT}", encoding="utf-8")
    root = {
        "module": {
            f"offer{number}": {"source": "./module", **_USUAL[kind], **usual, **one.variables}
            for number, one in enumerate(wanted)
        },
        "output": {
            f"offer{number}": {"value": f"${{module.offer{number}.parameters}}"}
            for number in range(len(wanted))
        },
    }
    (directory / "main.tf.json").write_text(json.dumps(root), encoding="utf-8")


def _terraform(directory: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    environment = {name: value for name, value in os.environ.items() if not name.startswith("TF_")}
    try:
        return subprocess.run(
            ["terraform", *arguments],
            cwd=directory,
            env=environment,
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise NotLooked(
            f"Terraform did not run ({error}): put Terraform 1.10 or newer on the path"
        ) from error
