"""Parameter groups: which families, parameters, values and methods there are, and what a setting becomes.

The table holds the parameters that the module sets, as `aws rds describe-engine-default-parameters` shows
them. A parameter that is not in it counts as one that the family does not have: add it with its facts.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sandbox.aws.rds_rules.call import (
    CREATE_CLUSTER_GROUP,
    CREATE_GROUP,
    DELETE_CLUSTER_GROUP,
    DELETE_GROUP,
    MAKES_CLUSTER,
    MAKES_INSTANCE,
    MODIFY,
    MODIFY_CLUSTER,
    MODIFY_CLUSTER_GROUP,
    MODIFY_GROUP,
    Call,
    Refusal,
    invalid_combination,
    invalid_value,
)

MOST_IN_ONE_CALL = 20
MODIFIES_GROUP = (MODIFY_GROUP, MODIFY_CLUSTER_GROUP)


@dataclass(frozen=True, slots=True)
class Parameter:
    """What a family knows of a parameter; `system` is the value that RDS itself gives it."""

    allowed: str  # as RDS writes it: values with commas, or a range
    apply_type: str = "dynamic"
    system: str | None = None

    def takes(self, value: str) -> bool:
        """Whether the value is among those, or in the range."""
        if value in self.allowed.split(","):
            return True
        low, dash, high = self.allowed.rpartition("-")
        try:
            return bool(dash) and float(low) <= float(value) <= float(high)
        except ValueError:
            return False


_POSTGRES = {
    # 1 since PostgreSQL 15; hashicorp/terraform-provider-aws issue 39252 shows it on 16.
    "rds.force_ssl": Parameter("0,1", system="1"),
    "log_connections": Parameter("0,1"),
    "log_disconnections": Parameter("0,1"),
    "log_lock_waits": Parameter("0,1"),
    "log_min_duration_statement": Parameter("-1-2147483647"),
}
_MYSQL = {
    # Instances take 0 or 1, Aurora's clusters ON or OFF: prowler-cloud/prowler pull request 4116. (There is a
    # report that RDS stores ON as 1; the stricter reading is modelled.)
    "require_secure_transport": Parameter("0,1", system="0"),
    # TABLE in older families; operators list FILE as the default of mysql8.0 and newer.
    "log_output": Parameter("TABLE,FILE,NONE", system="FILE"),
    "slow_query_log": Parameter("0,1"),
    "long_query_time": Parameter("0-31536000"),
    # Read as dynamic and as static on mysql8.4: the stricter reading is modelled.
    "log_bin_trust_function_creators": Parameter("0,1", apply_type="static", system="0"),
}
_AURORA_MYSQL = {
    # https://docs.aws.amazon.com/AmazonRDS/latest/AuroraUserGuide/AuroraMySQL.Reference.ParameterGroups.html
    "require_secure_transport": Parameter("ON,OFF", system="OFF"),
    "log_output": Parameter("TABLE,FILE,NONE", system="FILE"),
    "slow_query_log": Parameter("0,1"),
    "long_query_time": Parameter("0-31536000"),
    "binlog_format": Parameter("ROW,STATEMENT,MIXED,OFF", apply_type="static", system="OFF"),
}
FAMILIES: Mapping[str, Mapping[str, Parameter]] = {
    "postgres15": _POSTGRES,
    "postgres16": _POSTGRES,
    "postgres17": _POSTGRES,
    "postgres18": _POSTGRES,
    "mysql8.4": _MYSQL,
    "aurora-postgresql15": _POSTGRES,
    "aurora-postgresql16": _POSTGRES,
    "aurora-postgresql17": _POSTGRES,
    "aurora-mysql8.0": _AURORA_MYSQL,
}


def family_exists(call: Call) -> Refusal | None:
    """A group is for a family that RDS has.

    https://docs.aws.amazon.com/AmazonRDS/latest/APIReference/API_CreateDBParameterGroup.html
    """
    family = call.given.get("DBParameterGroupFamily")
    if call.action not in (CREATE_GROUP, CREATE_CLUSTER_GROUP) or family in FAMILIES:
        return None
    return invalid_value(f"ParameterGroupFamily {family} is not a valid parameter group family")


def family_is_the_engines(call: Call) -> Refusal | None:
    """An instance takes a group of its version's family.

    https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/USER_WorkingWithParamGroups.html
    """
    of_cluster = call.action in (*MAKES_CLUSTER, MODIFY_CLUSTER)
    groups = call.estate.cluster_groups if of_cluster else call.estate.groups
    name = str(call.given.get("DBClusterParameterGroupName" if of_cluster else "DBParameterGroupName"))
    if (call.action not in (*MAKES_INSTANCE, MODIFY) and not of_cluster) or name not in groups:
        return None
    family = groups[name]["DBParameterGroupFamily"]
    if family == call.family:
        return None
    return invalid_combination(
        f"The Parameter Group {name} with DBParameterGroupFamily {family} cannot be used for this instance. "
        f"Please use a Parameter Group with DBParameterGroupFamily {call.family}"
    )


def parameter_exists(call: Call) -> Refusal | None:
    """The family has the parameter. RDS's words: hashicorp/terraform-provider-aws issue 1598."""
    for setting in _settings(call):
        if setting.get("ParameterName") not in _family(call):
            return invalid_value(f"Could not find parameter with name: {setting.get('ParameterName')}")
    return None


