"""RDS in memory: the rules decide which calls are taken, the effects what becomes of an instance."""

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from sandbox.aws.rds_rules import RULES, effects, refusal
from sandbox.aws.rds_rules.call import CREATE, MODIFY, RESTORE_IN_TIME, Call, Estate, Refusal, Rule

NOW = dt.datetime(2026, 11, 25, 12, tzinfo=dt.UTC)
# What a restored instance has of its source; a snapshot does not know the rest.
INHERITED = ("Engine", "EngineVersion", "StorageType", "AllocatedStorage", "KmsKeyId", "MasterUsername")


class Refused(Exception):
    """RDS did not take a call."""

    def __init__(self, call: Call, refused: Refusal) -> None:
        super().__init__(f"{call.action} {call.identifier}: {refused.code}: {refused.message}")
        self.refused = refused


@dataclass
class Account:
    """What an account holds, and its clock."""

    instances: dict[str, dict[str, Any]] = field(default_factory=dict)
    snapshots: dict[str, dict[str, Any]] = field(default_factory=dict)
    groups: dict[str, dict[str, Any]] = field(default_factory=dict)
    now: dt.datetime = NOW
    rules: Iterable[Rule] = RULES
    calls: list[tuple[str, dict[str, Any]]] = field(default_factory=list)

    def take(self, action: str, **given: Any) -> None:
        """One call; raises Refused."""
        estate = Estate(instances=self.instances, snapshots=self.snapshots, groups=self.groups)
        call = Call(action, {name: one for name, one in given.items() if one is not None}, estate, self.now)
        if refused := refusal(call, self.rules):
            raise Refused(call, refused)
        self.calls.append((action, dict(call.given)))
        held = dict(self.instances.get(call.identifier, {}))
        if action != MODIFY:
            held = {"InstanceCreateTime": self.now.isoformat(), "BackupRetentionPeriod": 0}
            if action != CREATE:
                names = (*INHERITED, "BackupRetentionPeriod") if action == RESTORE_IN_TIME else INHERITED
                held |= {name: call.source[name] for name in names if name in call.source}
        self.instances[call.identifier] = held | _recorded(call) | effects.of_call(call)

    def grow(self, identifier: str) -> bool:
        """RDS grows an instance; whether its bound leaves room for it."""
        grown = effects.of_growth(self.instances[identifier], 0, self.now)
        self.instances[identifier] |= grown
        return bool(grown)

    def snapshot(self, identifier: str, name: str) -> None:
        held = self.instances[identifier]
        self.snapshots[name] = {key: held[key] for key in INHERITED if key in held} | {
            "SnapshotType": "manual"
        }

    def pass_hours(self, hours: float) -> None:
        self.now += dt.timedelta(hours=hours)


def _recorded(call: Call) -> dict[str, Any]:
    """The instance's fields as the call names them."""
    given = dict(call.given)
    if "EnablePerformanceInsights" in given:
        given["PerformanceInsightsEnabled"] = given.pop("EnablePerformanceInsights")
    if given.pop("ManageMasterUserPassword", False):
        given["_MasterUserSecret"] = {"KmsKeyId": given.get("MasterUserSecretKmsKeyId", "")}
    if "Tags" in given:
        given["TagList"] = given.pop("Tags")
    return given
