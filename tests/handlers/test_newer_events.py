"""The functions of this release go on with requests in which a newer one wrote what they do not know."""

import datetime as dt
import logging
import os
from collections.abc import Iterator

import pytest
from provisioner.core.events import Event, EventType
from provisioner.core.lifecycle import State
from provisioner.core.models import Request
from provisioner.ledger import codecs, rows

from tests.handlers.api_client import Client
from tests.handlers.chain import Chain, now
from tests.handlers.conftest import Cloud
from tests.handlers.reaping import reap
from tests.ledger.moto_table import TABLE

WARNING = "event sealed:1: type sealed is of a newer release, and means nothing here"


def seal(cloud: Cloud, one: Request) -> None:
    """A newer release writes an event that this one does not know."""
    event = Event(id="sealed:1", type=EventType("sealed"), at=now(), actor="gamma")
    cloud.dynamodb.put_item(TableName=TABLE, Item=codecs.to_item(rows.event_row(one.id, event)))


class Kept(logging.Handler):
    """Keeps what is logged. Powertools silences pytest's handler where it met it before its own."""

    def __init__(self) -> None:
        super().__init__()
        self.records: list[logging.LogRecord] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.records.append(record)


@pytest.fixture
def logged() -> Iterator[list[logging.LogRecord]]:
    """What the functions log."""
    kept, logger = Kept(), logging.getLogger(os.environ["POWERTOOLS_SERVICE_NAME"])
    logger.addHandler(kept)
    yield kept.records
    logger.removeHandler(kept)


def test_a_request_goes_its_way_past_an_event_of_a_newer_release(
    cloud: Cloud, chain: Chain, logged: list[logging.LogRecord]
) -> None:
    one = chain.ask()
    seal(cloud, one)
    assert chain.work() == []
    chain.plan(chain.now(one))
    assert chain.now(one).progress.state is State.MERGED
    chain.apply(one, "started")
    chain.apply(one, "succeeded")
    reap(now() + dt.timedelta(hours=1))

    assert chain.now(one).progress.state is State.DONE
    assert {line.levelname for line in logged if line.getMessage() == WARNING} == {"WARNING"}


def test_the_api_shows_what_it_knows_of_a_request_and_leaves_the_rest_out(cloud: Cloud, chain: Chain) -> None:
    one = chain.ask()
    seal(cloud, one)

    answer = Client("key-alpha").call("GET", f"/requests/{one.id}")

    assert answer.status == 200
    assert [event["event"] for event in answer.json["timeline"]] == ["requested"]
