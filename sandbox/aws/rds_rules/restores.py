"""What a restore may be asked for; what it leaves out, only a later change sets."""

import datetime as dt

from sandbox.aws.rds_rules.call import (
    RESTORE,
    RESTORE_IN_TIME,
    RESTORES,
    Call,
    Refusal,
    invalid_combination,
    invalid_value,
)


def source_exists(call: Call) -> Refusal | None:
    """The snapshot, or the instance, is there.

    https://docs.aws.amazon.com/AmazonRDS/latest/APIReference/API_RestoreDBInstanceFromDBSnapshot.html, Errors
    """
    if call.action not in RESTORES or call.source:
        return None
    if call.action == RESTORE:
        name = call.given.get("DBSnapshotIdentifier")
        return Refusal("DBSnapshotNotFound", f"DBSnapshot not found: {name}", 404)
    name = call.given.get("SourceDBInstanceIdentifier")
    return Refusal("DBInstanceNotFound", f"DBInstance {name} not found.", 404)


def engine_stays(call: Call) -> Refusal | None:
    """The engine is the source's.

    https://docs.aws.amazon.com/AmazonRDS/latest/APIReference/API_RestoreDBInstanceFromDBSnapshot.html, Engine
    """
    if call.action not in RESTORES or call.given.get("Engine", call.engine) == call.engine:
        return None
    return invalid_combination(
        f"Cannot restore an instance of engine {call.engine} as engine {call.given['Engine']}."
    )


def restore_is_as_large(call: Call) -> Refusal | None:
    """At least as much storage as the source has.

    https://docs.aws.amazon.com/AmazonRDS/latest/APIReference/API_RestoreDBInstanceFromDBSnapshot.html; RDS's
    words: ministryofjustice/cloud-platform-user-guide pull request 1911
    """
    asked = call.given.get("AllocatedStorage")
    if call.action not in RESTORES or asked is None or asked >= call.held_gb:
        return None
    return invalid_combination(
        f"Invalid storage size for engine name {call.engine} and storage type gp3: {asked}"
    )


def password_is_managed_later(call: Call) -> Refusal | None:
    """A restore makes no managed master secret for PostgreSQL and MySQL: a change after it does.

    API_RestoreDBInstanceFromDBSnapshot, ManageMasterUserPassword: "Applies to RDS for Oracle only"
    """
    if call.action not in RESTORES or "ManageMasterUserPassword" not in call.given:
        return None
    return invalid_combination(
        f"ManageMasterUserPassword is not supported for engine {call.engine} in a restore."
    )


def database_keeps_its_name(call: Call) -> Refusal | None:
    """A restored database keeps its name.

    API_RestoreDBInstanceFromDBSnapshot, DBName: Oracle and SQL Server only
    """
    if call.action not in RESTORES or "DBName" not in call.given:
        return None
    return invalid_combination(f"DBName must be null when restoring for engine {call.engine}.")


def time_is_one_of_two(call: Call) -> Refusal | None:
    """Either a time or the latest one.

    https://docs.aws.amazon.com/AmazonRDS/latest/APIReference/API_RestoreDBInstanceToPointInTime.html
    """
    if call.action != RESTORE_IN_TIME:
        return None
    if bool(call.given.get("UseLatestRestorableTime")) != ("RestoreTime" in call.given):
        return None
    return invalid_combination("Specify either RestoreTime or UseLatestRestorableTime.")


def time_is_backed_up(call: Call) -> Refusal | None:
    """Within the days for which backups are kept, and not before the instance.

    API_RestoreDBInstanceToPointInTime, RestoreTime
    """
    if call.action != RESTORE_IN_TIME or "RestoreTime" not in call.given or not call.source:
        return None
    moment = dt.datetime.fromisoformat(call.given["RestoreTime"])
    kept = dt.timedelta(days=call.source["BackupRetentionPeriod"])
    oldest = max(call.now - kept, dt.datetime.fromisoformat(call.source["InstanceCreateTime"]))
    if oldest <= moment <= call.now:
        return None
    return invalid_value(
        f"The specified instance cannot be restored to a time before {oldest:%Y-%m-%dT%H:%M:%SZ} or after "
        f"{call.now:%Y-%m-%dT%H:%M:%SZ}"
    )


def backups_are_on(call: Call) -> Refusal | None:
    """A source without backups has no earlier time.

    API_RestoreDBInstanceToPointInTime, PointInTimeRestoreNotEnabled
    """
    if call.action != RESTORE_IN_TIME or call.source.get("BackupRetentionPeriod", 1):
        return None
    return Refusal(
        "PointInTimeRestoreNotEnabled", "Point in time restore is not enabled for the source DB instance."
    )
