"""Each function loads only what it needs: an import that is not needed makes every cold start longer."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

HANDLERS = Path(__file__).parents[2] / "lambda" / "provisioner" / "handlers"
DRIVERS = {"pg8000", "pymysql"}
NAMES = sorted(path.stem for path in HANDLERS.glob("*.py") if path.stem != "__init__")


@pytest.mark.parametrize("name", NAMES)
def test_only_the_access_function_loads_database_drivers(name: str) -> None:
    script = f"import sys, json, provisioner.handlers.{name}; print(json.dumps(sorted(sys.modules)))"
    paths = {"PYTHONPATH": str(HANDLERS.parents[1]), "AWS_DEFAULT_REGION": "us-east-1"}
    done = subprocess.run(
        [sys.executable, "-c", script],
        env={**os.environ, **paths, "POWERTOOLS_METRICS_NAMESPACE": "x"},
        capture_output=True,
        text=True,
        check=True,
    )
    loaded = {one.partition(".")[0] for one in json.loads(done.stdout)}
    assert loaded & DRIVERS == (DRIVERS if name == "access" else set())
