"""Whether a plan about to be applied does what was reviewed, or less, and nothing else."""

from collections.abc import Mapping, Sequence
from typing import Any

from provisioner.core.engines import CLUSTER

from pipeline.plan_changes import ResourceChange


def beyond_review(
    reviewed: Sequence[ResourceChange], now: Sequence[ResourceChange], *, applied_before: bool
) -> list[str]:
    """What a plan does that was not reviewed, a sentence each; empty when it may be applied.

    A plan may do less than was reviewed: an earlier apply that stopped half-way did the rest. What that one
    left half made of a database that was never applied as a whole may be finished: changed in place towards
    the values that its creation was reviewed with (a restore to a point in time leaves some at the source's),
    or, for anything but the database itself, replaced where the creation is tainted.
    """
    known = {review.address: review for review in reviewed if not review.deposed}
    found = []
    for change in now:
        review = known.get(change.address)
        if review is None:
            found.append(f"{change.address}: {change.action_name} was not reviewed")
        elif change.deposed:
            if "delete" not in review.actions:
                found.append(f"{change.address}: deleting its deposed object was not reviewed")
        elif change.actions != review.actions and not (_finishes(review, change) and not applied_before):
            found.append(f"{change.address}: {change.action_name}, but {review.action_name} was reviewed")
        elif names := _differences(review, change):
            found.append(f"{change.address}: {', '.join(names)} differs from what was reviewed")
    return found


def _finishes(review: ResourceChange, change: ResourceChange) -> bool:
    if review.actions != ("create",):
        return False
    tainted = change.reason == "replace_because_tainted" and not change.is_database
    return change.actions == ("update",) or tainted


def _differences(review: ResourceChange, change: ResourceChange) -> list[str]:
    """The arguments that are set otherwise than reviewed; what was unknown at review may be known now.

    A cluster is created with the minor version that AWS has as its default by then.
    """
    return [
        name
        for name in sorted({*change.sets, *change.unknown})
        if not (name == "engine_version" and _is_another_minor(review, change))
        and (
            (name not in review.sets and name not in review.unknown)
            or not _agrees(
                review.sets.get(name),
                change.sets.get(name),
                review.unknown.get(name),
                change.unknown.get(name),
            )
        )
    ]


def _is_another_minor(review: ResourceChange, change: ResourceChange) -> bool:
    """Whether a cluster is created with another minor version than reviewed, of the same major one."""
    was, is_now = (_major(each.sets.get("engine_version")) for each in (review, change))
    created = review.actions == change.actions == ("create",)
    return created and change.type == CLUSTER.database_type and was == is_now != ""


def _major(version: Any) -> str:
    """The major version of 16.4, and of Aurora MySQL's 8.0.mysql_aurora.3.08.0."""
    text = str(version or "")
    return text.partition(".mysql_aurora.")[0] if ".mysql_aurora." in text else text.partition(".")[0]


def _agrees(was: Any, is_now: Any, was_unknown: Any, unknown: Any) -> bool:
    if was_unknown is True:
        return True
    if unknown is True:
        return False
    if isinstance(was, Mapping) and isinstance(is_now, Mapping):
        return all(
            _agrees(was.get(name), is_now.get(name), _part(was_unknown, name), _part(unknown, name))
            for name in {*was, *is_now, *_names(was_unknown), *_names(unknown)}
        )
    if isinstance(was, list) and isinstance(is_now, list) and len(was) == len(is_now):
        return all(
            _agrees(*pair, _part(was_unknown, index), _part(unknown, index))
            for index, pair in enumerate(zip(was, is_now, strict=True))
        )
    return bool(was == is_now)


def _names(unknown: Any) -> list[str]:
    return list(unknown) if isinstance(unknown, Mapping) else []


def _part(unknown: Any, at: str | int) -> Any:
    if isinstance(unknown, Mapping):
        return unknown.get(at)
    if isinstance(unknown, list) and isinstance(at, int) and at < len(unknown):
        return unknown[at]
    return None
