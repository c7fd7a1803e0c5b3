"""Runs Terraform on copies of the repository's directories."""

import os
import subprocess
from pathlib import Path

REPOSITORY = Path(__file__).parents[2]
LOCK = REPOSITORY / "terraform" / "databases" / ".terraform.lock.hcl"


def terraform(directory: Path, cli_config: Path, *arguments: str) -> str:
    environment = {
        **{name: value for name, value in os.environ.items() if not name.startswith(("TF_", "AWS_"))},
        "TF_CLI_CONFIG_FILE": str(cli_config),
        "TF_IN_AUTOMATION": "1",
        "AWS_REGION": "eu-central-1",
        "AWS_EC2_METADATA_DISABLED": "true",
    }
    result = subprocess.run(
        ["terraform", *arguments],
        cwd=directory,
        env=environment,
        text=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        timeout=600,
        check=False,
    )
    assert result.returncode == 0, f"terraform {' '.join(arguments)} in {directory}:\n{result.stdout}"
    return result.stdout
