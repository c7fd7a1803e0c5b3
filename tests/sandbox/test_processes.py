"""The sandbox ends what it started, commands under way included, and nothing that another one started."""

import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from sandbox.processes import MARK, Processes, ProcessFailed, end_session

SLEEP = [sys.executable, "-c", "import time; print('begun', flush=True); time.sleep(60)"]


def wait_until(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 10
    while not condition():
        assert time.monotonic() < deadline, "it took too long"
        time.sleep(0.02)


def test_a_part_that_ended_is_reported_with_its_log(tmp_path: Path) -> None:
    processes = Processes(tmp_path)
    processes.start("aws", [sys.executable, "-c", "raise SystemExit(7)"], os.environ)

    def failed() -> bool:
        try:
            processes.check()
        except ProcessFailed as failure:
            return str(failure) == f"aws ended with 7; see {tmp_path / 'aws.log'}"
        return False

    wait_until(failed)


def test_a_command_that_still_runs_is_ended_too(tmp_path: Path) -> None:
    processes = Processes(tmp_path)
    failures: list[str] = []
    directory = tmp_path / "work"
    directory.mkdir()

    def build() -> None:
        try:
            touch = "import pathlib, time; pathlib.Path('begun').touch(); time.sleep(60)"
            processes.run("sam", [sys.executable, "-c", touch], os.environ, directory)
        except ProcessFailed as failure:
            failures.append(str(failure))

    thread = threading.Thread(target=build)
    thread.start()
    wait_until((directory / "begun").exists)
    processes.stop()
    thread.join(10)

    assert not thread.is_alive()
    assert "ended with -15" in failures[0]


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
def test_only_a_session_that_carries_the_sandboxs_mark_is_ended() -> None:
    environment = {**os.environ, MARK: "/somewhere/.sandbox"}
    with subprocess.Popen(
        SLEEP, env=environment, start_new_session=True, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        process.stdout.readline()
        end_session(process.pid, "/somewhere/.sandbox/demo")
        assert process.poll() is None
        end_session(process.pid, "/somewhere/.sandbox")
        assert process.wait(10) == -9
