"""The reaper's daily checks, on the sandbox's RDS and CloudWatch."""

import datetime as dt
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from provisioner.core.names import Place
from provisioner.reaper.rds import Observer, Running, asking, tags_of

from sandbox.aws.servers import free_port
from sandbox.aws.start import start
from sandbox.cloud import Cloud
from sandbox.processes import Processes

HOUR = dt.timedelta(hours=1)
TAGS = [{"Key": "ManagedBy", "Value": "rds-provisioner"}, {"Key": "Environment", "Value": "dev"}]


@pytest.fixture(scope="module")
def cloud(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cloud]:
    found = Cloud(free_port())
    processes = Processes(tmp_path_factory.mktemp("looks"))
    start(found, processes, Path(tempfile.mkdtemp(prefix="rds-")))
    found.client("rds").create_db_instance(
        DBInstanceIdentifier="dev-orders",
        Engine="postgres",
        EngineVersion="16",
        DBInstanceClass="db.t4g.micro",
        AllocatedStorage=20,
        MasterUsername="dbadmin",
        ManageMasterUserPassword=True,
        CopyTagsToSnapshot=True,
        Tags=TAGS,
    )
    yield found
    processes.stop()


def test_an_instance_is_known_by_its_tags(cloud: Cloud) -> None:
    (found,) = Observer(cloud.client("rds"), cloud.client("cloudwatch")).databases()

    assert (found.identifier, found.place) == ("dev-orders", Place("dev", "orders"))
    assert abs(dt.datetime.now(dt.UTC) - found.created_at) < HOUR


def test_connections_are_read_by_the_hour(cloud: Cloud) -> None:
    now = dt.datetime(2026, 11, 23, 12, tzinfo=dt.UTC)
    cloudwatch = cloud.client("cloudwatch")
    data: list[Any] = [
        {
            "MetricName": "DatabaseConnections",
            "Dimensions": [{"Name": "DBInstanceIdentifier", "Value": name}],
            "Timestamp": at,
            "Value": count,
        }
        for name, at, count in (
            ("dev-orders", now, 0),
            ("dev-orders", now + HOUR / 2, 4),
            ("dev-orders", now + 2 * HOUR, 0),
            ("dev-bills", now, 9),
        )
    ]
    cloudwatch.put_metric_data(Namespace="AWS/RDS", MetricData=data)

    asked = [Running(f"dev-{name}", Place("dev", name), now) for name in ("orders", "never")]
    found = Observer(None, cloudwatch).connections(asked, now, now + 3 * HOUR)

    assert sorted(found["dev-orders"]) == [(now, 4.0), (now + 2 * HOUR, 0.0)]
    assert found["dev-never"] == []


def test_a_final_snapshot_carries_the_tags_of_its_instance(cloud: Cloud) -> None:
    rds = cloud.client("rds")
    rds.delete_db_instance(
        DBInstanceIdentifier="dev-orders", FinalDBSnapshotIdentifier="dev-orders-final-0a1b2c3d"
    )

    with asking("listing the snapshots"):
        (found,) = rds.describe_db_snapshots(SnapshotType="manual")["DBSnapshots"]

    assert found["DBSnapshotIdentifier"] == "dev-orders-final-0a1b2c3d"
    assert found["DBInstanceIdentifier"] == "dev-orders"
    assert tags_of(dict(found)) == {tag["Key"]: tag["Value"] for tag in TAGS}
    assert found["Status"] == "available"
