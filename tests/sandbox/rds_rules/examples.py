"""An account with one database of each engine, and the calls that the tables of refusals vary."""

import datetime as dt
from typing import Any

from sandbox.aws.rds_rules.call import (
    ADD_TAGS,
    CREATE,
    CREATE_CLUSTER,
    CREATE_CLUSTER_GROUP,
    CREATE_CLUSTER_SNAPSHOT,
    CREATE_GROUP,
    CREATE_SNAPSHOT,
    DELETE,
    DELETE_CLUSTER,
    DELETE_CLUSTER_GROUP,
    DELETE_GROUP,
    MODIFY,
    MODIFY_CLUSTER,
    MODIFY_CLUSTER_GROUP,
    MODIFY_GROUP,
    RESTORE,
    RESTORE_CLUSTER,
    RESTORE_CLUSTER_IN_TIME,
    RESTORE_IN_TIME,
    Call,
    Estate,
)

NOW = dt.datetime(2026, 11, 25, 12, tzinfo=dt.UTC)
KEY = "arn:aws:kms:eu-central-1:000000000000:key/1"
OTHER_KEY = "arn:aws:kms:eu-central-1:000000000000:key/2"

POSTGRES: dict[str, Any] = {
    "DBInstanceIdentifier": "dev-orders",
    "DBInstanceClass": "db.t4g.medium",
    "Engine": "postgres",
    "EngineVersion": "17.6",
    "StorageType": "gp3",
    "AllocatedStorage": 100,
    "MaxAllocatedStorage": 200,
    "Iops": 3000,
    "StorageThroughput": 125,
    "BackupRetentionPeriod": 7,
    "InstanceCreateTime": "2026-11-20T12:00:00+00:00",
    "DBParameterGroups": [{"DBParameterGroupName": "dev-orders-1"}],
    "PerformanceInsightsEnabled": True,
    "PerformanceInsightsKMSKeyId": KEY,
    "MonitoringRoleArn": "arn:aws:iam::000000000000:role/monitoring",
    "DeletionProtection": False,
    "TagList": [{"Key": f"Tag{number}", "Value": ""} for number in range(48)],
    "_MasterUserSecret": {"KmsKeyId": KEY},
}
MYSQL: dict[str, Any] = {
    **POSTGRES,
    "DBInstanceIdentifier": "dev-shop",
    "Engine": "mysql",
    "EngineVersion": "8.4.6",
    "AllocatedStorage": 500,
    "MaxAllocatedStorage": 1000,
    "Iops": 12000,
    "StorageThroughput": 500,
    "DBParameterGroups": [{"DBParameterGroupName": "dev-shop-1"}],
    "PerformanceInsightsEnabled": False,
    "PerformanceInsightsKMSKeyId": "",
    "MonitoringRoleArn": "",
    "DeletionProtection": True,
}
RESTED: dict[str, Any] = {**POSTGRES, "DBInstanceIdentifier": "dev-rested"}
SNAPSHOT = {**POSTGRES, "SnapshotType": "manual"}
AURORA: dict[str, Any] = {
    "DBClusterIdentifier": "dev-team",
    "Engine": "aurora-postgresql",
    "EngineVersion": "16.11",
    "DBClusterParameterGroup": "dev-team-1",
    "ServerlessV2ScalingConfiguration": {
        "MinCapacity": 0.0,
        "MaxCapacity": 2.0,
        "SecondsUntilAutoPause": 300,
    },
    "BackupRetentionPeriod": 7,
    "ClusterCreateTime": "2026-11-20T12:00:00+00:00",
    "DBClusterMembers": [],
    "DeletionProtection": False,
    "MasterUserSecret": {"KmsKeyId": KEY},
    "PerformanceInsightsEnabled": True,
    "PerformanceInsightsKMSKeyId": KEY,
}
CLUSTER_SNAPSHOT = {**AURORA, "SnapshotType": "manual"}
ESTATE = Estate(
    instances={
        "dev-orders": POSTGRES,
        "dev-shop": MYSQL,
        "dev-grown": {**RESTED, "_StorageChangedAt": NOW - dt.timedelta(hours=5, minutes=59)},
        "dev-rested": {**RESTED, "_StorageChangedAt": NOW - dt.timedelta(hours=6)},
        "dev-upgrading": {**RESTED, "DBInstanceStatus": "upgrading"},
        "dev-plain": {**RESTED, "DBParameterGroups": [{"DBParameterGroupName": "default.postgres17"}]},
        "dev-unsaved": {**RESTED, "BackupRetentionPeriod": 0},
    },
    snapshots={"dev-orders-final-1": SNAPSHOT},
    groups={
        "dev-orders-1": {"DBParameterGroupFamily": "postgres17"},
        "dev-shop-1": {"DBParameterGroupFamily": "mysql8.4"},
        "dev-spare-1": {"DBParameterGroupFamily": "postgres16"},
        "dev-next-1": {"DBParameterGroupFamily": "postgres18"},
    },
    clusters={
        "dev-team": AURORA,
        "dev-full": {**AURORA, "DBClusterMembers": [{"DBInstanceIdentifier": "dev-full-member-1"}]},
        "dev-kept": {**AURORA, "DeletionProtection": True},
        "dev-rangeless": {**AURORA, "ServerlessV2ScalingConfiguration": None},
        "dev-upgrading": {**AURORA, "Status": "upgrading"},
        "dev-plain": {**AURORA, "DBClusterParameterGroup": "default.aurora-postgresql16"},
        "dev-blind": {**AURORA, "PerformanceInsightsEnabled": False},
    },
    cluster_snapshots={"dev-team-final-1": CLUSTER_SNAPSHOT},
    cluster_groups={
        "dev-team-1": {"DBParameterGroupFamily": "aurora-postgresql16"},
        "dev-next-1": {"DBParameterGroupFamily": "aurora-postgresql17"},
        "dev-spare-1": {"DBParameterGroupFamily": "aurora-mysql8.0"},
    },
)
# Each is a call that RDS takes.
ACCEPTED: dict[str, dict[str, Any]] = {
    CREATE: {
        "DBInstanceIdentifier": "dev-new",
        "DBInstanceClass": "db.t4g.micro",
        "Engine": "postgres",
        "EngineVersion": "17",
        "DBName": "new",
        "MasterUsername": "dbadmin",
        "StorageType": "gp3",
        "AllocatedStorage": 20,
        "MaxAllocatedStorage": 40,
        "BackupRetentionPeriod": 35,
        "MonitoringInterval": 60,
        "MonitoringRoleArn": "arn:aws:iam::000000000000:role/monitoring",
        "EnablePerformanceInsights": True,
        "PerformanceInsightsRetentionPeriod": 7,
        "PerformanceInsightsKMSKeyId": KEY,
        "DBParameterGroupName": "dev-orders-1",
        "Tags": [{"Key": "Owner", "Value": "Zoë zoe@example.org"}],
    },
    MODIFY: {"DBInstanceIdentifier": "dev-orders", "AllocatedStorage": 110},
    DELETE: {"DBInstanceIdentifier": "dev-orders", "FinalDBSnapshotIdentifier": "dev-orders-final-2"},
    RESTORE: {
        "DBInstanceIdentifier": "dev-copy",
        "DBSnapshotIdentifier": "dev-orders-final-1",
        "Engine": "postgres",
        "DBParameterGroupName": "dev-orders-1",
    },
    RESTORE_IN_TIME: {
        "TargetDBInstanceIdentifier": "dev-copy",
        "SourceDBInstanceIdentifier": "dev-orders",
        "Engine": "postgres",
        "StorageType": "gp3",
        "MaxAllocatedStorage": 200,
        "RestoreTime": "2026-11-25T11:00:00+00:00",
    },
    CREATE_GROUP: {
        "DBParameterGroupName": "dev-new-1",
        "DBParameterGroupFamily": "mysql8.4",
        "Description": "TLS",
    },
    MODIFY_GROUP: {
        "DBParameterGroupName": "dev-shop-1",
        "Parameters": [
            {
                "ParameterName": "require_secure_transport",
                "ParameterValue": "1",
                "ApplyMethod": "immediate",
            }
        ],
    },
    DELETE_GROUP: {"DBParameterGroupName": "dev-spare-1"},
    CREATE_SNAPSHOT: {"DBInstanceIdentifier": "dev-orders", "DBSnapshotIdentifier": "dev-orders-today"},
    CREATE_CLUSTER: {
        "DBClusterIdentifier": "dev-new",
        "Engine": "aurora-postgresql",
        "EngineVersion": "16",
        "DatabaseName": "new",
        "MasterUsername": "dbadmin",
        "BackupRetentionPeriod": 1,
        "ServerlessV2ScalingConfiguration": {
            "MinCapacity": 0.0,
            "MaxCapacity": 256.0,
            "SecondsUntilAutoPause": 86_400,
        },
        "DBClusterParameterGroupName": "dev-team-1",
        "EnablePerformanceInsights": True,
        "PerformanceInsightsRetentionPeriod": 7,
        "PerformanceInsightsKMSKeyId": KEY,
    },
    MODIFY_CLUSTER: {
        "DBClusterIdentifier": "dev-team",
        "ServerlessV2ScalingConfiguration": {"MinCapacity": 0.5, "MaxCapacity": 1.0},
        "PerformanceInsightsRetentionPeriod": 31,
    },
    DELETE_CLUSTER: {"DBClusterIdentifier": "dev-team", "FinalDBSnapshotIdentifier": "dev-team-final-2"},
    RESTORE_CLUSTER: {
        "DBClusterIdentifier": "dev-copy",
        "SnapshotIdentifier": "dev-team-final-1",
        "Engine": "aurora-postgresql",
        "EngineVersion": "16.11",
        "DBClusterParameterGroupName": "dev-team-1",
    },
    RESTORE_CLUSTER_IN_TIME: {
        "DBClusterIdentifier": "dev-copy",
        "SourceDBClusterIdentifier": "dev-team",
        "RestoreToTime": "2026-11-25T11:00:00+00:00",
    },
    CREATE_CLUSTER_GROUP: {
        "DBClusterParameterGroupName": "dev-new-1",
        "DBParameterGroupFamily": "aurora-mysql8.0",
        "Description": "TLS",
    },
    MODIFY_CLUSTER_GROUP: {
        "DBClusterParameterGroupName": "dev-spare-1",
        "Parameters": [
            {
                "ParameterName": "require_secure_transport",
                "ParameterValue": "ON",
                "ApplyMethod": "immediate",
            }
        ],
    },
    DELETE_CLUSTER_GROUP: {"DBClusterParameterGroupName": "dev-spare-1"},
    CREATE_CLUSTER_SNAPSHOT: {
        "DBClusterIdentifier": "dev-team",
        "DBClusterSnapshotIdentifier": "dev-team-today",
    },
    ADD_TAGS: {
        "ResourceName": "arn:aws:rds:eu-central-1:000000000000:db:dev-orders",
        "Tags": [{"Key": "Tag1", "Value": "again"}],
    },
}


def call(action: str, estate: Estate = ESTATE, **changes: Any) -> Call:
    """An accepted call with some arguments changed; None leaves one out."""
    given = {name: value for name, value in {**ACCEPTED[action], **changes}.items() if value is not None}
    return Call(action, given, estate, NOW)


def setting(name: str, value: str, method: str = "immediate") -> dict[str, str]:
    """One parameter of a group."""
    return {"ParameterName": name, "ParameterValue": value, "ApplyMethod": method}
