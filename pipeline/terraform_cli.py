"""Terraform itself, run in one root: the only place that starts it."""

import json
import os
import re
import signal
import subprocess
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from pipeline.advice import advice
from pipeline.bad_setting import BadSetting
from pipeline.interruption import Interruption
from pipeline.output import say
from pipeline.redaction import redact

PROGRAMS: Final = ("terraform", "tofu")


@dataclass(frozen=True, slots=True)
class Limits:
    """How long a command may run, and then how long it may take to end in good order, in seconds.

    The provider waits up to 80 minutes for one change.
    """

    plan: float = 10 * 60
    apply: float = 100 * 60
    grace: float = 120


class TerraformError(Exception):
    """A Terraform command that failed; `output` is what it said, `cause` what it comes down to.

    `fix` says what to do about it; empty where only Terraform's own words help.
    """

    def __init__(self, command: str, output: str) -> None:
        self.command = command
        self.output = output
        self.cause = _cause(output)
        self.fix = advice(output)
        super().__init__(f"terraform {command}: {self.cause}")


@dataclass(slots=True)
class Terraform:
    """Terraform in one root directory, with the backend's settings."""

    directory: Path
    backend: Mapping[str, str]
    interruption: Interruption = field(default_factory=Interruption)
    limits: Limits = field(default_factory=Limits)
    configuration: Path | None = None  # the CLI's, where it is not the environment's
    program: str = "terraform"

    def init(self) -> None:
        """Fetch what the committed lock file allows, and nothing else."""
        settings = [f"-backend-config={name}={value}" for name, value in self.backend.items()]
        self._run("init", "-reconfigure", "-lockfile=readonly", *settings)

    def plan(self, plan_file: str, *, lock: bool) -> tuple[str, dict[str, Any]]:
        """Plan into a file; (text for people, the plan as JSON)."""
        locking = ["-lock-timeout=60s"] if lock else ["-lock=false"]
        said = self._run("plan", f"-out={plan_file}", *locking)
        content: dict[str, Any] = json.loads(self._run("show", "-json", plan_file))
        return plan_text(said), content

    def apply(self, plan_file: str) -> None:
        """Apply exactly the plan in the file, and say so line by line."""
        self._run("apply", "-lock-timeout=60s", plan_file, show=True)

    def adopt(self, address: str, identifier: str) -> None:
        """Take a resource that is there into the state."""
        self._run("import", "-lock-timeout=60s", address, identifier)

    def forget(self, address: str) -> bool:
        """Take a resource out of the state, and leave it as it is; whether there is a state that had it."""
        try:
            self._run("state rm", "-lock-timeout=60s", address)
        except TerraformError as error:
            # An apply that was killed may have left no state at all.
            if not any(
                none in error.output for none in ("No matching objects found", "No state file was found")
            ):
                raise
            return False
        return True

    def untaint(self, address: str) -> bool:
        """Take back Terraform's wish to replace a resource; whether there was one."""
        try:
            self._run("untaint", "-lock-timeout=60s", address)
        except TerraformError:
            return False
        return True

    def outputs(self) -> dict[str, Any]:
        """The root's outputs."""
        content = json.loads(self._run("output", "-json"))
        return {name: one["value"] for name, one in content.items()}

    def _run(self, command: str, *arguments: str, show: bool = False) -> str:
        if self.interruption.requested:
            raise TerraformError(command, "Error: not begun, because the job was ended from outside")
        flags = ["-input=false"] if command in ("init", "plan", "apply", "import") else []
        configured = {"TF_CLI_CONFIG_FILE": str(self.configuration)} if self.configuration else {}
        process = subprocess.Popen(
            [self.program, f"-chdir={self.directory}", *command.split(), *flags, "-no-color", *arguments],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT if show else subprocess.PIPE,
            text=True,
            encoding="utf-8",
            errors="replace",
            env={**os.environ, "TF_IN_AUTOMATION": "1", **configured},
            # A separate process group: a signal to the job's group does not reach Terraform twice.
            process_group=0,
        )
        seconds = self.limits.apply if command == "apply" else self.limits.plan
        watch = Watch(process, seconds, self.limits.grace)
        with self.interruption.covers(process), watch:
            out, err = _read(process, _print if show else None)
        if process.returncode:
            raise TerraformError(command, watch.reason() + redact(err.strip() or out.strip(), os.environ))
        return redact(out, os.environ)


