"""The ledger's table in DynamoDB: reads that are never stale, writes on condition, and pages.

| pk | sk | what |
|---|---|---|
| `REQ#<id>` | `REQ` | a request as derived from its events |
| `REQ#<id>` | `EVT#<event id>` | one event, written once |
| `DB#<environment>#<name>` | `DB` | a database |
| `DB#<environment>#<name>` | `EVT#<event id>` | what happened to it outside its requests, written once |
| `DB#<environment>#<name>` | `USE` | when it was last connected to, and since when it is idle |
| `DB#<environment>#<name>` | `LOGIN#<hour>` | an hour in which the access function may be connected |
| `DB#<environment>#<name>` | `REQ#<first 8 of id>` | the database's requests, for branches and history |
| `QUOTA#<team>#<environment>` | `QUOTA` | what the team holds there |
| `MIGRATION#lists` | `MIGRATION` | how far `ops.migrate` is |
| `IDEM#<team>#<key>` | `IDEM` | an Idempotency-Key and what it stood for |
| `KEY#<API key id>` | `KEY` | whose key it is |
| `STAT#<kind>` | `STAT` | how long the last requests of this sort took, by step, engine and class |
| `TURN#<what>` | `TURN` | when something that is done once in a while is due again |
| `SAID#<message's key>` | `<channel>` | how far a message is on its way to a channel |
| `CHANNELS` | `<channel>` | whether a channel fails, since when and why |
| `GLASS#<environment>#<name>` | `GLASS#<time>` | who let a root change without a request, why, until when |

The rows are made in rows.py, new_request.py, quota.py, step_times.py, turns.py, break_glass.py, deliveries.py
and migration.py; a key by ops/team_key.py. The partitions of the index `listing` are in lists.py.
What is written when is in ledger.py.
"""

import base64
import datetime as dt
import json
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from botocore.exceptions import ClientError

from provisioner.core.errors import Contention, Problem
from provisioner.ledger.codecs import Row, from_item, to_item, when

# Reasons of a cancelled transaction: https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_TransactWriteItems.html
_REFUSED: Final = "ConditionalCheckFailed"
_PASSING: Final = {"TransactionConflict", "ThrottlingError", "ProvisionedThroughputExceeded"}
_PAUSES: Final = (0.02, 0.05, 0.1, 0.2, 0.4)  # seconds
_LONGEST_TOKEN: Final = 1000  # DynamoDB takes sort keys of 1,024 bytes
_TOKEN_KEYS: Final = ("pk", "sk", "list_pk", "list_sk")
_MOST_AT_ONCE: Final = 100


@dataclass(frozen=True, slots=True)
class Write:
    """One part of a transaction; `name` says which one, where its condition does not hold."""

    name: str
    verb: str  # DynamoDB's: Put | Update
    call: Mapping[str, Any]


def put(name: str, row: Row, *, replaces: int | None = None) -> Write:
    """Writes a row in the place of the one with this version, or where there is none."""
    call: dict[str, Any] = {"Item": to_item(row), "ConditionExpression": "attribute_not_exists(pk)"}
    if replaces is not None:
        call["ConditionExpression"] = "version = :version"
        call["ExpressionAttributeValues"] = to_item({":version": replaces})
    return Write(name, "Put", call)


def update(
    name: str, pk: str, sk: str, expression: str, values: Row, *, condition: str | None = None
) -> Write:
    """Changes a row, on condition."""
    call: dict[str, Any] = {"Key": to_item({"pk": pk, "sk": sk}), "UpdateExpression": expression}
    if condition:
        call["ConditionExpression"] = condition
    if values:
        call["ExpressionAttributeValues"] = to_item(values)
    return Write(name, "Update", call)


@dataclass(frozen=True, slots=True)
class Filters:
    """Which rows of a list are kept: by attributes that are among values, hold a text, or come before one."""

    among: Mapping[str, Sequence[str]] = field(default_factory=dict)
    holding: Mapping[str, str] = field(default_factory=dict)
    before: Mapping[str, str] = field(default_factory=dict)

    def expressed(self) -> tuple[dict[str, str], dict[str, str | int], list[str]]:
        """Names, values and conditions of DynamoDB's expression language."""
        names: dict[str, str] = {}
        values: dict[str, str | int] = {}
        conditions = []
        for form, given in (
            ("{} = {}", self.among),
            ("contains({}, {})", self.holding),
            ("{} < {}", self.before),
        ):
            for attribute, wanted in given.items():
                name = f"#f{len(names)}"
                names[name] = attribute
                choices = []
                for text in [wanted] if isinstance(wanted, str) else wanted:
                    value = f":f{len(values)}"
                    values[value] = text
                    choices.append(form.format(name, value))
                conditions.append(f"({' OR '.join(choices)})")
        return names, values, conditions


