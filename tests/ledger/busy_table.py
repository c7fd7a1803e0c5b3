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
    reason: str = "TransactionConflict"

    def transact_write_items(self, *, TransactItems: list[Item]) -> Item:  # noqa: N803
        if self.conflicts:
            self.conflicts -= 1
            raise self._cancelled(len(TransactItems))
        for pk in {_pk(call) for write in TransactItems for call in write.values()}:
            if self.held.get(pk):
                self.held[pk] -= 1
                raise self._cancelled(len(TransactItems))
        return super().transact_write_items(TransactItems=TransactItems)

    def _cancelled(self, writes: int) -> ClientError:
        answer: Any = {
            "Error": {"Code": "TransactionCanceledException", "Message": self.reason},
            "CancellationReasons": [{"Code": "None"}] * (writes - 1) + [{"Code": self.reason}],
        }
        return ClientError(answer, "TransactWriteItems")


def _pk(call: Item) -> str:
    return str((call.get("Item") or call["Key"])["pk"]["S"])
