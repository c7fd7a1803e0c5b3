"""Major versions: which one a database is upgraded to, and what the call has to say."""

from collections.abc import Mapping

from sandbox.aws.rds_rules.call import MODIFY, MODIFY_CLUSTER, Call, Refusal, invalid_combination

# https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/USER_UpgradeDBInstance.PostgreSQL.MajorVersion.html
# https://docs.aws.amazon.com/AmazonRDS/latest/AuroraUserGuide/USER_UpgradeDBInstance.PostgreSQL.MajorVersion.html
TARGETS: Mapping[str, tuple[str, ...]] = {
    "postgres15": ("postgres16", "postgres17", "postgres18"),
    "postgres16": ("postgres17", "postgres18"),
    "postgres17": ("postgres18",),
    "aurora-postgresql15": ("aurora-postgresql16", "aurora-postgresql17"),
    "aurora-postgresql16": ("aurora-postgresql17",),
}


def nothing_is_changed_meanwhile(call: Call) -> Refusal | None:
    """What is being upgraded takes no change.

    RDS's words: hashicorp/terraform-provider-aws issue 31594 for instances, aws-controllers-k8s/community
    issue 1107 for clusters
    """
    if call.action == MODIFY and call.instance.get("DBInstanceStatus") == "upgrading":
        return Refusal("InvalidDBInstanceState", "Database instance is not in available state.")
    if call.action == MODIFY_CLUSTER and (status := call.cluster.get("Status")) == "upgrading":
        return Refusal(
            "InvalidDBClusterStateFault",
            f"DB cluster is not available for modification with status {status}",
        )
    return None


def path_is_one_of_rds(call: Call) -> Refusal | None:
    """RDS upgrades to the ValidUpgradeTarget of a version, and takes none back.

    https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/USER_UpgradeDBInstance.PostgreSQL.MajorVersion.html
    """
    if not _is_major(call) or call.family in TARGETS.get(call.held_family, ()):
        return None
    held, wanted = call.held["EngineVersion"], call.given["EngineVersion"]
    return invalid_combination(f"Cannot upgrade {call.engine} from {held} to {wanted}")


def upgrade_is_allowed(call: Call) -> Refusal | None:
    """A major version wants its flag.

    https://docs.aws.amazon.com/AmazonRDS/latest/APIReference/API_ModifyDBInstance.html,
    AllowMajorVersionUpgrade; API_ModifyDBCluster has the same
    """
    if not _is_major(call) or call.given.get("AllowMajorVersionUpgrade"):
        return None
    return invalid_combination(
        "The AllowMajorVersionUpgrade flag must be present when upgrading to a new major version."
    )


def custom_group_is_replaced(call: Call) -> Refusal | None:
    """A group of the version before that is not RDS's own is replaced in the same call.

    RDS's words: terraform-aws-modules/terraform-aws-rds issue 435 for instances,
    crossplane-contrib/provider-aws pull request 1692 for clusters
    """
    if not _is_major(call):
        return None
    of_cluster = call.action == MODIFY_CLUSTER
    kind = "DB cluster" if of_cluster else "DB instance"
    asked = "DBClusterParameterGroupName" if of_cluster else "DBParameterGroupName"
    group = call.held.get("DBClusterParameterGroup", "") if of_cluster else _group(call)
    if call.given.get(asked) or not group or group.startswith("default."):
        return None
    return invalid_combination(
        f"The current {kind} parameter group {group} is custom. You must explicitly specify a new {kind} "
        "parameter group, either default or custom, for the engine version upgrade."
    )


def _group(call: Call) -> str:
    return next((str(group["DBParameterGroupName"]) for group in call.held.get("DBParameterGroups", [])), "")


def _is_major(call: Call) -> bool:
    asks = call.action in (MODIFY, MODIFY_CLUSTER) and call.held and call.given.get("EngineVersion")
    return bool(asks) and call.family != call.held_family
