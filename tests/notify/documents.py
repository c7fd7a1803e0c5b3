"""Events, requests to which they happened, a document, and the secret that signs it."""

import dataclasses
from typing import Unpack

from provisioner.core.database_events import DatabaseEvent, DatabaseEventType
from provisioner.core.events import Detail, Event, EventType
from provisioner.core.lifecycle import Kind, derive
from provisioner.core.models import Request
from provisioner.notify import cloudevents

from tests.core.examples import NOW, database, request

SOURCE = "urn:rds-provisioner"
SECRET = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ012345678901"
REQUESTED = Event(id="requested", type=EventType.REQUESTED, at=NOW, actor="alpha-ci")
OPENED = Event(
    id="opened:7",
    type=EventType.OPENED,
    at=NOW,
    actor="rds-provisioner",
    detail={"pull_request": 7, "pull_request_url": "https://github.com/acme/databases/pull/7", "commit": "c"},
)
DOCUMENT = cloudevents.of_database(
    DatabaseEvent(id="1", type=DatabaseEventType.EXPIRING, at=NOW, actor="rds-provisioner"),
    database(),
    source=SOURCE,
)


def at(happened: EventType, **detail: Unpack[Detail]) -> Event:
    return Event(id=f"{happened}:1", type=happened, at=NOW, actor="someone", detail=detail)


def after(*events: Event, kind: Kind = Kind.CREATE) -> Request:
    """A request to which these events happened."""
    return dataclasses.replace(request(), kind=kind, progress=derive([REQUESTED, *events]))
