"""PostgreSQL from this machine, playing an RDS for PostgreSQL instance."""

import signal
import subprocess
from pathlib import Path

import psycopg
from psycopg import sql

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

PLACES = ("/usr/lib/postgresql/*/bin", "/usr/pgsql-*/bin", "/opt/homebrew/opt/postgresql@*/bin")
# RDS keeps a superuser of this name for itself; the master user is not one.
ADMIN = "rdsadmin"


def installed() -> bool:
    return find_program("initdb", *PLACES) is not None


class Postgres:
    """One PostgreSQL cluster in `directory`, listening on a free port of localhost."""

    def __init__(self, directory: Path, login: Login) -> None:
        self.directory = directory
        self.port = free_port()
        self._login = login
        self._identity = account("postgres")
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start the server; the first time also make the master user and the database."""
        fresh = not (self.directory / "data").exists()
        if fresh:
            self._create()
        data = self.directory / "data"
        settings = {
            "listen_addresses": "localhost",
            "port": self.port,
            "unix_socket_directories": self.directory,
            "shared_buffers": "16MB",
            "max_connections": 40,
            "fsync": "off",
            "ssl": "on",
            "ssl_cert_file": self.directory / "server.crt",
            "ssl_key_file": self.directory / "server.key",
        }
        command = [self._program("postgres"), "-D", str(data)]
        for name, value in settings.items():
            command += ["-c", f"{name}={value}"]
        with (self.directory / "log").open("ab") as log:
            self._process = subprocess.Popen(
                command, cwd=self.directory, stdout=log, stderr=log, **self._identity
            )
        wait_for(f"PostgreSQL on port {self.port}", self._process, self._accepts)
        if fresh:
            self._grant()

    def set_password(self, user: str, password: str) -> None:
        with self._admin() as connection:
            connection.execute(
                sql.SQL("ALTER ROLE {} PASSWORD {}").format(sql.Identifier(user), sql.Literal(password))
            )

    def stop(self) -> None:
        end(self._process, signal.SIGINT)

    def _create(self) -> None:
        self.directory.mkdir(parents=True, exist_ok=True)
        self.directory.chmod(0o700)
        own(self.directory, self._identity)
        write_certificate(self.directory, self._identity)
        data = self.directory / "data"
        command = [self._program("initdb"), "-D", str(data), "-U", ADMIN, "--no-sync"]
        command += ["-E", "UTF8", "--locale=C.UTF-8", "-A", "trust"]
        run("creating a PostgreSQL cluster", command, self._identity, self.directory)
        self._write_access_rules()

    def _write_access_rules(self) -> None:
        """What `rds.force_ssl` decides on AWS: whether a connection without TLS is refused."""
        over_tcp = "hostssl" if self._login.require_tls else "host"
        rules = self.directory / "data" / "pg_hba.conf"
        rules.write_text(f"local all {ADMIN} trust\n{over_tcp} all all all scram-sha-256\n")

    def _grant(self) -> None:
        user = sql.Identifier(self._login.user)
        database = sql.Identifier(self._login.database)
        with self._admin() as connection:
            for statement in (
                sql.SQL("CREATE ROLE rds_superuser CREATEDB CREATEROLE"),
                sql.SQL("CREATE ROLE rds_iam"),
                sql.SQL("CREATE ROLE {} LOGIN CREATEDB CREATEROLE PASSWORD {}").format(
                    user, sql.Literal(self._login.password)
                ),
                sql.SQL("GRANT rds_superuser, pg_monitor, pg_signal_backend TO {}").format(user),
                sql.SQL("GRANT rds_iam TO {} WITH ADMIN OPTION").format(user),
                sql.SQL("CREATE DATABASE {} OWNER {}").format(database, user),
            ):
                connection.execute(statement)

    def _accepts(self) -> bool:
        try:
            self._admin().close()
        except psycopg.OperationalError:
            return False
        return True

    def _admin(self) -> psycopg.Connection[tuple[object, ...]]:
        return psycopg.connect(
            host=str(self.directory), port=self.port, user=ADMIN, dbname="postgres", autocommit=True
        )

    @staticmethod
    def _program(name: str) -> str:
        program = find_program(name, *PLACES)
        if program is None:
            raise ServerError("PostgreSQL is not installed; on Debian: apt-get install postgresql")
        return program
