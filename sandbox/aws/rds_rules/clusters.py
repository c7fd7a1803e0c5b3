"""Aurora Serverless v2 clusters: capacity, members, removal, restores and how many there may be."""

import datetime as dt
from collections.abc import Mapping

from sandbox.aws.rds_rules.call import (
    CREATE,
    CREATE_CLUSTER,
    CREATE_CLUSTER_GROUP,
    CREATE_CLUSTER_SNAPSHOT,
    DELETE_CLUSTER,
    MAKES_CLUSTER,
    MODIFY_CLUSTER,
    RESTORE_CLUSTER,
    RESTORE_CLUSTER_IN_TIME,
    Call,
    Refusal,
    invalid_combination,
    invalid_value,
)

LARGEST_ACU = 256.0
PAUSE_SECONDS = range(300, 86_401)
# https://docs.aws.amazon.com/AmazonRDS/latest/AuroraUserGuide/CHAP_Limits.html
CLUSTERS, CLUSTER_GROUPS, CLUSTER_SNAPSHOTS = 40, 50, 100
# https://docs.aws.amazon.com/AmazonRDS/latest/AuroraUserGuide/AuroraPostgreSQL.Migrating.html and
# AuroraMySQL.Migrating.RDSMySQL.Snapshot
MIGRATES = {"postgres": "aurora-postgresql", "mysql": "aurora-mysql"}
CALLED = {"MinCapacity": "minimum", "MaxCapacity": "maximum"}


def range_has_two_ends(call: Call) -> Refusal | None:
    """The first capacity range names both of its ends.

    RDS's words: crossplane-contrib/provider-upjet-aws issue 1165
    """
    asked = _capacity(call)
    if not asked or call.cluster.get("ServerlessV2ScalingConfiguration") or CALLED.keys() <= asked.keys():
        return None
    return invalid_value(
        "Both MinCapacity and MaxCapacity must be specified when you initialize Serverless v2 scaling "
        "configuration."
    )


def capacity_is_offered(call: Call) -> Refusal | None:
    """0 to 256 units, the largest 1 at least, in half steps.

    https://docs.aws.amazon.com/AmazonRDS/latest/APIReference/API_ServerlessV2ScalingConfiguration.html; RDS's
    words for the largest: aws/aws-cdk pull request 32232; the others are worded like it
    """
    for name, word in CALLED.items():
        units = _capacity(call).get(name)
        least = 1.0 if name == "MaxCapacity" else 0.0
        if units is None:
            continue
        why = ""
        if units < least:
            why = f"The {word} capacity must be at least {least}."
        elif units > LARGEST_ACU:
            why = f"The {word} capacity must be at most {LARGEST_ACU}."
        elif units * 2 % 1:
            why = "Specify the capacity in half-step increments."
        if why:
            return invalid_value(f"Serverless v2 {word} capacity {units} isn't valid. {why}")
    return None


def range_is_in_order(call: Call) -> Refusal | None:
    """The smallest capacity is not above the largest.

    https://docs.aws.amazon.com/AmazonRDS/latest/AuroraUserGuide/aurora-serverless-v2.setting-capacity.html
    """
    asked = _capacity(call)
    if not CALLED.keys() <= asked.keys() or asked["MinCapacity"] <= asked["MaxCapacity"]:
        return None
    return invalid_value(
        "The Serverless v2 minimum capacity must be less than or equal to the maximum capacity."
    )


def pause_is_within_bounds(call: Call) -> Refusal | None:
    """300 to 86,400 seconds. API_ServerlessV2ScalingConfiguration, SecondsUntilAutoPause."""
    seconds = _capacity(call).get("SecondsUntilAutoPause")
    if seconds is None or seconds in PAUSE_SECONDS:
        return None
    return invalid_value(
        f"SecondsUntilAutoPause {seconds} isn't valid. It must be between {PAUSE_SECONDS[0]} and "
        f"{PAUSE_SECONDS[-1]}."
    )


def pause_needs_no_capacity(call: Call) -> Refusal | None:
    """Only a cluster that may shrink to nothing pauses.

    API_ServerlessV2ScalingConfigurationInfo, SecondsUntilAutoPause
    """
    asked = _capacity(call)
    if "SecondsUntilAutoPause" not in asked or not asked.get("MinCapacity"):
        return None
    return invalid_combination("SecondsUntilAutoPause can be specified only if MinCapacity is 0.")


