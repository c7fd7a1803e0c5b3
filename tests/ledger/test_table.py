"""A transaction that another one holds up is written a moment later, and never lost in silence."""

from typing import Any

import pytest
from botocore.exceptions import ClientError
from provisioner.core.database_events import DatabaseEvent, DatabaseEventType
from provisioner.core.errors import Contention
from provisioner.core.models import Activity
from provisioner.core.names import Place
from provisioner.ledger.ledger import Ledger

from tests.core.examples import NOW, ROOMY, charge, request
from tests.ledger.busy_table import Busy
from tests.ledger.memory_table import MemoryTable
from tests.ledger.moto_table import TABLE, ledger_on_moto

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


class LeavingOut(MemoryTable):
    """DynamoDB that answers one key of a batch at a time, as it may where it is busy."""

    answers: int = 1

    def batch_get_item(self, *, RequestItems: Any) -> Any:  # noqa: N803
        keys = RequestItems[TABLE]["Keys"]
        rows = [self.get_item(Key=key).get("Item") for key in keys[: self.answers]]
        left = {TABLE: {"Keys": keys[self.answers :]}} if keys[self.answers :] else {}
        return {"Responses": {TABLE: [row for row in rows if row]}, "UnprocessedKeys": left}


def uses(table: MemoryTable, *names: str) -> list[Place]:
    """Databases whose use the reaper has seen."""
    ledger, places = Ledger(table, TABLE), [Place("dev", name) for name in names]
    for place in places:
        ledger.keep_activity(place, Activity(origin=place.database_name, looked_at=NOW))
    return places


def test_the_use_of_several_databases_is_one_read_and_those_never_looked_at_are_missing() -> None:
    with ledger_on_moto() as ledger:
        ledger.keep_activity(PLACE, Activity(origin="one", looked_at=NOW))
        found = ledger.activities([PLACE, Place("dev", "unseen")])
        assert ledger.activities([]) == {}
    assert {place: seen.origin for place, seen in found.items()} == {PLACE: "one"}


def test_what_a_batch_leaves_out_is_read_again() -> None:
    table = LeavingOut()
    places = uses(table, "a", "b", "c")
    assert list(Ledger(table, TABLE).activities(places)) == places


def test_a_batch_that_never_comes_is_said() -> None:
    table = LeavingOut()
    table.answers = 0
    with pytest.raises(Contention):
        Ledger(table, TABLE).activities([PLACE])
