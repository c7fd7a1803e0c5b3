"""A transaction that another one holds up is written a moment later, and never lost in silence."""

import pytest
from botocore.exceptions import ClientError
from provisioner.core.database_events import DatabaseEvent, DatabaseEventType
from provisioner.core.errors import Contention
from provisioner.core.names import Place
from provisioner.ledger.ledger import Ledger

from tests.core.examples import NOW, ROOMY, charge, request
from tests.ledger.busy_table import Busy
from tests.ledger.moto_table import TABLE

PLACE = Place("dev", "mydb123")
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

    assert ledger.add_database_event(PLACE, NOTE)
    assert ledger.database_events(PLACE) == [NOTE]


def test_what_stays_held_up_is_said() -> None:
    table = Busy()
    ledger = ledger_with_a_database(table)
    table.conflicts = 100

    with pytest.raises(Contention):
        ledger.add_database_event(PLACE, NOTE)


@pytest.mark.parametrize("reason", ["ThrottlingError", "ProvisionedThroughputExceeded"])
def test_a_throttled_transaction_is_written_a_moment_later(reason: str) -> None:
    table = Busy(reason=reason)
    ledger = ledger_with_a_database(table)

    table.conflicts = 3

    assert ledger.add_database_event(PLACE, NOTE)
    assert ledger.database_events(PLACE) == [NOTE]


def test_a_transaction_that_can_never_be_written_is_no_contention() -> None:
    table = Busy(reason="ValidationError")
    ledger = ledger_with_a_database(table)
    table.conflicts = 100

    with pytest.raises(ClientError, match="ValidationError"):
        ledger.add_database_event(PLACE, NOTE)
