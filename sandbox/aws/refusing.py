"""Stands before the emulated RDS: refuses what RDS refuses, and gives back what RDS makes of the rest.

The rules are in `rds_rules`; what they decide upon are the emulator's own records at that moment. Three
actions are the sandbox's own, for what nobody can wait for: RDS grows an instance, hours pass, a call fails.
"""

import datetime as dt
import threading
from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Any
from xml.sax.saxutils import escape

from ministack.core.responses import get_region
from ministack.services import rds

from sandbox.aws.failing import SWITCHES, Failing
from sandbox.aws.query import Action, Instance, Parameters, Response, answer, error, value
from sandbox.aws.rds_rules import RULES, effects, parameters, refusal
from sandbox.aws.rds_rules.call import (
    ACTIONS,
    DELETE,
    MAKES_INSTANCE,
    MODIFY,
    MODIFY_CLUSTER_GROUP,
    Call,
    Estate,
    Rule,
)
from sandbox.aws.rds_rules.parameters import MODIFIES_GROUP
from sandbox.aws.rds_rules.query import Malformed, read

# By whether they are of clusters: what a group is called, and the emulator's records of it.
GROUPS: Mapping[bool, tuple[str, Any]] = {
    False: ("DBParameterGroup", rds._param_groups),
    True: ("DBClusterParameterGroup", rds._db_cluster_param_groups),
}
GROW, PASS_HOURS, FAIL = "SandboxGrowInstance", "SandboxPassHours", "SandboxFailNext"


class Refusing:
    """Wraps the actions that there are when it is filled in, for as long as the process lives."""

    def __init__(self, rules: Iterable[Rule] = RULES) -> None:
        self._rules = tuple(rules)
        self._retained: Counter[str] = Counter()
        self._passed = dt.timedelta()
        self._failing = Failing()
        self._lock = threading.Lock()

    def fill(self) -> None:
        for action in ACTIONS:
            rds._ACTION_MAP[action] = self._judged(action, rds._ACTION_MAP[action])
        describe = rds._instance_xml
        rds._instance_xml = lambda instance: described(instance, describe(instance))
        for action, of_cluster in (("DescribeDBParameters", False), ("DescribeDBClusterParameters", True)):
            own = rds._ACTION_MAP[action]
            rds._ACTION_MAP[action] = describe_parameters(action, own, of_cluster=of_cluster)
        rds._ACTION_MAP[GROW] = self.grow
        rds._ACTION_MAP[PASS_HOURS] = self.pass_hours
        rds._ACTION_MAP[FAIL] = self.fail_next

    def _judged(self, action: str, act: Action) -> Action:
        def judge(asked: Parameters) -> Response:
            try:
                given = read(action, asked)
            except Malformed as malformed:
                return error(malformed.code, escape(str(malformed)), 400)
            call = Call(action, given, self._estate(), self._now())
            if refused := refusal(call, self._rules) or self._failing.refusal(call):
                rds.logger.warning("RDS refuses %s %s: %s", action, call.identifier, refused.message)
                return error(refused.code, escape(refused.message), refused.status)
            rds.logger.info("RDS takes %s: %s", action, without_password(given))
            held = dict(group_of(call).get("Parameters", {}))
            response = act(asked)
            return self._settled(call, held, response) if response[0] == 200 else response

        return judge

    def _settled(self, call: Call, held: Mapping[str, Any], response: Response) -> Response:
        """The answer to a call that was taken, once the record says what RDS makes of it."""
        if call.action in (*MAKES_INSTANCE, MODIFY):
            instance = rds._instances.get(call.identifier) or rds._resolve_instance(call.identifier)
            instance.update(effects.of_call(call))
            return answer(call.action, instance)
        if call.action in MODIFIES_GROUP:
            group = group_of(call)
            group["Parameters"] = parameters.after(group["DBParameterGroupFamily"], held, call)
        if call.action == DELETE and call.given.get("DeleteAutomatedBackups") is False:
            with self._lock:
                self._retained[get_region()] += 1
        return response

    def _estate(self) -> Estate:
        # Copies: what a call makes of a record is decided by what the record said before.
        return Estate(
            instances={name: dict(record) for name, record in rds._instances.items()},
            snapshots={name: dict(record) for name, record in rds._snapshots.items()},
            groups={name: dict(record) for name, record in rds._param_groups.items()},
            clusters={name: dict(record) for name, record in rds._clusters.items()},
            cluster_snapshots={name: dict(record) for name, record in rds._db_cluster_snapshots.items()},
            cluster_groups={name: dict(record) for name, record in rds._db_cluster_param_groups.items()},
            retained_backups=self._retained[get_region()],
        )

    def _now(self) -> dt.datetime:
        return dt.datetime.now(dt.UTC) + self._passed

    def grow(self, asked: Parameters) -> Response:
        """RDS grows an instance whose storage is nearly full, by at least `PredictedGb`."""
        identifier = value(asked, "DBInstanceIdentifier")
        instance = rds._resolve_instance(identifier)
        if not instance:
            return error("DBInstanceNotFound", f"DBInstance {escape(identifier)} not found.", 404)
        instance.update(effects.of_growth(instance, int(value(asked, "PredictedGb") or 0), self._now()))
        return answer(GROW, instance)

    def pass_hours(self, asked: Parameters) -> Response:
        """All that is judged from here on is so many hours later."""
        self._passed += dt.timedelta(hours=float(value(asked, "Hours")))
        response: Response = rds._xml(200, f"{PASS_HOURS}Response", "")
        return response

    def fail_next(self, asked: Parameters) -> Response:
        """The next call that the switch is about is refused, in RDS's words."""
        name = value(asked, "Switch")
        if name not in SWITCHES:
            return error("InvalidParameterValue", f"Switch is one of {', '.join(SWITCHES)}.", 400)
        self._failing.switch_on(name)
        response: Response = rds._xml(200, f"{FAIL}Response", "")
        return response


