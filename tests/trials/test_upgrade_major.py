"""A major upgrade behind the emulated RDS: rows, roles and passwords stay, and a refused one changes nothing.

It fetches PostgreSQL 18 from npm. The rows are copied by pg_dumpall: see docs/upgrades.md for what that does
not prove of pg_upgrade, which RDS runs.
"""

import dataclasses
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest
from provisioner.core.hcl import render
from provisioner.core.root import Restore, Root, Upgrade

from sandbox.aws import postgres_majors
from sandbox.aws.postgres import Postgres
from sandbox.aws.servers import Login, free_port
from sandbox.aws.start import start
from sandbox.cloud import Cloud
from sandbox.instance import describe, query
from sandbox.processes import Processes
from tests.core.examples import root
from tests.pipeline.emulated import EmulatedJobs, create_bucket
from tests.pipeline.fakes import Functions
from tests.pipeline.repository import LOCK, Repository
from tests.trials.harness import REPOSITORY, TERRAFORM, lay_foundation

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


def database(number: int, name: str, **fields: Any) -> Root:
    """A root of PostgreSQL 15, of a request of that number."""
    request_id = f"{number:08x}-8f5e-4c1d-9a70-1c2d3e4f5a6b"
    made = root(request_id, database_name=name, database_engine="postgres", engine_version="15")
    return dataclasses.replace(made, **fields)


def upgraded(number: int, name: str) -> Root:
    one = database(number, name)
    snapshot = one.place.before_snapshot(one.request_id)
    return dataclasses.replace(
        one, engine_version="18", upgrade=Upgrade(from_version="15", snapshot=snapshot)
    )


@pytest.fixture
def jobs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[EmulatedJobs]:
    """The pipeline's jobs with real Terraform and the module, on an emulated AWS with real servers."""
    databases = Path(tempfile.mkdtemp(prefix="rds-"))
    cloud, processes = Cloud(free_port()), Processes(tmp_path / "logs")
    try:
        start(cloud, processes, databases)
        for name, value in cloud.environment().items():
            monkeypatch.setenv(name, value)
        lay_foundation(cloud, ["dev"])
        create_bucket(cloud)
        repository = Repository(tmp_path)
        module = sorted((TERRAFORM / "modules" / "rds_database").glob("*.tf"))
        texts = {str(path.relative_to(REPOSITORY)): path.read_text() for path in module}
        repository.on_main({**texts, LOCK: (REPOSITORY / LOCK).read_text()})
        yield EmulatedJobs(cloud, repository, Functions())
    finally:
        processes.stop()
        shutil.rmtree(databases, ignore_errors=True)


def bring(jobs: EmulatedJobs, kind: str, *roots: Root) -> list[str]:
    """Plan, merge and apply; the failures."""
    for wanted in roots:
        files: dict[str, str | None] = {wanted.place.root_path: render(wanted)}
        jobs.review(wanted.place.branch(kind, wanted.request_id), files)
    return jobs.apply(f"{kind} {roots[0].request_id}", at_once=len(roots))


ROWS = ("create table answers (answer int)", "insert into answers values (42)")


def ask(jobs: EmulatedJobs, name: str, *statements: str) -> Any:
    """What the last statement finds first, asked as an application would."""
    found = query(jobs.cloud, describe(jobs.cloud, f"dev-{name}"), *statements)
    return found[0][0] if found else None


def test_the_pipeline_upgrades_after_a_snapshot_from_which_the_database_comes_back(
    jobs: EmulatedJobs,
) -> None:
    postgres_majors.fetch("18")
    assert bring(jobs, "create", database(1, "good")) == []
    ask(jobs, "good", *ROWS)

    assert bring(jobs, "update", upgraded(3, "good")) == []

    assert str(ask(jobs, "good", "show server_version")).startswith("18")
    assert ask(jobs, "good", "select sum(answer) from answers") == 42
    (snapshot,) = jobs.cloud.client("rds").describe_db_snapshots()["DBSnapshots"]
    assert snapshot["DBSnapshotIdentifier"] == "dev-good-before-00000003"
    assert jobs.apply("again") == []

    back = database(6, "back", restore=Restore(snapshot="dev-good-before-00000003"))
    assert bring(jobs, "create", back) == []
    assert str(ask(jobs, "back", "show server_version")).startswith("15")
    assert ask(jobs, "back", "select sum(answer) from answers") == 42


def test_an_upgrade_that_rds_refused_is_taken_back_by_an_extension(jobs: EmulatedJobs) -> None:
    assert bring(jobs, "create", database(2, "odd")) == []
    ask(jobs, "odd", *ROWS, "create table calls (what regproc)")

    (failure,) = bring(jobs, "update", upgraded(4, "odd"))

    assert "RDS did not upgrade dev/odd to 18: it runs 15" in failure
    assert describe(jobs.cloud, "dev-odd")["EngineVersion"].startswith("15")
    assert bring(jobs, "extend", database(5, "odd", expires_at="2026-12-05T12:00:00Z")) == []
    assert ask(jobs, "odd", "select sum(answer) from answers") == 42
    assert jobs.apply("again") == []
