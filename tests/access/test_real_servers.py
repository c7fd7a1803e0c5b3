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
from provisioner.access import mysql, postgres
from provisioner.access.login import Login, NotAllowed, Rows, Statement
from provisioner.access.servers import connector
from provisioner.access.sql import Engine
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

    @property
    def engine(self) -> Engine:
        return {"postgres": postgres, "mysql": mysql}[self.login.engine]

    def run(self, *lines: str, user: str | None = None, password: str = "") -> Rows:
        login = dataclasses.replace(self.login, user=user, password=password) if user else self.login
        rows: Rows = []
        with connector(self.roots)(login) as run:
            for line in lines:
                rows = run(Statement("trying", line))
        return rows

    def prepare(self) -> list[str]:
        """Make the users as the access function does; the rights that the master could not give."""
        with connector(self.roots)(self.login) as run:
            for statement in self.engine.users(list(PASSWORDS.items()), secrets.token_bytes(16)):
                run(statement)
            return self.engine.grant(run, self.login.database, self.login.user)

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


def test_the_master_may_alter_both_users_after_an_upgrade_too(database: Database) -> None:
    """PostgreSQL 16 and newer ask for the ADMIN option, 15 does not."""
    if database.login.engine != "postgres":
        pytest.skip("MySQL has one right for it")
    held = database.run(
        "SELECT DISTINCT pg_get_userbyid(roleid) FROM pg_auth_members "
        "WHERE admin_option AND member = 'dbadmin'::regrole AND roleid::regrole::text = ANY "
        "(ARRAY['application', 'read_only']) ORDER BY 1"
    )
    assert [name for (name,) in held] == ["application", "read_only"]


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
    database.run(database.engine.new_password(user, "c" * 24, secrets.token_bytes(16)).text)
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
    amazons = str(Path(connector.__code__.co_filename).parent / "rds_roots.crt")
    with pytest.raises(TryLater, match=r"(?i)certificate"), connector(amazons)(database.login):
        pass


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
    with (
        pytest.raises(TryLater, match="logging in to localhost as dbadmin"),
        connector(database.roots)(nobody),
    ):
        pass


def test_what_was_not_allowed_says_what_was_being_done(database: Database) -> None:
    with pytest.raises(NotAllowed, match="trying, in localhost as read_only"):
        database.as_user(User.READ_ONLY, "CREATE TABLE own (id int)")
    with pytest.raises(TryLater, match="trying, in localhost as read_only") as caught:
        database.as_user(User.READ_ONLY, "SELECT * FROM nothing_of_this_name")
    assert not isinstance(caught.value, NotAllowed)


def test_a_server_that_knows_no_partial_revokes_is_asked_all_the_same(database: Database) -> None:
    if database.login.engine == "mysql":
        assert database.run("SHOW GLOBAL VARIABLES LIKE 'partial_revokes'") == []


@pytest.fixture
def theirs(started: Database) -> Iterator[Database]:
    """Tables, a view and a sequence of a role that someone made by hand, without the master in it."""
    if started.login.engine != "postgres":
        pytest.skip("only PostgreSQL's tables have owners")
    started.run(
        "CREATE ROLE analyst LOGIN PASSWORD '" + "d" * 24 + "'",
        "GRANT CREATE, USAGE ON SCHEMA public TO analyst",
        "CREATE TABLE ours (id int PRIMARY KEY)",
    )
    password = "d" * 24
    for line in (
        "CREATE TABLE theirs (id serial PRIMARY KEY)",
        'CREATE VIEW "their ""view" AS SELECT * FROM theirs',
        "CREATE TABLE shared (id int)",
        "GRANT SELECT ON shared TO dbadmin WITH GRANT OPTION",
    ):
        started.run(line, user="analyst", password=password)
    yield started
    drop = ('DROP VIEW "their ""view"', "DROP TABLE theirs", "DROP TABLE shared")
    started.run(*drop, user="analyst", password=password)
    started.run("DROP TABLE ours", "REVOKE ALL ON SCHEMA public FROM analyst", "DROP ROLE analyst")


def test_a_table_of_another_role_keeps_the_users_from_nothing_else(theirs: Database) -> None:
    assert theirs.prepare() == [
        'granting rights on "their ""view": it belongs to analyst, who can grant them',
        'granting rights on "theirs": it belongs to analyst, who can grant them',
        'granting rights on "theirs_id_seq": it belongs to analyst, who can grant them',
    ]
    theirs.as_user(User.APPLICATION, "INSERT INTO ours VALUES (1)")
    theirs.as_user(User.READ_ONLY, "SELECT * FROM ours")
    theirs.as_user(User.APPLICATION, "SELECT * FROM shared")  # what the master may pass on
    theirs.as_user(User.READ_ONLY, "SELECT * FROM shared")
    with pytest.raises(NotAllowed):
        theirs.as_user(User.READ_ONLY, "SELECT * FROM theirs")

    theirs.run("GRANT SELECT ON theirs TO read_only", user="analyst", password="d" * 24)
    theirs.as_user(User.READ_ONLY, "SELECT * FROM theirs")


def test_many_tables_are_granted_together(started: Database) -> None:
    if started.login.engine != "postgres":
        pytest.skip("MySQL grants the database as a whole")
    names = [f"many_{number}" for number in range(250)]
    started.run(*(f"CREATE TABLE {name} (id int)" for name in names))
    assert started.prepare() == []
    for name in (names[0], names[99], names[100], names[249]):
        started.as_user(User.READ_ONLY, f"SELECT * FROM {name}")
    started.run("DROP TABLE " + ", ".join(names))
