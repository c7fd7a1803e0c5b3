"""Runs the steps of one job with bash, in order, and keeps what they print."""

import os
import shlex
import shutil
import signal
import subprocess
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from sandbox.circleci.config import Job, Step
from sandbox.circleci.expressions import unescape

NO_OUTPUT_TIMEOUT = 10 * 60
UNITS = {"s": 1, "m": 60, "h": 3600}
# `circleci-agent step halt` ends a job early and well.
AGENT = """#!/bin/bash
if [ "$1 $2" = "step halt" ]; then touch "$CIRCLE_INTERNAL_HALT"; exit 0; fi
echo "this stand-in for CircleCI does not know: $(basename "$0") $*" >&2
exit 64
"""


@dataclass(slots=True)
class StepRun:
    """One step as it went: what the job's page shows."""

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
    """One job in a directory of its own, which is also its home."""

    def __init__(
        self, job: Job, *, directory: Path, workspace: Path, source: Source, environment: Mapping[str, str]
    ) -> None:
        self.job = job
        self.steps: list[StepRun] = []
        self._directory = directory
        self._workspace = workspace
        self._source = source
        self._home = directory / "home"
        self._project = self._expand(job.working_directory)
        self._halt = directory / "halt"
        self._environment = {
            **environment,
            **job.environment,
            "HOME": str(self._home),
            "BASH_ENV": str(directory / "bash_env"),
            "CIRCLE_INTERNAL_HALT": str(self._halt),
            "CIRCLE_WORKING_DIRECTORY": job.working_directory,
            "PATH": f"{directory / 'bin'}{os.pathsep}{environment.get('PATH', os.defpath)}",
        }
        self._kinds = {
            "checkout": self._checkout,
            "run": self._run,
            "persist_to_workspace": self._persist_to_workspace,
            "attach_workspace": self._attach_workspace,
            "store_artifacts": self._store_artifacts,
            "store_test_results": self._store_test_results,
            "save_cache": self._cache,
            "restore_cache": self._cache,
        }
        self._running: list[subprocess.Popen[bytes]] = []
        self._cancelled = threading.Event()

    def run(self) -> bool:
        """Run every step whose `when` allows it; whether the job succeeded."""
        self._prepare()
        succeeded = True
        try:
            for step in self.job.steps:
                wanted = step.settings.get("when", "on_success") if step.kind == "run" else "on_success"
                if self._cancelled.is_set() or self._halt.exists():
                    break
                if wanted == "always" or (wanted == "on_success") == succeeded:
                    succeeded = self._step(step) and succeeded
        finally:
            self.kill()
        return succeeded and not self._cancelled.is_set()

    def cancel(self) -> None:
        self._cancelled.set()
        self.kill()

    def kill(self) -> None:
        """End what is still running: background steps, and everything when the job is cancelled."""
        for process in list(self._running):
            end_group(process)

    def _prepare(self) -> None:
        self._project.mkdir(parents=True, exist_ok=True)
        (self._directory / "bash_env").touch()
        programs = self._directory / "bin"
        programs.mkdir(exist_ok=True)
        for name in ("circleci-agent", "circleci"):
            (programs / name).write_text(AGENT)
            (programs / name).chmod(0o755)

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

    def _checkout(self, settings: Mapping[str, Any], log: Any) -> None:
        target = self._expand(str(settings.get("path", self.job.working_directory)))
        source = self._source
        script = (
            f"git clone --quiet {shlex.quote(source.clone_url)} .\n"
            f"git cat-file -e {source.commit} 2>/dev/null || git fetch --quiet origin {source.commit}\n"
            f"git checkout --quiet --force -B {shlex.quote(source.branch)} {source.commit}\n"
            "git log --oneline --max-count=1\n"
        )
        target.mkdir(parents=True, exist_ok=True)
        self._shell(script, log, directory=target)

    def _run(self, settings: Mapping[str, Any], log: Any) -> None:
        extra = {name: str(value) for name, value in settings.get("environment", {}).items()}
        self._shell(
            unescape(str(settings["command"])),
            log,
            directory=self._expand(str(settings.get("working_directory", self.job.working_directory))),
            shell=str(settings.get("shell", self.job.shell)),
            environment=extra,
            quiet_limit=seconds(settings.get("no_output_timeout", NO_OUTPUT_TIMEOUT)),
            background=bool(settings.get("background", False)),
        )

    def _persist_to_workspace(self, settings: Mapping[str, Any], log: Any) -> None:
        root = self._expand(str(settings["root"]))
        for pattern in settings["paths"]:
            for path in [root] if pattern == "." else sorted(root.glob(str(pattern))):
                target = self._workspace / path.relative_to(root)
                copy(path, target)
                log.write(f"kept {path.relative_to(root)}\n".encode())

    def _attach_workspace(self, settings: Mapping[str, Any], _log: Any) -> None:
        if self._workspace.exists():
            copy(self._workspace, self._expand(str(settings["at"])))

    def _store_artifacts(self, settings: Mapping[str, Any], _log: Any) -> None:
        path = self._expand(str(settings["path"]))
        if path.exists():
            copy(path, self._directory / "artifacts" / str(settings.get("destination", path.name)))

    def _store_test_results(self, settings: Mapping[str, Any], log: Any) -> None:
        self._store_artifacts({"path": settings["path"], "destination": "test-results"}, log)

    def _cache(self, _settings: Mapping[str, Any], log: Any) -> None:
        log.write(b"caches are not kept here\n")

    def _shell(
        self,
        script: str,
        log: Any,
        *,
        directory: Path,
        shell: str = "/bin/bash -eo pipefail",
        environment: Mapping[str, str] | None = None,
        quiet_limit: float = NO_OUTPUT_TIMEOUT,
        background: bool = False,
    ) -> None:
        file = self._directory / f"step-{len(self.steps) - 1}.sh"
        file.write_text(script)
        process = subprocess.Popen(
            [*shlex.split(shell), str(file)],
            cwd=directory,
            env={**self._environment, **(environment or {})},
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            process_group=0,
        )
        self._running.append(process)
        if background:
            return
        try:
            self._wait(process, Path(log.name), quiet_limit)
        finally:
            self._running.remove(process)
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

    def _expand(self, path: str) -> Path:
        if path == "~" or path.startswith("~/"):
            return self._home / path[2:]
        return (self._home / "project" / path).resolve() if not path.startswith("/") else Path(path)


def seconds(text: str | float) -> float:
    """CircleCI writes durations as `30s`, `10m` or `1.25h`."""
    if isinstance(text, str) and text[-1:] in UNITS:
        return float(text[:-1]) * UNITS[text[-1]]
    return float(text)


def copy(source: Path, target: Path) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    if source.is_dir():
        shutil.copytree(source, target, dirs_exist_ok=True, symlinks=True)
    else:
        shutil.copy2(source, target)


def end_group(process: subprocess.Popen[bytes]) -> None:
    """End a step and everything it started: Terraform gets the time to let go of its lock."""
    if process.poll() is not None:
        return
    os.killpg(process.pid, signal.SIGTERM)
    try:
        process.wait(10)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