def group_of(call: Call) -> dict[str, Any]:
    """The record of the parameter group that a call changes; empty for any other call."""
    if call.action not in MODIFIES_GROUP:
        return {}
    kind, groups = GROUPS[call.action == MODIFY_CLUSTER_GROUP]
    found: dict[str, Any] = groups.get(str(call.given[f"{kind}Name"])) or {}
    return found


def describe_parameters(action: str, own: Action, *, of_cluster: bool) -> Action:
    """The parameters of a group of a family that the rules know, as RDS shows them; else the emulator's."""

    def describe(asked: Parameters) -> Response:
        kind, groups = GROUPS[of_cluster]
        group = groups.get(value(asked, f"{kind}Name")) or {}
        if group.get("DBParameterGroupFamily") not in parameters.FAMILIES:
            return own(asked)
        source = value(asked, "Source")
        shown = [
            setting
            for setting in parameters.described(group["DBParameterGroupFamily"], group.get("Parameters", {}))
            if source in ("", setting["Source"])
        ]
        members = "".join(f"<Parameter>{elements(setting)}</Parameter>" for setting in shown)
        response: Response = rds._xml(
            200,
            f"{action}Response",
            f"<{action}Result><Parameters>{members}</Parameters></{action}Result>",
        )
        return response

    return describe


def described(instance: Instance, xml: str) -> str:
    """The instance's XML with what the rules keep and the emulator does not show."""
    if support := instance.get("EngineLifecycleSupport"):
        xml += elements({"EngineLifecycleSupport": support})
    if instance.get("PerformanceInsightsRetentionPeriod") is None:
        none = elements({"PerformanceInsightsRetentionPeriod": None})
        xml = xml.replace(none, "")
    return xml


def without_password(given: Mapping[str, Any]) -> dict[str, Any]:
    return {name: text for name, text in given.items() if name != "MasterUserPassword"}


def elements(fields: Mapping[str, Any]) -> str:
    return "".join(f"<{name}>{escape(str(text))}</{name}>" for name, text in fields.items())
