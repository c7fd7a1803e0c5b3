"""The module of a cluster with real Terraform, the real provider and real servers, from its first plan on.

The sandbox's clusters sleep after 2 % of the time that they would on AWS: 6 seconds in place of 300.
"""

import json
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psycopg
import pymysql
import pytest

from sandbox.aws import postgres_majors
from sandbox.aws.servers import free_port
from sandbox.aws.start import start
from sandbox.cloud import Cloud
from sandbox.processes import Processes
from tests.trials.harness import TERRAFORM, Harness, lay_foundation

SCALE = 0.02
PAUSE = 300
PG, MY = "dev-orders", "dev-shop"
POSTGRES: dict[str, Any] = {
    "source": str(TERRAFORM / "modules" / "rds_cluster"),
    "environment": "dev",
    "database_name": "orders",
    "engine": "aurora-postgresql",
    "engine_version": "16",
    "min_acu": 0,
    "max_acu": 2,
    "pause_after": PAUSE,
    "monitoring": True,
    "multi_az": False,
    "backup_retention_days": 7,
    "backup_window": "01:10-01:40",
    "maintenance_window": "tue:02:00-tue:02:30",
    "deletion_protection": False,
    "final_snapshot": True,
    "request_id": "3f0c1a2b-1111-4222-8333-444455556666",
    "team": "alpha",
    "owner": "alpha",
    "purpose": "orders of the shop",
    "cost_center": "alpha",
    "expires_at": "2026-12-30T12:00:00Z",
    "tags": {"Service": "orders"},
}
MYSQL = {**POSTGRES, "database_name": "shop", "engine": "aurora-mysql", "engine_version": "8.0"}
# An instance, and the cluster that is made of its snapshot.
OLD_PG, NEW_PG = "dev-old-orders", "dev-new-orders"
INSTANCE: dict[str, Any] = {
    name: text
    for name, text in POSTGRES.items()
    if name not in ("min_acu", "max_acu", "pause_after", "monitoring")
} | {
    "source": str(TERRAFORM / "modules" / "rds_database"),
    "database_name": "old-orders",
    "engine": "postgres",
    "instance_class": "db.t4g.micro",
    "storage_gb": 20,
    "backup_window": "03:00-04:00",
    "max_storage_gb": 40,
}
# What the provider does not send with a restore, and a second apply sets.
LATER = {
    "performance_insights_enabled",
    "performance_insights_kms_key_id",
    "performance_insights_retention_period",
    "iam_database_authentication_enabled",
}


