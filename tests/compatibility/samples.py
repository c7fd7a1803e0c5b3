"""Reads what an earlier release left behind; samples/README.md says what is there."""

import dataclasses
import datetime as dt
import enum
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from tests.ledger.memory_table import MemoryTable, key_of

HOME = Path(__file__).parent / "samples"


def text(name: str) -> str:
    return (HOME / name).read_text(encoding="utf-8")


def content(name: str) -> Any:
    return json.loads(text(name))


def lines(name: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in text(name).splitlines()]


def rows() -> list[dict[str, Any]]:
    """Every row: `item` as DynamoDB keeps it, `value` as the old code read it (None: it did not)."""
    return lines("rows.jsonl")


def table() -> MemoryTable:
    """The old ledger's table."""
    found = MemoryTable()
    for row in rows():
        found.put_item(Item=row["item"])
    assert all(found.get_item(Key=row["item"])["Item"] == row["item"] for row in rows())
    return found


def label(row: Mapping[str, Any]) -> str:
    return "/".join(key_of(row["item"]))


def plain(value: Any) -> Any:
    """A value as JSON has it."""
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {field.name: plain(getattr(value, field.name)) for field in dataclasses.fields(value)}
    if isinstance(value, dt.datetime):
        return value.isoformat()
    if isinstance(value, enum.Enum):
        return value.value
    if isinstance(value, Mapping):
        return {name: plain(one) for name, one in value.items()}
    if isinstance(value, list | tuple):
        return [plain(item) for item in value]
    return value
