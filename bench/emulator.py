"""An emulated AWS for as long as a part of the bench needs it, and Terraform run against it."""

import contextlib
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from sandbox.aws.servers import free_port
from sandbox.cloud import Cloud
from sandbox.processes import Processes

LOCK: Final = Path(__file__).parents[1] / "terraform" / "databases" / ".terraform.lock.hcl"


@dataclass(frozen=True, slots=True)
class Took:
    """Seconds on the clock and of the processor."""

    clock: float
    processor: float


@contextlib.contextmanager
def emulated(directory: Path) -> Iterator[Cloud]:
    """MiniStack alone, without the model of RDS's rules: it has no quota of instances."""
    cloud, processes = Cloud(free_port()), Processes(directory / "logs")
    temporary = Path(tempfile.mkdtemp(prefix="bench-"))
    environment = {
        **cloud.environment(),
        "GATEWAY_PORT": str(cloud.port),
        "BIND_HOST": "127.0.0.1",
        "IOT_MTLS_ENABLED": "0",
        "SFTP_ENABLED": "0",
        "TMPDIR": str(temporary),
    }
    del environment["AWS_ENDPOINT_URL"]
    processes.start("aws", [sys.executable, "-m", "ministack"], environment)
    try:
        processes.wait_for("aws", f"{cloud.endpoint}/_ministack/health")
        yield cloud
    finally:
        processes.stop()


def write(directory: Path, resources: Mapping[str, Any]) -> None:
    """A root of these resources, with the committed lock file."""
    directory.mkdir(parents=True, exist_ok=True)
    content: dict[str, Any] = {
        "terraform": {"required_providers": {"aws": {"source": "hashicorp/aws"}}},
        "provider": {"aws": {}},
    }
    if resources:
        content["resource"] = dict(resources)
    (directory / "main.tf.json").write_text(json.dumps(content), encoding="utf-8")
    (directory / LOCK.name).write_bytes(LOCK.read_bytes())


def terraform(directory: Path, environment: Mapping[str, str], *arguments: str) -> Took:
    """Run Terraform once; what it took. Raises SystemExit with what it said where it fails."""
    plain = [] if arguments[0] == "show" else ["-no-color"]
    used, began = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    done = subprocess.run(
        ["terraform", f"-chdir={directory}", *arguments, *plain],
        env={**os.environ, **environment, "TF_IN_AUTOMATION": "1"},
        text=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        check=False,
    )
    clock, after = time.perf_counter() - began, resource.getrusage(resource.RUSAGE_CHILDREN)
    if done.returncode:
        raise SystemExit(f"terraform {' '.join(arguments)}:\n{done.stdout[-3000:]}")
    return Took(clock, after.ru_utime + after.ru_stime - used.ru_utime - used.ru_stime)
