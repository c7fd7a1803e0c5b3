"""The emulated RDS keeps and shows what RDS keeps and shows of an Aurora Serverless v2 cluster."""

import json
from contextlib import closing
from typing import Any

import psycopg
import pytest
from botocore.exceptions import ClientError

from sandbox.aws import cluster_records
from sandbox.cloud import Cloud

KEY = "arn:aws:kms:eu-central-1:000000000000:key/1"
SLEEPS = {"MinCapacity": 0, "MaxCapacity": 2, "SecondsUntilAutoPause": 600}


def create(cloud: Cloud, name: str, **settings: Any) -> dict[str, Any]:
    asked: dict[str, Any] = {
        "Engine": "aurora-postgresql",
        "EngineVersion": "16",
        "MasterUsername": "dbadmin",
        "ManageMasterUserPassword": True,
        "DatabaseName": "orders",
        "ServerlessV2ScalingConfiguration": SLEEPS,
        "CopyTagsToSnapshot": True,
        "Tags": [{"Key": "Team", "Value": "alpha"}],
    }
    made: dict[str, Any] = cloud.client("rds").create_db_cluster(DBClusterIdentifier=name, **asked | settings)
    cluster: dict[str, Any] = made["DBCluster"]
    return cluster


def add_member(cloud: Cloud, cluster: str, number: int = 1) -> None:
    rds, name = cloud.client("rds"), f"{cluster}-member-{number}"
    rds.create_db_instance(
        DBInstanceIdentifier=name,
        DBClusterIdentifier=cluster,
        DBInstanceClass="db.serverless",
        Engine=described(cloud, cluster)["Engine"],
    )
    rds.get_waiter("db_instance_available").wait(DBInstanceIdentifier=name, WaiterConfig={"Delay": 1})


def described(cloud: Cloud, name: str) -> dict[str, Any]:
    found: dict[str, Any] = cloud.client("rds").describe_db_clusters(DBClusterIdentifier=name)
    cluster: dict[str, Any] = found["DBClusters"][0]
    return cluster


def change(cloud: Cloud, name: str, **settings: Any) -> dict[str, Any]:
    cloud.client("rds").modify_db_cluster(DBClusterIdentifier=name, ApplyImmediately=True, **settings)
    return described(cloud, name)


def refused(cloud: Cloud, name: str, **settings: Any) -> str:
    with pytest.raises(ClientError) as caught:
        change(cloud, name, **settings)
    return str(caught.value.response["Error"]["Message"])


def secret(cloud: Cloud, name: str) -> dict[str, str]:
    arn = described(cloud, name)["MasterUserSecret"]["SecretArn"]
    text = cloud.client("secretsmanager").get_secret_value(SecretId=arn)["SecretString"]
    found: dict[str, str] = json.loads(text)
    return found


@pytest.mark.parametrize(
    ("engine", "asked", "chosen"),
    [
        ("aurora-postgresql", "16", "16.11"),
        ("aurora-postgresql", "16.4", "16.4"),
        ("aurora-mysql", "8.0", "8.0.mysql_aurora.3.10.3"),
        ("aurora-mysql", "", "8.0.mysql_aurora.3.10.3"),
    ],
)
def test_rds_chooses_the_minor_version(engine: str, asked: str, chosen: str) -> None:
    assert cluster_records.version(engine, asked) == chosen


def test_the_time_until_sleep_is_kept_and_goes_with_sleep(bare_cloud: Cloud) -> None:
    create(bare_cloud, "range")
    assert described(bare_cloud, "range")["ServerlessV2ScalingConfiguration"] == SLEEPS

    awake = {"MinCapacity": 0.5, "MaxCapacity": 2}
    after = change(bare_cloud, "range", ServerlessV2ScalingConfiguration=awake)
    assert after["ServerlessV2ScalingConfiguration"] == awake
    again = {"MinCapacity": 0, "MaxCapacity": 2}
    after = change(bare_cloud, "range", ServerlessV2ScalingConfiguration=again)
    assert after["ServerlessV2ScalingConfiguration"] == {**again, "SecondsUntilAutoPause": 300}
    quarter = {"MinCapacity": 0.25, "MaxCapacity": 2}
    assert "half-step" in refused(bare_cloud, "range", ServerlessV2ScalingConfiguration=quarter)


def test_a_major_version_alone_leads_to_the_default_minor_one(bare_cloud: Cloud) -> None:
    create(bare_cloud, "minor")
    assert change(bare_cloud, "minor", EngineVersion="16.13")["EngineVersion"] == "16.13"
    assert change(bare_cloud, "minor", BackupRetentionPeriod=2)["EngineVersion"] == "16.13"
    assert change(bare_cloud, "minor", EngineVersion="16")["EngineVersion"] == "16.11"


def test_logs_and_insights_are_shown_of_the_cluster_and_its_members(bare_cloud: Cloud) -> None:
    create(
        bare_cloud,
        "seen",
        EnableCloudwatchLogsExports=["postgresql"],
        EnablePerformanceInsights=True,
        PerformanceInsightsKMSKeyId=KEY,
        PerformanceInsightsRetentionPeriod=7,
    )
    add_member(bare_cloud, "seen")
    cluster = described(bare_cloud, "seen")
    assert cluster["EnabledCloudwatchLogsExports"] == ["postgresql"]
    assert (cluster["PerformanceInsightsEnabled"], cluster["PerformanceInsightsKMSKeyId"]) == (True, KEY)
    assert cluster["EngineVersion"] == "16.11"

    change(bare_cloud, "seen", EnablePerformanceInsights=False)
    members = bare_cloud.client("rds").describe_db_instances(DBInstanceIdentifier="seen-member-1")
    assert members["DBInstances"][0]["PerformanceInsightsEnabled"] is False