class Table:
    """One DynamoDB table; `client` is botocore's."""

    def __init__(self, client: Any, name: str) -> None:
        self._client = client
        self._name = name

    def get(self, pk: str, sk: str) -> Row | None:
        """One row, as of now."""
        answer = self._client.get_item(
            TableName=self._name, Key=to_item({"pk": pk, "sk": sk}), ConsistentRead=True
        )
        return from_item(answer["Item"]) if "Item" in answer else None

    def get_many(self, keys: Sequence[tuple[str, str]]) -> list[Row]:
        """Those rows of these keys that there are; what was written a moment ago may be missing.

        Raises Contention where DynamoDB leaves some out again and again.
        """
        parts = [keys[at : at + _MOST_AT_ONCE] for at in range(0, len(keys), _MOST_AT_ONCE)]
        return [row for part in parts for row in self._get_part(part)]

    def _get_part(self, keys: Sequence[tuple[str, str]]) -> list[Row]:
        wanted: Any = (
            {self._name: {"Keys": [to_item({"pk": pk, "sk": sk}) for pk, sk in keys]}} if keys else {}
        )
        rows: list[Row] = []
        for pause in (0.0, *_PAUSES):
            if not wanted:
                return rows
            time.sleep(pause)
            answer = self._client.batch_get_item(RequestItems=wanted)
            rows += [from_item(item) for item in answer["Responses"].get(self._name, [])]
            wanted = answer.get("UnprocessedKeys")
        if wanted:
            raise Contention("reading the ledger")
        return rows

    def query(self, pk: str, prefix: str = "") -> list[Row]:
        """All rows of a partition, or those whose sort key begins with `prefix`, as of now."""
        condition, values = "pk = :pk", {":pk": pk}
        if prefix:
            condition, values = "pk = :pk AND begins_with(sk, :prefix)", {":pk": pk, ":prefix": prefix}
        pages = self._client.get_paginator("query").paginate(
            TableName=self._name,
            ConsistentRead=True,
            KeyConditionExpression=condition,
            ExpressionAttributeValues=to_item(values),
        )
        return [from_item(item) for page in pages for item in page["Items"]]

    def due(self, kind: str, now: dt.datetime) -> Iterator[Row]:
        """Rows that someone should look after by now; what was written a moment ago may be missing."""
        pages = self._client.get_paginator("query").paginate(
            TableName=self._name,
            IndexName="due",
            KeyConditionExpression="due_kind = :kind AND due_at <= :now",
            ExpressionAttributeValues=to_item({":kind": kind, ":now": when(now)}),
        )
        yield from (from_item(item) for page in pages for item in page["Items"])

    def page(
        self, name: str, lists: Sequence[str], kept: "Filters", page_size: int, page_token: str | None
    ) -> tuple[list[Row], str | None]:
        """A full page of a list, newest first, and the token of the next one.

        A list in several partitions is read as one; its tokens are those of its `name`.
        """
        after = read_token(page_token, name) if page_token else None
        found = [self._part(list_pk, kept, page_size, after) for list_pk in lists]
        rows = sorted((row for part, _ in found for row in part), key=_position, reverse=True)
        more = len(rows) > page_size or any(more for _, more in found)
        rows = rows[:page_size]
        return rows, write_token(rows[-1], name) if more and rows else None

    def _part(
        self, list_pk: str, kept: "Filters", page_size: int, after: str | None
    ) -> tuple[list[Row], bool]:
        """The next rows of one partition, and whether there may be more.

        As many are read as are wanted, and more at once only where the filters leave most of them out.
        """
        call = self._listing(list_pk, kept, after) | {"ScanIndexForward": False}
        rows: list[Row] = []
        seen = 0
        while True:
            wanted = page_size - len(rows)
            call["Limit"] = wanted if len(rows) * 2 >= seen else max(wanted, _MOST_AT_ONCE)
            answer = self._client.query(**call)
            seen += call["Limit"]
            for item in answer["Items"]:
                rows.append(from_item(item))
                if len(rows) == page_size:
                    return rows, "LastEvaluatedKey" in answer or item is not answer["Items"][-1]
            if "LastEvaluatedKey" not in answer:
                return rows, False
            call["ExclusiveStartKey"] = answer["LastEvaluatedKey"]

    def whole(self, list_pk: str, kept: "Filters", *, since: str = "") -> Iterator[Row]:
        """All rows of a partition of `listing` from a position on, oldest first."""
        call = self._listing(list_pk, kept, None)
        if since:
            call["KeyConditionExpression"] += " AND :since <= list_sk"
            call["ExpressionAttributeValues"] |= to_item({":since": since})
        pages = self._client.get_paginator("query").paginate(**call)
        yield from (from_item(item) for page in pages for item in page["Items"])

    def _listing(self, list_pk: str, kept: "Filters", after: str | None) -> dict[str, Any]:
        names, values, conditions = kept.expressed()
        values[":list"] = list_pk
        condition = "list_pk = :list"
        if after is not None:
            condition, values[":after"] = f"{condition} AND list_sk < :after", after
        call: dict[str, Any] = {
            "TableName": self._name,
            "IndexName": "listing",
            "KeyConditionExpression": condition,
            "ExpressionAttributeValues": to_item(values),
        }
        if conditions:
            call |= {"FilterExpression": " AND ".join(conditions), "ExpressionAttributeNames": names}
        return call

    def listed(self, condition: str, names: Mapping[str, str], values: Row) -> Iterator[Row]:
        """Rows of every list, requests' and databases', in no order; reads the whole index `listing`."""
        pages = self._client.get_paginator("scan").paginate(
            TableName=self._name,
            IndexName="listing",
            FilterExpression=condition,
            ExpressionAttributeNames=dict(names),
            ExpressionAttributeValues=to_item(values),
        )
        yield from (from_item(item) for page in pages for item in page["Items"])

    def scanned(
        self, sort_keys: Sequence[str], position: Row | None, size: int
    ) -> tuple[list[Row], Row | None]:
        """Those of the table's next `size` rows that have one of these sort keys, as of now.

        With them comes the position after the rows, None at the table's end.
        """
        values = {f":s{number}": sort_key for number, sort_key in enumerate(sort_keys)}
        call: dict[str, Any] = {
            "TableName": self._name,
            "ConsistentRead": True,
            "Limit": size,
            "FilterExpression": " OR ".join(f"sk = {name}" for name in values),
            "ExpressionAttributeValues": to_item(values),
        }
        if position:
            call["ExclusiveStartKey"] = to_item(position)
        answer = self._client.scan(**call)
        after = answer.get("LastEvaluatedKey")
        return [from_item(item) for item in answer["Items"]], from_item(after) if after else None

    def update(
        self,
        pk: str,
        sk: str,
        expression: str,
        values: Row,
        *,
        condition: str,
        names: Mapping[str, str] | None = None,
    ) -> Row | None:
        """Change a row at once; the row after that, or None where the condition did not hold."""
        change: dict[str, Any] = {
            "TableName": self._name,
            **update("the row", pk, sk, expression, values, condition=condition).call,
        }
        if names:
            change["ExpressionAttributeNames"] = dict(names)
        try:
            answer = self._client.update_item(**change, ReturnValues="ALL_NEW")
        except self._client.exceptions.ConditionalCheckFailedException:
            return None
        return from_item(answer["Attributes"])

    def write(self, writes: Sequence[Write]) -> frozenset[str]:
        """Write all or nothing; the names of those whose condition did not hold, none where all is written.

        Raises Contention where others kept one of the rows, or the table, busy.
        """
        items = [{write.verb: {"TableName": self._name, **write.call}} for write in writes]
        for pause in _PAUSES:
            try:
                self._client.transact_write_items(TransactItems=items)
            except ClientError as error:
                reasons = _reasons(error)
                refused = {
                    write.name for write, reason in zip(writes, reasons, strict=True) if reason == _REFUSED
                }
                if refused:
                    return frozenset(refused)
                if not _PASSING.intersection(reasons):
                    raise
                time.sleep(pause)
            else:
                return frozenset()
        raise Contention("writing to the ledger")


