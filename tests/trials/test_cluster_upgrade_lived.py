"""Major upgrades of clusters in the deployed sandbox: out of its sleep with its rows, and a refused one.

The rows are copied by pg_dumpall where RDS runs pg_upgrade: docs/upgrades.md says what that does not prove.
"""

import ast
import json
from collections.abc import Iterator
from typing import Any, Final

import pytest
import yaml

from sandbox import cluster
from sandbox.aws import postgres_majors
from sandbox.demo.cluster import ENVIRONMENT
from sandbox.instance import describe
from sandbox.stack import CATALOG
from sandbox.state_directory import HOME, PROJECT, StateDirectory
from tests.e2e.running import Sandbox, number, started, until
from tests.trials.side_by_side import play

NAME: Final = "cluster-upgrades"
# The oldest version that the catalog offers; the machine's server, of 15, plays it.
BODY: Final = {"database_engine": "aurora-postgresql", "engine_version": "16", "environment": "dev"}
TAKEN: Final = "RDS takes ModifyDBCluster: "


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Sandbox]:
    postgres_majors.fetch("17")
    environments = yaml.safe_load((PROJECT / "catalog.yaml").read_text(encoding="utf-8"))["environments"]
    environments["dev"]["quota"]["monthly_usd"] = 1000  # three clusters count with their maximum
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv(CATALOG, json.dumps({"environments": environments}, default=str))
        for name, text in ENVIRONMENT.items():  # what sleeps after ten minutes sleeps after half of one
            patch.setenv(name, text)
        with started(NAME) as running:
            yield running


def server(sandbox: Sandbox, identifier: str) -> str:
    """The major version of the server behind a cluster."""
    found = cluster.describe(sandbox.cloud, identifier)
    ((shown,),) = cluster.query(sandbox.cloud, found, "show server_version")
    return str(shown).partition(".")[0]


def created(sandbox: Sandbox, name: str, *statements: str) -> None:
    sandbox.wait(sandbox.ask("POST", "/provision-rds", {**BODY, "database_name": name}), "done")
    cluster.query(sandbox.cloud, cluster.describe(sandbox.cloud, f"dev-{name}"), *statements)


def calls(identifier: str) -> list[dict[str, Any]]:
    """Each change of a cluster that RDS took, in order."""
    lines = (StateDirectory(HOME / NAME).logs / "aws.log").read_text(encoding="utf-8").splitlines()
    taken = [ast.literal_eval(line.partition(TAKEN)[2]) for line in lines if TAKEN in line]
    return [call for call in taken if call["DBClusterIdentifier"] == identifier]


def upgraded(sandbox: Sandbox) -> dict[str, Any]:
    """A cluster that sleeps is upgraded, extended, gets another password; the snapshot before is restored."""
    cloud = sandbox.cloud
    created(sandbox, "nap", "create table answers (answer int)", "insert into answers values (42)")
    before = server(sandbox, "dev-nap")
    until(lambda: cluster.capacity(cloud, "dev-nap") == 0 or None, "dev-nap to sleep")
    request_id = sandbox.ask("PATCH", "/databases/dev/nap", {"engine_version": "17"})
    document = sandbox.wait(request_id, "done")
    found, snapshot = cluster.describe(cloud, "dev-nap"), f"dev-nap-before-{request_id[:8]}"
    seen = {
        "before": before,
        "cluster": found,
        "member": describe(cloud, "dev-nap-member-1"),
        "after": server(sandbox, "dev-nap"),
        "rows": cluster.query(cloud, found, "select answer from answers"),
        "pull": sandbox.pull(document),
        "snapshot": snapshot,
        "of": cloud.client("rds").describe_db_cluster_snapshots(DBClusterSnapshotIdentifier=snapshot),
    }
    source = {"restore_from": {"snapshot": snapshot}, "database_name": "nap-back"}
    back = sandbox.ask("POST", "/provision-rds", BODY | source)
    sandbox.wait(sandbox.ask("PATCH", "/databases/dev/nap", {"ttl": "14d"}), "done")
    sandbox.alpha.call("POST", "/databases/dev/nap/rotate", {"user": "application"})
    events = until(lambda: rotated(sandbox, "dev/nap"), "another password of dev/nap")
    sandbox.wait(back, "done")
    restored = cluster.describe(cloud, "dev-nap-back")
    return seen | {
        "calls": calls("dev-nap"),
        "then": server(sandbox, "dev-nap"),
        "events": events,
        "restored": restored,
        "restored_server": server(sandbox, "dev-nap-back"),
        "restored_rows": cluster.query(cloud, restored, "select answer from answers"),
    }


