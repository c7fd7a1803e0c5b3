"""Starts the emulated AWS and lays its foundation with Terraform, as an account's owner does once."""

import json
import os
import shutil
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import boto3
from botocore.exceptions import ClientError

from sandbox.aws.servers import ROOT
from sandbox.place import CACHE, PROJECT
from sandbox.processes import Processes
from sandbox.terraform_mirror import cli_config

REGION = "eu-central-1"
STATE_BUCKET = "rds-provisioner-state"
ORGANIZATION_ID = "0a3c1e5b-6d2f-4b8a-9c7e-1f2d3b4a5c6d"
ENVIRONMENTS = ("dev", "staging", "prod")
ROLES = ("plan", *(f"apply-{environment}" for environment in ENVIRONMENTS))
PROJECT_ID = "7b9d0f1e-2c4a-4e6b-8d0f-3a5c7e9b1d2f"
# MiniStack takes any credentials; these open nothing anywhere else.
CREDENTIALS = {"AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test"}


@dataclass(frozen=True, slots=True)
class Cloud:
    """Where the emulated AWS is."""

    port: int

    @property
    def endpoint(self) -> str:
        # With an address instead of a name, every SDK puts S3's bucket into the path.
        return f"http://127.0.0.1:{self.port}"

    @property
    def variables(self) -> dict[str, str]:
        """What a program needs to find it."""
        return {
            **CREDENTIALS,
            "AWS_ENDPOINT_URL": self.endpoint,
            "AWS_REGION": REGION,
            "AWS_DEFAULT_REGION": REGION,
        }

    def environment(self) -> dict[str, str]:
        """This process's environment, pointed at the emulated AWS and at no other."""
        inherited = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
        return {
            **inherited,
            **self.variables,
            "AWS_CONFIG_FILE": os.devnull,
            "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
            "AWS_EC2_METADATA_DISABLED": "true",
            "TF_CLI_CONFIG_FILE": str(cli_config(CACHE / "terraform")),
            # uv, which `sam build` and the pipeline's steps call, is among the project's own tools.
            "PATH": os.pathsep.join([str(CACHE / "tools" / "bin"), inherited.get("PATH", os.defpath)]),
            "UV_CACHE_DIR": inherited.get("UV_CACHE_DIR", str(CACHE / "uv")),
        }

    def client(self, service: str) -> Any:
        return boto3.client(
            service,  # type: ignore[call-overload]
            endpoint_url=self.endpoint,
            region_name=REGION,
            aws_access_key_id=CREDENTIALS["AWS_ACCESS_KEY_ID"],
            aws_secret_access_key=CREDENTIALS["AWS_SECRET_ACCESS_KEY"],
        )


def start(cloud: Cloud, processes: Processes, directory: Path) -> None:
    """Start MiniStack. It writes below `directory` alone, and removes that at its end."""
    environment = {
        **cloud.environment(),
        "GATEWAY_PORT": str(cloud.port),
        "BIND_HOST": "127.0.0.1",
        "MINISTACK_REGION": REGION,
        "IOT_MTLS_ENABLED": "0",
        "SFTP_ENABLED": "0",
        "TMPDIR": str(temporary(directory)),
    }
    # Its functions inherit all of this, and trust the roots of the databases here in place of Amazon's.
    environment["DATABASE_ROOTS"] = str(directory / "databases" / ROOT)
    # This one they get from MiniStack itself.
    del environment["AWS_ENDPOINT_URL"]
    processes.start("aws", [sys.executable, "-m", "sandbox.aws", str(directory)], environment)
    processes.wait_for("aws", f"{cloud.endpoint}/_ministack/health")


def temporary(directory: Path) -> Path:
    """Where programs put temporary files: their own, unlike the databases' directory beside it."""
    path = directory / "temporary"
    path.mkdir(mode=0o700, parents=True, exist_ok=True)
    return path


def lay_foundation(cloud: Cloud, processes: Processes, directory: Path, *, repository: str) -> None:
    """Apply terraform/foundation for the default VPC. Lifecycle rules take most of its minute."""
    leave_out = shutil.ignore_patterns(".terraform", "tests")
    shutil.copytree(PROJECT / "terraform" / "foundation", directory, ignore=leave_out)
    (directory / "sandbox.auto.tfvars.json").write_text(json.dumps(variables(cloud, repository)))
    environment = cloud.environment()
    for command in (["init", "-input=false"], ["apply", "-input=false", "-auto-approve"]):
        processes.run("foundation", ["terraform", *command, "-no-color"], environment, directory)


def is_usable(cloud: Cloud) -> bool:
    """Whether all that the pipeline needs is there, while Terraform finishes the rest of the foundation."""
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


def variables(cloud: Cloud, repository: str) -> dict[str, Any]:
    ec2 = cloud.client("ec2")
    vpc = ec2.describe_vpcs(Filters=[{"Name": "isDefault", "Values": ["true"]}])["Vpcs"][0]["VpcId"]
    subnets = ec2.describe_subnets(Filters=[{"Name": "vpc-id", "Values": [vpc]}])["Subnets"]
    network = {"vpc_id": vpc, "subnet_ids": [subnet["SubnetId"] for subnet in subnets]}
    network["client_cidr_blocks"] = ["10.0.0.0/8"]
    return {
        "region": REGION,
        "state_bucket_name": STATE_BUCKET,
        "circleci_organization_id": ORGANIZATION_ID,
        "circleci_project_id": PROJECT_ID,
        "repository": f"github.com/{repository}",
        "environments": dict.fromkeys(ENVIRONMENTS, network),
        "catalog_file": str(PROJECT / "catalog.yaml"),
    }
