"""An instance's other settings, and how many of each thing an account may hold in a region."""

from sandbox.aws.rds_rules.call import (
    CREATE,
    CREATE_GROUP,
    CREATE_SNAPSHOT,
    DELETE,
    MAKES_INSTANCE,
    MODIFY,
    Call,
    Refusal,
    invalid_combination,
    invalid_value,
)

# https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/CHAP_Limits.html
INSTANCES = 40
GROUPS = 50
RETAINED_BACKUPS = 40
SNAPSHOTS = 100


def protected_stays(call: Call) -> Refusal | None:
    """Deletion protection is switched off first.

    https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/USER_DeleteInstance.html
    """
    if call.action != DELETE or not call.instance.get("DeletionProtection"):
        return None
    return invalid_combination(
        "Cannot delete protected DB Instance, please disable deletion protection and try again."
    )


def backups_are_kept_at_most_35_days(call: Call) -> Refusal | None:
    """0 to 35 days.

    https://docs.aws.amazon.com/AmazonRDS/latest/APIReference/API_CreateDBInstance.html, BackupRetentionPeriod
    """
    days = call.given.get("BackupRetentionPeriod", 0)
    if 0 <= days <= 35:
        return None
    return invalid_value(f"Invalid backup retention period: {days}. It must be between 0 and 35.")


def monitoring_has_a_role(call: Call) -> Refusal | None:
    """Enhanced monitoring needs the role that writes its logs.

    https://docs.aws.amazon.com/AmazonRDS/latest/APIReference/API_CreateDBInstance.html, MonitoringInterval
    """
    if call.action not in (CREATE, MODIFY) or not call.given.get("MonitoringInterval"):
        return None
    if call.given.get("MonitoringRoleArn") or call.instance.get("MonitoringRoleArn"):
        return None
    return invalid_combination(
        "A MonitoringRoleARN value is required if you specify a MonitoringInterval value other than 0."
    )


def secret_keeps_its_key(call: Call) -> Refusal | None:
    """The key of a managed master secret is chosen with it.

    https://docs.aws.amazon.com/AmazonRDS/latest/APIReference/API_ModifyDBInstance.html,
    MasterUserSecretKmsKeyId
    """
    held = call.instance.get("_MasterUserSecret", {}).get("KmsKeyId")
    if call.action != MODIFY or not held or call.given.get("MasterUserSecretKmsKeyId", held) == held:
        return None
    return invalid_combination(
        "You can't change the KMS key of the managed master user secret while RDS manages it."
    )


def instance_quota(call: Call) -> Refusal | None:
    """40 instances. CHAP_Limits."""
    if call.action not in MAKES_INSTANCE or len(call.estate.instances) < INSTANCES:
        return None
    return Refusal("InstanceQuotaExceeded", "DB Instance quota exceeded")


def group_quota(call: Call) -> Refusal | None:
    """50 parameter groups. CHAP_Limits."""
    if call.action != CREATE_GROUP or len(call.estate.groups) < GROUPS:
        return None
    return Refusal("DBParameterGroupQuotaExceeded", f"Cannot create more than {GROUPS} db parameter groups")


def snapshot_quota(call: Call) -> Refusal | None:
    """100 manual snapshots, final ones included. CHAP_Limits."""
    asks = call.action == CREATE_SNAPSHOT or (
        call.action == DELETE and "FinalDBSnapshotIdentifier" in call.given
    )
    manual = sum(snapshot.get("SnapshotType") == "manual" for snapshot in call.estate.snapshots.values())
    if not asks or manual < SNAPSHOTS:
        return None
    return Refusal("SnapshotQuotaExceeded", f"Cannot create more than {SNAPSHOTS} manual snapshots")


def retained_backup_quota(call: Call) -> Refusal | None:
    """40 automated backups of instances that were deleted. CHAP_Limits."""
    keeps = call.action == DELETE and call.given.get("DeleteAutomatedBackups") is False
    if not keeps or call.estate.retained_backups < RETAINED_BACKUPS:
        return None
    return Refusal(
        "DBInstanceAutomatedBackupQuotaExceeded",
        "The quota for retained automated backups was exceeded. This prevents you from retaining any "
        "additional automated backups.",
    )
