"""Runs the steps of one job with bash, in order, and keeps what they print."""

import os
import shlex
import signal
import subprocess
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from sandbox.circleci.caches import Caches
from sandbox.circleci.config import Job, Step
from sandbox.circleci.expressions import ConfigError, unescape

NO_OUTPUT_TIMEOUT = 10 * 60
UNITS = {"s": 1, "m": 60, "h": 3600}


@dataclass(slots=True)
class StepRun:
    """How one step ran: what the job's page shows."""

    name: str
    log: Path
    status: str = "running"
    started: float = field(default_factory=time.time)
    ended: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """The commit that `checkout` brings."""

    clone_url: str
    branch: str
    commit: str


class StepFailed(Exception):
    """A step ended badly; its log says why."""


class JobRun:
    """One job in a separate directory, which is also its home."""

    def __init__(
        self, job: Job, *, directory: Path, source: Source, environment: Mapping[str, str], caches: Caches
    ) -> None:
        self.job = job
        self.steps: list[StepRun] = []
        self._directory = directory
        self._source = source
        self._caches = caches
        self._project = directory / "home" / "project"
        self._environment = {
            **environment,
            "HOME": str(directory / "home"),
            "BASH_ENV": str(directory / "bash_env"),
            "CIRCLE_WORKING_DIRECTORY": "~/project",
        }
        self._kinds = {
            "checkout": self._checkout,
            "run": self._run,
            "restore_cache": self._restore_cache,
            "save_cache": self._save_cache,
        }
        self._process: subprocess.Popen[bytes] | None = None
        self._cancelled = threading.Event()

    def run(self) -> bool:
        """Run the steps up to the first one that fails; whether the job succeeded."""
        self._project.mkdir(parents=True, exist_ok=True)
        (self._directory / "bash_env").touch()
        return all(not self._cancelled.is_set() and self._step(step) for step in self.job.steps)

    def cancel(self) -> None:
        self._cancelled.set()
        if process := self._process:
            end_group(process)

    def die(self) -> int:
        """End the job as a machine that dies does, without a word; how many processes ended."""
        self._cancelled.set()
        home = f"HOME={self._directory / 'home'}".encode()
        ended = 0
        # Terraform stands in a process group that is not its parent's, hence by what they all inherited.
        for entry in Path("/proc").glob("[0-9]*"):
            try:
                if home in (entry / "environ").read_bytes().split(b"\0"):
                    os.kill(int(entry.name), signal.SIGKILL)
                    ended += 1
            except (OSError, ValueError):
                continue  # it ended meanwhile, or is another user's
        return ended

    def _step(self, step: Step) -> bool:
        name = str(step.settings.get("name") or step.settings.get("command", step.kind)).splitlines()[0]
        record = StepRun(name, self._directory / f"step-{len(self.steps)}.log")
        self.steps.append(record)
        with record.log.open("wb", buffering=0) as log:
            try:
                self._kinds[step.kind](step.settings, log)
            except StepFailed as failure:
                log.write(f"{failure}\n".encode())
                record.status = "canceled" if self._cancelled.is_set() else "failed"
            else:
                record.status = "success"
        record.ended = time.time()
        return record.status == "success"

    def _checkout(self, _settings: Mapping[str, Any], log: Any) -> None:
        source = self._source
        script = (
            f"git clone --quiet {shlex.quote(source.clone_url)} .\n"
            f"git cat-file -e {source.commit} 2>/dev/null || git fetch --quiet origin {source.commit}\n"
            f"git checkout --quiet --force -B {shlex.quote(source.branch)} {source.commit}\n"
            "git log --oneline --max-count=1\n"
        )
        self._shell(script, log)

    def _run(self, settings: Mapping[str, Any], log: Any) -> None:
        command = unescape(str(settings["command"]))
        self._shell(command, log, seconds(settings.get("no_output_timeout", NO_OUTPUT_TIMEOUT)))

    def _restore_cache(self, settings: Mapping[str, Any], log: Any) -> None:
        self._say(log, lambda home: self._caches.restore(settings["keys"], self._project, home))

    def _save_cache(self, settings: Mapping[str, Any], log: Any) -> None:
        key, paths = str(settings["key"]), settings["paths"]
        self._say(log, lambda home: self._caches.save(key, paths, self._project, home))

    def _say(self, log: Any, act: Callable[[Path], str]) -> None:
        try:
            log.write(f"{act(self._directory / 'home')}\n".encode())
        except (ConfigError, OSError) as problem:
            raise StepFailed(str(problem)) from problem

    def _shell(self, script: str, log: Any, quiet_limit: float = NO_OUTPUT_TIMEOUT) -> None:
        file = self._directory / f"step-{len(self.steps) - 1}.sh"
        file.write_text(script)
        process = self._process = subprocess.Popen(
            ["/bin/bash", "-eo", "pipefail", str(file)],
            cwd=self._project,
            env=self._environment,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            process_group=0,
        )
        if self._cancelled.is_set():  # since the last look, before there was a process to end
            end_group(process)
        self._wait(process, Path(log.name), quiet_limit)
        if process.returncode:
            raise StepFailed(f"Exited with code {process.returncode}")

    def _wait(self, process: subprocess.Popen[bytes], log: Path, quiet_limit: float) -> None:
        size, since = -1, time.monotonic()
        while True:
            try:
                process.wait(1)
            except subprocess.TimeoutExpired:
                if log.stat().st_size != size:
                    size, since = log.stat().st_size, time.monotonic()
                elif time.monotonic() - since > quiet_limit:
                    end_group(process)
                    raise StepFailed(f"no output for {quiet_limit:.0f} s: the step was ended") from None
            else:
                return


def seconds(text: str | float) -> float:
    """CircleCI writes durations as `30s`, `10m` or `1.25h`."""
    if isinstance(text, str) and text[-1:] in UNITS:
        return float(text[:-1]) * UNITS[text[-1]]
    return float(text)


def end_group(process: subprocess.Popen[bytes]) -> None:
    """End a step and everything it started: Terraform gets the time to release its lock."""
    if process.poll() is not None:
        return
    os.killpg(process.pid, signal.SIGTERM)
    try:
        process.wait(10)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
