"""Terraform itself, run in one root: the only place that starts it."""

import json
import os
import signal
import subprocess
import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

# The provider waits up to 80 minutes for one change (pipeline time limits are longer than that).
APPLY_SECONDS: Final = 100 * 60
PLAN_SECONDS: Final = 10 * 60
# Terraform needs a moment to write its state and to let go of its lock.
GRACE_SECONDS: Final = 120


class TerraformError(Exception):
    """A Terraform command that failed; `output` is what it said."""

    def __init__(self, command: str, output: str) -> None:
        super().__init__(f"terraform {command}: {_cause(output)}")
        self.command = command
        self.output = output
        self.cause = _cause(output)


@dataclass(slots=True)
class Terraform:
    """Terraform in one root directory, with the backend's settings."""

    directory: Path
    backend: Mapping[str, str]
    _running: "subprocess.Popen[str] | None" = field(default=None, repr=False)

    def init(self) -> None:
        """Fetch what the committed lock file allows, and nothing else."""
        settings = [f"-backend-config={name}={value}" for name, value in self.backend.items()]
        self._run("init", "-reconfigure", "-lockfile=readonly", *settings, seconds=PLAN_SECONDS)

    def plan(self, plan_file: str, *, lock: bool) -> tuple[str, dict[str, Any]]:
        """Plan into a file; (text for people, the plan as JSON)."""
        locking = ["-lock-timeout=60s"] if lock else ["-lock=false"]
        self._run("plan", f"-out={plan_file}", *locking, seconds=PLAN_SECONDS)
        text = self._run("show", plan_file, seconds=PLAN_SECONDS)
        content: dict[str, Any] = json.loads(self._run("show", "-json", plan_file, seconds=PLAN_SECONDS))
        return text, content

    def apply(self, plan_file: str) -> None:
        """Apply exactly the plan in the file."""
        self._run("apply", "-lock-timeout=60s", plan_file, seconds=APPLY_SECONDS, show=True)

    def outputs(self) -> dict[str, Any]:
        """The root's outputs."""
        content = json.loads(self._run("output", "-json", seconds=PLAN_SECONDS))
        return {name: one["value"] for name, one in content.items()}

    def stop(self) -> None:
        """Ask a running command to end in good order."""
        if self._running and self._running.poll() is None:
            self._running.send_signal(signal.SIGINT)

    def _run(self, command: str, *arguments: str, seconds: float, show: bool = False) -> str:
        flags = [] if command in ("show", "output") else ["-input=false"]
        line = ["terraform", f"-chdir={self.directory}", command, *flags, "-no-color", *arguments]
        # A group of its own: a signal to the job does not reach Terraform twice.
        self._running = subprocess.Popen(
            line,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env={**os.environ, "TF_IN_AUTOMATION": "1"},
            process_group=0,
        )
        out, err = self._wait(self._running, seconds)
        if show:
            print(out, flush=True)
        if self._running.returncode:
            raise TerraformError(command, err.strip() or out.strip())
        return out

    def _wait(self, process: "subprocess.Popen[str]", seconds: float) -> tuple[str, str]:
        timer = threading.Timer(seconds, self.stop)
        timer.start()
        try:
            return process.communicate(timeout=seconds + GRACE_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            return process.communicate()
        finally:
            timer.cancel()


def backend_settings(environment: Mapping[str, str]) -> dict[str, str]:
    """The S3 backend's settings; with an endpoint of its own, S3 is not AWS's and gets no AWS checks."""
    settings = {"bucket": environment["TF_STATE_BUCKET"], "region": environment["AWS_REGION"]}
    if environment.get("AWS_ENDPOINT_URL"):
        skipped = (
            "credentials_validation",
            "metadata_api_check",
            "requesting_account_id",
            "region_validation",
        )
        settings |= {"use_path_style": "true"} | {f"skip_{name}": "true" for name in skipped}
    return settings


def _cause(output: str) -> str:
    """Terraform's own error lines, without the frame that it draws around them."""
    lines = [line.strip("│╷╵ ").rstrip() for line in output.splitlines()]
    errors: Sequence[str] = [line for line in lines if line]
    start = next((number for number, line in enumerate(errors) if line.startswith("Error:")), 0)
    return " ".join(errors[start:])[:1500] or "it gave no reason"
