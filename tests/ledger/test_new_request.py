"""What stands in the way of a new request is said by its name, whatever else is in the transaction."""

import pytest
from provisioner.core.lifecycle import Kind
from provisioner.core.models import Charge, Request
from provisioner.ledger.ledger import Ledger
from provisioner.ledger.new_request import KeyUsed, NameTaken, QuotaExceeded
from provisioner.ledger.table import Table, put

from tests.core.examples import NOW, ROOMY, charge, request
from tests.ledger.memory_table import MemoryTable
from tests.ledger.moto_table import TABLE

NONE_LEFT = Charge(databases=0, storage_gb=10_000, monthly_cents=1_000_000)
KEY = ("a-key", "a-fingerprint")


@pytest.fixture
def ledger() -> Ledger:
    return Ledger(MemoryTable(), TABLE)


def opened(ledger: Ledger, key: tuple[str, str] | None = None) -> Request:
    one = request()
    ledger.open_create(one, charge(one.root), ROOMY, key=key)
    return one


def test_a_used_key_comes_before_the_name_and_the_quota(ledger: Ledger) -> None:
    first = opened(ledger, KEY)
    other = request(database_name="other")
    with pytest.raises(KeyUsed) as caught:
        ledger.open_create(other, charge(other.root), NONE_LEFT, key=("a-key", "another"))
    assert (caught.value.request_id, caught.value.fingerprint) == (first.id, "a-fingerprint")
    assert ledger.database(other.place) is None


def test_a_name_that_was_taken_between_read_and_write_comes_before_the_quota(ledger: Ledger) -> None:
    opened(ledger)
    held = ledger.database(request().place)
    assert held is not None
    first, second = request(kind=Kind.UPDATE), request(kind=Kind.UPDATE)
    ledger.open_change(first, held, charge(first.root), ROOMY)
    with pytest.raises(NameTaken) as caught:
        ledger.open_change(second, held, charge(second.root), NONE_LEFT)
    assert caught.value.database.active == first.id


def test_a_quota_that_does_not_hold_it_is_said_with_a_key_and_without(ledger: Ledger) -> None:
    for key in (None, KEY):
        one = request()
        with pytest.raises(QuotaExceeded):
            ledger.open_create(one, charge(one.root), NONE_LEFT, key=key)
    assert ledger.key_used("alpha", "a-key") is None
    assert ledger.quota_used("alpha", "dev") == Charge()


def test_a_transaction_names_each_write_that_was_refused() -> None:
    table = Table(MemoryTable(), TABLE)
    old, new = ({"pk": name, "sk": "X", "version": 1} for name in ("old", "new"))
    assert table.write([put("first", old)]) == frozenset()
    assert table.write([put("one", new), put("two", old), put("three", old, replaces=7)]) == {"two", "three"}
    assert table.get("new", "X") is None
    assert table.write([put("one", new), put("two", old, replaces=1)]) == frozenset()


def test_a_request_keeps_its_time_of_asking(ledger: Ledger) -> None:
    one = opened(ledger)
    found = ledger.request(one.id)
    assert found is not None
    assert found.created_at == NOW
    assert ledger.request_ids(one.place) == [one.id]
