"""The ledger's table in memory, for runs that are too long for moto, whose transactions copy all rows.

It knows the calls and the parts of DynamoDB's expression language that the ledger uses, and raises for any
other; test_memory_table.py holds it to moto's answers.
"""

# ruff: noqa: N803 - DynamoDB's own names

import contextlib
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from botocore.exceptions import ClientError

Item = dict[str, Any]
Key = tuple[str, str]
INDEXES: Final = {"due": ("due_kind", "due_at"), "listing": ("list_pk", "list_sk")}
TOKEN: Final = re.compile(
    r"\s*(attribute_exists|attribute_not_exists|begins_with|contains|AND|OR|<=|<|=|[(),]|[#:]?\w+)"
)


class ConditionalCheckFailedException(ClientError):
    """What a condition that does not hold raises."""


class Exceptions:
    ConditionalCheckFailedException = ConditionalCheckFailedException


@dataclass
class MemoryTable:
    """A client that knows one table."""

    rows: dict[str, dict[str, Item]] = field(default_factory=dict)  # by pk, sk
    index: dict[str, dict[str, set[Key]]] = field(default_factory=lambda: {name: {} for name in INDEXES})
    exceptions: type[Exceptions] = Exceptions

    def get_item(self, *, Key: Item, **_: Any) -> Item:
        found = self._row(key_of(Key))
        return {"Item": dict(found)} if found else {}

    def batch_get_item(self, *, RequestItems: dict[str, Any]) -> Item:
        (name, wanted), *_ = RequestItems.items()
        found = (self._row(key_of(key)) for key in wanted["Keys"])
        return {"Responses": {name: [dict(row) for row in found if row]}, "UnprocessedKeys": {}}

    def put_item(self, *, Item: Item, **call: Any) -> Item:
        self._check(key_of(Item), call)
        self._write(key_of(Item), dict(Item))
        return {}

    def update_item(self, *, Key: Item, UpdateExpression: str, **call: Any) -> Item:
        key = key_of(Key)
        self._check(key, call)
        row = {**Key, **(self._row(key) or {})}
        update(row, UpdateExpression, call)
        self._write(key, row)
        return {"Attributes": dict(row)}

    def transact_write_items(self, *, TransactItems: list[Item]) -> Item:
        writes = [(verb, call) for write in TransactItems for verb, call in write.items()]
        reasons = [
            self._reason(call["Item"] if verb == "Put" else call["Key"], call) for verb, call in writes
        ]
        if any(reason["Code"] != "None" for reason in reasons):
            answer: Any = {
                "Error": {"Code": "TransactionCanceledException", "Message": ""},
                "CancellationReasons": reasons,
            }
            raise ClientError(answer, "TransactWriteItems")
        for verb, call in writes:
            own = {name: value for name, value in call.items() if name != "ConditionExpression"}
            if verb == "Put":
                self.put_item(**own)
            else:
                self.update_item(**own)
        return {}

    def scan(
        self,
        *,
        Limit: int | None = None,
        ExclusiveStartKey: Item | None = None,
        FilterExpression: str | None = None,
        **call: Any,
    ) -> Item:
        after = key_of(ExclusiveStartKey) if ExclusiveStartKey else ("", "")
        found = sorted((pk, sk) for pk, rows in self.rows.items() for sk in rows if (pk, sk) > after)
        page = [self.rows[pk][sk] for pk, sk in found[:Limit]]
        kept = [row for row in page if not FilterExpression or holds(FilterExpression, row, call)]
        answer: Item = {"Items": [dict(row) for row in kept]}
        if len(page) < len(found):
            answer["LastEvaluatedKey"] = {name: page[-1][name] for name in ("pk", "sk")}
        return answer

    def get_paginator(self, name: str) -> Any:
        return self if name == "query" else Scan(self)

    def paginate(self, **call: Any) -> Iterator[Item]:
        yield self.query(**call)

    def query(
        self,
        *,
        KeyConditionExpression: str,
        ExpressionAttributeValues: Item,
        IndexName: str | None = None,
        Limit: int | None = None,
        ScanIndexForward: bool = True,
        ExclusiveStartKey: Item | None = None,
        **call: Any,
    ) -> Item:
        names = INDEXES[IndexName] if IndexName else ("pk", "sk")
        partition = ExpressionAttributeValues[re.findall(r":\w+", KeyConditionExpression)[0]]["S"]
        keys = self.index[IndexName].get(partition, set()) if IndexName else None
        found = (
            [self.rows[pk][sk] for pk, sk in keys]
            if keys is not None
            else list(self.rows.get(partition, {}).values())
        )
        call["ExpressionAttributeValues"] = ExpressionAttributeValues
        found = [row for row in found if holds(KeyConditionExpression, row, call)]
        found.sort(key=lambda row: (row[names[1]]["S"], key_of(row)), reverse=not ScanIndexForward)
        if ExclusiveStartKey:
            found = found[[key_of(row) for row in found].index(key_of(ExclusiveStartKey)) + 1 :]
        page = found[:Limit]
        answer: Item = {}
        if len(page) < len(found):
            answer["LastEvaluatedKey"] = {name: page[-1][name] for name in ("pk", "sk", *names)}
        kept = call.get("FilterExpression")
        answer["Items"] = [dict(row) for row in page if not kept or holds(kept, row, call)]
        return answer

    def _row(self, key: Key) -> Item | None:
        return self.rows.get(key[0], {}).get(key[1])

    def _reason(self, item: Item, call: Mapping[str, Any]) -> dict[str, str]:
        with contextlib.suppress(ConditionalCheckFailedException):
            self._check(key_of(item), call)
            return {"Code": "None"}
        return {"Code": "ConditionalCheckFailed"}

    def _check(self, key: Key, call: Mapping[str, Any]) -> None:
        condition = call.get("ConditionExpression")
        if condition and not holds(condition, self._row(key) or {}, call):
            code: Any = {"Error": {"Code": "ConditionalCheckFailedException", "Message": ""}}
            raise ConditionalCheckFailedException(code, "Write")

    def _write(self, key: Key, row: Item) -> None:
        old = self._row(key) or {}
        for name, (partition, _) in INDEXES.items():
            if partition in old:
                self.index[name][old[partition]["S"]].discard(key)
            if partition in row:
                self.index[name].setdefault(row[partition]["S"], set()).add(key)
        self.rows.setdefault(key[0], {})[key[1]] = row


