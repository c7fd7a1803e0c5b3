"""A major upgrade of an emulated cluster: what is shown meanwhile, what it wakes, and what RDS refuses of it.

Where the version is not on this machine its server goes on in its name: tests/trials/test_upgrade_major.py
brings one to another version.
"""

import time
from typing import Any

from sandbox.cloud import Cloud
from tests.sandbox.test_clusters import add_member, create, described, rows

FAMILY = "aurora-postgresql17"


def group(cloud: Cloud, family: str = FAMILY) -> str:
    """A parameter group of a family, which is made if need be."""
    name, rds = f"group-{family}", cloud.client("rds")
    there = rds.describe_db_cluster_parameter_groups()["DBClusterParameterGroups"]
    if name not in {found["DBClusterParameterGroupName"] for found in there}:
        rds.create_db_cluster_parameter_group(
            DBClusterParameterGroupName=name, DBParameterGroupFamily=family, Description="TLS"
        )
    return name


def old(cloud: Cloud, name: str, **settings: Any) -> None:
    """A cluster of version 16 with a writer and a reader."""
    create(cloud, name, DBClusterParameterGroupName=group(cloud, "aurora-postgresql16"), **settings)
    add_member(cloud, name, 1)
    add_member(cloud, name, 2)


def upgrade(cloud: Cloud, name: str, **settings: Any) -> dict[str, Any]:
    asked = {
        "EngineVersion": "17",
        "AllowMajorVersionUpgrade": True,
        "DBClusterParameterGroupName": group(cloud),
        **settings,
    }
    answer = cloud.client("rds").modify_db_cluster(DBClusterIdentifier=name, ApplyImmediately=True, **asked)
    found: dict[str, Any] = answer["DBCluster"]
    return found


def settled(cloud: Cloud, name: str) -> dict[str, Any]:
    """The cluster, once it is available."""
    deadline = time.monotonic() + 60
    while (cluster := described(cloud, name))["Status"] != "available":
        assert cluster["Status"] == "upgrading"
        assert time.monotonic() < deadline
        time.sleep(0.1)
    return cluster


def members(cloud: Cloud, name: str) -> list[tuple[str, str, str]]:
    """Status, version and parameter group of each member."""
    found = cloud.client("rds").describe_db_instances()["DBInstances"]
    return [
        (
            member["DBInstanceStatus"],
            member["EngineVersion"],
            member["DBParameterGroups"][0]["DBParameterGroupName"],
        )
        for member in found
        if member.get("DBClusterIdentifier") == name
    ]


def test_a_cluster_is_upgrading_with_its_members_and_keeps_its_rows(cloud: Cloud) -> None:
    old(cloud, "grows")
    rows(cloud, "grows", "CREATE TABLE kept AS SELECT 7 AS id", "SELECT 1")

    answer = upgrade(cloud, "grows")

    assert (answer["Status"], answer["EngineVersion"]) == ("upgrading", "16.11")
    cluster = settled(cloud, "grows")
    assert cluster["EngineVersion"] == "17.7"
    assert cluster["DBClusterParameterGroup"] == group(cloud)
    assert members(cloud, "grows") == [("available", "17.7", "default.aurora-postgresql17")] * 2
    assert rows(cloud, "grows", "SELECT id FROM kept") == [(7,)]


def test_what_the_checks_find_leaves_the_version_the_group_and_the_rows(cloud: Cloud) -> None:
    old(cloud, "odd")
    rows(cloud, "odd", "CREATE TABLE calls (what regproc)", "INSERT INTO calls VALUES ('now') RETURNING 1")

    assert upgrade(cloud, "odd")["Status"] == "upgrading"

    cluster = settled(cloud, "odd")
    assert cluster["EngineVersion"] == "16.11"
    assert cluster["DBClusterParameterGroup"] == group(cloud, "aurora-postgresql16")
    assert members(cloud, "odd") == [("available", "16.11", "default.aurora-postgresql16")] * 2
    assert rows(cloud, "odd", "SELECT count(*) FROM calls") == [(1,)]
    rows(cloud, "odd", "DROP TABLE calls", "SELECT 1")
    upgrade(cloud, "odd")
    assert settled(cloud, "odd")["EngineVersion"] == "17.7"


def test_a_snapshot_of_the_version_before_has_that_version(cloud: Cloud) -> None:
    rds = cloud.client("rds")
    old(cloud, "early")
    rows(cloud, "early", "CREATE TABLE kept AS SELECT 7 AS id", "SELECT 1")
    rds.create_db_cluster_snapshot(DBClusterSnapshotIdentifier="early-1", DBClusterIdentifier="early")
    upgrade(cloud, "early")
    settled(cloud, "early")
    rows(cloud, "early", "INSERT INTO kept VALUES (8)", "SELECT 1")

    rds.restore_db_cluster_from_snapshot(
        DBClusterIdentifier="back",
        SnapshotIdentifier="early-1",
        Engine="aurora-postgresql",
        EngineVersion="16.11",
    )
    rds.modify_db_cluster(
        DBClusterIdentifier="back",
        ManageMasterUserPassword=True,
        ServerlessV2ScalingConfiguration={"MinCapacity": 0, "MaxCapacity": 2},
    )
    add_member(cloud, "back")

    assert described(cloud, "back")["EngineVersion"] == "16.11"
    assert rows(cloud, "back", "SELECT id FROM kept") == [(7,)]


def test_a_cluster_without_a_server_has_the_version_at_once(bare_cloud: Cloud) -> None:
    old(bare_cloud, "record")
    cluster = upgrade(bare_cloud, "record")
    assert (cluster["Status"], cluster["EngineVersion"]) == ("available", "17.7")
