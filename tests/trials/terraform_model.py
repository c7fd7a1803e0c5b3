"""What the module asks of RDS through the provider, call by call; test_terraform.py tries the real ones.

The module decides what an instance is to be, from its root and from what is there. The provider creates or
restores it, with a change after a restore, and changes what differs. Left out is what no rule looks at.
"""

import math
import re
from typing import Any

from provisioner.core.root import Root

from sandbox.aws.rds_rules.call import CREATE, MODIFY, RESTORE, RESTORE_IN_TIME
from tests.trials.account import Account

KEY = "arn:aws:kms:eu-central-1:000000000000:key/1"
TAG = "rds-provisioner:insights-key"
TOO_SMALL = re.compile(r"db\.t\d+g?\.(micro|small)")
# Arguments of the instance, under the names of RDS's API.
STORAGE = ("AllocatedStorage", "MaxAllocatedStorage", "Iops", "StorageThroughput")
INSIGHTS = ("EnablePerformanceInsights", "PerformanceInsightsRetentionPeriod", "PerformanceInsightsKMSKeyId")
PLAIN = ("DBInstanceClass", "MultiAZ", "BackupRetentionPeriod", "DeletionProtection")


def wanted(root: Root, account: Account, key: str = KEY) -> dict[str, Any]:
    """What the module makes of a root where the alias leads to this key; None is left alone."""
    held = account.instances.get(root.place.identifier)
    return {
        **_storage(root, account, held),
        **_insights(root, held, key),
        "DBInstanceClass": root.instance_class,
        "MultiAZ": root.multi_az,
        "BackupRetentionPeriod": root.backup_retention_days,
        "DeletionProtection": root.deletion_protection,
        "MasterUserSecretKmsKeyId": ((held or {}).get("_MasterUserSecret") or {}).get("KmsKeyId", key),
    }


def changes(root: Root, account: Account, key: str = KEY) -> dict[str, Any]:
    """What a plan would change of an instance that is there; empty where a plan is empty."""
    held = account.instances[root.place.identifier]
    return {
        name: value
        for name, value in wanted(root, account, key).items()
        if name not in ("Tags", "MasterUserSecretKmsKeyId") and _differs(name, value, _state(held))
    }


def apply(root: Root, account: Account, key: str = KEY) -> None:
    """One apply: create, restore or change; raises Refused."""
    identifier = root.place.identifier
    target = wanted(root, account, key)
    if identifier not in account.instances:
        _make(root, account, target)
        return
    differing = changes(root, account, key)
    if differing:
        account.take(
            MODIFY, DBInstanceIdentifier=identifier, **_change(target, differing, account, identifier)
        )
    if target["Tags"]:
        account.instances[identifier]["TagList"] = target["Tags"]


def settle(root: Root, account: Account, key: str = KEY) -> dict[str, Any]:
    """What the pipeline does with a root, which applies a restore twice; what a plan would still change."""
    for _ in range(2 if root.restore else 1):
        apply(root, account, key)
    return changes(root, account, key)


def _storage(root: Root, account: Account, held: dict[str, Any] | None) -> dict[str, Any]:
    source = held or _source(root, account)
    held_gb = source.get("AllocatedStorage", 0)
    grown = max(root.storage_gb, math.ceil(held_gb * 11 / 10))
    storage_gb = grown if root.storage_gb > held_gb else held_gb
    kept = bool(held) and root.max_storage_gb > storage_gb == held_gb
    kept = kept and (held or {}).get("MaxAllocatedStorage") == root.max_storage_gb
    bounded = root.max_storage_gb * 10 >= storage_gb * 11 or kept
    begins_gb = held_gb if held is None and root.restore and root.restore.database else storage_gb
    striped = begins_gb >= 400
    return {
        "AllocatedStorage": storage_gb,
        "MaxAllocatedStorage": root.max_storage_gb if bounded else 0,
        "Iops": max(12_000, (held or {}).get("Iops") or 0) if striped else None,
        "StorageThroughput": max(500, (held or {}).get("StorageThroughput") or 0) if striped else None,
    }


def _insights(root: Root, held: dict[str, Any] | None, key: str) -> dict[str, Any]:
    tags = {tag["Key"]: tag["Value"] for tag in (held or {}).get("TagList", ())}
    kept = tags.get(TAG)
    before = held is not None and kept is None and not TOO_SMALL.fullmatch(held["DBInstanceClass"])
    enabled = root.engine == "postgres" or before
    known = kept if held is not None else key
    said = known if enabled else "none"
    return {
        "EnablePerformanceInsights": enabled,
        "PerformanceInsightsRetentionPeriod": 7 if enabled else None,
        "PerformanceInsightsKMSKeyId": known if enabled else None,
        "Tags": [*([{"Key": TAG, "Value": said}] if said else [])],
    }