def rotated(sandbox: Sandbox, place: str) -> list[str] | None:
    """What happened to a database, once a password was rotated, or could not be."""
    events = [event["event"] for event in sandbox.database(place)["events"]]
    return events if {"rotated", "access_failed"} & {*events} else None


def refused(sandbox: Sandbox) -> dict[str, Any]:
    """An upgrade that RDS's checks refuse, and the version taken back."""
    created(sandbox, "lame", "create table calls (what regproc)", "insert into calls values ('now')")
    failed = sandbox.wait(sandbox.ask("PATCH", "/databases/dev/lame", {"engine_version": "17"}), "failed")
    runs = cluster.describe(sandbox.cloud, "dev-lame")["EngineVersion"]
    back = sandbox.wait(sandbox.ask("PATCH", "/databases/dev/lame", {"engine_version": "16"}), "done")
    found = cluster.describe(sandbox.cloud, "dev-lame")
    rows = cluster.query(sandbox.cloud, found, "select count(*) from calls")
    return {"failed": failed, "runs": runs, "back": back, "then": found["EngineVersion"], "rows": rows}


@pytest.fixture(scope="module")
def seen(sandbox: Sandbox) -> dict[str, dict[str, Any]]:
    return play(sandbox, upgraded, refused)


def test_a_cluster_is_upgraded_out_of_its_sleep_and_keeps_its_rows(seen: dict[str, dict[str, Any]]) -> None:
    found = seen["upgraded"]
    assert (found["before"], found["after"]) == ("15", "17")
    assert found["rows"] == [(42,)]
    assert found["cluster"]["Status"] == found["member"]["DBInstanceStatus"] == "available"
    assert found["cluster"]["EngineVersion"] == found["member"]["EngineVersion"] == "17.7"


def test_the_pull_request_names_the_snapshot_the_interruption_and_the_way_back(
    seen: dict[str, dict[str, Any]],
) -> None:
    found = seen["upgraded"]
    assert found["pull"]["title"] == "Upgrade dev/nap: Aurora PostgreSQL 16 to 17"
    for words in (found["snapshot"], "the reader too", "RDS takes no version back in place"):
        assert words in found["pull"]["body"]


def test_the_snapshot_before_it_is_a_clusters_and_comes_back_with_its_version(
    seen: dict[str, dict[str, Any]],
) -> None:
    found = seen["upgraded"]
    (snapshot,) = found["of"]["DBClusterSnapshots"]
    assert (snapshot["DBClusterIdentifier"], snapshot["EngineVersion"]) == ("dev-nap", "16.11")
    assert found["restored"]["EngineVersion"] == "16.11"
    assert found["restored_server"] == "15"
    assert found["restored_rows"] == [(42,)]


def test_the_change_after_it_allows_no_upgrade_and_its_users_get_passwords(
    seen: dict[str, dict[str, Any]],
) -> None:
    found = seen["upgraded"]
    (upgrade,) = [
        call for call in found["calls"] if call.get("AllowMajorVersionUpgrade") or "EngineVersion" in call
    ]
    assert (upgrade["AllowMajorVersionUpgrade"], upgrade["EngineVersion"]) == (True, "17.7")
    assert found["then"] == "17"
    assert "access_failed" not in found["events"]


def test_a_refused_upgrade_says_what_rds_found_and_is_taken_back(seen: dict[str, dict[str, Any]]) -> None:
    found = seen["refused"]
    error = found["failed"]["error"]
    assert error["step"] == "apply"
    assert "RDS did not upgrade dev/lame to 17: it runs 16.11" in error["cause"]
    assert "--source-type db-cluster" in error["cause"] + error["fix"]
    assert (found["runs"], found["then"], found["rows"]) == ("16.11", "16.11", [(1,)])
    assert number(found["back"]) != number(found["failed"])
