"""What RDS makes of a call that it takes, where MiniStack records something else or nothing."""

from typing import Any

from sandbox.aws.rds_rules.call import MAKES_INSTANCE, MODIFY, Call
from sandbox.aws.rds_rules.storage import baseline, changes_storage

EXTENDED_SUPPORT = "open-source-rds-extended-support"


def of_call(call: Call) -> dict[str, Any]:
    """The instance's fields after a call that makes or changes it."""
    if call.action == MODIFY:
        changed = {"_StorageChangedAt": call.now} if changes_storage(call) else {}
        return {**_storage(call), **_insights(call), **changed}
    if call.action in MAKES_INSTANCE:
        support = call.given.get("EngineLifecycleSupport", EXTENDED_SUPPORT)
        return {**_storage(call), **_insights(call), "EngineLifecycleSupport": support}
    return {}


def _storage(call: Call) -> dict[str, Any]:
    """The performance of gp3: what is asked for, else what is held, and the size's own at least."""
    if not call.is_gp3:
        return {}
    found: dict[str, Any] = {"AllocatedStorage": call.size_gb, "StorageType": "gp3"}
    for name, least in baseline(call.size_gb).items():
        held = call.instance.get(name) or 0
        found[name] = call.given.get(name) or max(held, least)
    return found


def _insights(call: Call) -> dict[str, Any]:
    """Off unless asked for; the key of the first time stays described."""
    if call.action != MODIFY and not call.given.get("EnablePerformanceInsights"):
        return {"PerformanceInsightsEnabled": False, "PerformanceInsightsRetentionPeriod": None}
    if call.given.get("EnablePerformanceInsights") is False:
        return {"PerformanceInsightsEnabled": False, "PerformanceInsightsRetentionPeriod": None}
    return {}
