"""Lets the doctor look at a running sandbox, as an operator does after a deployment."""

import os
import shlex
import subprocess
import sys
import time

from sandbox.state_directory import PROJECT, StateDirectory

PATIENCE = 180


def look(directory: StateDirectory) -> int:
    """Print its lines; its exit status, which is 0 where nothing is wrong."""
    deadline = time.monotonic() + PATIENCE
    while directory.ready and not directory.read().get("foundation_applied"):
        if time.monotonic() > deadline:
            print(f"the foundation was not applied within {PATIENCE} s; see {directory.logs}")
            return 1
        time.sleep(0.2)
    command = [sys.executable, "-m", "ops.doctor", "--foundation", str(directory.path / "foundation")]
    done = subprocess.run(command, cwd=PROJECT, env=environment(directory), check=False)
    return done.returncode


def environment(directory: StateDirectory) -> dict[str, str]:
    """This process's environment with what `. .sandbox/env` adds."""
    lines = shlex.split(directory.environment.read_text(), comments=True)
    added = dict(line.split("=", 1) for line in lines if line != "export")
    return {**{name: value for name, value in os.environ.items() if not name.startswith("AWS_")}, **added}
