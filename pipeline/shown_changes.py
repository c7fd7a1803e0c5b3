"""What a plan changes of resources that stay, attribute by attribute, as a reviewer reads it.

Left out is what every change brings with it and nobody decides: the request's id in tags and in the final
snapshot's name. The whole plan has it.
"""

import json
from collections.abc import Iterator, Mapping
from typing import Any, Final

from provisioner.reports.schema import ATTRIBUTE_TEXT_LIMIT, MOST_ATTRIBUTES, Attribute

from pipeline.plan_changes import any_true

_NOISE: Final = frozenset({"final_snapshot_identifier", "tags.RequestId"})
# The provider's sum of all tags, which `tags` says already.
_DERIVED: Final = "tags_all"
_UNKNOWN: Final = "known after the apply"
_HIDDEN: Final = "(sensitive)"
_NOTHING: Final = "none"


def attributes(plan: Mapping[str, Any]) -> tuple[Attribute, ...]:
    """The attributes that a plan changes in place, in the order of their resources and names."""
    found = [
        attribute
        for resource in sorted(plan.get("resource_changes", []), key=lambda each: str(each["address"]))
        if resource["change"]["actions"] == ["update"]
        for attribute in _of(str(resource["address"]), resource["change"])
    ]
    return tuple(found[:MOST_ATTRIBUTES])


def _of(address: str, change: Mapping[str, Any]) -> Iterator[Attribute]:
    before, after = change.get("before") or {}, change.get("after") or {}
    unknown = change.get("after_unknown") or {}
    hidden = (change.get("before_sensitive") or {}, change.get("after_sensitive") or {})
    for name in sorted({*before, *after, *unknown} - {_DERIVED}):
        was, wanted = before.get(name), after.get(name)
        secret = any(isinstance(marks, Mapping) and any_true(marks.get(name)) for marks in hidden)
        if any_true(unknown.get(name)):
            yield _attribute(address, name, _HIDDEN if secret else _text(was), _UNKNOWN)
        elif was != wanted and secret:
            yield _attribute(address, name, _HIDDEN, _HIDDEN)
        elif was != wanted:
            yield from _differences(address, name, was, wanted)


def _differences(address: str, name: str, was: Any, wanted: Any) -> Iterator[Attribute]:
    if not isinstance(was, Mapping) or not isinstance(wanted, Mapping):
        if name not in _NOISE:
            yield _attribute(address, name, _text(was), _text(wanted))
        return
    for key in sorted({*was, *wanted}):
        inner = f"{name}.{key}"
        if was.get(key) != wanted.get(key) and inner not in _NOISE:
            yield _attribute(address, inner, _text(was.get(key)), _text(wanted.get(key)))


def _attribute(address: str, name: str, before: str, after: str) -> Attribute:
    texts = (address.removeprefix("module.database."), name, before, after)
    resource, name, before, after = (text[:ATTRIBUTE_TEXT_LIMIT] for text in texts)
    return Attribute(resource=resource, name=name, before=before, after=after)


def _text(value: Any) -> str:
    if value is None or value == "":
        return _NOTHING
    return value if isinstance(value, str) else json.dumps(value, sort_keys=True)
