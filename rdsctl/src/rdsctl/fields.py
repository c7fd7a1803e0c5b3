"""`--json=id,result.endpoint`: the fields that were asked for; one that is not there is named."""

from collections.abc import Iterator, Sequence
from typing import Any

from rdsctl.failures import Exit, Failure
from rdsctl.suggestions import did_you_mean


def select(document: Any, fields: Sequence[str]) -> Any:
    """The document, or each item of a list, with these fields alone; raises Failure for one it has not."""
    if not fields:
        return document
    items = document if isinstance(document, list) else [document]
    for field in fields:
        if items and not any(_has(item, field.split(".")) for item in items):
            raise _unknown(field, items)
    chosen = [_chosen(item, fields) for item in items]
    return chosen if isinstance(document, list) else chosen[0]


def flat(document: Any, prefix: str = "") -> Iterator[tuple[str, Any]]:
    """Each value of a document under its dotted name; a list is one value."""
    if isinstance(document, dict):
        for name, value in document.items():
            yield from flat(value, f"{prefix}.{name}" if prefix else name)
    else:
        yield prefix, document


def _chosen(item: Any, fields: Sequence[str]) -> dict[str, Any]:
    chosen: dict[str, Any] = {}
    for field in fields:
        *path, last = field.split(".")
        source, target = item, chosen
        for name in path:
            source = source.get(name) if isinstance(source, dict) else None
            inner = target.setdefault(name, {})
            target = inner if isinstance(inner, dict) else {}
        target[last] = source.get(last) if isinstance(source, dict) else None
    return chosen


def _has(item: Any, path: Sequence[str]) -> bool:
    """Whether the item has the field; below a null everything is there, and null."""
    for name in path:
        if item is None:
            return True
        if not isinstance(item, dict) or name not in item:
            return False
        item = item[name]
    return True


def _unknown(field: str, items: Sequence[Any]) -> Failure:
    there = sorted({name for item in items for name, _ in flat(item)} | {name for i in items for name in i})
    return Failure(
        f"There is no field {field!r}.{did_you_mean(field, there)}",
        Exit.USAGE,
        hints=[f"fields: {', '.join(there)}"],
    )