@dataclass
class Trial:
    """The emulator, one Terraform root on it, and what the root calls."""

    cloud: Cloud
    harness: Harness
    calls: dict[str, dict[str, Any]] = field(default_factory=dict)

    def apply(self) -> dict[str, dict[str, tuple[Any, Any]]]:
        """Apply; what a plan would change then, which is nothing where all is as asked for."""
        began = time.monotonic()
        self.harness.write_calls(self.calls)
        ended = self.harness.apply()
        assert ended.status == 0, ended.output[-6000:]
        left = self.harness.plan()
        print(f"applied and planned again in {time.monotonic() - began:.0f} s")
        return left

    def cluster(self, identifier: str) -> dict[str, Any]:
        found: dict[str, Any] = self.cloud.client("rds").describe_db_clusters(DBClusterIdentifier=identifier)
        cluster: dict[str, Any] = found["DBClusters"][0]
        return cluster

    def instance(self, identifier: str) -> dict[str, Any]:
        """An instance in the shape of a cluster, as far as a client needs it."""
        found = self.cloud.client("rds").describe_db_instances(DBInstanceIdentifier=identifier)
        instance: dict[str, Any] = found["DBInstances"][0]
        return instance | {"Endpoint": instance["Endpoint"]["Address"], "Port": instance["Endpoint"]["Port"]}

    def login(self, identifier: str) -> dict[str, Any]:
        """The arguments of a client's connection, TLS without a look at who certifies it."""
        cluster = self.instance(identifier) if identifier == OLD_PG else self.cluster(identifier)
        arn = cluster["MasterUserSecret"]["SecretArn"]
        secret = self.cloud.client("secretsmanager").get_secret_value(SecretId=arn)["SecretString"]
        held = json.loads(secret)
        return {
            "host": cluster["Endpoint"],
            "port": cluster["Port"],
            "user": held["username"],
            "password": held["password"],
        }

    def sql(
        self, identifier: str, *statements: str, database: str = "orders", **user: str
    ) -> list[tuple[Any, ...]]:
        """The rows of the last statement, as the master user or another."""
        login = self.login(identifier) | user
        connect: Callable[..., Any] = psycopg.connect
        more: dict[str, Any] = {"dbname": database, "sslmode": "require", "autocommit": True}
        if identifier == MY:
            connect = pymysql.connect
            more = {"database": database, "ssl": {"check_hostname": False}, "autocommit": True}
        with closing(connect(**login, **more)) as connection, closing(connection.cursor()) as cursor:
            for statement in statements:
                cursor.execute(statement)
            return list(cursor.fetchall()) if cursor.description else []

    def capacity(self, identifier: str) -> float | None:
        """The last value of ServerlessDatabaseCapacity."""
        now = time.time()
        found = self.cloud.client("cloudwatch").get_metric_data(
            StartTime=now - 600,
            EndTime=now + 60,
            MetricDataQueries=[
                {
                    "Id": "capacity",
                    "MetricStat": {
                        "Metric": {
                            "Namespace": "AWS/RDS",
                            "MetricName": "ServerlessDatabaseCapacity",
                            "Dimensions": [{"Name": "DBClusterIdentifier", "Value": identifier}],
                        },
                        "Period": 1,
                        "Stat": "Minimum",
                    },
                }
            ],
        )["MetricDataResults"][0]
        values = dict(zip(found["Timestamps"], found["Values"], strict=True))
        return float(values[max(values)]) if values else None

    def sleeps(self, identifier: str, seconds: float = 20) -> bool:
        """Whether it sleeps within this time."""
        deadline = time.monotonic() + seconds
        while self.capacity(identifier) != 0:
            if time.monotonic() > deadline:
                return False
            time.sleep(0.5)
        return True


@pytest.fixture(scope="module")
def trial(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Trial]:
    place = tmp_path_factory.mktemp("trial")
    databases = Path(tempfile.mkdtemp(prefix="rds-"))
    cloud, processes = Cloud(free_port()), Processes(place / "logs")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SANDBOX_PAUSE_SCALE", str(SCALE))
        start(cloud, processes, databases)
    try:
        lay_foundation(cloud, ["dev"])
        yield Trial(cloud, Harness(place / "root", cloud))
    finally:
        processes.stop()
        print((place / "logs" / "aws.log").read_text()[-20_000:])


def test_a_cluster_from_its_first_plan_to_its_end(trial: Trial) -> None:
    make(trial)
    sleep_and_wake(trial)
    upgrade(trial)
    copy_and_change(trial)
    remove(trial)


