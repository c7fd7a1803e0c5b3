"""Starts the stand-in for CircleCI with the project's environment variables."""

import json
import sys
from collections.abc import Mapping
from pathlib import Path

from sandbox.cloud import REGION, Cloud
from sandbox.foundation import ORGANIZATION_ID, PROJECT_ID, STATE_BUCKET, role_arns
from sandbox.github.start import GitHub
from sandbox.processes import Processes
from sandbox.stack import NAME

# The job that runs the project's own tests would start a sandbox inside the sandbox.
LEFT_OUT = ["check"]


def url(port: int) -> str:
    return f"http://localhost:{port}"


def project_variables(cloud: Cloud) -> dict[str, str]:
    """What docs/deploy.md sets for the project, and how to find the emulated AWS."""
    environment, roles = cloud.environment(), role_arns(cloud)
    return {
        "AWS_REGION": REGION,
        "TF_STATE_BUCKET": STATE_BUCKET,
        "AWS_PLAN_ROLE_ARN": roles["plan"],
        "AWS_APPLY_ROLE_ARN": roles["apply"],
        "PROVISIONER_STACK": NAME,
        # A job that dies is noticed in half a minute here, and another one takes over after one and a half.
        "HEARTBEAT_SECONDS": "3",
        "AWS_ENDPOINT_URL": cloud.endpoint,
        "TF_CLI_CONFIG_FILE": environment["TF_CLI_CONFIG_FILE"],
    }


def start(
    processes: Processes, directory: Path, *, port: int, github: GitHub, variables: Mapping[str, str]
) -> None:
    settings = {
        "port": port,
        "url": url(port),
        "repository": github.repository,
        "default_branch": "main",
        "clone_url": github.clone_url,
        "webhook_secret": github.webhook_secret,
        "organization_id": ORGANIZATION_ID,
        "project_id": PROJECT_ID,
        "variables": dict(variables),
        "left_out": LEFT_OUT,
        "directory": str(directory / "circleci"),
    }
    path = directory / "circleci.json"
    path.touch(mode=0o600)
    path.write_text(json.dumps(settings, indent=2))
    command = [sys.executable, "-m", "sandbox.circleci", str(path)]
    processes.start("circleci", command, Cloud(0).environment())
    processes.wait_for("circleci", url(port))