def value_is_allowed(call: Call) -> Refusal | None:
    """The value is one of AllowedValues.

    https://docs.aws.amazon.com/AmazonRDS/latest/APIReference/API_Parameter.html; RDS's words: as reported for
    the values that Aurora's clusters do not take
    """
    for setting in _settings(call):
        known = _family(call).get(setting["ParameterName"])
        value = setting.get("ParameterValue", "")
        if known and not known.takes(value):
            return invalid_value(
                f"Invalid parameter value: {value} for: {setting['ParameterName']} allowed values are: "
                f"{known.allowed}"
            )
    return None


def static_waits_for_a_reboot(call: Call) -> Refusal | None:
    """`immediate` is for dynamic parameters alone.

    https://docs.aws.amazon.com/AmazonRDS/latest/APIReference/API_ModifyDBParameterGroup.html; RDS's words:
    hashicorp/terraform-provider-aws issue 216
    """
    for setting in _settings(call):
        known = _family(call).get(setting["ParameterName"])
        if known and known.apply_type == "static" and setting.get("ApplyMethod") == "immediate":
            return invalid_combination("cannot use immediate apply method for static parameter")
    return None


def twenty_at_once(call: Call) -> Refusal | None:
    """At most 20 parameters in one call. API_ModifyDBParameterGroup."""
    if len(_settings(call)) <= MOST_IN_ONE_CALL:
        return None
    return invalid_value(f"Cannot modify more than {MOST_IN_ONE_CALL} parameters in one request")


def group_is_free(call: Call) -> Refusal | None:
    """A group that an instance uses cannot be deleted.

    https://docs.aws.amazon.com/AmazonRDS/latest/APIReference/API_DeleteDBParameterGroup.html
    """
    if call.action == DELETE_CLUSTER_GROUP:
        name = call.given.get("DBClusterParameterGroupName")
        uses = any(
            cluster.get("DBClusterParameterGroup") == name for cluster in call.estate.clusters.values()
        )
        return _in_use() if uses else None
    name = call.given.get("DBParameterGroupName")
    if call.action != DELETE_GROUP or not any(
        group["DBParameterGroupName"] == name
        for instance in call.estate.instances.values()
        for group in instance.get("DBParameterGroups", ())
    ):
        return None
    return _in_use()


def _in_use() -> Refusal:
    return Refusal(
        "InvalidDBParameterGroupState",
        "One or more database instances are still members of this parameter group, so the group cannot be "
        "deleted",
    )


def settled(family: str, held: Mapping[str, Any], asked: Mapping[str, str]) -> dict[str, str] | None:
    """What a group keeps of a setting that RDS took; None where it keeps no setting.

    A value equal to the system's leaves the source `system`, and a value equal to the one set before leaves
    the method of that time: https://registry.terraform.io/providers/hashicorp/aws/latest/docs/resources/
    db_parameter_group#problematic-plan-changes
    """
    name, value = asked["ParameterName"], asked["ParameterValue"]
    if name in held and held[name]["ParameterValue"] == value:
        return dict(held[name])
    known = FAMILIES.get(family, {}).get(name)
    if known and known.system == value and name not in held:
        return None
    return {"ParameterValue": value, "ApplyMethod": asked.get("ApplyMethod", "pending-reboot")}


def after(family: str, held: Mapping[str, Any], call: Call) -> dict[str, Any]:
    """What a group keeps in the end, of what it held and of the settings of a call that RDS took."""
    kept = dict(held)
    for asked in _settings(call):
        setting = settled(family, held, asked)
        if setting is not None:
            kept[asked["ParameterName"]] = setting
    return kept


def described(family: str, held: Mapping[str, Any]) -> list[dict[str, str]]:
    """The group's parameters as DescribeDBParameters shows them."""
    return [
        _described(name, FAMILIES.get(family, {}).get(name), held.get(name)) for name in _names(family, held)
    ]


def _names(family: str, held: Mapping[str, Any]) -> list[str]:
    return sorted({*FAMILIES.get(family, {}), *held})


def _described(name: str, known: Parameter | None, held: Mapping[str, str] | None) -> dict[str, str]:
    known = known or Parameter("")
    value = held["ParameterValue"] if held else known.system
    return {
        "ParameterName": name,
        **({} if value is None else {"ParameterValue": value}),
        "Source": "user" if held else "engine-default" if known.system is None else "system",
        "ApplyType": known.apply_type,
        "AllowedValues": known.allowed,
        "IsModifiable": "true",
        "ApplyMethod": held["ApplyMethod"] if held else "pending-reboot",
    }


def _settings(call: Call) -> list[dict[str, str]]:
    return list(call.given.get("Parameters", ())) if call.action in MODIFIES_GROUP else []


def _family(call: Call) -> Mapping[str, Parameter]:
    group = call.estate.groups.get(str(call.given.get("DBParameterGroupName")), {})
    if call.action == MODIFY_CLUSTER_GROUP:
        group = call.estate.cluster_groups.get(str(call.given.get("DBClusterParameterGroupName")), {})
    return FAMILIES.get(str(group.get("DBParameterGroupFamily")), {})
