"""The functions of this release go on with requests in which a newer one wrote what they do not know."""

import datetime as dt
from types import SimpleNamespace

import pytest
from provisioner import settings
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


@pytest.fixture
def warned(cloud: Cloud, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What the functions' ledger warns about, in the place where it would be logged."""
    warnings: list[str] = []
    monkeypatch.setattr(settings, "Logger", lambda: SimpleNamespace(warning=warnings.append))
    settings.ledger.cache_clear()
    return warnings


def test_a_request_goes_its_way_past_an_event_of_a_newer_release(
    cloud: Cloud, chain: Chain, warned: list[str]
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
    assert set(warned) == {WARNING}


def test_the_api_shows_what_it_knows_of_a_request_and_leaves_the_rest_out(cloud: Cloud, chain: Chain) -> None:
    one = chain.ask()
    seal(cloud, one)

    answer = Client("key-alpha").call("GET", f"/requests/{one.id}")

    assert answer.status == 200
    assert [event["event"] for event in answer.json["timeline"]] == ["requested"]