def _reasons(error: ClientError) -> list[str]:
    """Why a transaction was cancelled, write by write; raises what is no cancelled transaction."""
    if error.response["Error"]["Code"] != "TransactionCanceledException":
        raise error
    return [str(reason.get("Code", "None")) for reason in error.response.get("CancellationReasons", [])]


def _position(row: Row) -> str:
    return str(row["list_sk"])


def write_token(row: Row, name: str) -> str:
    """The token of the position after a row of the list of this name, whose partition may be another."""
    values = [row["pk"], row["sk"], name, row["list_sk"]]
    return base64.urlsafe_b64encode(json.dumps(values).encode()).decode()


def read_token(token: str, name: str) -> str:
    """The position that a page token stands for; raises Problem (400) for one from elsewhere."""
    try:
        if len(token) > _LONGEST_TOKEN:
            raise ValueError("no key of this table is so long")
        values = json.loads(base64.urlsafe_b64decode(token.encode()))
        row = dict(zip(_TOKEN_KEYS, map(str, values), strict=True))
    except (ValueError, TypeError, RecursionError):
        row = {}
    if row.get("list_pk") != name:
        raise Problem(
            400,
            "The page token is not valid",
            "Start again without page_token, and follow next_page_token as it is given.",
            slug="bad-page-token",
        )
    return row["list_sk"]
