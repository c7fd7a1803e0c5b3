"""Keeps one real database server per emulated RDS instance or cluster, and copies of their data."""

import logging
import shutil
import subprocess
import threading
from collections.abc import Callable, Mapping
from pathlib import Path

from sandbox.aws import mariadb, postgres
from sandbox.aws.servers import Login, Server
from sandbox.aws.sleeping import Sleeper

log = logging.getLogger("sandbox.fleet")

Engines = Mapping[str, tuple[Callable[[], bool], Callable[[Path, Login], Server]]]
# MariaDB plays MySQL: Debian has no MySQL package.
ENGINES: Engines = {
    "postgres": (postgres.installed, postgres.Postgres),
    "mysql": (mariadb.installed, mariadb.MariaDB),
    "mariadb": (mariadb.installed, mariadb.MariaDB),
    "aurora-postgresql": (postgres.installed, lambda place, login: Sleeper(postgres.Postgres(place, login))),
    "aurora-mysql": (mariadb.installed, lambda place, login: Sleeper(mariadb.MariaDB(place, login))),
}


def missing_engines() -> list[str]:
    """The engines for which no server is installed: their endpoints answer nothing."""
    return [engine for engine in ("postgres", "mysql") if not ENGINES[engine][0]()]


class Fleet:
    """The servers by RDS resource id, which unlike an identifier is never used twice."""

    def __init__(self, directory: Path, engines: Engines = ENGINES) -> None:
        self._directory = directory
        self._engines = engines
        self._servers: dict[str, Server] = {}
        self._lock = threading.RLock()

    def add(self, resource_id: str, engine: str, login: Login, data_of: Path | None = None) -> Server | None:
        """A server that is not started yet, or None when nothing on this machine plays `engine`.

        `data_of` is a snapshot's directory: the new server begins with a copy of its data.
        """
        installed, make = self._engines.get(engine, (lambda: False, None))
        if make is None or not installed():
            log.warning("no %s server is installed; the endpoint of %s answers nothing", engine, resource_id)
            return None
        directory = self._directory / resource_id
        if data_of is not None and data_of.exists():
            copy(data_of, directory)
        with self._lock:
            server = self._servers[resource_id] = make(directory, login)
        return server

    def get(self, resource_id: str) -> Server | None:
        return self._servers.get(resource_id)

    def snapshot(self, resource_id: str, snapshot_id: str) -> None:
        """Copy the instance's data. It pauses meanwhile, as a single-AZ instance on RDS may."""
        server = self.get(resource_id)
        if server is None or not server.directory.exists():
            return
        with self._lock:
            server.stop()
            copy(server.directory, self.snapshot_directory(snapshot_id))
            server.start()

    def snapshot_directory(self, snapshot_id: str) -> Path:
        return self._directory / "snapshots" / snapshot_id

    def remove(self, resource_id: str, final_snapshot_id: str | None) -> None:
        with self._lock:
            server = self._servers.pop(resource_id, None)
        if server is None:
            return
        server.stop()
        if final_snapshot_id and server.directory.exists():
            target = self.snapshot_directory(final_snapshot_id)
            target.parent.mkdir(parents=True, exist_ok=True)
            server.directory.rename(target)
        else:
            shutil.rmtree(server.directory, ignore_errors=True)

    def forget_snapshot(self, snapshot_id: str) -> None:
        shutil.rmtree(self.snapshot_directory(snapshot_id), ignore_errors=True)

    def stop(self) -> None:
        with self._lock:
            servers, self._servers = list(self._servers.values()), {}
        for server in servers:
            server.stop()


def copy(source: Path, target: Path) -> None:
    """Copy a data directory with its owner, which `shutil` does not keep."""
    target.parent.mkdir(parents=True, exist_ok=True)
    subprocess.run(["cp", "-a", str(source), str(target)], check=True)
