"""What RDS refuses of clusters: what is asked, code and words."""

import dataclasses
from typing import Any

from sandbox.aws.rds_rules.call import (
    CREATE,
    CREATE_CLUSTER,
    CREATE_CLUSTER_GROUP,
    CREATE_CLUSTER_SNAPSHOT,
    DELETE_CLUSTER,
    DELETE_CLUSTER_GROUP,
    MODIFY_CLUSTER,
    MODIFY_CLUSTER_GROUP,
    RESTORE_CLUSTER,
    RESTORE_CLUSTER_IN_TIME,
    Call,
)
from tests.sandbox.rds_rules.examples import (
    AURORA,
    CLUSTER_SNAPSHOT,
    ESTATE,
    OTHER_KEY,
    POSTGRES,
    call,
    setting,
)
from tests.sandbox.rds_rules.refused_settings import holding

VALUE, COMBINATION, STATE = (
    "InvalidParameterValue",
    "InvalidParameterCombination",
    "InvalidDBClusterStateFault",
)
INSTANCES_SNAPSHOT = "arn:aws:rds:us-east-1:123456789012:snapshot:dev-orders-final-1"
WITH_MEMBER = dataclasses.replace(
    ESTATE, instances={"dev-full-member-1": {**POSTGRES, "DBClusterIdentifier": "dev-full"}}
)


def ranged(least: float | None, most: float | None, pause: int | None = None) -> Call:
    """A new cluster with this capacity."""
    found = {"MinCapacity": least, "MaxCapacity": most, "SecondsUntilAutoPause": pause}
    given = {name: units for name, units in found.items() if units is not None}
    return call(CREATE_CLUSTER, ServerlessV2ScalingConfiguration=given)


def member(cluster: str) -> Call:
    given: dict[str, Any] = {"Engine": "aurora-postgresql", "DBInstanceClass": "db.serverless"}
    return Call(
        CREATE,
        {**given, "DBInstanceIdentifier": f"{cluster}-member-1", "DBClusterIdentifier": cluster},
        ESTATE,
        call(CREATE).now,
    )


def becoming(held: str, asked: str) -> Call:
    """A cluster of an instance's snapshot, each of its version."""
    estate = dataclasses.replace(
        ESTATE,
        snapshots={"dev-orders-final-1": {**POSTGRES, "EngineVersion": held, "SnapshotType": "manual"}},
    )
    asked_for = call(RESTORE_CLUSTER, SnapshotIdentifier=INSTANCES_SNAPSHOT, EngineVersion=asked)
    return dataclasses.replace(asked_for, estate=estate)


