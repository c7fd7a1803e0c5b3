"""Whom a database belongs to: as given, else whose key asks, else the team."""

import dataclasses

import pytest
from provisioner.ledger.rows import database_row
from provisioner.ledger.table import put

from tests.core.examples import MISSION_BODY
from tests.intake.setting import ALPHA, DEV, Setting, refused


@pytest.fixture
def setting() -> Setting:
    return Setting()


def test_an_owner_that_is_left_out_is_whose_key_asks_else_the_team(setting: Setting) -> None:
    jane = dataclasses.replace(ALPHA, person="jane")
    assert setting.create(jane).root.owner == "jane"
    assert setting.create(database_name="other").root.owner == "alpha"
    assert setting.create(jane, database_name="third", owner="@ben").root.owner == "@ben"


def test_an_owner_that_is_left_out_twice_does_not_differ_whoever_asks(setting: Setting) -> None:
    first = setting.create(dataclasses.replace(ALPHA, person="jane"))
    for holder in ("jane", "ben", None):
        again = setting.use_cases.create(MISSION_BODY, dataclasses.replace(ALPHA, person=holder))
        assert (again.request.id, again.replayed) == (first.id, True)
    other = MISSION_BODY | {"owner": "ben"}
    assert "owner" in refused(409, "differs", setting.use_cases.create, other, ALPHA).detail


def test_an_owner_who_was_named_differs_from_one_who_is_left_out(setting: Setting) -> None:
    setting.create(owner="@ben")
    refused(409, "differs", setting.use_cases.create, MISSION_BODY, ALPHA)


def test_a_new_owner_is_an_address_or_a_handle_and_a_stored_one_stays(setting: Setting) -> None:
    problem = refused(422, "invalid-request", setting.create, owner="Team of Jane")
    assert [error.pointer for error in problem.errors] == ["/owner"]
    old = setting.database()
    stored = dataclasses.replace(
        old, root=dataclasses.replace(old.root, owner="Team of Jane"), version=old.version + 1
    )
    setting.ledger._table.write([put("database", database_row(stored, None), replaces=old.version)])
    refused(422, "invalid-request", setting.use_cases.change, DEV, {"owner": "Another team"}, ALPHA)
    changed = setting.use_cases.change(DEV, {"owner": "Team of Jane", "purpose": "more"}, ALPHA).request
    assert changed.root.owner == "Team of Jane"