def test_a_cluster_is_made_of_an_instances_snapshot(trial: Trial) -> None:
    """The row and a user's login are in the cluster, under Aurora's version; the instance is as it was."""
    trial.calls = {OLD_PG: dict(INSTANCE)}
    assert trial.apply() == {}
    trial.sql(
        OLD_PG,
        "CREATE TABLE kept (id int)",
        "INSERT INTO kept VALUES (7)",
        "CREATE ROLE clerk LOGIN PASSWORD 'as-before'",
        "GRANT SELECT ON kept TO clerk",
        database="old_orders",
    )
    before = trial.instance(OLD_PG)
    trial.cloud.client("rds").create_db_snapshot(
        DBSnapshotIdentifier="dev-old-orders-final-aabbccdd", DBInstanceIdentifier=OLD_PG
    )
    trial.sql(OLD_PG, "INSERT INTO kept VALUES (8)", database="old_orders")
    restore = {"snapshot": "dev-old-orders-final-aabbccdd", "engine": "postgres"}
    trial.calls[NEW_PG] = {**POSTGRES, "database_name": "new-orders", "restore": restore}
    left = trial.apply()
    assert {name for change in left.values() for name in change} <= LATER, left
    assert trial.apply() == {}

    cluster, after = trial.cluster(NEW_PG), trial.instance(OLD_PG)
    assert (cluster["Engine"], cluster["EngineVersion"]) == ("aurora-postgresql", "16.11")
    assert cluster["MasterUsername"] == before["MasterUsername"]
    assert cluster["MasterUserSecret"]["SecretArn"] != before["MasterUserSecret"]["SecretArn"]
    assert cluster["StorageEncrypted"]
    assert cluster["IAMDatabaseAuthenticationEnabled"]
    rows, kept = "SELECT id FROM kept", {"user": "clerk", "password": "as-before"}
    assert trial.sql(NEW_PG, rows, database="old_orders") == [(7,)]
    assert trial.sql(NEW_PG, rows, database="old_orders", **kept) == [(7,)]
    assert trial.sql(OLD_PG, rows, database="old_orders") == [(7,), (8,)]
    assert (after["EngineVersion"], after["Endpoint"]) == (before["EngineVersion"], before["Endpoint"])


def make(trial: Trial) -> None:
    """Both engines are there after one apply, one with a reader, and a second plan is empty."""
    trial.calls = {PG: {**POSTGRES, "multi_az": True}, MY: dict(MYSQL)}
    assert trial.apply() == {}

    cluster = trial.cluster(PG)
    assert cluster["ServerlessV2ScalingConfiguration"] == {
        "MinCapacity": 0,
        "MaxCapacity": 2,
        "SecondsUntilAutoPause": PAUSE,
    }
    assert cluster["EngineVersion"].startswith("16.")
    assert cluster["IAMDatabaseAuthenticationEnabled"]
    assert cluster["EnabledCloudwatchLogsExports"] == ["postgresql"]
    assert members(cluster) == [("dev-orders-member-1", True), ("dev-orders-member-2", False)]
    described = trial.cloud.client("rds").describe_db_instances()["DBInstances"]
    zones = {found["AvailabilityZone"] for found in described if found["DBClusterIdentifier"] == PG}
    assert len(zones) == 2
    for identifier, database in ((PG, "orders"), (MY, "shop")):
        table = ("CREATE TABLE kept (id int)", "INSERT INTO kept VALUES (7)", "SELECT id FROM kept")
        assert trial.sql(identifier, *table, database=database) == [(7,)]
    with pytest.raises(psycopg.OperationalError, match="no encryption"):
        psycopg.connect(**trial.login(PG), dbname="orders", sslmode="disable")


def sleep_and_wake(trial: Trial) -> None:
    """Without a connection the servers end; a connection keeps one awake, and a login wakes one."""
    with closing(psycopg.connect(**trial.login(PG), dbname="orders", sslmode="require")):
        assert trial.sleeps(MY)
        assert trial.capacity(PG) == 0.5
    assert trial.sleeps(PG)
    assert trial.harness.plan() == {}, "sleep changes nothing that is planned"
    assert trial.capacity(PG) == 0, "a plan wakes nobody"

    began = time.monotonic()
    assert trial.sql(PG, "SELECT id FROM kept") == [(7,)]
    print(f"awake after {time.monotonic() - began:.1f} s")
    assert trial.capacity(PG) == 0.5


