"""What the sandbox adds to MiniStack's RDS, seen through boto3 and real database clients."""

import json
import os
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import psycopg
import pymysql
import pytest

from sandbox.aws import fleet
from sandbox.cloud import Cloud

needs_servers = pytest.mark.skipif(
    bool(fleet.missing_engines()), reason=f"no server installed for {', '.join(fleet.missing_engines())}"
)


def create(cloud: Cloud, engine: str, identifier: str, **settings: Any) -> dict[str, Any]:
    rds = cloud.client("rds")
    rds.create_db_instance(
        DBInstanceIdentifier=identifier,
        Engine=engine,
        EngineVersion={"postgres": "16", "mysql": "8.4"}[engine],
        AllocatedStorage=20,
        MasterUsername="app_admin",
        ManageMasterUserPassword=True,
        DBName="orders_db",
        **{"DBInstanceClass": "db.t4g.micro", **settings},
    )
    return available(cloud, identifier)


def available(cloud: Cloud, identifier: str) -> dict[str, Any]:
    deadline = time.monotonic() + 120
    while time.monotonic() < deadline:
        found: dict[str, Any] = cloud.client("rds").describe_db_instances(DBInstanceIdentifier=identifier)[
            "DBInstances"
        ][0]
        assert found["DBInstanceStatus"] in ("creating", "available")
        if found["DBInstanceStatus"] == "available":
            return found
        time.sleep(0.2)
    raise AssertionError(f"{identifier} did not become available")


def secret(cloud: Cloud, instance: dict[str, Any]) -> dict[str, str]:
    arn = instance["MasterUserSecret"]["SecretArn"]
    found: dict[str, str] = json.loads(
        cloud.client("secretsmanager").get_secret_value(SecretId=arn)["SecretString"]
    )
    return found


def query(cloud: Cloud, instance: dict[str, Any], statement: str, **options: Any) -> Any:
    """Log in with the secret's credentials and run one statement; its first value, if it has one."""
    login = {**secret(cloud, instance), **options}
    host, port = instance["Endpoint"]["Address"], instance["Endpoint"]["Port"]
    connection: Any
    if instance["Engine"] == "postgres":
        connection = psycopg.connect(
            host=host,
            port=port,
            user=login.pop("username"),
            dbname=instance["DBName"],
            autocommit=True,
            **login,
        )
    else:
        connection = pymysql.connect(
            host=host,
            port=port,
            user=login.pop("username"),
            database=instance["DBName"],
            autocommit=True,
            **login,
        )
    try:
        cursor = connection.cursor()
        cursor.execute(statement)
        return cursor.fetchone()[0] if cursor.description else None
    finally:
        connection.close()


ENGINES = pytest.mark.parametrize("engine", ["postgres", "mysql"])


@ENGINES
@needs_servers
def test_the_managed_secret_opens_a_real_server(cloud: Cloud, engine: str) -> None:
    instance = create(cloud, engine, f"secret-{engine}")
    name = cloud.client("secretsmanager").describe_secret(SecretId=instance["MasterUserSecret"]["SecretArn"])[
        "Name"
    ]
    assert name == f"rds!{instance['DbiResourceId'].lower()}"
    assert instance["MasterUserSecret"]["SecretStatus"] == "active"
    assert instance["Endpoint"]["Address"] == "localhost"
    assert query(cloud, instance, "select 40 + 2") == 42


@ENGINES
@needs_servers
@pytest.mark.parametrize("way", ["RotateSecret", "ModifyDBInstance"])
def test_a_rotation_changes_the_server_s_password(cloud: Cloud, engine: str, way: str) -> None:
    instance = create(cloud, engine, f"rotate-{way.lower()[:6]}-{engine}")
    before = secret(cloud, instance)["password"]
    if way == "RotateSecret":
        cloud.client("secretsmanager").rotate_secret(SecretId=instance["MasterUserSecret"]["SecretArn"])
    else:
        identifier = instance["DBInstanceIdentifier"]
        cloud.client("rds").modify_db_instance(DBInstanceIdentifier=identifier, RotateMasterUserPassword=True)
    assert secret(cloud, instance)["password"] != before
    assert query(cloud, instance, "select 1") == 1
    with pytest.raises((psycopg.OperationalError, pymysql.err.OperationalError)):
        query(cloud, instance, "select 1", password=before)


