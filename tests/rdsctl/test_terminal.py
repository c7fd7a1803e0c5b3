"""What happens on a terminal: questions, typed names, lines that are drawn again, Ctrl-C."""

import os
import pty
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.rdsctl.life import Life
from tests.rdsctl.running import Run
from tests.rdsctl.server import Server


class Terminal:
    """The program in a terminal of 100 columns."""

    def __init__(self, environment: dict[str, str], *arguments: str) -> None:
        self._near, far = pty.openpty()
        os.set_blocking(self._near, False)
        self._process = subprocess.Popen(
            [sys.executable, "-m", "rdsctl", *arguments],
            env=environment,
            stdin=far,
            stdout=far,
            stderr=far,
            start_new_session=True,
        )
        os.close(far)
        self.shown = ""

    def until(self, text: str, seconds: float = 60) -> None:
        """Read until the text is shown."""
        deadline = time.monotonic() + seconds
        while text not in self.shown:
            assert time.monotonic() < deadline, f"{text!r} is not in {self.shown!r}"
            self._read()

    def type(self, text: str) -> None:
        """Type a line."""
        os.write(self._near, f"{text}\n".encode())

    def interrupt(self) -> None:
        """Press Ctrl-C."""
        os.killpg(self._process.pid, signal.SIGINT)

    def ended(self) -> int:
        """The exit status."""
        deadline = time.monotonic() + 60
        while self._process.poll() is None and time.monotonic() < deadline:
            self._read()
        self._read()
        os.close(self._near)
        return self._process.wait(5)

    def _read(self) -> None:
        try:
            self.shown += os.read(self._near, 65_536).decode(errors="replace")
        except BlockingIOError:
            time.sleep(0.05)
        except OSError:  # the other end is closed
            time.sleep(0.05)


@pytest.fixture
def environment(server: Server, home: Path) -> dict[str, str]:
    return {
        "PATH": os.environ["PATH"],
        "HOME": str(home),
        "TERM": "xterm",
        "COLUMNS": "100",
        "PYTHONUTF8": "1",
        "RDSCTL_URL": server.url,
        "RDSCTL_API_KEY": "key-alpha",
    }


def test_create_without_arguments_asks_with_prices_and_quota(environment: dict[str, str], life: Life) -> None:
    terminal = Terminal(environment, "create")
    terminal.until("Environment: ")
    assert "dev        0 of 10 databases, 0.00 of 500 USD a month" in terminal.shown
    terminal.type("devv")
    terminal.until("Did you mean dev?")
    terminal.type("dev")
    terminal.until("Name: ")
    terminal.type("orders")
    terminal.until("Engine: ")
    terminal.type("1")
    terminal.until("Size [small]: ")
    assert "medium     47.45 USD a month" in terminal.shown
    terminal.type("")
    assert terminal.ended() == 0
    request = life.newest()
    assert (str(request.place), request.root.engine, request.root.instance_class) == (
        "dev/orders",
        "postgres",
        "db.t4g.micro",
    )


def test_a_protected_database_goes_when_its_name_is_typed(
    environment: dict[str, str], life: Life, rdsctl: Run
) -> None:
    rdsctl("create", "prod/payments", "--engine", "postgres")
    life.created()
    terminal = Terminal(environment, "delete", "prod/payments", "--yes")
    terminal.until("Type prod/payments to ask for it: ")
    terminal.type("prod/payment")
    assert terminal.ended() == 1
    assert "That is another name; nothing was asked for." in terminal.shown
    assert life.newest().kind == "create"
    terminal = Terminal(environment, "delete", "prod/payments")
    terminal.until("to ask for it: ")
    terminal.type("prod/payments")
    terminal.until("Reason (the reviewer reads it): ")
    terminal.type("replaced")
    assert terminal.ended() == 0
    assert (life.newest().kind, life.newest().reason) == ("disarm", "replaced")


def test_a_resize_asks_for_the_reason_that_its_reviewer_reads(
    environment: dict[str, str], life: Life, rdsctl: Run
) -> None:
    rdsctl("create", "prod/payments", "--engine", "postgres")
    life.created()
    terminal = Terminal(environment, "resize", "prod/payments", "large")
    terminal.until("Reason (the reviewer reads it): ")
    terminal.type("nights are quiet")
    terminal.until("Ask for it? [y/N]: ")
    terminal.type("y")
    assert terminal.ended() == 0
    assert (life.newest().kind, life.newest().reason) == ("update", "nights are quiet")


def test_a_wait_draws_the_running_step_again_and_ctrl_c_leaves_the_request_alone(
    environment: dict[str, str], life: Life
) -> None:
    terminal = Terminal(environment, "create", "dev/orders", "--engine", "postgres", "--wait")
    terminal.until("pull request    0:01")
    assert re.search(
        r"dev/orders   postgres 17, small \(db\.t4g\.micro\), 20 GB, ends .* 13\.98 USD", terminal.shown
    )
    assert "Ctrl-C stops watching, not the request" in terminal.shown
    assert "\x1b[2A\x1b[J" in terminal.shown
    terminal.interrupt()
    assert terminal.ended() == 130
    short = life.newest().id[:8]
    assert "Stopped watching; it goes on (pull request)." in terminal.shown
    assert f"rdsctl wait {short}      rdsctl cancel {short}" in terminal.shown
    assert not life.newest().progress.cancelling


def test_no_input_asks_nothing_on_a_terminal_either(
    environment: dict[str, str], life: Life, rdsctl: Run
) -> None:
    rdsctl("create", "dev/orders", "--engine", "postgres")
    life.created()
    terminal = Terminal(environment, "delete", "dev/orders", "--no-input")
    assert terminal.ended() == 2
    assert "add --yes" in terminal.shown
