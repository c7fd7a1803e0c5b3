"""Restores, storage and insights that RDS refuses: what is asked, and the code and words of the answer."""

from sandbox.aws.rds_rules.call import CREATE, MODIFY, RESTORE, RESTORE_IN_TIME, Call
from tests.sandbox.rds_rules.examples import OTHER_KEY, call

VALUE, COMBINATION = "InvalidParameterValue", "InvalidParameterCombination"

REFUSED: dict[str, tuple[Call, str, str]] = {
    "a snapshot that was deleted": (
        call(RESTORE, DBSnapshotIdentifier="dev-orders-final-0"),
        "DBSnapshotNotFound",
        "DBSnapshot not found: dev-orders-final-0",
    ),
    "an instance that was deleted, as a source": (
        call(RESTORE_IN_TIME, SourceDBInstanceIdentifier="dev-gone"),
        "DBInstanceNotFound",
        "DBInstance dev-gone not found.",
    ),
    "a restore into another engine": (
        call(RESTORE, Engine="mysql"),
        COMBINATION,
        "Cannot restore an instance of engine postgres as engine mysql.",
    ),
    "a restore into less storage": (
        call(RESTORE, AllocatedStorage=99),
        COMBINATION,
        "Invalid storage size for engine name postgres and storage type gp3: 99",
    ),
    "a restore with a managed password": (
        call(RESTORE, ManageMasterUserPassword=True),
        COMBINATION,
        "ManageMasterUserPassword is not supported for engine postgres in a restore.",
    ),
    "a restore under another database name": (
        call(RESTORE_IN_TIME, DBName="other"),
        COMBINATION,
        "DBName must be null when restoring for engine postgres.",
    ),
    "a time and the latest one": (
        call(RESTORE_IN_TIME, UseLatestRestorableTime=True),
        COMBINATION,
        "Specify either RestoreTime or UseLatestRestorableTime.",
    ),
    "neither a time nor the latest one": (
        call(RESTORE_IN_TIME, RestoreTime=None),
        COMBINATION,
        "Specify either RestoreTime or UseLatestRestorableTime.",
    ),
    "a time before the source was there": (
        call(RESTORE_IN_TIME, RestoreTime="2026-11-20T11:59:59+00:00"),
        VALUE,
        "The specified instance cannot be restored to a time before 2026-11-20T12:00:00Z or after "
        "2026-11-25T12:00:00Z",
    ),
    "an earlier time of a source without backups": (
        call(
            RESTORE_IN_TIME,
            SourceDBInstanceIdentifier="dev-unsaved",
            RestoreTime=None,
            UseLatestRestorableTime=True,
        ),
        "PointInTimeRestoreNotEnabled",
        "Point in time restore is not enabled for the source DB instance.",
    ),
    "19 GiB": (
        call(CREATE, AllocatedStorage=19),
        COMBINATION,
        "Invalid storage size for engine name postgres and storage type gp3: 19",
    ),
    "storage that shrinks": (
        call(MODIFY, AllocatedStorage=99),
        COMBINATION,
        "Invalid storage size for engine name postgres and storage type gp3: 99",
    ),
    "IOPS below 400 GiB": (
        call(CREATE, AllocatedStorage=399, MaxAllocatedStorage=500, Iops=3000),
        COMBINATION,
        "You can't specify IOPS or storage throughput for engine postgres and a storage size less than 400.",
    ),
    "throughput below 400 GiB": (
        call(MODIFY, AllocatedStorage=120, StorageThroughput=125),
        COMBINATION,
        "You can't specify IOPS or storage throughput for engine postgres and a storage size less than 400.",
    ),
    "IOPS for a restore in time of less than 400 GiB": (
        call(RESTORE_IN_TIME, Iops=12000),
        COMBINATION,
        "You can't specify IOPS or storage throughput for engine postgres and a storage size less than 400.",
    ),
    "the IOPS of a small volume for one of 400 GiB": (
        call(MODIFY, AllocatedStorage=400, Iops=3000, MaxAllocatedStorage=500),
        COMBINATION,
        "Invalid iops value for engine name postgres and storage type gp3: 3000",
    ),
    "the throughput of a small volume for one of 400 GiB": (
        call(CREATE, AllocatedStorage=400, MaxAllocatedStorage=500, Iops=12000, StorageThroughput=125),
        COMBINATION,
        "Invalid storage throughput value for engine name postgres and storage type gp3: 125",
    ),
    "a growth from 500 GiB that names no IOPS": (
        call(MODIFY, DBInstanceIdentifier="dev-shop", AllocatedStorage=600),
        COMBINATION,
        "You must specify both the storage size and iops when modifying the storage size or iops on a DB "
        "instance that has iops.",
    ),
    "a second growth within six hours": (
        call(MODIFY, DBInstanceIdentifier="dev-grown"),
        COMBINATION,
        "You can't currently modify the storage of this DB instance because the previous storage change is "
        "being optimized.",
    ),
    "a bound that equals a new instance's size": (
        call(CREATE, MaxAllocatedStorage=20),
        COMBINATION,
        "Max storage size must be greater than storage size",
    ),
    "a bound of 9 % above a new instance's size": (
        call(CREATE, AllocatedStorage=100, MaxAllocatedStorage=109),
        COMBINATION,
        "Invalid max storage size for engine name postgres and storage type gp3: 109",
    ),
    "a bound below the real size": (
        call(MODIFY, AllocatedStorage=None, MaxAllocatedStorage=99),
        COMBINATION,
        "Invalid max storage size for engine name postgres and storage type gp3: 99",
    ),
    "a bound of less than a tenth above what RDS rounds a growth up to": (
        call(MODIFY, AllocatedStorage=101, MaxAllocatedStorage=120),
        COMBINATION,
        "Invalid max storage size for engine name postgres and storage type gp3: 120",
    ),
    "a bound below the source's size": (
        call(RESTORE_IN_TIME, MaxAllocatedStorage=40),
        COMBINATION,
        "Invalid max storage size for engine name postgres and storage type gp3: 40",
    ),
    "insights for MySQL on a micro class": (
        call(CREATE, Engine="mysql", EngineVersion="8.4", DBParameterGroupName="dev-shop-1"),
        COMBINATION,
        "Performance Insights not supported for this configuration.",
    ),
    "a retention for insights that are switched off": (
        call(
            MODIFY,
            AllocatedStorage=None,
            EnablePerformanceInsights=False,
            PerformanceInsightsRetentionPeriod=7,
        ),
        COMBINATION,
        "You can't set a Performance Insights retention period without enabling Performance Insights.",
    ),
    "a key for insights that are off": (
        call(
            CREATE,
            EnablePerformanceInsights=None,
            PerformanceInsightsRetentionPeriod=None,
        ),
        COMBINATION,
        "Can not set PerformanceInsightsKMSKeyId without EnablePerformanceInsights",
    ),
    "another key for insights": (
        call(
            MODIFY,
            AllocatedStorage=None,
            EnablePerformanceInsights=True,
            PerformanceInsightsKMSKeyId=OTHER_KEY,
        ),
        COMBINATION,
        "You can't change your Performance Insights KMS key.",
    ),
    "a retention of insights that is not offered": (
        call(CREATE, PerformanceInsightsRetentionPeriod=30),
        VALUE,
        "Invalid Performance Insights retention period: 30",
    ),
}