def member_has_a_cluster(call: Call) -> Refusal | None:
    """The cluster that a member is made in is there. API_CreateDBInstance, DBClusterNotFoundFault."""
    if call.action != CREATE or not call.is_member or call.cluster:
        return None
    return Refusal("DBClusterNotFoundFault", f"DBCluster {call.given['DBClusterIdentifier']} not found.", 404)


def member_needs_a_range(call: Call) -> Refusal | None:
    """A serverless member follows the capacity range of its cluster.

    RDS's words: https://docs.aws.amazon.com/AmazonRDS/latest/AuroraUserGuide/
    aurora-serverless-v2.requirements.html
    """
    if call.action != CREATE or not call.cluster or call.given.get("DBInstanceClass") != "db.serverless":
        return None
    if call.cluster.get("ServerlessV2ScalingConfiguration"):
        return None
    return Refusal(
        "InvalidDBClusterStateFault",
        "Set the Serverless v2 scaling configuration on the parent DB cluster before creating a Serverless v2"
        " DB instance.",
    )


def protected_cluster_stays(call: Call) -> Refusal | None:
    """Deletion protection is switched off first.

    https://docs.aws.amazon.com/AmazonRDS/latest/AuroraUserGuide/USER_DeleteCluster.html
    """
    if call.action != DELETE_CLUSTER or not call.cluster.get("DeletionProtection"):
        return None
    return invalid_combination(
        "Cannot delete protected Cluster, please disable deletion protection and try again."
    )


def cluster_is_empty(call: Call) -> Refusal | None:
    """The members are deleted first. USER_DeleteCluster has RDS's words."""
    if call.action != DELETE_CLUSTER or not call.cluster.get("DBClusterMembers"):
        return None
    return Refusal(
        "InvalidDBClusterStateFault",
        "Cluster cannot be deleted, it still contains DB instances in non-deleting state.",
    )


def backups_are_always_kept(call: Call) -> Refusal | None:
    """1 to 35 days: a cluster is never without backups. API_CreateDBCluster, BackupRetentionPeriod."""
    if call.action not in (*MAKES_CLUSTER, MODIFY_CLUSTER) or call.given.get("BackupRetentionPeriod", 1) >= 1:
        return None
    return invalid_value("Invalid backup retention period: 0. It must be between 1 and 35.")


def cluster_secret_keeps_its_key(call: Call) -> Refusal | None:
    """The key of a managed master secret is chosen with it. API_ModifyDBCluster, MasterUserSecretKmsKeyId."""
    held = (call.cluster.get("MasterUserSecret") or {}).get("KmsKeyId")
    if call.action != MODIFY_CLUSTER or not held or call.given.get("MasterUserSecretKmsKeyId", held) == held:
        return None
    return invalid_combination(
        "You can't change the KMS key of the managed master user secret while RDS manages it."
    )


def cluster_source_exists(call: Call) -> Refusal | None:
    """The cluster snapshot, or the cluster, is there; an instance's snapshot has its ARN alone here.

    API_RestoreDBClusterFromSnapshot, SnapshotIdentifier: "you can use only the ARN to specify a DB snapshot"
    """
    if call.action not in (RESTORE_CLUSTER, RESTORE_CLUSTER_IN_TIME) or call.cluster_source:
        return None
    if call.action == RESTORE_CLUSTER:
        name = call.given["SnapshotIdentifier"]
        if call.migrates:
            return Refusal("DBSnapshotNotFound", f"DBSnapshot not found: {name}", 404)
        return Refusal("DBClusterSnapshotNotFoundFault", f"DBClusterSnapshot not found: {name}", 404)
    name = call.given.get("SourceDBClusterIdentifier")
    return Refusal("DBClusterNotFoundFault", f"DBCluster {name} not found.", 404)


def cluster_engine_stays(call: Call) -> Refusal | None:
    """The engine is the source's, or what RDS makes of an instance's.

    API_RestoreDBClusterFromSnapshot, Engine: "Must be compatible with the engine of the source"
    """
    held = call.cluster_source.get("Engine")
    fitting = MIGRATES.get(str(held)) if call.migrates else held
    if not held or call.given.get("Engine", fitting) == fitting:
        return None
    return invalid_combination(f"Cannot restore a cluster of engine {held} as engine {call.given['Engine']}.")


