"""What starts, watches and ends the small real database servers behind the emulated RDS endpoints."""

import contextlib
import os
import pwd
import secrets
import shutil
import socket
import subprocess
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

PORTS = range(20_000, 32_768)


class ServerError(Exception):
    """A database server did not do what was asked; the message says which and why."""


class Server(Protocol):
    """One running database server. `directory` holds everything it writes.

    `upgrade` goes on as a server of another major version, and says whether that was done: it is not where
    RDS refuses it, and then nothing has changed.
    """

    directory: Path
    port: int

    def start(self) -> None: ...
    def set_password(self, user: str, password: str) -> None: ...
    def stop(self) -> None: ...
    def upgrade(self, major: str) -> bool: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Login:
    """What the new server must accept: the master user and the first database."""

    user: str
    password: str = field(repr=False)
    database: str
    require_tls: bool


def free_port() -> int:
    """A port of localhost that nothing listens on.

    It lies below those that Linux (from 32768) and macOS (from 49152) give to outgoing connections: a
    server that is prepared for seconds before it starts would lose one of those to a connection.
    """
    while True:
        with socket.socket() as probe, contextlib.suppress(OSError):
            port = secrets.choice(PORTS)
            probe.bind(("127.0.0.1", port))
            return port


def account(*names: str) -> Mapping[str, Any]:
    """Keyword arguments for `subprocess` that step down from root, which database servers refuse."""
    if os.geteuid() != 0:
        return {}
    for name in (*names, "nobody"):
        with contextlib.suppress(KeyError):
            entry = pwd.getpwnam(name)
            return {"user": entry.pw_uid, "group": entry.pw_gid, "extra_groups": []}
    raise ServerError(
        f"none of the users {', '.join(names)}, nobody exists; a database server cannot run as root"
    )


def own(path: Path, to: Mapping[str, Any]) -> None:
    """Give `path` to the account the server runs as."""
    if to:
        os.chown(path, int(to["user"]), int(to["group"]))


def run(what: str, command: list[str], identity: Mapping[str, Any], cwd: Path) -> str:
    """What a command prints; raises ServerError where it fails."""
    done = subprocess.run(command, cwd=cwd, capture_output=True, text=True, check=False, **identity)
    if done.returncode:
        raise ServerError(f"{what}: {command[0]} ended with {done.returncode}: {done.stderr.strip()[-600:]}")
    return str(done.stdout)


def wait_for(
    what: str, process: subprocess.Popen[bytes], ready: Callable[[], bool], seconds: float = 30
) -> None:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if process.poll() is not None:
            raise ServerError(f"{what} ended with {process.returncode} while starting; see its log")
        if ready():
            return
        time.sleep(0.1)
    raise ServerError(f"{what} did not accept connections within {seconds:.0f} s; see its log")


def end(process: subprocess.Popen[bytes] | None, signal: int, seconds: float = 10) -> None:
    if process is None or process.poll() is not None:
        return
    process.send_signal(signal)
    try:
        process.wait(seconds)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def find_program(name: str, *places: str) -> str | None:
    """The newest `name` on the PATH or in `places` (glob patterns)."""
    found = [path for place in places for path in Path("/").glob(f"{place.lstrip('/')}/{name}")]
    if found:
        return str(max(found))
    return shutil.which(name)
