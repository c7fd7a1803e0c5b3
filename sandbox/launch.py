"""Starts a sandbox's supervisor in the background, and stops it with all that it started."""

import contextlib
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

from sandbox.printer import Printer
from sandbox.processes import MARK, end_session
from sandbox.state_directory import PROJECT, StateDirectory

STARTING = 5 * 60


def launch(directory: StateDirectory, printer: Printer, *, with_parent: bool) -> None:
    """Start the supervisor in a separate session and print its progress until it is ready.

    There it receives no Ctrl-C of this terminal: whoever started it stops it, in order.
    """
    stop(directory)
    directory.path.mkdir(parents=True, exist_ok=True)
    directory.empty()
    directory.logs.mkdir(parents=True, exist_ok=True)
    command = [sys.executable, "-m", "sandbox", "supervise", "--directory", str(directory.path)]
    with (directory.logs / "sandbox.log").open("wb") as log:
        process = subprocess.Popen(
            command + (["--with-parent"] if with_parent else []),
            env={**os.environ, MARK: str(directory.path)},
            cwd=PROJECT,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            start_new_session=True,
        )
    directory.write({"process": process.pid})
    printed = 0
    deadline = time.monotonic() + STARTING
    while True:
        ready = bool(directory.read().get("ready"))
        lines = directory.progress.read_text().splitlines() if directory.progress.exists() else []
        for line in lines[printed:]:
            printer.line(line)
        printed = len(lines)
        if ready:
            return
        if process.poll() is not None:
            why = directory.read().get("ended") or f"see {shown(directory.logs / 'sandbox.log')}"
            raise SystemExit(f"the sandbox did not start: {why}")
        if time.monotonic() > deadline:
            raise SystemExit(f"the sandbox did not start within {STARTING} s; see {shown(directory.logs)}")
        time.sleep(0.1)


def stop(directory: StateDirectory, seconds: float = 30) -> bool:
    """Stop the sandbox of a directory and all that it started; whether one ran."""
    state = directory.read()
    ran = directory.running
    if process := state.get("process"):
        if ran:
            with contextlib.suppress(ProcessLookupError):
                os.kill(process, signal.SIGTERM)
            deadline = time.monotonic() + seconds
            while directory.running and time.monotonic() < deadline:
                time.sleep(0.1)
        end_session(process, str(directory.path))
    for name in state.get("temporary", []):
        shutil.rmtree(name, ignore_errors=True)
    with contextlib.suppress(FileNotFoundError):
        directory.environment.unlink()
    return ran


def shown(path: Path) -> str:
    """A path as someone would type it here."""
    return os.path.relpath(path)
