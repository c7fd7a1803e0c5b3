"""What RDS makes of a call that it takes, where MiniStack records something else or nothing."""

import datetime as dt
from typing import Any

from sandbox.aws.rds_rules.call import MAKES_INSTANCE, MODIFY, Call, Record
from sandbox.aws.rds_rules.storage import autoscaled_gb, baseline, changes_storage

EXTENDED_SUPPORT = "open-source-rds-extended-support"


def of_call(call: Call) -> dict[str, Any]:
    """The instance's fields after a call that makes or changes it; a member has its cluster's."""
    if call.is_member:
        return {}
    if call.action == MODIFY:
        changed = {"_StorageChangedAt": call.now} if changes_storage(call) else {}
        return {**_storage(call), **_insights(call), **changed}
    if call.action in MAKES_INSTANCE:
        support = call.given.get("EngineLifecycleSupport", EXTENDED_SUPPORT)
        return {**_storage(call), **_insights(call), "EngineLifecycleSupport": support}
    return {}


def of_growth(instance: Record, predicted_gb: int, now: dt.datetime) -> dict[str, Any]:
    """The instance's fields after RDS has grown it; empty where it does not."""
    size_gb = autoscaled_gb(instance, predicted_gb)
    if size_gb == instance["AllocatedStorage"]:
        return {}
    performance = {name: max(instance.get(name) or 0, least) for name, least in baseline(size_gb).items()}
    return {"AllocatedStorage": size_gb, **performance, "_StorageChangedAt": now}


def _storage(call: Call) -> dict[str, Any]:
    """The performance of gp3: what is asked for, else what is held, and the size's own at least."""
    if not call.is_gp3:
        return {}
    found: dict[str, Any] = {"AllocatedStorage": call.size_gb, "StorageType": "gp3"}
    for name, least in baseline(call.size_gb).items():
        held = call.instance.get(name) or 0
        found[name] = call.given.get(name) or max(held, least)
    if call.given.get("MaxAllocatedStorage") == call.size_gb:
        found["MaxAllocatedStorage"] = None
    return found


def _insights(call: Call) -> dict[str, Any]:
    """Off unless asked for; the key of the first time stays described."""
    if call.action != MODIFY and not call.given.get("EnablePerformanceInsights"):
        return {"PerformanceInsightsEnabled": False, "PerformanceInsightsRetentionPeriod": None}
    if call.given.get("EnablePerformanceInsights") is False:
        return {"PerformanceInsightsEnabled": False, "PerformanceInsightsRetentionPeriod": None}
    return {}
