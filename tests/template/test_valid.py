import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.template.stack import PROJECT, TEMPLATE

BIN = Path(sys.executable).parent
ENVIRONMENT = {**os.environ, "SAM_CLI_TELEMETRY": "0", "AWS_DEFAULT_REGION": "us-east-1"}


def run(*command: str | Path, cwd: Path = PROJECT / "sam") -> subprocess.CompletedProcess[str]:
    return subprocess.run(command, cwd=cwd, env=ENVIRONMENT, capture_output=True, text=True, check=False)


@pytest.mark.parametrize("region", ["us-east-1", "eu-central-1"])
def test_cfn_lint_finds_nothing(region: str) -> None:
    found = run(BIN / "cfn-lint", "--regions", region, "--", TEMPLATE)
    assert found.stdout + found.stderr == ""


def test_sam_validates_it() -> None:
    found = run(BIN / "sam", "validate", "--lint")
    assert found.returncode == 0, found.stdout + found.stderr
