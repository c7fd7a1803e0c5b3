"""How large, how fast and how often storage may be asked for.

The bounds of gp3 storage for PostgreSQL and MySQL:
https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/CHAP_Storage.html#gp3-storage
"""

import datetime as dt
from collections.abc import Mapping
from typing import Any

from sandbox.aws.rds_rules.call import (
    CREATE,
    MAKES_INSTANCE,
    MODIFY,
    RESTORE_IN_TIME,
    Call,
    Refusal,
    invalid_combination,
    tenth_above,
)

SMALLEST_GB, LARGEST_GB = 20, 65_536
# From this size on a volume is striped over four, and has the performance of four.
STRIPED_FROM_GB = 400
IOPS = (12_000, 64_000)
THROUGHPUT = (500, 4_000)
REST = dt.timedelta(hours=6)
SETTINGS = ("AllocatedStorage", "Iops", "StorageThroughput", "StorageType")


def baseline(size_gb: int) -> dict[str, int]:
    """The performance that comes with a size."""
    striped = size_gb >= STRIPED_FROM_GB
    return {"Iops": 12_000 if striped else 3_000, "StorageThroughput": 500 if striped else 125}


def size_is_within_bounds(call: Call) -> Refusal | None:
    """20 to 65,536 GiB of gp3. CHAP_Storage; RDS's words: convox/rack issue 2846."""
    if "AllocatedStorage" not in call.given or not call.is_gp3:
        return None
    if SMALLEST_GB <= call.given["AllocatedStorage"] <= LARGEST_GB:
        return None
    return _invalid_size(call)


def never_shrinks(call: Call) -> Refusal | None:
    """Storage cannot be taken back.

    https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/USER_PIOPS.ModifyingExisting.ScalingUp.html;
    RDS's words: ministryofjustice/cloud-platform-user-guide pull request 1911
    """
    if call.action != MODIFY or call.given.get("AllocatedStorage", call.held_gb) >= call.held_gb:
        return None
    return _invalid_size(call)


def no_performance_below_400(call: Call) -> Refusal | None:
    """Below 400 GiB IOPS and throughput are fixed, and may not be given, not even as they are.

    CHAP_Storage; RDS's words: hashicorp/terraform-provider-aws pull request 28243
    """
    size_gb = _resulting_gb(call)
    if not call.is_gp3 or size_gb >= STRIPED_FROM_GB or not {"Iops", "StorageThroughput"} & {*call.given}:
        return None
    return invalid_combination(
        f"You can't specify IOPS or storage throughput for engine {call.engine} and a storage size less than "
        f"{STRIPED_FROM_GB}."
    )


def iops_from_400(call: Call) -> Refusal | None:
    """12,000 to 64,000 IOPS from 400 GiB on.

    CHAP_Storage; RDS's words: hashicorp/terraform-provider-aws issue 28382
    """
    return _within(call, "Iops", IOPS, "iops")


def throughput_from_400(call: Call) -> Refusal | None:
    """500 to 4,000 MiB/s from 400 GiB on. CHAP_Storage."""
    return _within(call, "StorageThroughput", THROUGHPUT, "storage throughput")


def growth_names_its_iops(call: Call) -> Refusal | None:
    """A volume whose IOPS can be chosen grows with its IOPS in the same call.

    https://docs.aws.amazon.com/AmazonRDS/latest/APIReference/API_ModifyDBInstance.html, AllocatedStorage;
    RDS's words: cloud-custodian/cloud-custodian issue 8725
    """
    grows = call.action == MODIFY and call.size_gb > call.held_gb >= STRIPED_FROM_GB
    if not grows or not call.is_gp3 or "Iops" in call.given:
        return None
    return invalid_combination(
        "You must specify both the storage size and iops when modifying the storage size or iops on a DB "
        "instance that has iops."
    )


def storage_rests(call: Call) -> Refusal | None:
    """No second change of storage within six hours, nor while the first one is being optimized.

    https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/USER_PIOPS.ModifyingExisting.ScalingUp.html; a
    newer edition allows four in 24 hours, the stricter one is modelled. RDS's words:
    hashicorp/terraform-provider-aws issue 12493
    """
    changed_at = call.instance.get("_StorageChangedAt")
    if call.action != MODIFY or changed_at is None or not changes_storage(call):
        return None
    if call.now - changed_at >= REST:
        return None
    return invalid_combination(
        "You can't currently modify the storage of this DB instance because the previous storage change is "
        "being optimized."
    )


def bound_is_above_the_size(call: Call) -> Refusal | None:
    """A new instance's bound of growth is greater than its size.

    RDS's words: ministryofjustice/cloud-platform-environments pull request 7483
    """
    if call.action != CREATE or call.given.get("MaxAllocatedStorage", call.size_gb + 1) > call.size_gb:
        return None
    return invalid_combination("Max storage size must be greater than storage size")


def bound_leaves_a_tenth(call: Call) -> Refusal | None:
    """At least 10 % above what is allocated; equal to it switches growth off.

    https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/USER_PIOPS.Autoscaling.html has rule and words
    """
    bound = call.given.get("MaxAllocatedStorage")
    if bound is None or call.action not in (*MAKES_INSTANCE, MODIFY):
        return None
    size_gb = _resulting_gb(call)
    if bound >= tenth_above(size_gb) or (call.action == MODIFY and bound == size_gb):
        return None
    return invalid_combination(
        f"Invalid max storage size for engine name {call.engine} and storage type gp3: {bound}"
    )


def changes_storage(call: Call) -> bool:
    """Whether any of the storage's settings becomes another one."""
    return any(name in call.given and call.given[name] != call.instance.get(name) for name in SETTINGS)


def autoscaled_gb(instance: Mapping[str, Any], predicted_gb: int = 0) -> int:
    """The size after RDS's own growth: by 10 GiB, 10 % or what it predicts, the largest of them.

    It does not happen where it would reach or pass the bound:
    https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/USER_PIOPS.Autoscaling.html
    """
    size_gb = int(instance["AllocatedStorage"])
    grown = size_gb + max(10, tenth_above(size_gb) - size_gb, predicted_gb)
    return grown if grown < (instance.get("MaxAllocatedStorage") or 0) else size_gb


def _resulting_gb(call: Call) -> int:
    """A restore in time whose call names no size has its source's."""
    if call.action == RESTORE_IN_TIME and "AllocatedStorage" not in call.given:
        return call.held_gb
    return call.size_gb


def _within(call: Call, name: str, bounds: tuple[int, int], words: str) -> Refusal | None:
    value = call.given.get(name)
    if value is None or not call.is_gp3 or bounds[0] <= value <= bounds[1]:
        return None
    return invalid_combination(
        f"Invalid {words} value for engine name {call.engine} and storage type gp3: {value}"
    )


def _invalid_size(call: Call) -> Refusal:
    return invalid_combination(
        f"Invalid storage size for engine name {call.engine} and storage type gp3: "
        f"{call.given['AllocatedStorage']}"
    )
