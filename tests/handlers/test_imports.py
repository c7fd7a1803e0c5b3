"""Each function loads only what it needs: an import that is not needed makes every cold start longer."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

HANDLERS = Path(__file__).parents[2] / "lambda" / "provisioner" / "handlers"
ALL = {
    "access",
    "admin",
    "api",
    "batch",  # what functions of a queue share; all of these load both anyway
    "event_webhook",
    "events",
    "notifier",
    "reaper",
    "report",
    "webhook",
    "worker",
}
# What takes long to load, and the functions that need it.
NEEDED_BY = {
    "boto3": set(),  # settings takes botocore's clients
    "botocore": ALL,
    "aws_lambda_powertools": ALL,
    "pg8000": {"access"},
    "pymysql": {"access"},
    "pydantic": {"admin", "api", "worker", "report", "reaper", "notifier"},  # reads the catalog
    "yaml": {"admin", "api", "worker", "report", "reaper", "notifier"},
    "jwt": {"worker", "report", "reaper"},  # GitHub
    "provisioner.intake.use_cases": {"api"},
    "provisioner.intake.bodies": {"api"},
}
NAMES = sorted(path.stem for path in HANDLERS.glob("*.py") if path.stem != "__init__")


@pytest.mark.parametrize("name", NAMES)
def test_a_function_loads_what_it_needs_and_no_more(name: str) -> None:
    script = f"import sys, json, provisioner.handlers.{name}; print(json.dumps(sorted(sys.modules)))"
    paths = {"PYTHONPATH": str(HANDLERS.parents[1]), "AWS_DEFAULT_REGION": "us-east-1"}
    done = subprocess.run(
        [sys.executable, "-c", script],
        env={**os.environ, **paths, "POWERTOOLS_METRICS_NAMESPACE": "x"},
        capture_output=True,
        text=True,
        check=True,
    )
    loaded = set(json.loads(done.stdout))
    assert loaded & set(NEEDED_BY) == {module for module, needing in NEEDED_BY.items() if name in needing}