def upgrade(trial: Trial) -> None:
    """A major upgrade wakes a cluster and its reader; no later plan has anything of it left to do."""
    postgres_majors.fetch("17")
    assert trial.sleeps(PG)
    trial.calls[PG] |= {"engine_version": "17", "upgrade": {"from": "16", "snapshot": "dev-orders-before-1"}}
    assert trial.apply() == {}

    rds = trial.cloud.client("rds")
    described = rds.describe_db_instances()["DBInstances"]
    versions = [found["EngineVersion"] for found in described if found["DBClusterIdentifier"] == PG]
    assert [trial.cluster(PG)["EngineVersion"], *versions] == ["17.7"] * 3
    ((shown,),) = trial.sql(PG, "SHOW server_version")
    assert shown.startswith("17.")
    assert trial.sql(PG, "SELECT id FROM kept") == [(7,)]
    groups = rds.describe_db_cluster_parameter_groups()["DBClusterParameterGroups"]
    families = {found["DBParameterGroupFamily"] for found in groups}
    assert families == {"aurora-postgresql17", "aurora-mysql8.0"}, "the group of 16 was deleted"

    del trial.calls[PG]["upgrade"]
    trial.harness.write_calls(trial.calls)
    only = {"allow_major_version_upgrade": (True, False)}
    assert trial.harness.plan() == {f"module.{PG}.aws_rds_cluster.this": only}
    assert trial.apply() == {}


def copy_and_change(trial: Trial) -> None:
    """A restore of a snapshot, a copy and a clone; more capacity, no reader, no monitoring."""
    assert trial.sleeps(PG)
    trial.cloud.client("rds").create_db_cluster_snapshot(
        DBClusterSnapshotIdentifier="dev-orders-final-aabbccdd", DBClusterIdentifier=PG
    )
    assert trial.capacity(PG) == 0, "a snapshot wakes nobody"
    trial.calls[PG] |= {"max_acu": 4, "multi_az": False, "monitoring": False}
    sources = {
        "dev-again": {"snapshot": "dev-orders-final-aabbccdd"},
        "dev-copy": {"database": PG, "point_in_time": "latest"},
        "dev-clone": {"database": PG},
    }
    for name, restore in sources.items():
        copied = {"database_name": name.removeprefix("dev-"), "restore": restore}
        trial.calls[name] = trial.calls[PG] | copied
    left = trial.apply()
    assert {name for change in left.values() for name in change} <= LATER, left
    assert all(any(f"module.{name}." in address for name in sources) for address in left), left
    assert members(trial.cluster(PG)) == [("dev-orders-member-1", True)]
    assert trial.cluster(PG)["ServerlessV2ScalingConfiguration"]["MaxCapacity"] == 4
    for name in sources:
        assert trial.sql(name, "SELECT id FROM kept") == [(7,)], name
    trial.sql("dev-clone", "INSERT INTO kept VALUES (8)")
    assert trial.sql(PG, "SELECT id FROM kept") == [(7,)], "a clone writes for itself"

    del trial.calls[MY]
    assert trial.apply() == {}
    assert all(trial.cluster(name)["IAMDatabaseAuthenticationEnabled"] for name in sources)


def remove(trial: Trial) -> None:
    """A rotated password, and a removal that leaves final snapshots with the tags."""
    rds = trial.cloud.client("rds")
    before = trial.login(PG)["password"]
    arn = trial.cluster(PG)["MasterUserSecret"]["SecretArn"]
    trial.cloud.client("secretsmanager").rotate_secret(SecretId=arn)
    assert trial.login(PG)["password"] != before
    assert trial.sql(PG, "SELECT id FROM kept") == [(7,)]

    trial.calls = {}
    assert trial.apply() == {}
    assert rds.describe_db_clusters()["DBClusters"] == []
    assert rds.describe_db_cluster_parameter_groups()["DBClusterParameterGroups"] == []
    described = rds.describe_db_cluster_snapshots()["DBClusterSnapshots"]
    left = {found["DBClusterSnapshotIdentifier"]: found["TagList"] for found in described}
    assert {f"{name}-final-3f0c1a2b" for name in (PG, MY, "dev-again", "dev-copy", "dev-clone")} < {*left}
    tags = {found["Key"]: found["Value"] for found in left["dev-orders-final-3f0c1a2b"]}
    assert tags["ManagedBy"] == "rds-provisioner"
    assert tags["Service"] == "orders"


def members(cluster: dict[str, Any]) -> list[tuple[str, bool]]:
    """Each member with whether it writes."""
    return sorted(
        (found["DBInstanceIdentifier"], found["IsClusterWriter"]) for found in cluster["DBClusterMembers"]
    )
