"""What a Terraform plan does, in a form that a review can keep: the changes, and whose they are.

Reads `terraform show -json`: https://developer.hashicorp.com/terraform/internals/json-format
"""

from collections.abc import Mapping
from typing import Any, Final

from provisioner.core.names import Place
from provisioner.reports.schema import Summary

PROVIDER: Final = "registry.terraform.io/hashicorp/aws"
OWN_TYPES: Final = frozenset({"aws_db_instance", "aws_db_parameter_group"})
INSTANCE: Final = "aws_db_instance"
_NOTHING: Final = (["no-op"], ["read"])


def normalise(plan: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The changes of a plan, in order, each with what it sets and no more.

    An update sets the arguments that differ from before. The others of its `after` are what AWS last said,
    such as the latest restorable time, and differ from one plan to the next.
    """
    changes = []
    for one in plan.get("resource_changes", []):
        change = one["change"]
        if change["actions"] in _NOTHING:
            continue
        before, after = change.get("before") or {}, change.get("after") or {}
        unknown = {
            name: value for name, value in _mapping(change.get("after_unknown")).items() if any_true(value)
        }
        if change["actions"] == ["update"]:
            after = {
                name: value for name, value in after.items() if name in unknown or value != before.get(name)
            }
        changes.append(
            {
                "address": one["address"],
                "deposed": one.get("deposed"),
                "type": one["type"],
                "provider": one.get("provider_name", ""),
                "actions": change["actions"],
                "reason": one.get("action_reason"),
                "sets": after,
                "unknown": unknown,
                "identifier": after.get("identifier") or before.get("identifier"),
                "protected": bool(before.get("deletion_protection")),
                "skips_snapshot": bool(before.get("skip_final_snapshot")),
            }
        )
    return sorted(changes, key=lambda change: (str(change["address"]), str(change["deposed"])))


def changes_outputs(plan: Mapping[str, Any]) -> bool:
    """Whether the state's outputs are not what they would be: an apply stopped before it wrote them."""
    outputs = _mapping(plan.get("output_changes")).values()
    return any(output["actions"] not in _NOTHING for output in outputs)


def summarise(changes: list[dict[str, Any]], *, place: Place) -> Summary:
    """How much a plan changes, and whether it stays with its own database."""
    counts = {"add": 0, "change": 0, "destroy": 0, "replace": 0}
    added = destroyed = 0
    for one in changes:
        kind = _kind(one["actions"])
        counts[kind] += 1
        if one["type"] == INSTANCE:
            added += kind in ("add", "replace")
            destroyed += kind in ("destroy", "replace")
    return Summary(
        **counts,
        databases_added=added,
        databases_destroyed=destroyed,
        only_own_database=not foreign_resources(changes, place=place),
    )


def foreign_resources(changes: list[dict[str, Any]], *, place: Place) -> list[str]:
    """What a plan touches beside its own database, in words."""
    found = []
    for one in changes:
        if not str(one["address"]).startswith("module.database."):
            found.append(f"{one['address']} is not part of the database's module")
        elif one["provider"] != PROVIDER:
            found.append(f"{one['address']} belongs to the provider {one['provider']}")
        elif one["type"] not in OWN_TYPES:
            found.append(f"{one['address']} is of type {one['type']}")
        elif one["type"] == INSTANCE and one["identifier"] != place.identifier:
            found.append(f"{one['address']} is the database {one['identifier']}")
    return found


def destroyed_databases(changes: list[dict[str, Any]]) -> list[str]:
    """The databases that a plan destroys or replaces, in words; only a removal may."""
    return [
        f"{one['address']}: {words(one['actions'])}"
        for one in changes
        if one["type"] == INSTANCE and "delete" in one["actions"]
    ]


def words(actions: list[str]) -> str:
    """A plan's actions as a person says them."""
    return "replace" if len(actions) > 1 else actions[0]


def any_true(value: Any) -> bool:
    """Whether anything inside is unknown: `after_unknown` has `[{}]` for a list whose one block is known."""
    if isinstance(value, Mapping):
        return any(any_true(one) for one in value.values())
    if isinstance(value, list):
        return any(any_true(one) for one in value)
    return bool(value)


def _kind(actions: list[str]) -> str:
    if len(actions) > 1:
        return "replace"
    return {"create": "add", "update": "change", "delete": "destroy"}.get(actions[0], "change")


def _mapping(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}
