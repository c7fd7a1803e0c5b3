"""The statements do on real servers what they say: PostgreSQL, and MariaDB in MySQL's place."""

import dataclasses
import secrets
import shutil
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg
import pymysql
import pytest
from provisioner.access.servers import runner
from provisioner.access.sql import new_password, statements
from provisioner.access.users import Login
from provisioner.core.errors import TryLater
from provisioner.core.models import User

from sandbox.aws import certificates, servers
from sandbox.aws.fleet import ENGINES, missing_engines

PASSWORDS: dict[str, str] = {User.APPLICATION: "a" * 24, User.READ_ONLY: "b" * 24}
MASTER = "m" * 24


@dataclass
class Database:
    """A server with its first database, as RDS hands it over."""

    login: Login
    roots: str

    def run(self, *lines: str, user: str | None = None, password: str = "") -> None:
        login = dataclasses.replace(self.login, user=user, password=password) if user else self.login
        runner(self.roots)(login, lines)

    def prepare(self) -> None:
        login = self.login
        made = statements(
            login.engine, login.database, login.user, list(PASSWORDS.items()), secrets.token_bytes(16)
        )
        self.run(*made)

    def as_user(self, user: str, line: str, password: str | None = None) -> None:
        self.run(line, user=user, password=password or PASSWORDS[user])


@pytest.fixture(scope="module", params=["postgres", "mysql"])
def started(request: pytest.FixtureRequest) -> Iterator[Database]:
    engine = request.param
    if engine in missing_engines():
        pytest.skip(f"no server installed for {engine}")
    # The servers step down from root, and have no way into pytest's private directories.
    home = Path(tempfile.mkdtemp(prefix="access-"))
    home.chmod(0o711)
    login = servers.Login(user="dbadmin", password=MASTER, database="orders_db", require_tls=True)
    server: Any = ENGINES[engine][1](home / "server", login)
    server.start()
    yield Database(
        Login(
            engine=engine,
            host="localhost",
            port=server.port,
            database="orders_db",
            user="dbadmin",
            password=MASTER,
        ),
        str(home / certificates.ROOT),
    )
    server.stop()
    shutil.rmtree(home)


@pytest.fixture
def database(started: Database) -> Database:
    started.prepare()
    return started


def test_the_application_makes_tables_and_writes(database: Database) -> None:
    for line in (
        "CREATE TABLE first_table (id int PRIMARY KEY, word varchar(20))",
        "INSERT INTO first_table VALUES (1, 'one')",
        "UPDATE first_table SET word = 'two'",
        "ALTER TABLE first_table ADD COLUMN more int",
        "DELETE FROM first_table",
        "DROP TABLE first_table",
    ):
        database.as_user(User.APPLICATION, line)


def test_read_only_reads_what_is_made_later_and_changes_nothing(database: Database) -> None:
    database.as_user(User.APPLICATION, "CREATE TABLE later (id int PRIMARY KEY)")
    database.run("CREATE TABLE by_master (id int PRIMARY KEY)")
    for table in ("later", "by_master"):
        database.as_user(User.READ_ONLY, f"SELECT * FROM {table}")
        for line in (
            f"INSERT INTO {table} VALUES (1)",
            f"UPDATE {table} SET id = 2",
            f"DELETE FROM {table}",
            f"DROP TABLE {table}",
            "CREATE TABLE own (id int)",
        ):
            with pytest.raises(TryLater):
                database.as_user(User.READ_ONLY, line)
    database.as_user(User.APPLICATION, "INSERT INTO by_master VALUES (1)")
    database.as_user(User.APPLICATION, "DROP TABLE later")
    database.run("DROP TABLE by_master")


def test_read_only_reads_what_was_there_before(started: Database) -> None:
    started.run("CREATE TABLE before_users (id int PRIMARY KEY)")
    started.prepare()
    started.as_user(User.READ_ONLY, "SELECT * FROM before_users")
    started.as_user(User.APPLICATION, "INSERT INTO before_users VALUES (1)")
    started.run("DROP TABLE before_users")


def test_making_the_users_again_and_again_changes_nothing(database: Database) -> None:
    for _ in range(3):
        database.prepare()
    database.as_user(User.APPLICATION, "SELECT 1")


def test_neither_user_reaches_beyond_its_database(database: Database) -> None:
    denied = {
        "postgres": ("CREATE DATABASE other", "CREATE ROLE other", "SELECT * FROM pg_authid"),
        "mysql": ("CREATE DATABASE other", "CREATE USER other", "SELECT * FROM mysql.user"),
    }[database.login.engine]
    for user in PASSWORDS:
        for line in denied:
            with pytest.raises(TryLater):
                database.as_user(user, line)


def test_an_underscore_in_the_name_stands_for_itself_alone(database: Database) -> None:
    if database.login.engine != "mysql":
        pytest.skip("only MySQL's grants know wildcards")
    database.run("CREATE DATABASE IF NOT EXISTS ordersXdb", "CREATE TABLE IF NOT EXISTS ordersXdb.t (id int)")
    with pytest.raises(TryLater):
        database.as_user(User.READ_ONLY, "SELECT * FROM ordersXdb.t")


@pytest.mark.parametrize("user", [User.APPLICATION, User.READ_ONLY])
def test_a_new_password_takes_the_place_of_the_old_one(database: Database, user: str) -> None:
    database.run(*new_password(database.login.engine, user, "c" * 24, secrets.token_bytes(16)))
    database.as_user(user, "SELECT 1", "c" * 24)
    with pytest.raises(TryLater):
        database.as_user(user, "SELECT 1")


def test_other_drivers_log_in_too(database: Database) -> None:
    login = database.login
    if login.engine == "postgres":
        with psycopg.connect(
            host="localhost",
            port=login.port,
            dbname=login.database,
            user=User.APPLICATION,
            password=PASSWORDS[User.APPLICATION],
            sslmode="verify-full",
            sslrootcert=database.roots,
        ) as connection:
            assert connection.execute("SELECT current_user").fetchone() == (User.APPLICATION,)
    else:
        with (
            pymysql.connect(
                host="localhost",
                port=login.port,
                database=login.database,
                user=User.APPLICATION,
                password=PASSWORDS[User.APPLICATION],
                ssl_ca=database.roots,
                ssl_verify_cert=True,
            ) as other,
            other.cursor() as cursor,
        ):
            cursor.execute("SELECT current_user()")
            assert cursor.fetchone() == (f"{User.APPLICATION}@%",)


def test_a_server_that_is_not_rdss_is_not_spoken_to(database: Database) -> None:
    amazons = str(Path(runner.__code__.co_filename).parent / "rds_roots.crt")
    with pytest.raises(TryLater, match=r"(?i)certificate"):
        runner(amazons)(database.login, ["SELECT 1"])


def test_what_fails_never_says_a_password(database: Database) -> None:
    secret = "hush" * 8
    for line in (
        f"ALTER USER nobody_there IDENTIFIED BY '{secret}'",
        f"ALTER ROLE nobody PASSWORD '{secret}'",
    ):
        with pytest.raises(TryLater) as caught:
            database.run(line)
        assert caught.value.__suppress_context__
    with pytest.raises(TryLater) as caught:
        database.run("SELECT 1", user=User.APPLICATION, password=secret)
    assert secret not in str(caught.value)


def test_nobody_there_is_a_passing_fault(database: Database) -> None:
    nobody = dataclasses.replace(database.login, port=9)
    with pytest.raises(TryLater, match="logging in to localhost as dbadmin"):
        runner(database.roots)(nobody, ["SELECT 1"])