def test_a_reader_writes_when_the_writer_is_deleted(bare_cloud: Cloud) -> None:
    create(bare_cloud, "pair")
    add_member(bare_cloud, "pair", 1)
    add_member(bare_cloud, "pair", 2)
    bare_cloud.client("rds").delete_db_instance(DBInstanceIdentifier="pair-member-1")
    (left,) = described(bare_cloud, "pair")["DBClusterMembers"]
    assert (left["DBInstanceIdentifier"], left["IsClusterWriter"]) == ("pair-member-2", True)


def test_a_restore_has_no_secret_until_it_is_asked_for_one(bare_cloud: Cloud) -> None:
    rds = bare_cloud.client("rds")
    create(bare_cloud, "source", EnableIAMDatabaseAuthentication=True)
    rds.create_db_cluster_snapshot(DBClusterSnapshotIdentifier="source-1", DBClusterIdentifier="source")
    rds.restore_db_cluster_from_snapshot(
        DBClusterIdentifier="restored",
        SnapshotIdentifier="source-1",
        Engine="aurora-postgresql",
        EngineVersion="16.11",
    )
    cluster = described(bare_cloud, "restored")
    assert (cluster["DatabaseName"], cluster["MasterUsername"]) == ("orders", "dbadmin")
    assert "MasterUserSecret" not in cluster
    assert cluster["IAMDatabaseAuthenticationEnabled"] is False

    after = change(bare_cloud, "restored", ManageMasterUserPassword=True, MasterUserSecretKmsKeyId=KEY)
    assert after["MasterUserSecret"]["KmsKeyId"] == KEY
    assert secret(bare_cloud, "restored") != secret(bare_cloud, "source")


def test_a_final_snapshot_has_the_clusters_tags(bare_cloud: Cloud) -> None:
    rds = bare_cloud.client("rds")
    create(bare_cloud, "ended")
    rds.delete_db_cluster(DBClusterIdentifier="ended", FinalDBSnapshotIdentifier="ended-final-1")
    found = rds.describe_db_cluster_snapshots(DBClusterSnapshotIdentifier="ended-final-1")[
        "DBClusterSnapshots"
    ]
    assert [(snapshot["DBClusterIdentifier"], snapshot["TagList"]) for snapshot in found] == [
        ("ended", [{"Key": "Team", "Value": "alpha"}])
    ]
    listed = rds.list_tags_for_resource(ResourceName=found[0]["DBClusterSnapshotArn"])
    assert listed["TagList"] == [{"Key": "Team", "Value": "alpha"}]


def test_a_clone_has_the_rows_and_a_separate_password(cloud: Cloud) -> None:
    rds = cloud.client("rds")
    create(cloud, "rows")
    add_member(cloud, "rows")
    assert rows(cloud, "rows", "CREATE TABLE kept AS SELECT 7 AS id", "SELECT id FROM kept") == [(7,)]
    rds.restore_db_cluster_to_point_in_time(
        DBClusterIdentifier="clone",
        SourceDBClusterIdentifier="rows",
        RestoreType="copy-on-write",
        UseLatestRestorableTime=True,
    )
    change(cloud, "clone", ManageMasterUserPassword=True, ServerlessV2ScalingConfiguration=SLEEPS)
    add_member(cloud, "clone")

    assert rows(cloud, "clone", "INSERT INTO kept VALUES (8)", "SELECT count(*) FROM kept") == [(2,)]
    assert rows(cloud, "rows", "SELECT count(*) FROM kept") == [(1,)]
    before = secret(cloud, "clone")
    arn = described(cloud, "clone")["MasterUserSecret"]["SecretArn"]
    cloud.client("secretsmanager").rotate_secret(SecretId=arn)
    assert secret(cloud, "clone") != before
    assert rows(cloud, "clone", "SELECT count(*) FROM kept") == [(2,)]


def test_a_stopped_cluster_takes_no_login_until_it_is_started(cloud: Cloud) -> None:
    rds = cloud.client("rds")
    create(cloud, "stopped")
    add_member(cloud, "stopped")
    rds.stop_db_cluster(DBClusterIdentifier="stopped")
    with pytest.raises(psycopg.OperationalError, match="refused"):
        rows(cloud, "stopped", "SELECT 1")

    rds.start_db_cluster(DBClusterIdentifier="stopped")
    assert rows(cloud, "stopped", "SELECT 1") == [(1,)]


def rows(cloud: Cloud, name: str, *statements: str) -> list[tuple[Any, ...]]:
    """The rows of the last statement."""
    cluster, login = described(cloud, name), secret(cloud, name)
    with closing(
        psycopg.connect(
            host=cluster["ReaderEndpoint"],
            port=cluster["Port"],
            user=login["username"],
            password=login["password"],
            dbname="orders",
            sslmode="require",
            autocommit=True,
        )
    ) as connection:
        for statement in statements:
            cursor = connection.execute(statement)
        found: list[tuple[Any, ...]] = cursor.fetchall()
    return found
