"""Every command: refused, without a network, piped, interrupted; and in the sandbox, well (tests/e2e).

The commands of one situation are processes side by side, as a shell would start them.
"""

import json
import os
import shlex
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
from rdsctl.program import COMMANDS

from tests.e2e.typed import TYPED
from tests.rdsctl.life import Life
from tests.rdsctl.matrix import KEY, ROWS
from tests.rdsctl.running import Run
from tests.rdsctl.server import Server

AWS_IS_NOT_THERE = {
    "AWS_ENDPOINT_URL": "http://127.0.0.1:9",
    "AWS_ACCESS_KEY_ID": "none",
    "AWS_SECRET_ACCESS_KEY": "none",
    "AWS_MAX_ATTEMPTS": "1",
}


@dataclass(frozen=True, slots=True)
class Ended:
    """How a process ended."""

    code: int
    out: str
    err: str


@pytest.fixture
def request_id(rdsctl: Run, life: Life) -> str:
    """dev/ledger is there, dev/shop is under way, dev/sparks failed; the id of the request of the first."""
    made = rdsctl("create", "dev/ledger", "--engine", "postgres", "--json").json["id"]
    life.created()
    arns = {
        user: f"arn:aws:secretsmanager:us-east-1:123456789012:secret:{user}-AbCdEf"
        for user in ("application", "read_only")
    }
    life.users("dev/ledger", **arns)
    rdsctl("create", "dev/sparks", "--engine", "postgres")
    for step in (life.opened, life.planned, life.merged, life.started, life.failed):
        step()
    rdsctl("create", "dev/shop", "--engine", "mysql")
    return str(made)


def words(name: str, text: str, **instead: str) -> list[str]:
    return [name, *(instead.get(word, word) for word in shlex.split(text))]


def started(
    arguments: list[str], tmp_path: Path, url: str, key: str = "key-alpha"
) -> "subprocess.Popen[str]":
    """A command as a process without a terminal."""
    home = tmp_path / f"home-{arguments[0]}"
    home.mkdir(exist_ok=True)
    return subprocess.Popen(
        [sys.executable, "-m", "rdsctl", *arguments],
        env={
            **os.environ,
            **AWS_IS_NOT_THERE,
            "RDSCTL_URL": url,
            "RDSCTL_API_KEY": key,
            "XDG_CONFIG_HOME": str(home),
        },
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def ended(processes: "Mapping[str, subprocess.Popen[str]]") -> dict[str, Ended]:
    """How each ended; only `login` is given a key."""
    found = {}
    for name, process in processes.items():
        out, err = process.communicate(KEY if name == "login" else "", timeout=120)
        found[name] = Ended(process.returncode, out, err)
    return found


@contextmanager
def silent() -> Iterator[tuple[str, threading.Semaphore]]:
    """A server that takes calls and answers none; the semaphore counts them."""
    listening = socket.create_server(("127.0.0.1", 0), backlog=64)
    called, held = threading.Semaphore(0), []

    def accept() -> None:
        while True:
            try:
                near, _ = listening.accept()
                near.recv(16)
            except OSError:
                return
            held.append(near)
            called.release()

    threading.Thread(target=accept, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{listening.getsockname()[1]}", called
    finally:
        listening.close()
        for near in held:
            near.close()


def test_every_command_has_its_row_here_and_in_the_sandbox() -> None:
    assert set(ROWS) == set(COMMANDS)
    assert set(TYPED) == set(COMMANDS)


def test_what_is_refused_ends_with_its_status_and_says_why(
    rdsctl: Run, request_id: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    wrong = {}
    for name, row in ROWS.items():
        monkeypatch.setenv("RDSCTL_API_KEY", row.key)
        ran = rdsctl(*words(name, row.refused))
        if ran.code != row.code or ran.out or not ran.err.startswith(("✗", "  !")) or len(ran.err) < 20:
            wrong[name] = ran
    assert wrong == {}


def test_without_a_network_each_says_so_and_nothing_more(tmp_path: Path, home: Path) -> None:
    url = "http://127.0.0.1:9"
    found = ended(
        {
            name: started(words(name, row.typed, URL=url, REQUEST="779a8818"), tmp_path, url)
            for name, row in ROWS.items()
        }
    )
    assert {name: ran.code for name, ran in found.items()} == {name: row.alone for name, row in ROWS.items()}
    assert {name: ran.err for name, ran in found.items() if "Traceback" in ran.err} == {}
    silent_ones = {
        name for name, ran in found.items() if ran.code == 1 and "does not answer" not in ran.err + ran.out
    }
    assert silent_ones == set()


def test_a_pipe_gets_data_alone_and_neither_colours_nor_redrawn_lines(
    tmp_path: Path, server: Server, request_id: str
) -> None:
    found = ended(
        {
            name: started(words(name, row.typed, URL=server.url, REQUEST=request_id), tmp_path, server.url)
            for name, row in ROWS.items()
        }
    )
    assert {name: (ran.code, ran.err) for name, ran in found.items() if ran.code != ROWS[name].ended} == {}
    assert {name for name, ran in found.items() if "\x1b" in ran.out + ran.err} == set()
    assert {name: ran.err for name, ran in found.items() if "Traceback" in ran.err} == {}
    assert json.loads(found["api"].out)["team"] == "alpha"
    assert found["open"].out == "https://github.example/acme/databases/pull/12\n"


def test_a_reader_that_leaves_early_is_no_fault(tmp_path: Path, server: Server, request_id: str) -> None:
    command = f"{sys.executable} -m rdsctl api GET /catalog | head -c 1; echo ${{PIPESTATUS[0]}}"
    ran = subprocess.run(
        ["bash", "-c", command],
        env={**os.environ, "RDSCTL_URL": server.url, "RDSCTL_API_KEY": "key-alpha"},
        capture_output=True,
        text=True,
        check=True,
    )
    assert ran.stdout in ("{0\n", "{141\n")
    assert ran.stderr == ""


def test_ctrl_c_ends_each_with_130_and_no_traceback(tmp_path: Path, home: Path) -> None:
    with silent() as (url, called):
        waiting = {
            name: started(words(name, row.typed, URL=url, REQUEST="779a8818"), tmp_path, url)
            for name, row in ROWS.items()
            if row.waits
        }
        login = waiting["login"].stdin
        assert login is not None
        login.write(KEY)
        login.flush()
        for _ in waiting:
            assert called.acquire(timeout=60)
        for process in waiting.values():
            process.send_signal(signal.SIGINT)
        found = ended({name: process for name, process in waiting.items() if name != "login"})
        out, err = waiting["login"].communicate(timeout=60)
        found["login"] = Ended(waiting["login"].returncode, out, err)
    assert {name: (ran.code, ran.err) for name, ran in found.items() if ran.code != 130} == {}
    assert {name: ran.err for name, ran in found.items() if "Traceback" in ran.err} == {}
