"""A transaction that another one holds up is written a moment later, and never lost in silence."""

from dataclasses import dataclass
from typing import Any

import pytest
from botocore.exceptions import ClientError
from provisioner.core.database_events import DatabaseEvent, DatabaseEventType
from provisioner.core.errors import Contention
from provisioner.ledger.ledger import Ledger

from tests.core.examples import NOW, ROOMY, charge, request
from tests.ledger.memory_table import Item, MemoryTable
from tests.ledger.moto_table import TABLE


@dataclass
class Busy(MemoryTable):
    """DynamoDB while others write the same rows in transactions."""

    conflicts: int = 0

    def transact_write_items(self, *, TransactItems: list[Item]) -> Item:  # noqa: N803
        if self.conflicts:
            self.conflicts -= 1
            reasons = [{"Code": "None"}, {"Code": "TransactionConflict"}]
            answer: Any = {
                "Error": {"Code": "TransactionCanceledException", "Message": "conflict"},
                "CancellationReasons": reasons,
            }
            raise ClientError(answer, "TransactWriteItems")
        return super().transact_write_items(TransactItems=TransactItems)


NOTE = DatabaseEvent(
    id="n", type=DatabaseEventType.ROTATION_ASKED, at=NOW, actor="alpha", detail={"user": "application"}
)


def ledger_with_a_database(table: Busy) -> Ledger:
    ledger, one = Ledger(table, TABLE), request()
    ledger.open_create(one, charge(one.root), ROOMY)
    return ledger


def test_what_is_held_up_for_a_moment_is_written() -> None:
    table = Busy()
    ledger = ledger_with_a_database(table)

    table.conflicts = 3

    assert ledger.add_database_event("dev", "mydb123", NOTE)
    assert ledger.database_events("dev", "mydb123") == [NOTE]


def test_what_stays_held_up_is_said() -> None:
    table = Busy()
    ledger = ledger_with_a_database(table)
    table.conflicts = 100

    with pytest.raises(Contention):
        ledger.add_database_event("dev", "mydb123", NOTE)