def instance_becomes_a_cluster_of_its_version(call: Call) -> Refusal | None:
    """Of the same major version, and of PostgreSQL no earlier minor one.

    https://docs.aws.amazon.com/AmazonRDS/latest/AuroraUserGuide/AuroraPostgreSQL.Migrating.html and
    AuroraMySQL.Migrating.RDSMySQL.Snapshot; RDS's words, of cluster snapshots: aws-samples/redcap-on-aws
    issue 99
    """
    held, asked = call.cluster_source.get("EngineVersion", ""), call.given.get("EngineVersion", "")
    if not call.migrates or not held or not asked:
        return None
    before, after = held.split("."), asked.split(".")
    parts = 1 if call.engine == "aurora-postgresql" else 2
    if before[:parts] != after[:parts]:
        return invalid_combination(f"Cannot migrate a snapshot of version {held} to {call.engine} {asked}.")
    if parts == 2 or 1 in (len(before), len(after)) or int(after[1]) >= int(before[1]):
        return None
    return invalid_combination(
        f"The engine version you requested for your restored DB cluster ({asked}) is earlier than the engine "
        f"version of the DB snapshot ({held})."
    )


def cluster_time_is_chosen(call: Call) -> Refusal | None:
    """Either a time or the latest one; a clone has no earlier time.

    https://docs.aws.amazon.com/AmazonRDS/latest/APIReference/API_RestoreDBClusterToPointInTime.html
    """
    if call.action != RESTORE_CLUSTER_IN_TIME:
        return None
    timed = "RestoreToTime" in call.given
    if timed and call.given.get("RestoreType") == "copy-on-write":
        return invalid_combination("RestoreToTime can't be specified if RestoreType is copy-on-write.")
    if bool(call.given.get("UseLatestRestorableTime")) == timed:
        return invalid_combination("Specify either RestoreToTime or UseLatestRestorableTime.")
    return None


def cluster_time_is_backed_up(call: Call) -> Refusal | None:
    """Within the days for which backups are kept, and not before the cluster.

    API_RestoreDBClusterToPointInTime, RestoreToTime
    """
    if "RestoreToTime" not in call.given or not call.cluster_source:
        return None
    moment = dt.datetime.fromisoformat(call.given["RestoreToTime"])
    kept = dt.timedelta(days=call.cluster_source["BackupRetentionPeriod"])
    oldest = max(call.now - kept, dt.datetime.fromisoformat(call.cluster_source["ClusterCreateTime"]))
    if oldest <= moment <= call.now:
        return None
    return invalid_value(
        f"The specified cluster cannot be restored to a time before {oldest:%Y-%m-%dT%H:%M:%SZ} or after "
        f"{call.now:%Y-%m-%dT%H:%M:%SZ}"
    )


def cluster_quotas(call: Call) -> Refusal | None:
    """40 clusters, 50 of their parameter groups, 100 manual snapshots of them. CHAP_Limits of Aurora."""
    snapshots = call.estate.cluster_snapshots.values()
    if call.action in MAKES_CLUSTER and len(call.estate.clusters) >= CLUSTERS:
        return Refusal("DBClusterQuotaExceededFault", "DB Cluster quota exceeded")
    if call.action == CREATE_CLUSTER_GROUP and len(call.estate.cluster_groups) >= CLUSTER_GROUPS:
        words = f"Cannot create more than {CLUSTER_GROUPS} db cluster parameter groups"
        return Refusal("DBParameterGroupQuotaExceeded", words)
    asks = call.action == CREATE_CLUSTER_SNAPSHOT or (
        call.action == DELETE_CLUSTER and "FinalDBSnapshotIdentifier" in call.given
    )
    if asks and sum(found["SnapshotType"] == "manual" for found in snapshots) >= CLUSTER_SNAPSHOTS:
        words = f"Cannot create more than {CLUSTER_SNAPSHOTS} manual cluster snapshots"
        return Refusal("SnapshotQuotaExceeded", words)
    return None


def _capacity(call: Call) -> Mapping[str, float]:
    found: Mapping[str, float] = call.given.get("ServerlessV2ScalingConfiguration") or {}
    return found if call.action in (CREATE_CLUSTER, MODIFY_CLUSTER) else {}
