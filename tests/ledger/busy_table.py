"""DynamoDB while others write the same rows in transactions."""

from dataclasses import dataclass, field
from typing import Any

from botocore.exceptions import ClientError

from tests.ledger.memory_table import Item, MemoryTable


@dataclass
class Busy(MemoryTable):
    """A table whose next `conflicts` transactions meet another one; `held` counts those that a pk meets."""

    conflicts: int = 0
    held: dict[str, int] = field(default_factory=dict)

    def transact_write_items(self, *, TransactItems: list[Item]) -> Item:  # noqa: N803
        if self.conflicts:
            self.conflicts -= 1
            raise _conflict()
        for pk in {_pk(call) for write in TransactItems for call in write.values()}:
            if self.held.get(pk):
                self.held[pk] -= 1
                raise _conflict()
        return super().transact_write_items(TransactItems=TransactItems)


def _pk(call: Item) -> str:
    return str((call.get("Item") or call["Key"])["pk"]["S"])


def _conflict() -> ClientError:
    answer: Any = {
        "Error": {"Code": "TransactionCanceledException", "Message": "conflict"},
        "CancellationReasons": [{"Code": "None"}, {"Code": "TransactionConflict"}],
    }
    return ClientError(answer, "TransactWriteItems")
