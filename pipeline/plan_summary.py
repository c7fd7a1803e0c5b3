"""What a Terraform plan does, made comparable: the reviewed one against the one about to be applied.

Reads `terraform show -json`: https://developer.hashicorp.com/terraform/internals/json-format
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

OWN_TYPES: Final = frozenset({"aws_db_instance", "aws_db_parameter_group"})
INSTANCE: Final = "aws_db_instance"
_NOTHING: Final = (["no-op"], ["read"])


@dataclass(frozen=True, slots=True)
class Summary:
    """Counts of resources, and of databases among them, as the plan report carries them."""

    add: int = 0
    change: int = 0
    destroy: int = 0
    replace: int = 0
    databases_added: int = 0
    databases_destroyed: int = 0
    only_own_database: bool = False


def normalise(plan: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The changes of a plan, in order, without what is only known later and without what was before."""
    changes = []
    for one in plan.get("resource_changes", []):
        change = one["change"]
        if change["actions"] in _NOTHING:
            continue
        changes.append(
            {
                "address": one["address"],
                "type": one["type"],
                "provider": one.get("provider_name", ""),
                "actions": change["actions"],
                "reason": one.get("action_reason"),
                "after": change.get("after"),
                "unknown": change.get("after_unknown") or {},
                "identifier": _identifier(change),
                "protected": bool((change.get("before") or {}).get("deletion_protection")),
                "skips_snapshot": bool((change.get("before") or {}).get("skip_final_snapshot")),
            }
        )
    return sorted(changes, key=lambda change: str(change["address"]))


def summarise(changes: list[dict[str, Any]], *, environment: str, database_name: str) -> Summary:
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
        only_own_database=not strangers(changes, environment=environment, database_name=database_name),
    )


def strangers(changes: list[dict[str, Any]], *, environment: str, database_name: str) -> list[str]:
    """What a plan touches beside its own database, in words."""
    found = []
    for one in changes:
        if not str(one["address"]).startswith("module.database."):
            found.append(f"{one['address']} is not part of the database's module")
        elif one["type"] not in OWN_TYPES:
            found.append(f"{one['address']} is of type {one['type']}")
        elif one["type"] == INSTANCE and one["identifier"] != f"{environment}-{database_name}":
            found.append(f"{one['address']} is the database {one['identifier']}")
    return found


def beyond_review(
    reviewed: list[dict[str, Any]], now: list[dict[str, Any]], *, applied_before: bool
) -> list[str]:
    """What a plan does that was not reviewed, in words; empty when it may be applied.

    A plan may do less than was reviewed: an earlier apply that stopped half-way did the rest. It may change
    in place, towards the reviewed values, what was reviewed as a creation: a restore to a point in time
    leaves some of them at the source's. And it may replace the tainted half of a creation of a database
    that was never applied as a whole.
    """
    known = {one["address"]: one for one in reviewed}
    found = []
    for one in now:
        review = known.get(one["address"])
        if review is None:
            found.append(f"{one['address']}: {_words(one['actions'])} was not reviewed")
            continue
        tainted = not applied_before and one.get("reason") == "replace_because_tainted"
        half_made = review["actions"] == ["create"] and (one["actions"] == ["update"] or tainted)
        if one["actions"] != review["actions"] and not half_made:
            found.append(
                f"{one['address']}: {_words(one['actions'])}, but {_words(review['actions'])} was reviewed"
            )
            continue
        names = _differences(review["after"], one["after"], review["unknown"], one["unknown"])
        if names:
            found.append(f"{one['address']}: {', '.join(names)} differs from what was reviewed")
    return found


def _differences(was: Any, is_now: Any, was_unknown: Any, unknown: Any) -> list[str]:
    """The top-level arguments whose known values differ; what was unknown at review may be known now."""
    if not isinstance(was, Mapping) or not isinstance(is_now, Mapping):
        return [] if was == is_now else ["everything"]
    names = []
    for name in sorted({*was, *is_now, *_mapping(was_unknown), *_mapping(unknown)}):
        if _mapping(was_unknown).get(name):
            continue
        if _mapping(unknown).get(name) or was.get(name) != is_now.get(name):
            names.append(name)
    return names


def _mapping(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}


def _identifier(change: Mapping[str, Any]) -> str | None:
    for side in ("after", "before"):
        identifier = (change.get(side) or {}).get("identifier")
        if identifier:
            return str(identifier)
    return None


def _kind(actions: list[str]) -> str:
    if len(actions) > 1:
        return "replace"
    return {"create": "add", "update": "change", "delete": "destroy"}.get(actions[0], "change")


def _words(actions: list[str]) -> str:
    return "replace" if len(actions) > 1 else actions[0]
