"""Rows of the ledger: requests, events, databases and their activity, each attribute by its codec.

Keys and the columns of the indexes are added where the row is made.
"""

import datetime as dt
from typing import Any, Final

from provisioner.core.database_events import DatabaseEvent, DatabaseEventType
from provisioner.core.events import Event, EventType
from provisioner.core.lifecycle import ENDED, DatabaseState, Kind
from provisioner.core.models import Activity, Database, Request
from provisioner.core.names import Place
from provisioner.ledger import lists
from provisioner.ledger.codecs import (
    BEAT,
    CHARGE,
    JSON,
    LISTED,
    NUMBER,
    PROGRESS,
    ROOT,
    TEXT,
    TIME,
    Codecs,
    Row,
    fields,
    member,
    optional,
    parse_when,
    when,
    written,
)


def request_key(request_id: str) -> str:
    """The partition of a request and its events."""
    return f"REQ#{request_id}"


def database_key(place: Place) -> str:
    """The partition of a database, its events, its activity and its requests."""
    return f"DB#{place.environment}#{place.database_name}"


REQUEST: Final[Codecs] = {
    "id": TEXT,
    "kind": member(Kind),
    "environment": TEXT,
    "database_name": TEXT,
    "team": TEXT,
    "actor": TEXT,
    "root": ROOT,
    "before": optional(ROOT),
    "asked": JSON,
    "reason": TEXT,
    "person": optional(TEXT),
    "claimed_by": optional(TEXT),
    "charge": CHARGE,
    "created_at": TIME,
    "progress": PROGRESS,
    "follow_up": optional(TEXT),
    "attempts": NUMBER,
    "contradicted": optional(NUMBER),
    "lease_until": TEXT,
    "beat": optional(BEAT),
    "took": optional(JSON),
    "version": NUMBER,
}
_DATABASE: Final[Codecs] = {
    "environment": TEXT,
    "database_name": TEXT,
    "team": TEXT,
    "state": member(DatabaseState),
    "root": ROOT,
    "asked": JSON,
    "origin": TEXT,
    "active": optional(TEXT),
    "created_at": TIME,
    "charge": CHARGE,
    "charge_before": CHARGE,
    "failed_before": optional(TEXT),
    "result": JSON,
    "marks": JSON,
    "drift": optional(JSON),
    "listed": optional(LISTED),
    "version": NUMBER,
}
_ACTIVITY: Final[Codecs] = {
    "origin": TEXT,
    "version": NUMBER,
    "looked_at": TIME,
    "last_connection_at": optional(TIME),
    "idle_since": optional(TIME),
    "idle_seen_at": optional(TIME),
    "warned_at": optional(TIME),
}
_EVENT: Final[Codecs] = {"type": member(EventType), "at": TIME, "actor": TEXT, "detail": JSON}
_DATABASE_EVENT: Final[Codecs] = {**_EVENT, "type": member(DatabaseEventType)}


def request_row(request: Request, due_at: dt.datetime | None) -> Row:
    """A request as an item; `due_at` is when the reaper looks after it (None: never)."""
    return {
        "pk": request_key(request.id),
        "sk": "REQ",
        **written(REQUEST, request),
        "state": request.progress.state.value,
        "engine": request.root.engine,
        "list_pk": request_list(request),
        "list_sk": f"{when(request.created_at)}#{request.id}",
        **_due("request", due_at),
    }


def request_list(request: Request) -> str:
    """The list of a request; an open one lies apart."""
    team = request.team
    return lists.requests(team) if request.progress.state in ENDED else lists.open_requests(team)


def request_from_row(row: Row) -> Request:
    """The inverse of `request_row`."""
    return Request(**fields(REQUEST, row))


def database_row(database: Database, due_at: dt.datetime | None) -> Row:
    """A database as an item; `due_at` is when the reaper looks at it (None: never)."""
    return {
        "pk": database_key(database.place),
        "sk": "DB",
        **written(_DATABASE, database),
        "engine": database.root.engine,
        "expires_at": database.root.expires_at,
        "list_pk": database_list(database.team, database.state, apart=database.listed is not None),
        "list_sk": f"{when(database.created_at)}#{database.environment}#{database.database_name}",
        **_due("database", due_at),
    }


def database_list(team: str, state: DatabaseState, *, apart: bool) -> str:
    """The list of a database; a removed one lies `apart`, but for a row of an earlier release."""
    return lists.removed(team) if apart and state is DatabaseState.REMOVED else lists.databases(team)


def database_from_row(row: Row) -> Database:
    """The inverse of `database_row`."""
    return Database(**fields(_DATABASE, row))


def activity_row(place: Place, activity: Activity) -> Row:
    """What is known of a database's use, as an item of it."""
    return {"pk": database_key(place), "sk": "USE", **written(_ACTIVITY, activity)}


def activity_from_row(row: Row) -> Activity:
    """The inverse of `activity_row`."""
    return Activity(**fields(_ACTIVITY, row))


def login_row(place: Place, hour: dt.datetime) -> Row:
    """That the access function may have been connected to a database in an hour, as an item of it."""
    return {"pk": database_key(place), "sk": f"LOGIN#{when(hour)}", "hour": when(hour)}


def login_from_row(row: Row) -> dt.datetime:
    """The inverse of `login_row`."""
    return parse_when(row["hour"])


def event_row(request_id: str, event: Event) -> Row:
    """An event as an item of its request."""
    return _event_keys(request_key(request_id), event.id) | written(_EVENT, event)


def event_from_row(row: Row) -> Event:
    """The inverse of `event_row`."""
    return Event(id=str(row["event_id"]), **fields(_EVENT, row))


def database_event_row(place: Place, event: DatabaseEvent) -> Row:
    """What happened to a database, as an item of it."""
    return _event_keys(database_key(place), event.id) | written(_DATABASE_EVENT, event)


def database_event_from_row(row: Row) -> DatabaseEvent:
    """The inverse of `database_event_row`."""
    return DatabaseEvent(id=str(row["event_id"]), **fields(_DATABASE_EVENT, row))


def _event_keys(pk: str, event_id: str) -> dict[str, Any]:
    return {"pk": pk, "sk": f"EVT#{event_id}", "event_id": event_id}


def _due(kind: str, due_at: dt.datetime | None) -> dict[str, str]:
    return {} if due_at is None else {"due_kind": kind, "due_at": when(due_at)}