REFUSED: dict[str, tuple[Call, str, str]] = {
    "half of a capacity range": (
        ranged(0.5, None),
        VALUE,
        "Both MinCapacity and MaxCapacity must be specified when you initialize Serverless v2 scaling "
        "configuration.",
    ),
    "a largest capacity below one unit": (
        ranged(0.5, 0.5),
        VALUE,
        "Serverless v2 maximum capacity 0.5 isn't valid. The maximum capacity must be at least 1.0.",
    ),
    "a capacity above the largest": (
        ranged(1.0, 256.5),
        VALUE,
        "Serverless v2 maximum capacity 256.5 isn't valid. The maximum capacity must be at most 256.0.",
    ),
    "a capacity between the half steps": (
        ranged(0.25, 2.0),
        VALUE,
        "Serverless v2 minimum capacity 0.25 isn't valid. Specify the capacity in half-step increments.",
    ),
    "a smallest capacity above the largest": (
        ranged(4.0, 2.0),
        VALUE,
        "The Serverless v2 minimum capacity must be less than or equal to the maximum capacity.",
    ),
    "a cluster's backup during its maintenance": (
        call(
            MODIFY_CLUSTER,
            PreferredBackupWindow="03:00-03:30",
            PreferredMaintenanceWindow="sun:03:15-sun:03:45",
        ),
        VALUE,
        "The backup window and maintenance window must not overlap.",
    ),
    "sleep too soon": (
        ranged(0.0, 2.0, 299),
        VALUE,
        "SecondsUntilAutoPause 299 isn't valid. It must be between 300 and 86400.",
    ),
    "sleep too late": (
        ranged(0.0, 2.0, 86_401),
        VALUE,
        "SecondsUntilAutoPause 86401 isn't valid. It must be between 300 and 86400.",
    ),
    "sleep with a smallest capacity": (
        ranged(0.5, 2.0, 300),
        COMBINATION,
        "SecondsUntilAutoPause can be specified only if MinCapacity is 0.",
    ),
    "a cluster's major version without its flag": (
        call(MODIFY_CLUSTER, EngineVersion="17", DBClusterParameterGroupName="dev-next-1"),
        COMBINATION,
        "The AllowMajorVersionUpgrade flag must be present when upgrading to a new major version.",
    ),
    "a cluster's major version back": (
        call(MODIFY_CLUSTER, EngineVersion="15", AllowMajorVersionUpgrade=True),
        COMBINATION,
        "Cannot upgrade aurora-postgresql from 16.11 to 15",
    ),
    "a cluster's major version that only instances have": (
        call(MODIFY_CLUSTER, EngineVersion="18", AllowMajorVersionUpgrade=True),
        COMBINATION,
        "Cannot upgrade aurora-postgresql from 16.11 to 18",
    ),
    "a cluster's major version without a group of it": (
        call(MODIFY_CLUSTER, EngineVersion="17", AllowMajorVersionUpgrade=True),
        COMBINATION,
        "The current DB cluster parameter group dev-team-1 is custom. You must explicitly specify a new DB "
        "cluster parameter group, either default or custom, for the engine version upgrade.",
    ),
    "a cluster's old group after an upgrade": (
        call(
            MODIFY_CLUSTER,
            EngineVersion="17",
            AllowMajorVersionUpgrade=True,
            DBClusterParameterGroupName="dev-team-1",
        ),
        COMBINATION,
        "The Parameter Group dev-team-1 with DBParameterGroupFamily aurora-postgresql16 cannot be used for "
        "this instance. Please use a Parameter Group with DBParameterGroupFamily aurora-postgresql17",
    ),
    "a change of a cluster during its upgrade": (
        call(MODIFY_CLUSTER, DBClusterIdentifier="dev-upgrading"),
        STATE,
        "DB cluster is not available for modification with status upgrading",
    ),
    "a member of no cluster": (member("dev-none"), "DBClusterNotFoundFault", "DBCluster dev-none not found."),
    "a member of a cluster without a range": (
        member("dev-rangeless"),
        STATE,
        "Set the Serverless v2 scaling configuration on the parent DB cluster before creating a Serverless v2"
        " DB instance.",
    ),
    "a protected cluster": (
        call(DELETE_CLUSTER, DBClusterIdentifier="dev-kept"),
        COMBINATION,
        "Cannot delete protected Cluster, please disable deletion protection and try again.",
    ),
    "a cluster with members": (
        call(DELETE_CLUSTER, DBClusterIdentifier="dev-full"),
        STATE,
        "Cluster cannot be deleted, it still contains DB instances in non-deleting state.",
    ),
    "a removal that says nothing of a snapshot": (
        call(DELETE_CLUSTER, FinalDBSnapshotIdentifier=None),
        COMBINATION,
        "FinalDBSnapshotIdentifier is required unless SkipFinalSnapshot is specified.",
    ),
    "a cluster snapshot's name again": (
        call(CREATE_CLUSTER_SNAPSHOT, DBClusterSnapshotIdentifier="dev-team-final-1"),
        "DBClusterSnapshotAlreadyExistsFault",
        "Cannot create the cluster snapshot because one with the identifier dev-team-final-1 already exists.",
    ),
    "a cluster without backups": (
        call(MODIFY_CLUSTER, BackupRetentionPeriod=0),
        VALUE,
        "Invalid backup retention period: 0. It must be between 1 and 35.",
    ),
    "another key of a cluster's secret": (
        call(MODIFY_CLUSTER, MasterUserSecretKmsKeyId=OTHER_KEY),
        COMBINATION,
        "You can't change the KMS key of the managed master user secret while RDS manages it.",
    ),
    "another key of a cluster's insights": (
        call(MODIFY_CLUSTER, PerformanceInsightsKMSKeyId=OTHER_KEY),
        COMBINATION,
        "You can't change your Performance Insights KMS key.",
    ),
    "a retention of insights that are off": (
        call(MODIFY_CLUSTER, DBClusterIdentifier="dev-blind"),
        COMBINATION,
        "You can't set a Performance Insights retention period without enabling Performance Insights.",
    ),
    "a cluster from an instance's snapshot": (
        call(RESTORE_CLUSTER, SnapshotIdentifier="dev-orders-final-1"),
        "DBClusterSnapshotNotFoundFault",
        "DBClusterSnapshot not found: dev-orders-final-1",
    ),
    "a cluster from an instance's snapshot that is not there": (
        call(RESTORE_CLUSTER, SnapshotIdentifier=f"{INSTANCES_SNAPSHOT}-gone"),
        "DBSnapshotNotFound",
        f"DBSnapshot not found: {INSTANCES_SNAPSHOT}-gone",
    ),
    "an Aurora MySQL cluster from PostgreSQL's snapshot": (
        call(
            RESTORE_CLUSTER,
            SnapshotIdentifier=INSTANCES_SNAPSHOT,
            Engine="aurora-mysql",
            EngineVersion=None,
            DBClusterParameterGroupName=None,
        ),
        COMBINATION,
        "Cannot restore a cluster of engine postgres as engine aurora-mysql.",
    ),
    "a cluster of another major version than the instance's": (
        becoming("15.9", "16.11"),
        COMBINATION,
        "Cannot migrate a snapshot of version 15.9 to aurora-postgresql 16.11.",
    ),
    "a cluster of an earlier minor version than the instance's": (
        becoming("16.12", "16.11"),
        COMBINATION,
        "The engine version you requested for your restored DB cluster (16.11) is earlier than the engine "
        "version of the DB snapshot (16.12).",
    ),
    "a copy of no cluster": (
        call(RESTORE_CLUSTER_IN_TIME, SourceDBClusterIdentifier="dev-orders"),
        "DBClusterNotFoundFault",
        "DBCluster dev-orders not found.",
    ),
    "a snapshot of another engine": (
        call(RESTORE_CLUSTER, Engine="aurora-mysql", DBClusterParameterGroupName=None),
        COMBINATION,
        "Cannot restore a cluster of engine aurora-postgresql as engine aurora-mysql.",
    ),
    "a clone of an earlier time": (
        call(RESTORE_CLUSTER_IN_TIME, RestoreType="copy-on-write"),
        COMBINATION,
        "RestoreToTime can't be specified if RestoreType is copy-on-write.",
    ),
    "a copy of no time": (
        call(RESTORE_CLUSTER_IN_TIME, RestoreToTime=None),
        COMBINATION,
        "Specify either RestoreToTime or UseLatestRestorableTime.",
    ),
    "a copy of a time before the cluster": (
        call(RESTORE_CLUSTER_IN_TIME, RestoreToTime="2026-11-20T11:59:59+00:00"),
        VALUE,
        "The specified cluster cannot be restored to a time before 2026-11-20T12:00:00Z or after "
        "2026-11-25T12:00:00Z",
    ),
    "another engine's group of a cluster": (
        call(CREATE_CLUSTER, DBClusterParameterGroupName="dev-spare-1"),
        COMBINATION,
        "The Parameter Group dev-spare-1 with DBParameterGroupFamily aurora-mysql8.0 cannot be used for this "
        "instance. Please use a Parameter Group with DBParameterGroupFamily aurora-postgresql16",
    ),
    "an instance's value for a cluster's parameter": (
        call(MODIFY_CLUSTER_GROUP, Parameters=[setting("require_secure_transport", "1")]),
        VALUE,
        "Invalid parameter value: 1 for: require_secure_transport allowed values are: ON,OFF",
    ),
    "a cluster's group in use": (
        call(DELETE_CLUSTER_GROUP, DBClusterParameterGroupName="dev-team-1"),
        "InvalidDBParameterGroupState",
        "One or more database instances are still members of this parameter group, so the group cannot be "
        "deleted",
    ),
    "a family of clusters that RDS does not have": (
        call(CREATE_CLUSTER_GROUP, DBParameterGroupFamily="aurora-mysql8.4"),
        VALUE,
        "ParameterGroupFamily aurora-mysql8.4 is not a valid parameter group family",
    ),
    "a cluster too many": (
        holding(40, "clusters", AURORA, CREATE_CLUSTER),
        "DBClusterQuotaExceededFault",
        "DB Cluster quota exceeded",
    ),
    "a group of clusters too many": (
        holding(50, "cluster_groups", {"DBParameterGroupFamily": "aurora-mysql8.0"}, CREATE_CLUSTER_GROUP),
        "DBParameterGroupQuotaExceeded",
        "Cannot create more than 50 db cluster parameter groups",
    ),
    "a cluster snapshot too many": (
        holding(100, "cluster_snapshots", CLUSTER_SNAPSHOT, DELETE_CLUSTER),
        "SnapshotQuotaExceeded",
        "Cannot create more than 100 manual cluster snapshots",
    ),
}