@needs_servers
@pytest.mark.parametrize(
    ("engine", "family", "parameter", "without_tls"),
    [
        ("postgres", "postgres16", "rds.force_ssl", {"sslmode": "disable"}),
        ("mysql", "mysql8.4", "require_secure_transport", {"ssl_disabled": True}),
    ],
)
def test_the_parameter_group_decides_whether_tls_is_needed(
    cloud: Cloud, engine: str, family: str, parameter: str, without_tls: dict[str, Any]
) -> None:
    rds = cloud.client("rds")
    for group, setting in (("tls-on", "1"), ("tls-off", "0")):
        name = f"{group}-{engine}"
        rds.create_db_parameter_group(
            DBParameterGroupName=name, DBParameterGroupFamily=family, Description=group
        )
        change = {"ParameterName": parameter, "ParameterValue": setting, "ApplyMethod": "pending-reboot"}
        rds.modify_db_parameter_group(DBParameterGroupName=name, Parameters=[change])
    forced = create(cloud, engine, f"forced-{engine}", DBParameterGroupName=f"tls-on-{engine}")
    free = create(cloud, engine, f"free-{engine}", DBParameterGroupName=f"tls-off-{engine}")
    assert query(cloud, free, "select 1", **without_tls) == 1
    assert query(cloud, forced, "select 1") == 1
    with pytest.raises((psycopg.OperationalError, pymysql.err.OperationalError)):
        query(cloud, forced, "select 1", **without_tls)


def by_snapshot(cloud: Cloud, source: str, target: str) -> None:
    rds = cloud.client("rds")
    rds.delete_db_instance(DBInstanceIdentifier=source, FinalDBSnapshotIdentifier=f"{source}-final")
    rds.restore_db_instance_from_db_snapshot(
        DBInstanceIdentifier=target, DBSnapshotIdentifier=f"{source}-final"
    )


def by_point_in_time(cloud: Cloud, source: str, target: str) -> None:
    cloud.client("rds").restore_db_instance_to_point_in_time(
        SourceDBInstanceIdentifier=source, TargetDBInstanceIdentifier=target, UseLatestRestorableTime=True
    )


@ENGINES
@needs_servers
@pytest.mark.parametrize("restore", [by_snapshot, by_point_in_time])
def test_a_restored_instance_has_the_data_and_a_separate_secret(
    cloud: Cloud, engine: str, restore: Callable[[Cloud, str, str], None]
) -> None:
    source, target = (
        f"{restore.__name__[:7].replace('_', '-')}-{engine}",
        f"{restore.__name__[3:8]}-copy-{engine}",
    )
    instance = create(cloud, engine, source, PreferredMaintenanceWindow="sun:04:30-sun:05:30")
    query(cloud, instance, "create table answers (answer int)")
    query(cloud, instance, "insert into answers values (42)")
    restore(cloud, source, target)
    available(cloud, target)
    # Terraform asks for the managed password in a second call, after the restore.
    cloud.client("rds").modify_db_instance(DBInstanceIdentifier=target, ManageMasterUserPassword=True)
    copy = available(cloud, target)
    assert copy["MasterUserSecret"]["SecretArn"] != instance["MasterUserSecret"]["SecretArn"]
    assert query(cloud, copy, "select answer from answers") == 42
    inherits = copy["PreferredMaintenanceWindow"] == instance["PreferredMaintenanceWindow"]
    assert inherits == (restore is by_point_in_time)


def test_deleting_an_instance_deletes_its_secret_and_its_server(cloud: Cloud) -> None:
    instance = create(cloud, "postgres", "short-lived")
    cloud.client("rds").delete_db_instance(DBInstanceIdentifier="short-lived", SkipFinalSnapshot=True)
    names = [each["ARN"] for each in cloud.client("secretsmanager").list_secrets()["SecretList"]]
    assert instance["MasterUserSecret"]["SecretArn"] not in names
    with pytest.raises(psycopg.OperationalError):
        psycopg.connect(
            host="localhost", port=instance["Endpoint"]["Port"], user="x", password="x", dbname="x"
        )


def test_settings_that_ministack_forgets_are_described(cloud: Cloud) -> None:
    instance = create(
        cloud,
        "mysql",
        "described",
        DBInstanceClass="db.t4g.medium",
        EnableCloudwatchLogsExports=["error", "slowquery"],
        EnablePerformanceInsights=True,
        PerformanceInsightsKMSKeyId="arn:aws:kms:eu-central-1:000000000000:key/1",
    )
    assert instance["EnabledCloudwatchLogsExports"] == ["error", "slowquery"]
    assert instance["PerformanceInsightsKMSKeyId"] == "arn:aws:kms:eu-central-1:000000000000:key/1"
    changed = cloud.client("rds").modify_db_instance(
        DBInstanceIdentifier="described",
        CloudwatchLogsExportConfiguration={"DisableLogTypes": ["slowquery"], "EnableLogTypes": ["audit"]},
    )["DBInstance"]
    assert changed["EnabledCloudwatchLogsExports"] == ["audit", "error"]


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
def test_no_database_server_runs_as_root(cloud: Cloud) -> None:
    if os.geteuid() != 0:
        pytest.skip("not root, so nothing to step down from")
    create(cloud, "postgres", "not-root")
    names = ("postgres", "mariadbd")
    for process in Path("/proc").glob("[0-9]*"):
        if (process / "comm").exists() and (process / "comm").read_text().strip() in names:
            assert process.stat().st_uid != 0
