"""Many databases in one Terraform root: the module itself, the provider itself, the emulated RDS.

The provider waits a minute or more for each change of a database, and does so for all of them at once.
"""

import dataclasses
import json
import re
import shutil
import subprocess
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from botocore.exceptions import ClientError
from provisioner.core.root import Root

from sandbox.cloud import Cloud

REPOSITORY = Path(__file__).parents[2]
TERRAFORM = REPOSITORY / "terraform"
AT_ONCE = 60
VARIABLE = re.compile(r'^variable "(\w+)"', re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Ended:
    """How a run of Terraform ended: its exit status and what it wrote."""

    status: int
    output: str


@dataclass(frozen=True, slots=True)
class Harness:
    """A directory with one root of many module calls, on an emulated AWS."""

    directory: Path
    cloud: Cloud
    module: Path = TERRAFORM / "modules" / "rds_database"
    options: Mapping[str, Any] = field(default_factory=dict)

    def write(self, roots: Iterable[Root]) -> None:
        """The root of these databases; what an earlier one had besides is no longer in it."""
        self.write_calls({root.place.identifier: self._call(root) for root in roots})

    def write_calls(self, calls: Mapping[str, Mapping[str, Any]]) -> None:
        """The root of these module calls, each by its name."""
        content = {
            "terraform": {"required_providers": {"aws": {"source": "hashicorp/aws"}}},
            "provider": {"aws": {}},
            **({"module": calls} if calls else {}),
        }
        first = not self.directory.exists()
        self.directory.mkdir(parents=True, exist_ok=True)
        (self.directory / "main.tf.json").write_text(json.dumps(content, indent=2))
        if first:
            shutil.copy(TERRAFORM / "databases" / ".terraform.lock.hcl", self.directory)
        self._succeed("init", "-input=false", "-lockfile=readonly")

    def apply(self) -> Ended:
        return self.run("apply", "-input=false", "-auto-approve", f"-parallelism={AT_ONCE}")

    def plan(self) -> dict[str, dict[str, tuple[Any, Any]]]:
        """What a plan would change: by resource, each argument with its value before and after."""
        self._succeed("plan", "-input=false", "-out=tfplan", f"-parallelism={AT_ONCE}")
        changes = json.loads(self._succeed("show", "-json", "tfplan")).get("resource_changes", [])
        return {
            change["address"]: differences(change["change"])
            for change in changes
            if change["change"]["actions"] not in (["no-op"], ["read"])
        }

    def run(self, *arguments: str) -> Ended:
        done = subprocess.run(
            ["terraform", *arguments, *([] if arguments[0] == "show" else ["-no-color"])],
            cwd=self.directory,
            env={**self.cloud.environment(), "TF_IN_AUTOMATION": "1"},
            text=True,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            timeout=900,
            check=False,
        )
        return Ended(done.returncode, done.stdout)

    def _succeed(self, *arguments: str) -> str:
        ended = self.run(*arguments)
        assert ended.status == 0, f"terraform {' '.join(arguments)}:\n{ended.output}"
        return ended.output

    def _call(self, root: Root) -> dict[str, Any]:
        """The module call of a root, with what the module takes: an earlier one knows less."""
        values = {name: value for name, value in dataclasses.asdict(root).items() if value is not None}
        if root.upgrade:
            values["upgrade"] = {"from": root.upgrade.from_version, "snapshot": root.upgrade.snapshot}
        if root.capacity:
            values |= dataclasses.asdict(root.capacity)
        known = VARIABLE.findall((self.module / "variables.tf").read_text())
        values = {name: value for name, value in values.items() if name in known}
        return {"source": str(self.module), **values, **self.options}


def differences(change: Mapping[str, Any]) -> dict[str, tuple[Any, Any]]:
    before, after = change["before"] or {}, change["after"] or {}
    unknown = change.get("after_unknown") or {}
    return {
        name: (before.get(name), "(known after apply)" if unknown.get(name) is True else after.get(name))
        for name in sorted({*before, *after, *unknown})
        if before.get(name) != after.get(name) or unknown.get(name) is True
    }


def lay_foundation(cloud: Cloud, environments: Iterable[str]) -> None:
    """What the module looks up: network, key and role, under the foundation's names."""
    ec2, rds, kms, iam = (cloud.client(name) for name in ("ec2", "rds", "kms", "iam"))
    vpc = ec2.describe_vpcs(Filters=[{"Name": "isDefault", "Values": ["true"]}])["Vpcs"][0]["VpcId"]
    subnets = ec2.describe_subnets(Filters=[{"Name": "vpc-id", "Values": [vpc]}])["Subnets"]
    for environment in environments:
        name = f"rds-provisioner-{environment}"
        rds.create_db_subnet_group(
            DBSubnetGroupName=name,
            DBSubnetGroupDescription=name,
            SubnetIds=[subnet["SubnetId"] for subnet in subnets],
        )
        ec2.create_security_group(GroupName=name, Description=name, VpcId=vpc)
        kms.create_alias(AliasName=f"alias/{name}", TargetKeyId=kms.create_key()["KeyMetadata"]["KeyId"])
    try:
        iam.create_role(RoleName="rds-provisioner-monitoring", AssumeRolePolicyDocument="{}")
    except ClientError as error:
        if error.response["Error"]["Code"] != "EntityAlreadyExists":
            raise
