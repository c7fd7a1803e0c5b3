"""Applies terraform/foundation to the emulated AWS, as an account's owner does once."""

import json
import shutil
from pathlib import Path
from typing import Any

import yaml
from botocore.exceptions import ClientError

from sandbox.cloud import REGION, Cloud
from sandbox.network import Network
from sandbox.processes import Processes
from sandbox.state_directory import PRODUCT

STATE_BUCKET = "rds-provisioner-state"
ORGANIZATION_ID = "0a3c1e5b-6d2f-4b8a-9c7e-1f2d3b4a5c6d"
PROJECT_ID = "7b9d0f1e-2c4a-4e6b-8d0f-3a5c7e9b1d2f"
ENVIRONMENTS = tuple(yaml.safe_load((PRODUCT / "catalog.yaml").read_text())["environments"])
ROLES = ("plan", *(f"apply-{environment}" for environment in ENVIRONMENTS))


def apply(cloud: Cloud, processes: Processes, directory: Path, network: Network, *, repository: str) -> None:
    """Apply it for the default VPC. Lifecycle rules take most of its minute."""
    leave_out = shutil.ignore_patterns(".terraform", "tests")
    shutil.copytree(PRODUCT / "terraform" / "foundation", directory, ignore=leave_out, dirs_exist_ok=True)
    (directory / "sandbox.auto.tfvars.json").write_text(json.dumps(variables(network, repository)))
    environment = cloud.environment()
    for command in (["init", "-input=false"], ["apply", "-input=false", "-auto-approve"]):
        processes.run("foundation", ["terraform", *command, "-no-color"], environment, directory)


def is_usable(cloud: Cloud) -> bool:
    """Whether all that the pipeline needs is there, while Terraform finishes the rest."""
    iam = cloud.client("iam")
    try:
        policies = [iam.list_role_policies(RoleName=f"rds-provisioner-{role}") for role in ROLES]
        iam.get_role(RoleName="rds-provisioner-monitoring")
        cloud.client("s3").get_bucket_policy(Bucket=STATE_BUCKET)
    except ClientError:
        return False
    names = {f"rds-provisioner-{environment}" for environment in ENVIRONMENTS}
    subnet_groups = cloud.client("rds").describe_db_subnet_groups()["DBSubnetGroups"]
    groups = cloud.client("ec2").describe_security_groups()["SecurityGroups"]
    aliases = cloud.client("kms").list_aliases(Limit=100)["Aliases"]
    return (
        all(policy["PolicyNames"] for policy in policies)
        and names <= {group["DBSubnetGroupName"] for group in subnet_groups}
        and names <= {group["GroupName"] for group in groups}
        and names <= {alias["AliasName"].removeprefix("alias/") for alias in aliases}
    )


def role_arns(cloud: Cloud) -> dict[str, str]:
    """The ARN of the plan role, and what those of the apply roles begin with."""
    found = cloud.client("iam").get_role(RoleName="rds-provisioner-plan")["Role"]["Arn"]
    return {"plan": found, "apply": found.removesuffix("plan") + "apply"}


def variables(network: Network, repository: str) -> dict[str, Any]:
    place = {
        "vpc_id": network.vpc,
        "subnet_ids": network.subnets,
        "client_cidr_blocks": ["10.0.0.0/8"],
        "client_security_group_ids": [network.access_group],
    }
    return {
        "region": REGION,
        "state_bucket_name": STATE_BUCKET,
        "circleci_organization_id": ORGANIZATION_ID,
        "circleci_project_id": PROJECT_ID,
        "repository": f"github.com/{repository}",
        "environments": dict.fromkeys(ENVIRONMENTS, place),
        "catalog_file": str(PRODUCT / "catalog.yaml"),
    }
