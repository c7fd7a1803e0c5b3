"""PostgreSQL from this machine, playing an RDS for PostgreSQL instance.

The machine's own PostgreSQL plays every major version, until one is upgraded to a major version that
`sandbox.aws.postgres_majors` has: then a server of that version takes over, with the rows copied by
`pg_dumpall`.
"""

import re
import shutil
import signal
import subprocess
from pathlib import Path

import psycopg
from psycopg import sql

from sandbox.aws import postgres_majors
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
_OBSTACLES = """
SELECT (SELECT count(*) FROM pg_prepared_xacts) + (SELECT count(*) FROM pg_replication_slots)
     + (SELECT count(*) FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid
        JOIN pg_namespace n ON n.oid = c.relnamespace
        WHERE c.relkind IN ('r', 'm') AND NOT a.attisdropped
        AND n.nspname NOT IN ('pg_catalog', 'information_schema')
        AND a.atttypid IN ('regproc'::regtype, 'regprocedure'::regtype, 'regoper'::regtype,
            'regoperator'::regtype, 'regconfig'::regtype, 'regdictionary'::regtype))
"""


def installed() -> bool:
    return find_program("initdb", *PLACES) is not None


# Since version 16 who grants a membership has to have it to give.
_GRANTED_BY = re.compile(r"^(GRANT \S+ TO \S+.*?) GRANTED BY [^;]+;$", re.MULTILINE)


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
        command = [self._server(), "-D", str(data)]
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

    def upgrade(self, major: str) -> bool:
        """Go on as a server of a major version, with the same rows; whether the upgrade was done.

        RDS checks first, and leaves the version as it was where it finds what it cannot upgrade. Without a
        server of that version on this machine the present one goes on in its name.
        """
        if self._obstacles():
            return False
        if postgres_majors.programs(major) is None:
            return True
        data, dump, before = (self.directory / name for name in ("data", "dump.sql", "data.before"))
        found = run(
            "dumping all databases",
            [self._program("pg_dumpall"), "-h", str(self.directory), "-p", str(self.port), "-U", ADMIN],
            self._identity,
            self.directory,
        )
        dump.write_text(_for_newer(found), encoding="utf-8")
        self.stop()
        data.rename(before)
        self._initialise(postgres_majors.program(major, "initdb"))
        self.start()
        load = [self._program("psql"), "-h", str(self.directory), "-p", str(self.port), "-U", ADMIN, "-q"]
        load += ["-v", "ON_ERROR_STOP=1", "-d", "postgres", "-f", str(dump)]
        run("loading all databases", load, {}, self.directory)
        dump.unlink()
        shutil.rmtree(before)
        return True

    def _obstacles(self) -> bool:
        """Whether there is what RDS refuses to upgrade: in any database, for what each of them has.

        https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/USER_UpgradeDBInstance.PostgreSQL.MajorVersion.Process.html
        """
        with self._admin() as connection:
            names = connection.execute("SELECT datname FROM pg_database WHERE datallowconn").fetchall()
        for (name,) in names:
            with self._admin(str(name)) as connection:
                found = connection.execute(_OBSTACLES).fetchone()
                if found and found[0]:
                    return True
        return False

    def _create(self) -> None:
        self.directory.mkdir(parents=True, exist_ok=True)
        self.directory.chmod(0o700)
        own(self.directory, self._identity)
        write_certificate(self.directory, self._identity)
        self._initialise(self._program("initdb"))

    def _initialise(self, initdb: str) -> None:
        data = self.directory / "data"
        command = [initdb, "-D", str(data), "-U", ADMIN, "--no-sync"]
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

    def _admin(self, database: str = "postgres") -> psycopg.Connection[tuple[object, ...]]:
        return psycopg.connect(
            host=str(self.directory), port=self.port, user=ADMIN, dbname=database, autocommit=True
        )

    def _server(self) -> str:
        """The server's program, of the version that made the data."""
        version = (self.directory / "data" / "PG_VERSION").read_text(encoding="utf-8").strip()
        own = self._program("postgres")
        if version in own or postgres_majors.programs(version) is None:
            return own
        return postgres_majors.program(version, "postgres")

    @staticmethod
    def _program(name: str) -> str:
        program = find_program(name, *PLACES)
        if program is None:
            raise ServerError("PostgreSQL is not installed; on Debian: apt-get install postgresql")
        return program


def _for_newer(dump: str) -> str:
    """A dump of all databases as a newer version takes it, whose administrator is there already."""
    return _GRANTED_BY.sub(r"\1;", dump.replace(f"CREATE ROLE {ADMIN};\n", ""))
