"""What a Terraform plan does, in a form that the state bucket keeps for the review: its changes, one by one.

Reads `terraform show -json`: https://developer.hashicorp.com/terraform/internals/json-format
"""

import dataclasses
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Annotated, Any, Final, Literal

from provisioner.core.engines import RESOURCES
from provisioner.core.names import MEMBERS, Place
from provisioner.reports.schema import Summary
from pydantic import BaseModel, Field, ValidationError

PROVIDER: Final = "registry.terraform.io/hashicorp/aws"
OWN_TYPES: Final = frozenset[str]().union(*(resource.types for resource in RESOURCES))
_DATABASES: Final = frozenset(resource.database_type for resource in RESOURCES)
_MEMBERS: Final = frozenset(filter(None, (resource.members for resource in RESOURCES)))
_NOTHING: Final = (["no-op"], ["read"])
_VERSION: Final = 1
_LONGEST_PROBLEM: Final = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class ResourceChange:
    """What a plan does to one resource: its actions in Terraform's words, and the arguments that it sets.

    `unknown` has those arguments that the apply will know; `deposed` the id of an object that a replacement
    left behind; `protected` and `skips_snapshot` are the instance's settings before the change.
    """

    address: str
    actions: Annotated[tuple[str, ...], Field(min_length=1)]
    sets: Mapping[str, Any]
    unknown: Mapping[str, Any] = field(default_factory=dict)
    type: str = ""
    provider: str = ""
    deposed: str | None = None
    reason: str | None = None
    identifier: str | None = None
    protected: bool = False
    skips_snapshot: bool = False

    @property
    def action_name(self) -> str:
        """The actions in one word, as Terraform's summary says it."""
        return "replace" if len(self.actions) > 1 else self.actions[0]

    @property
    def is_database(self) -> bool:
        """Whether the resource is an RDS instance or cluster."""
        return self.type in _DATABASES

    @property
    def is_member(self) -> bool:
        """Whether the resource is a cluster's member, which holds no data itself."""
        return self.type in _MEMBERS


class UnreadablePlan(ValueError):
    """A reviewed plan that is not what the pipeline writes."""


class _Kept(BaseModel):
    version: Literal[1]
    changes: list[ResourceChange]


def encode(changes: Sequence[ResourceChange]) -> bytes:
    """A plan's changes as the state bucket keeps them."""
    kept = {"version": _VERSION, "changes": list(map(dataclasses.asdict, changes))}
    return json.dumps(kept, sort_keys=True).encode()


def decode(content: bytes) -> list[ResourceChange]:
    """The changes that the state bucket kept; raises UnreadablePlan.

    A branch's own pipeline writes them, so that they may be anything.
    """
    try:
        return _Kept.model_validate_json(content).changes
    except ValidationError as error:
        problems = [f"{'.'.join(map(str, problem['loc']))}: {problem['msg']}" for problem in error.errors()]
        raise UnreadablePlan("; ".join(problems)[:_LONGEST_PROBLEM]) from error


def changes_of(plan: Mapping[str, Any]) -> list[ResourceChange]:
    """The changes of a plan, in order, each with what it sets and no more.

    An update sets the arguments that differ from before. The others of its `after` are what AWS last said,
    such as the latest restorable time, and differ from one plan to the next.
    """
    found = [
        _change(resource)
        for resource in plan.get("resource_changes", [])
        if resource["change"]["actions"] not in _NOTHING
    ]
    return sorted(found, key=lambda change: (change.address, str(change.deposed)))


def _change(resource: Mapping[str, Any]) -> ResourceChange:
    change = resource["change"]
    before, after = change.get("before") or {}, change.get("after") or {}
    unknown = {
        name: value for name, value in _mapping(change.get("after_unknown")).items() if any_true(value)
    }
    if change["actions"] == ["update"]:
        after = {name: value for name, value in after.items() if name in unknown or value != before.get(name)}
    return ResourceChange(
        address=resource["address"],
        actions=tuple(change["actions"]),
        sets=after,
        unknown=unknown,
        type=resource["type"],
        provider=resource.get("provider_name", ""),
        deposed=resource.get("deposed"),
        reason=resource.get("action_reason"),
        identifier=_identifier(after) or _identifier(before),
        protected=bool(before.get("deletion_protection")),
        skips_snapshot=bool(before.get("skip_final_snapshot")),
    )


def changes_outputs(plan: Mapping[str, Any]) -> bool:
    """Whether the state's outputs are not what they would be: an apply stopped before it wrote them."""
    outputs = _mapping(plan.get("output_changes")).values()
    return any(output["actions"] not in _NOTHING for output in outputs)


def summarise(changes: Sequence[ResourceChange], *, place: Place) -> Summary:
    """How much a plan changes, and whether it stays with its own database."""
    counts = {"add": 0, "change": 0, "destroy": 0, "replace": 0}
    added = destroyed = 0
    for change in changes:
        counted = _counted(change)
        counts[counted] += 1
        if change.is_database:
            added += counted in ("add", "replace")
            destroyed += counted in ("destroy", "replace")
    return Summary(
        **counts,
        databases_added=added,
        databases_destroyed=destroyed,
        only_own_database=not foreign_resources(changes, place=place),
    )


def foreign_resources(changes: Sequence[ResourceChange], *, place: Place) -> list[str]:
    """What a plan touches outside its own database, a sentence each."""
    found, members = [], {place.member(number) for number in MEMBERS}
    for change in changes:
        if not change.address.startswith("module.database."):
            found.append(f"{change.address} is not part of the database's module")
        elif change.provider != PROVIDER:
            found.append(f"{change.address} belongs to the provider {change.provider}")
        elif change.type not in OWN_TYPES:
            found.append(f"{change.address} is of type {change.type}")
        elif change.is_database and change.identifier != place.identifier:
            found.append(f"{change.address} is the database {change.identifier}")
        elif change.is_member and change.identifier not in members:
            found.append(f"{change.address} is the member {change.identifier}")
    return found


def destroyed_databases(changes: Sequence[ResourceChange]) -> list[str]:
    """The databases that a plan destroys or replaces, each with the action; only a removal may."""
    return [
        f"{change.address}: {change.action_name}"
        for change in changes
        if change.is_database and "delete" in change.actions
    ]


def any_true(value: Any) -> bool:
    """Whether anything inside is unknown: `after_unknown` has `[{}]` for a list whose one block is known."""
    if isinstance(value, Mapping):
        return any(map(any_true, value.values()))
    if isinstance(value, list):
        return any(map(any_true, value))
    return bool(value)


def _identifier(values: Mapping[str, Any]) -> str | None:
    """What RDS calls it: an instance has an identifier, and so does a member, which names its cluster too."""
    found = values.get("identifier") or values.get("cluster_identifier")
    return str(found) if found else None


def _counted(change: ResourceChange) -> str:
    return {"replace": "replace", "create": "add", "delete": "destroy"}.get(change.action_name, "change")


def _mapping(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}
