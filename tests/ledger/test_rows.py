"""A row says when it lacks what it must have, and leaves out what it need not have."""

import dataclasses

import pytest
from provisioner.core.models import Activity
from provisioner.ledger import rows

from tests.core.examples import NOW, database, request


@pytest.mark.parametrize("name", ["id", "kind", "root", "asked", "progress", "version"])
def test_a_request_without_an_attribute_is_not_read(name: str) -> None:
    row = dict(rows.request_row(request(), None))
    del row[name]
    with pytest.raises(KeyError, match=name):
        rows.request_from_row(row)


def test_what_is_none_is_left_out() -> None:
    assert not {"before", "follow_up", "due_at", "due_kind"} & set(rows.request_row(request(), None))
    assert not {"active", "failed_before"} & set(rows.database_row(database(), None))
    row = rows.activity_row(database().place, Activity(origin="o", looked_at=NOW))
    assert set(row) == {
        "pk",
        "sk",
        "origin",
        "version",
        "looked_at",
    }


def test_a_database_without_a_result_says_so() -> None:
    row = rows.database_row(dataclasses.replace(database(), result=None), None)
    assert row["result"] == "null"
    assert rows.database_from_row(row).result is None


def test_an_unknown_kind_is_no_request() -> None:
    row = {**rows.request_row(request(), None), "kind": "of a newer release"}
    with pytest.raises(ValueError, match="of a newer release"):
        rows.request_from_row(row)
