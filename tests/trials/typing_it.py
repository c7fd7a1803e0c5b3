"""Types commands of rdsctl as a shell on the sandbox's machine does, each a process without a terminal."""

import os
import shlex
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

from sandbox.doctor import environment
from sandbox.state_directory import StateDirectory
from tests.rdsctl.matrix import ROWS, Row
from tests.trials.between import Between

PATIENCE = 900
AT_ONCE = 6
# What the rows of the stand-in call these.
NAMES = {"dev/shop": "staging/shop", "dev/sparks": "staging/again"}
ROOT = "rdsctl"


@dataclass(frozen=True, slots=True)
class Ended:
    """How a command ended, and what it wrote."""

    code: int
    out: str
    err: str


@dataclass(frozen=True)
class Typist:
    """Someone with a shell on which `. .sandbox/env` ran; `home` keeps what rdsctl keeps."""

    directory: StateDirectory
    home: Path
    words: dict[str, str] = field(default_factory=dict)  # what stands for a word of a table

    @property
    def url(self) -> str:
        return str(self.directory.read()["api_url"])

    def start(
        self, *typing: str, key: str = "", url: str = "", home: str = "home"
    ) -> "subprocess.Popen[str]":
        """Begin a command; `key` and `url` are its own where they are given."""
        kept = str(self.home / home)
        own = {"XDG_CONFIG_HOME": kept, "XDG_CACHE_HOME": kept}
        own |= {"RDSCTL_API_KEY": key} if key else {}
        own |= {"RDSCTL_URL": url} if url else {}
        return subprocess.Popen(
            [sys.executable, "-m", ROOT, *typing],
            env=environment(self.directory) | own,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )

    def run(self, *typing: str, stdin: str = "", key: str = "", url: str = "", home: str = "home") -> Ended:
        """One command from beginning to end."""
        return self.finish(self.start(*typing, key=key, url=url, home=home), stdin)

    def finish(self, process: "subprocess.Popen[str]", stdin: str = "") -> Ended:
        out, err = process.communicate(stdin, timeout=PATIENCE)
        return Ended(process.returncode, out, err)

    def interrupt(self, process: "subprocess.Popen[str]") -> Ended:
        """Ctrl-C, which reaches the program and its children alike."""
        os.killpg(process.pid, signal.SIGINT)
        out, err = process.communicate(timeout=60)
        return Ended(process.returncode, out, err)

    def typing(self, name: str, text: str) -> list[str]:
        """A command's words, with what stands for some of them."""
        return [name, *(self.words.get(word, word) for word in shlex.split(text))]

    def of_row(self, name: str, text: str, **instead: str) -> list[str]:
        """The words of a row of the stand-in, with what they are called here."""
        known = NAMES | self.words | instead
        return [name, *(known.get(word, word) for word in shlex.split(text))]

    def operator(self) -> str:
        return str(self.directory.read()["operator_api_key"])

    def keyed(self, name: str) -> dict[str, str]:
        """The key that only this command needs."""
        return {"key": self.operator()} if name == "admin" else {}

    def stdin(self, name: str) -> str:
        return f"{self.directory.read()['api_key']}\n" if name == "login" else ""


def column(one: Callable[[str, Row], Ended], rows: Mapping[str, Row] = ROWS) -> dict[str, Ended]:
    """One situation for each row, a few side by side."""
    with ThreadPoolExecutor(AT_ONCE) as pool:
        return dict(zip(rows, pool.map(lambda item: one(*item), rows.items()), strict=True))


def refused(typist: Typist) -> dict[str, Ended]:
    def one(name: str, row: Row) -> Ended:
        key = "" if row.key == "key-alpha" else row.key
        return typist.run(*typist.of_row(name, row.refused), key=key, home=f"refused-{name}")

    return column(one)


def gone(typist: Typist) -> dict[str, Ended]:
    """Nothing listens where the API was."""
    with Between(typist.url) as between:
        url = between.url

    def one(name: str, row: Row) -> Ended:
        typing = typist.of_row(name, row.typed, URL=url, REQUEST="779a8818")
        return typist.run(*typing, url=url, stdin=typist.stdin(name), home=f"gone-{name}")

    return column(one)


def piped(typist: Typist) -> dict[str, Ended]:
    def one(name: str, row: Row) -> Ended:
        typing = typist.of_row(name, row.typed)
        return typist.run(*typing, **typist.keyed(name), stdin=typist.stdin(name), home=f"piped-{name}")

    return column(one)


def interrupted(typist: Typist) -> dict[str, Ended]:
    """Ctrl-C once the API has answered a call, and before the answer is there."""

    def one(name: str, row: Row) -> Ended:
        with Between(typist.url, holds=True) as between:
            typing = typist.of_row(name, row.typed, URL=between.url)
            process = typist.start(*typing, **typist.keyed(name), url=between.url, home=f"interrupted-{name}")
            if text := typist.stdin(name):
                assert process.stdin is not None
                process.stdin.write(text)
                process.stdin.flush()
            assert between.answered.acquire(timeout=120), name
            return typist.interrupt(process)

    return column(one, {name: row for name, row in ROWS.items() if row.waits})


def read_until(process: "subprocess.Popen[str]", wanted: Sequence[str]) -> str:
    """What a command says on stderr, up to the line that has one of these words."""
    assert process.stderr is not None
    said = b""
    while data := os.read(process.stderr.fileno(), 1):  # and no more, so that the rest is communicate's
        said += data
        if data == b"\n" and any(word in said.decode().splitlines()[-1] for word in wanted):
            return said.decode()
    raise AssertionError(f"it ended before it said {' or '.join(wanted)}: {said.decode()}")


def running_child(process: "subprocess.Popen[str]", program: str, seconds: float = 60) -> None:
    """Wait until a command has become a program, or started it."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        for entry in Path("/proc").glob("[0-9]*"):
            try:
                arguments = (entry / "cmdline").read_text().split("\0")
                session = int((entry / "stat").read_text().rpartition(")")[2].split()[3])
            except (OSError, ValueError):
                continue
            if session == process.pid and program in Path(arguments[0]).name:
                return
        time.sleep(0.05)
    raise AssertionError(f"no {program} was started")