@dataclass
class Scan:
    """Every row of an index."""

    table: MemoryTable

    def paginate(self, *, IndexName: str, FilterExpression: str, **call: Any) -> Iterator[Item]:
        keys = [key for found in self.table.index[IndexName].values() for key in found]
        rows = [self.table.rows[pk][sk] for pk, sk in keys]
        yield {"Items": [dict(row) for row in rows if holds(FilterExpression, row, call)]}


def key_of(item: Mapping[str, Any]) -> Key:
    return item["pk"]["S"], item["sk"]["S"]


def update(row: Item, expression: str, call: Mapping[str, Any]) -> None:
    """Carry out SET, ADD (of numbers) and REMOVE."""
    names, values = call.get("ExpressionAttributeNames", {}), call.get("ExpressionAttributeValues", {})
    parts = re.split(r"\b(SET|ADD|REMOVE)\b", expression)[1:]
    for verb, body in zip(parts[::2], parts[1::2], strict=True):
        for action in body.split(","):
            words = action.replace("=", " ").split()
            name = names.get(words[0], words[0])
            if verb == "REMOVE":
                row.pop(name, None)
            elif verb == "SET":
                row[name] = values[words[1]]
            else:
                before = int(row.get(name, {"N": "0"})["N"])
                row[name] = {"N": str(before + int(values[words[1]]["N"]))}


def holds(expression: str, row: Item, call: Mapping[str, Any]) -> bool:
    """Whether a condition holds for a row."""
    tokens = TOKEN.findall(expression)
    if "".join(tokens) != re.sub(r"\s+", "", expression):
        raise NotImplementedError(expression)
    names, values = call.get("ExpressionAttributeNames", {}), call.get("ExpressionAttributeValues", {})

    def value(token: str) -> Any:
        found = values[token] if token.startswith(":") else row.get(names.get(token, token))
        if found is None:
            return None
        return int(found["N"]) if "N" in found else found["S"]

    def take(wanted: str) -> None:
        if tokens.pop(0) != wanted:
            raise NotImplementedError(expression)

    def term() -> bool:
        if tokens[0] == "(":
            take("(")
            result = either()
            take(")")
            return result
        word = tokens.pop(0)
        if word in ("attribute_exists", "attribute_not_exists"):
            take("(")
            there: bool = value(tokens.pop(0)) is not None
            take(")")
            return there is (word == "attribute_exists")
        if word in ("begins_with", "contains"):
            take("(")
            text = value(tokens.pop(0))
            take(",")
            part = value(tokens.pop(0))
            take(")")
            return text is not None and (text.startswith(part) if word == "begins_with" else part in text)
        compare: Callable[[Any, Any], bool] = {
            "=": lambda a, b: a == b,
            "<": lambda a, b: a < b,
            "<=": lambda a, b: a <= b,
        }[tokens.pop(0)]
        left, right = value(word), value(tokens.pop(0))
        return bool(left is not None and right is not None and compare(left, right))

    def both() -> bool:
        result = term()
        while tokens and tokens[0] == "AND":
            take("AND")
            following = term()
            result = result and following
        return result

    def either() -> bool:
        result = both()
        while tokens and tokens[0] == "OR":
            take("OR")
            following = both()
            result = result or following
        return result

    result = either()
    if tokens:
        raise NotImplementedError(expression)
    return result