class Watch:
    """Ends a process that runs too long: first kindly, then with everything that it started."""

    def __init__(self, process: "subprocess.Popen[str]", seconds: float, grace: float) -> None:
        self._process = process
        self._minutes = seconds / 60
        self._passed = False
        self._timers = [
            threading.Timer(seconds, self._interrupt),
            threading.Timer(seconds + grace, self._kill),
        ]

    def __enter__(self) -> None:
        for timer in self._timers:
            timer.daemon = True
            timer.start()

    def __exit__(self, *_: object) -> None:
        for timer in self._timers:
            timer.cancel()

    def reason(self) -> str:
        """Why the process ended, where it was for the time."""
        return f"Error: ended after {self._minutes:.0f} minutes, its time limit.\n" if self._passed else ""

    def _interrupt(self) -> None:
        self._passed = True
        self._process.send_signal(signal.SIGINT)

    def _kill(self) -> None:
        os.killpg(self._process.pid, signal.SIGKILL)


_PROGRESS: Final = re.compile(
    r": (Refreshing state\.\.\.|Reading\.\.\.|Still reading\.\.\.|Read complete after) ?.*$"
)


def plan_text(said: str) -> str:
    """The plan alone, out of what `terraform plan` said: no progress before it, no advice after it.

    `terraform show` would print the same, for the price of starting the provider once more.
    """
    lines = [line for line in said.splitlines() if not _PROGRESS.search(line)]
    rules = [number for number, line in enumerate(lines) if line.startswith("─────")]
    if rules and any("Saved the plan to:" in line for line in lines[rules[-1] :]):
        lines = lines[: rules[-1]]
    return "\n".join(lines).strip() + "\n"


def program(environment: Mapping[str, str]) -> str:
    """TERRAFORM_CLI of the environment: `terraform`, or `tofu`; raises BadSetting."""
    given = environment.get("TERRAFORM_CLI") or PROGRAMS[0]
    if given not in PROGRAMS:
        raise BadSetting(f"TERRAFORM_CLI is {given!r}: set {' or '.join(PROGRAMS)}, or leave it out")
    return given


def backend_settings(environment: Mapping[str, str]) -> dict[str, str]:
    """The S3 backend's settings; with another endpoint, S3 is not AWS's and gets no AWS checks."""
    settings = {"bucket": environment["TF_STATE_BUCKET"], "region": environment["AWS_REGION"]}
    if environment.get("AWS_ENDPOINT_URL"):
        checks = (
            "credentials_validation",
            "metadata_api_check",
            "requesting_account_id",
            "region_validation",
        )
        settings |= {"use_path_style": "true"} | {f"skip_{name}": "true" for name in checks}
    return settings


def _read(process: "subprocess.Popen[str]", show: Callable[[str], None] | None) -> tuple[str, str]:
    """Everything that a process says, until it ends; `show` gets each line as it comes."""
    if show is None:
        return process.communicate()
    lines = []
    assert process.stdout is not None  # noqa: S101 - it was asked for
    with process.stdout:
        for line in process.stdout:
            lines.append(line)
            show(redact(line, os.environ))
    process.wait()
    return "".join(lines), ""


def _print(line: str) -> None:
    say(line.rstrip("\n"))


def _cause(output: str) -> str:
    """Terraform's own error lines, without the frame that it draws around them."""
    lines = [line.strip("│╷╵ ").rstrip() for line in output.splitlines()]
    errors = [line for line in lines if line]
    start = next((number for number, line in enumerate(errors) if line.startswith("Error:")), 0)
    return " ".join(errors[start:])[:1500] or "it gave no reason"
