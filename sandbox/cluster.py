"""Looks at an Aurora cluster of the emulated RDS, as sandbox/instance.py does at an instance."""

import datetime as dt
import time
from typing import Any

from sandbox import instance
from sandbox.cloud import Cloud


def describe(cloud: Cloud, identifier: str) -> dict[str, Any]:
    """What RDS says of a cluster."""
    found = cloud.client("rds").describe_db_clusters(DBClusterIdentifier=identifier)
    cluster: dict[str, Any] = found["DBClusters"][0]
    return cluster


def identifiers(cloud: Cloud) -> list[str]:
    """All clusters that there are."""
    found = cloud.client("rds").describe_db_clusters()["DBClusters"]
    return [cluster["DBClusterIdentifier"] for cluster in found]


def snapshots(cloud: Cloud) -> list[str]:
    """All snapshots of clusters that there are."""
    found = cloud.client("rds").describe_db_cluster_snapshots()["DBClusterSnapshots"]
    return [snapshot["DBClusterSnapshotIdentifier"] for snapshot in found]


def query(cloud: Cloud, cluster: dict[str, Any], *statements: str) -> list[tuple[Any, ...]]:
    """Run statements as the master user; the rows of the last one, if it has any."""
    endpoint = {"Address": cluster["Endpoint"], "Port": cluster["Port"]}
    seen = {**cluster, "Endpoint": endpoint, "DBName": cluster["DatabaseName"]}
    return instance.query(cloud, seen, *statements)


def seconds_to_log_in(cloud: Cloud, cluster: dict[str, Any]) -> float:
    """How long a login takes, which wakes a cluster that sleeps."""
    began = time.monotonic()
    query(cloud, cluster, "select 1")
    return time.monotonic() - began


def capacity(cloud: Cloud, identifier: str) -> float | None:
    """The most capacity that it had in the newest minute that CloudWatch has, in Aurora capacity units.

    None where there is none yet.
    """
    now = dt.datetime.now(dt.UTC)
    found = cloud.client("cloudwatch").get_metric_statistics(
        Namespace="AWS/RDS",
        MetricName="ServerlessDatabaseCapacity",
        Dimensions=[{"Name": "DBClusterIdentifier", "Value": identifier}],
        StartTime=now - dt.timedelta(minutes=10),
        EndTime=now + dt.timedelta(minutes=1),
        Period=60,
        Statistics=["Maximum"],
    )["Datapoints"]
    newest = max(found, key=lambda point: point["Timestamp"], default=None)
    return None if newest is None else float(newest["Maximum"])