def _source(root: Root, account: Account) -> dict[str, Any]:
    if root.restore is None:
        return {}
    if root.restore.snapshot:
        return account.snapshots[root.restore.snapshot]
    return account.instances[str(root.restore.database)]


def _make(root: Root, account: Account, target: dict[str, Any]) -> None:
    identifier = root.place.identifier
    common = {"DBInstanceClass": target["DBInstanceClass"], "MultiAZ": target["MultiAZ"]}
    common |= {"DeletionProtection": target["DeletionProtection"], "Tags": target["Tags"]}
    common |= {"EngineLifecycleSupport": "open-source-rds-extended-support-disabled", "Engine": root.engine}
    secret = {"ManageMasterUserPassword": True, "MasterUserSecretKmsKeyId": KEY}
    insights = {name: target[name] for name in INSIGHTS} if target["EnablePerformanceInsights"] else {}
    monitoring = {"MonitoringInterval": 60, "MonitoringRoleArn": "arn:aws:iam::000000000000:role/monitoring"}
    storage = {name: target[name] or None for name in STORAGE}
    kept = {"BackupRetentionPeriod": target["BackupRetentionPeriod"]}
    if root.restore is None:
        names = {"DBName": root.database_name.replace("-", "_"), "MasterUsername": "dbadmin"}
        account.take(
            CREATE,
            DBInstanceIdentifier=identifier,
            EngineVersion=root.engine_version,
            StorageType="gp3",
            KmsKeyId=KEY,
            **names | common | storage | insights | monitoring | secret | kept,
        )
        return
    if root.restore.snapshot:
        account.take(
            RESTORE, DBInstanceIdentifier=identifier, DBSnapshotIdentifier=root.restore.snapshot, **common
        )
        account.take(
            MODIFY,
            DBInstanceIdentifier=identifier,
            StorageType="gp3",
            **storage | insights | monitoring | secret | kept,
        )
        return
    storage.pop("AllocatedStorage")
    account.take(
        RESTORE_IN_TIME,
        TargetDBInstanceIdentifier=identifier,
        SourceDBInstanceIdentifier=root.restore.database,
        UseLatestRestorableTime=True,
        StorageType="gp3",
        **common | storage,
    )
    account.take(MODIFY, DBInstanceIdentifier=identifier, **monitoring | secret)


def _change(
    target: dict[str, Any], differing: dict[str, Any], account: Account, identifier: str
) -> dict[str, Any]:
    """The arguments of the provider's change: groups of them go together."""
    asked = {name: value for name, value in differing.items() if name in PLAIN}
    held = _state(account.instances[identifier])
    if {"AllocatedStorage", "Iops", "StorageThroughput"} & {*differing}:
        asked["AllocatedStorage"] = target["AllocatedStorage"]
        # Below 400 GiB the provider leaves both out; from there on it sends what is wanted or known.
        if target["AllocatedStorage"] >= 400:
            asked["Iops"] = target["Iops"] or held["Iops"]
            if "StorageThroughput" in differing:
                asked["StorageThroughput"] = target["StorageThroughput"]
    if "MaxAllocatedStorage" in differing:
        asked["MaxAllocatedStorage"] = target["MaxAllocatedStorage"] or target["AllocatedStorage"]
    if {*INSIGHTS} & {*differing}:
        # What the module does not say the provider takes from its state, and sends it all the same.
        for name in INSIGHTS:
            asked[name] = held.get(name) if target[name] is None else target[name]
        asked = {name: value for name, value in asked.items() if value is not None}
    return asked


def _state(held: dict[str, Any]) -> dict[str, Any]:
    """The instance as the provider reads it."""
    enabled = held.get("PerformanceInsightsEnabled", False)
    return {
        **held,
        "EnablePerformanceInsights": enabled,
        "MaxAllocatedStorage": held.get("MaxAllocatedStorage") or 0,
        "PerformanceInsightsRetentionPeriod": 7 if enabled else None,
        "PerformanceInsightsKMSKeyId": held.get("PerformanceInsightsKMSKeyId"),
    }


def _differs(name: str, value: Any, state: dict[str, Any]) -> bool:
    """The provider leaves alone what the module does not say; MaxAllocatedStorage it removes."""
    return value is not None and value != state.get(name)
