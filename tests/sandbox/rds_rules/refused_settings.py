"""Parameters and settings that RDS refuses, and what passes a quota: what is asked, code and words."""

import dataclasses
from typing import Any

from sandbox.aws.rds_rules.call import (
    CREATE,
    CREATE_GROUP,
    CREATE_SNAPSHOT,
    DELETE,
    DELETE_GROUP,
    MODIFY,
    MODIFY_GROUP,
    RESTORE,
    Call,
)
from tests.sandbox.rds_rules.examples import ESTATE, OTHER_KEY, POSTGRES, SNAPSHOT, call, setting

VALUE, COMBINATION = "InvalidParameterValue", "InvalidParameterCombination"


def holding(count: int, kind: str, record: dict[str, Any], action: str) -> Call:
    """A call on an account that holds so many of a kind."""
    many: Any = {kind: {f"item{number}": record for number in range(count)}}
    return call(action, dataclasses.replace(ESTATE, **many))


REFUSED: dict[str, tuple[Call, str, str]] = {
    "a family that RDS does not have": (
        call(CREATE_GROUP, DBParameterGroupFamily="mysql8.5"),
        VALUE,
        "ParameterGroupFamily mysql8.5 is not a valid parameter group family",
    ),
    "a major version without its flag": (
        call(MODIFY, EngineVersion="18", DBParameterGroupName="dev-next-1"),
        COMBINATION,
        "The AllowMajorVersionUpgrade flag must be present when upgrading to a new major version.",
    ),
    "a major version back": (
        call(MODIFY, EngineVersion="16", AllowMajorVersionUpgrade=True),
        COMBINATION,
        "Cannot upgrade postgres from 17.6 to 16",
    ),
    "a major version that is none": (
        call(MODIFY, EngineVersion="42", AllowMajorVersionUpgrade=True),
        COMBINATION,
        "Cannot upgrade postgres from 17.6 to 42",
    ),
    "a major version without a group of it": (
        call(MODIFY, EngineVersion="18", AllowMajorVersionUpgrade=True),
        COMBINATION,
        "The current DB instance parameter group dev-orders-1 is custom. You must explicitly specify a new "
        "DB instance parameter group, either default or custom, for the engine version upgrade.",
    ),
    "a change during an upgrade": (
        call(MODIFY, DBInstanceIdentifier="dev-upgrading"),
        "InvalidDBInstanceState",
        "Database instance is not in available state.",
    ),
    "the old version's group after an upgrade": (
        call(MODIFY, EngineVersion="18", AllowMajorVersionUpgrade=True, DBParameterGroupName="dev-orders-1"),
        COMBINATION,
        "The Parameter Group dev-orders-1 with DBParameterGroupFamily postgres17 cannot be used for this "
        "instance. Please use a Parameter Group with DBParameterGroupFamily postgres18",
    ),
    "a backup during maintenance": (
        call(MODIFY, PreferredBackupWindow="03:00-03:30", PreferredMaintenanceWindow="sun:03:15-sun:03:45"),
        VALUE,
        "The backup window and maintenance window must not overlap.",
    ),
    "a window of 20 minutes": (
        call(MODIFY, PreferredBackupWindow="03:00-03:20", PreferredMaintenanceWindow="sun:04:00-sun:04:30"),
        VALUE,
        "A window has to be at least 30 minutes long: 03:00-03:20, sun:04:00-sun:04:30",
    ),
    "another version's group": (
        call(RESTORE, DBParameterGroupName="dev-spare-1"),
        COMBINATION,
        "The Parameter Group dev-spare-1 with DBParameterGroupFamily postgres16 cannot be used for this "
        "instance. Please use a Parameter Group with DBParameterGroupFamily postgres17",
    ),
    "a parameter that the family does not have": (
        call(MODIFY_GROUP, Parameters=[setting("rds.force_ssl", "1")]),
        VALUE,
        "Could not find parameter with name: rds.force_ssl",
    ),
    "a cluster's value for an instance's parameter": (
        call(MODIFY_GROUP, Parameters=[setting("require_secure_transport", "ON")]),
        VALUE,
        "Invalid parameter value: ON for: require_secure_transport allowed values are: 0,1",
    ),
    "a value below a parameter's range": (
        call(MODIFY_GROUP, Parameters=[setting("long_query_time", "-1")]),
        VALUE,
        "Invalid parameter value: -1 for: long_query_time allowed values are: 0-31536000",
    ),
    "a static parameter at once": (
        call(MODIFY_GROUP, Parameters=[setting("log_bin_trust_function_creators", "1")]),
        COMBINATION,
        "cannot use immediate apply method for static parameter",
    ),
    "21 parameters at once": (
        call(MODIFY_GROUP, Parameters=[setting("slow_query_log", "1")] * 21),
        VALUE,
        "Cannot modify more than 20 parameters in one request",
    ),
    "the group of an instance, to be deleted": (
        call(DELETE_GROUP, DBParameterGroupName="dev-orders-1"),
        "InvalidDBParameterGroupState",
        "One or more database instances are still members of this parameter group, so the group cannot be "
        "deleted",
    ),
    "a protected instance, to be deleted": (
        call(DELETE, DBInstanceIdentifier="dev-shop"),
        COMBINATION,
        "Cannot delete protected DB Instance, please disable deletion protection and try again.",
    ),
    "36 days of backups": (
        call(CREATE, BackupRetentionPeriod=36),
        VALUE,
        "Invalid backup retention period: 36. It must be between 0 and 35.",
    ),
    "monitoring without a role": (
        call(MODIFY, DBInstanceIdentifier="dev-shop", AllocatedStorage=None, MonitoringInterval=60),
        COMBINATION,
        "A MonitoringRoleARN value is required if you specify a MonitoringInterval value other than 0.",
    ),
    "another key for the managed secret": (
        call(MODIFY, AllocatedStorage=None, MasterUserSecretKmsKeyId=OTHER_KEY),
        COMBINATION,
        "You can't change the KMS key of the managed master user secret while RDS manages it.",
    ),
    "a 41st instance": (
        holding(40, "instances", POSTGRES, CREATE),
        "InstanceQuotaExceeded",
        "DB Instance quota exceeded",
    ),
    "a 51st parameter group": (
        holding(50, "groups", {}, CREATE_GROUP),
        "DBParameterGroupQuotaExceeded",
        "Cannot create more than 50 db parameter groups",
    ),
    "a 101st manual snapshot": (
        holding(100, "snapshots", SNAPSHOT, CREATE_SNAPSHOT),
        "SnapshotQuotaExceeded",
        "Cannot create more than 100 manual snapshots",
    ),
    "a 101st manual snapshot that a removal leaves": (
        holding(100, "snapshots", SNAPSHOT, DELETE),
        "SnapshotQuotaExceeded",
        "Cannot create more than 100 manual snapshots",
    ),
    "a 41st retained backup": (
        call(DELETE, dataclasses.replace(ESTATE, retained_backups=40), DeleteAutomatedBackups=False),
        "DBInstanceAutomatedBackupQuotaExceeded",
        "The quota for retained automated backups was exceeded. This prevents you from retaining any "
        "additional automated backups.",
    ),
}
