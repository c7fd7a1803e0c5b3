"""MariaDB from this machine, playing an RDS for MySQL instance."""

import secrets
import signal
import subprocess
from pathlib import Path

import pymysql
from pymysql.connections import Connection
from pymysql.converters import escape_string
from pymysql.cursors import Cursor

from sandbox.aws.certificates import write_certificate
from sandbox.aws.servers import (
    Login,
    ServerError,
    account,
    end,
    find_program,
    free_port,
    own,
    run,
    wait_for,
)

PLACES = ("/usr/sbin", "/usr/bin", "/opt/homebrew/bin")
ADMIN = "rdsadmin"


def installed() -> bool:
    return find_program("mariadbd", *PLACES) is not None


class MariaDB:
    """One MariaDB server in `directory`, listening on a free port of localhost."""

    def __init__(self, directory: Path, login: Login) -> None:
        self.directory = directory
        self.port = free_port()
        self._login = login
        self._identity = account("mysql")
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start the server; the first time also make the master user and the database."""
        first_statements = [] if (self.directory / "data").exists() else self._create()
        command = [
            self._program("mariadbd"),
            "--no-defaults",
            f"--datadir={self.directory / 'data'}",
            f"--socket={self._socket}",
            f"--pid-file={self.directory / 'pid'}",
            f"--tmpdir={self.directory}",
            f"--port={self.port}",
            "--bind-address=127.0.0.1",
            f"--ssl-cert={self.directory / 'server.crt'}",
            f"--ssl-key={self.directory / 'server.key'}",
            f"--require-secure-transport={'ON' if self._login.require_tls else 'OFF'}",
            "--innodb-buffer-pool-size=8M",
            "--innodb-flush-log-at-trx-commit=0",
            "--key-buffer-size=1M",
            "--max-connections=40",
            "--skip-name-resolve",
            *first_statements,
        ]
        with (self.directory / "log").open("ab") as log:
            self._process = subprocess.Popen(
                command, cwd=self.directory, stdout=log, stderr=log, **self._identity
            )
        wait_for(f"MariaDB on port {self.port}", self._process, self._accepts)
        (self.directory / "init.sql").unlink(missing_ok=True)

    def set_password(self, user: str, password: str) -> None:
        with self._admin() as connection, connection.cursor() as cursor:
            cursor.execute("ALTER USER %s@'%%' IDENTIFIED BY %s", (user, password))

    def stop(self) -> None:
        end(self._process, signal.SIGTERM)

    def upgrade(self, major: str) -> bool:
        raise ServerError(f"RDS has no way from MySQL's version to {major}")

    @property
    def _socket(self) -> Path:
        return self.directory / "socket"

    @property
    def _admin_password(self) -> Path:
        return self.directory / "admin"

    def _create(self) -> list[str]:
        self.directory.mkdir(parents=True, exist_ok=True)
        self.directory.chmod(0o700)
        own(self.directory, self._identity)
        write_certificate(self.directory, self._identity)
        command = [self._program("mariadb-install-db"), "--no-defaults", "--skip-test-db"]
        command += [f"--datadir={self.directory / 'data'}", f"--tmpdir={self.directory}"]
        command += ["--auth-root-authentication-method=normal"]
        run("creating a MariaDB data directory", command, self._identity, self.directory)
        return [f"--init-file={self._write_first_statements()}"]

    def _write_first_statements(self) -> Path:
        password = secrets.token_urlsafe(24)
        self._admin_password.write_text(password)
        self._admin_password.chmod(0o600)
        user, database = escape_string(self._login.user), self._login.database.replace("`", "``")
        # The server reads this file one line, one statement.
        statements = (
            f"CREATE USER '{ADMIN}'@'localhost' IDENTIFIED BY '{password}'",
            f"GRANT ALL ON *.* TO '{ADMIN}'@'localhost' WITH GRANT OPTION",
            f"CREATE DATABASE `{database}` CHARACTER SET utf8mb4",
            f"CREATE USER '{user}'@'%' IDENTIFIED BY '{escape_string(self._login.password)}'",
            "GRANT SELECT, INSERT, UPDATE, DELETE, CREATE, DROP, RELOAD, PROCESS, REFERENCES, INDEX, ALTER, "
            "SHOW DATABASES, CREATE TEMPORARY TABLES, LOCK TABLES, EXECUTE, CREATE VIEW, SHOW VIEW, "
            "CREATE ROUTINE, ALTER ROUTINE, CREATE USER, EVENT, TRIGGER "
            f"ON *.* TO '{user}'@'%' WITH GRANT OPTION",
            "DROP USER IF EXISTS 'root'@'localhost', 'root'@'127.0.0.1', 'root'@'::1', ''@'localhost'",
        )
        path = self.directory / "init.sql"
        path.touch(mode=0o600)
        path.write_text("".join(f"{statement};\n" for statement in statements))
        own(path, self._identity)
        return path

    def _accepts(self) -> bool:
        try:
            self._admin().close()
        except pymysql.err.OperationalError:
            return False
        return True

    def _admin(self) -> "Connection[Cursor]":
        return pymysql.connect(
            unix_socket=str(self._socket),
            user=ADMIN,
            password=self._admin_password.read_text(),
            autocommit=True,
        )

    @staticmethod
    def _program(name: str) -> str:
        program = find_program(name, *PLACES)
        if program is None:
            raise ServerError("MariaDB is not installed; on Debian: apt-get install mariadb-server")
        return program
