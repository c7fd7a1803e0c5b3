"""While a release is deployed, the one before reads rows of the newer one: what it does not know stays."""

import datetime as dt
import json
from dataclasses import replace
from typing import Any, cast

import pytest
from provisioner.core import events
from provisioner.core.database_events import DatabaseEvent, DatabaseEventType
from provisioner.core.events import Detail, Event, EventType
from provisioner.core.lifecycle import State, derive
from provisioner.core.models import Request
from provisioner.ledger import codecs, rows
from provisioner.ledger.ledger import Ledger
from provisioner.pull_requests import request_record

from tests.core.examples import NOW, ROOMY, charge, request
from tests.ledger.memory_table import MemoryTable
from tests.ledger.moto_table import TABLE

MINUTE = dt.timedelta(minutes=1)
DETAIL = {"sealed_by": "gamma", "seals": [1, {"of": None}]}
SEALED = Event(
    id="sealed:7",
    type=EventType("sealed"),
    at=NOW + MINUTE,
    actor="gamma",
    detail=cast("Detail", DETAIL),
)


class World:
    """A ledger of this release in which a newer one wrote, and what it warned of."""

    def __init__(self) -> None:
        self.table, self.warnings = MemoryTable(), list[str]()
        self.ledger = Ledger(self.table, TABLE, warn=self.warnings.append)
        self.one: Request = request()
        self.ledger.open_create(self.one, charge(self.one.root), ROOMY)

    def write(self, row: codecs.Row) -> dict[str, Any]:
        """A row as a newer release writes it; as it stands then."""
        self.table.put_item(TableName=TABLE, Item=codecs.to_item(row))
        return self.row(str(row["sk"]))

    def row(self, sk: str) -> dict[str, Any]:
        (found,) = (held[sk] for held in self.table.rows.values() if sk in held)
        return dict(found)


@pytest.fixture
def world() -> World:
    return World()


def test_a_type_of_a_newer_release_is_read_and_means_nothing(world: World) -> None:
    world.write(rows.event_row(world.one.id, SEALED))

    known = world.ledger.events(world.one.id)

    assert [event.id for event in known] == ["requested", "sealed:7"]
    assert [event.type.is_known for event in known] == [True, False]
    assert derive(known) == derive(known[:1])
    assert world.warnings == ["event sealed:7: type sealed is of a newer release, and means nothing here"]


def test_what_a_newer_release_wrote_outlives_every_write_of_this_one(world: World) -> None:
    before = world.write(rows.event_row(world.one.id, SEALED))

    opened = events.opened(1, NOW + 2 * MINUTE, url="https://github.com/acme/databases/pull/1", commit="c")
    for event in (opened, events.merged(1, NOW + 3 * MINUTE, "octocat", commit="d")):
        after = world.ledger.add_event(world.one.id, event, event.at)

    assert after.progress.state is State.MERGED
    assert world.row("EVT#sealed:7") == before
    again = next(event for event in world.ledger.events(world.one.id) if event.id == SEALED.id)
    assert again == SEALED
    assert (str(again.type), again.detail) == ("sealed", DETAIL)


def test_the_record_on_a_pull_request_keeps_what_a_newer_release_wrote(world: World) -> None:
    note = DatabaseEvent(
        id="polished:1", type=DatabaseEventType("polished"), at=NOW, actor="gamma", detail={"user": "x"}
    )
    first = Event(id="requested", type=EventType.REQUESTED, at=world.one.created_at, actor="alpha")

    text = request_record.comment(world.one, [first, SEALED], [note])

    found = request_record.parse(text)
    assert found is not None
    assert found.events == [first, SEALED]
    assert found.database_events == [note]


def test_what_a_newer_release_wrote_of_a_database_is_read_too(world: World) -> None:
    note = DatabaseEvent(id="polished:1", type=DatabaseEventType("polished"), at=NOW, actor="gamma")
    world.write(rows.database_event_row(world.one.place, note))

    assert world.ledger.database_events(world.one.place) == [note]
    assert world.warnings == ["event polished:1: type polished is of a newer release, and means nothing here"]


def test_what_a_newer_release_derives_besides_of_the_events_is_left_out(world: World) -> None:
    row = dict(rows.request_row(world.one, None))
    row["progress"] = json.dumps(json.loads(str(row["progress"])) | {"sealed_at": "later"})

    assert rows.request_from_row(row).progress == world.one.progress


def test_a_state_that_only_a_newer_release_knows_is_not_taken_for_another(world: World) -> None:
    row = dict(rows.request_row(world.one, None))
    row["progress"] = json.dumps(json.loads(str(row["progress"])) | {"state": "sealed"})
    with pytest.raises(ValueError, match="'sealed' is not a valid State"):
        rows.request_from_row(row)


def test_a_type_is_a_text() -> None:
    for wrong in (None, 7, ""):
        with pytest.raises(ValueError, match="is not a valid EventType"):
            EventType(wrong)  # type: ignore[arg-type]
    assert replace(SEALED, type=EventType("sealed")) == SEALED
    assert len({EventType("sealed"), EventType("sealed"), EventType.MERGED}) == 2
