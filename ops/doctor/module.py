"""Asks Terraform itself what the module takes: its variables and parameters alone, without a provider.

A copy of `variables.tf`, and of the one local value that holds the engines' parameters, is applied in a
temporary directory, once for each thing that the catalog offers. Nothing outside that directory is touched.
"""

import json
import os
import subprocess
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import hcl2
from provisioner.core.catalog import Catalog

from ops.doctor.verdict import NotLooked, Wrong

MODULE: Final = Path("terraform") / "modules" / "rds_database"
_OUTPUT: Final = 'output "parameters" {\n  value = local.engine.parameters\n}\n'
# Everything else that the module asks for; each offer changes its own part of it.
_USUAL: Final[Mapping[str, Any]] = {
    "environment": "dev",
    "instance_class": "db.m7g.large",
    "storage_gb": 100,
    "max_storage_gb": 100,
    "backup_retention_days": 7,
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


@dataclass(frozen=True, slots=True)
class Offer:
    """One thing that the catalog offers, and the module's variables that ask for it."""

    what: str
    variables: Mapping[str, Any]


def versions(catalog: Catalog) -> Iterator[Offer]:
    """Each version of each engine."""
    for name, one in catalog.engines.items():
        for version in one.versions:
            yield Offer(f"{name} {version}", {"engine": name, "engine_version": version})


def bounds(catalog: Catalog) -> Iterator[Offer]:
    """Each size, and each environment's own values."""
    for name, size in catalog.sizes.items():
        yield Offer(f"size {name}", {"instance_class": size.instance_class})
    for name, rules in catalog.environments.items():
        days = rules.backup_retention_days
        yield Offer(f"environment {name}", {"environment": name, "backup_retention_days": days})
        for gb in (rules.storage_gb.minimum, rules.storage_gb.maximum):
            most = catalog.maximum_storage_gb(name, gb)
            yield Offer(f"{gb} GB in {name}", {"storage_gb": gb, "max_storage_gb": most})


def refused(clone: Path, catalog: Catalog) -> list[str]:
    """What the catalog offers and the module refuses, with the module's words."""
    # Apart: Terraform sees some conditions in the plan, and others in the apply, which then does not come.
    return [
        *_refusals(clone, list(versions(catalog)), {}),
        *_refusals(clone, list(bounds(catalog)), next(versions(catalog)).variables),
    ]


def _refusals(clone: Path, wanted: Sequence[Offer], usual: Mapping[str, Any]) -> list[str]:
    problems = []
    for found in (line.get("diagnostic", {}) for line in _apply(clone, wanted, usual)):
        if found.get("severity") != "error":
            continue
        words = str(found.get("detail") or found["summary"]).partition("\n")[0]
        number = _number(found)
        offer = Offer("the module", {}) if number is None else wanted[number]
        # The module's messages begin with the variable's name; each offer reports on those that it gives.
        variable = words.partition(" ")[0]
        if variable in offer.variables or variable not in {*_USUAL, *usual}:
            problems.append(f"{offer.what}: {words}")
    return sorted(problems)


def parameters(clone: Path, catalog: Catalog) -> dict[str, dict[str, str]]:
    """The parameters that the module sets, by the family of their group, such as postgres17."""
    wanted = list(versions(catalog))
    said = [line["outputs"] for line in _apply(clone, wanted, {}) if line["type"] == "outputs"]
    if not said or any("value" not in output for output in said[-1].values()):
        raise NotLooked("the module refuses a version of the catalog, so that its parameters cannot be read")
    return {
        f"{offer.variables['engine']}{offer.variables['engine_version']}": said[-1][f"offer{number}"]["value"]
        for number, offer in enumerate(wanted)
    }


def _number(diagnostic: Mapping[str, Any]) -> int | None:
    """Which offer a diagnostic is about; Terraform names the module call around it."""
    context = (diagnostic.get("snippet") or {}).get("context") or ""
    number = context.partition("module.offer")[2]
    return int(number) if number.isdecimal() else None


def _apply(clone: Path, wanted: Sequence[Offer], usual: Mapping[str, Any]) -> list[dict[str, Any]]:
    """What Terraform says, line by line, when the module's variables get each offer."""
    with tempfile.TemporaryDirectory(prefix="doctor-") as name:
        directory = Path(name)
        _write(clone, directory, wanted, usual)
        for command in (["init", "-backend=false"], ["apply", "-auto-approve", "-json"]):
            done = _terraform(directory, *command, "-input=false", "-no-color")
            if command[0] == "init" and done.returncode:
                raise NotLooked(f"`terraform init` said: {' '.join(done.stderr.split())}")
    return [json.loads(line) for line in done.stdout.splitlines() if line.startswith("{")]


def _write(clone: Path, directory: Path, wanted: Sequence[Offer], usual: Mapping[str, Any]) -> None:
    module = directory / "module"
    module.mkdir()
    try:
        (module / "variables.tf").write_bytes((clone / MODULE / "variables.tf").read_bytes())
        with (clone / MODULE / "main.tf").open(encoding="utf-8") as file:
            blocks = hcl2.load(file)["locals"]
        engine = next(block["engine"] for block in blocks if "engine" in block)
    except (OSError, KeyError, StopIteration) as error:
        raise Wrong(
            f"{MODULE} has no variables.tf or no local value `engine`; is it this product's?"
        ) from error
    expression = str(engine).removeprefix("${").removesuffix("}")
    (module / "main.tf").write_text(f"locals {{\n  engine = {expression}\n}}\n{_OUTPUT}", encoding="utf-8")
    root = {
        "module": {
            f"offer{number}": {"source": "./module", **_USUAL, **usual, **one.variables}
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
