"""Whether a plan about to be applied does what was reviewed, or less, and nothing else."""

from collections.abc import Mapping
from typing import Any

from pipeline.plan_changes import INSTANCE, words


def beyond_review(
    reviewed: list[dict[str, Any]], now: list[dict[str, Any]], *, applied_before: bool
) -> list[str]:
    """What a plan does that was not reviewed, in words; empty when it may be applied.

    A plan may do less than was reviewed: an earlier apply that stopped half-way did the rest. What that one
    left half made of a database that was never applied as a whole may be finished: changed in place towards
    the values that its creation was reviewed with (a restore to a point in time leaves some at the source's),
    or, for anything but the database itself, replaced where the creation is tainted.
    """
    known = {one["address"]: one for one in reviewed if not one["deposed"]}
    found = []
    for one in now:
        review = known.get(one["address"])
        if review is None:
            found.append(f"{one['address']}: {words(one['actions'])} was not reviewed")
        elif one["deposed"]:
            if "delete" not in review["actions"]:
                found.append(f"{one['address']}: deleting its deposed object was not reviewed")
        elif one["actions"] != review["actions"] and not (_finishes(review, one) and not applied_before):
            found.append(
                f"{one['address']}: {words(one['actions'])}, but {words(review['actions'])} was reviewed"
            )
        elif names := _differences(review, one):
            found.append(f"{one['address']}: {', '.join(names)} differs from what was reviewed")
    return found


def _finishes(review: Mapping[str, Any], one: Mapping[str, Any]) -> bool:
    if review["actions"] != ["create"]:
        return False
    tainted = one["reason"] == "replace_because_tainted" and one["type"] != INSTANCE
    return bool(one["actions"] == ["update"] or tainted)


def _differences(review: Mapping[str, Any], one: Mapping[str, Any]) -> list[str]:
    """The arguments that are set otherwise than reviewed; what was unknown at review may be known now."""
    sets, unknown = review["sets"], review["unknown"]
    return [
        name
        for name in sorted({*one["sets"], *one["unknown"]})
        if (name not in sets and name not in unknown)
        or not _agrees(sets.get(name), one["sets"].get(name), unknown.get(name), one["unknown"].get(name))
    ]


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
