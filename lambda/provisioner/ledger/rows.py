"""Ledger rows: requests, events and databases as DynamoDB items, and back."""

import dataclasses
import datetime as dt
import json
from collections.abc import Mapping
from typing import Any, Final

from provisioner.core.database_events import DatabaseEvent, DatabaseEventType
from provisioner.core.events import Event, EventType, Step
from provisioner.core.lifecycle import DatabaseState, Failure, Kind, Progress, State
from provisioner.core.models import Activity, Charge, Database, Request, root_from_json, root_to_json
from provisioner.core.names import Place

Row = Mapping[str, str | int]


def to_item(row: Row) -> dict[str, Any]:
    """A row of texts and whole numbers in DynamoDB's own JSON."""
    return {
        name: {"N": str(value)} if isinstance(value, int) else {"S": value} for name, value in row.items()
    }


def from_item(item: Mapping[str, Any]) -> Row:
    """The inverse of `to_item`."""
    return {name: int(value["N"]) if "N" in value else str(value["S"]) for name, value in item.items()}


def when(time: dt.datetime) -> str:
    """A time as the ledger keeps it: fixed width, so that text sorts as time does; microseconds."""
    return time.astimezone(dt.UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def parse_when(text: str | int) -> dt.datetime:
    """The inverse of `when`."""
    return dt.datetime.strptime(str(text), "%Y-%m-%dT%H:%M:%S.%fZ").replace(tzinfo=dt.UTC)


def event_row(request_id: str, event: Event) -> Row:
    """An event as an item of its request."""
    return {
        "pk": f"REQ#{request_id}",
        "sk": f"EVT#{event.id}",
        "event_id": event.id,
        "type": event.type.value,
        "at": when(event.at),
        "actor": event.actor,
        "detail": _dump(event.detail),
    }


def event_from_row(row: Row) -> Event:
    """The inverse of `event_row`."""
    return Event(
        id=str(row["event_id"]),
        type=EventType(str(row["type"])),
        at=parse_when(row["at"]),
        actor=str(row["actor"]),
        detail=json.loads(str(row["detail"])),
    )


def database_event_row(place: Place, note: DatabaseEvent) -> Row:
    """What happened to a database, as an item of it."""
    return {
        "pk": f"DB#{place.environment}#{place.database_name}",
        "sk": f"EVT#{note.id}",
        "event_id": note.id,
        "type": note.type.value,
        "at": when(note.at),
        "actor": note.actor,
        "detail": _dump(note.detail),
    }


def database_event_from_row(row: Row) -> DatabaseEvent:
    """The inverse of `note_row`."""
    return DatabaseEvent(
        id=str(row["event_id"]),
        type=DatabaseEventType(str(row["type"])),
        at=parse_when(row["at"]),
        actor=str(row["actor"]),
        detail=json.loads(str(row["detail"])),
    )


def request_row(request: Request, due_at: dt.datetime | None) -> Row:
    """A request as an item; `due_at` is when the reaper looks after it (None: never)."""
    row: dict[str, str | int] = {
        "pk": f"REQ#{request.id}",
        "sk": "REQ",
        "id": request.id,
        "kind": request.kind.value,
        "environment": request.environment,
        "database_name": request.database_name,
        "team": request.team,
        "actor": request.actor,
        "root": root_to_json(request.root),
        "asked": _dump(request.asked),
        "reason": request.reason,
        "charge": _dump(dataclasses.asdict(request.charge)),
        "created_at": when(request.created_at),
        "state": request.progress.state.value,
        "engine": request.root.engine,
        "progress": _progress_to_json(request.progress),
        "attempts": request.attempts,
        "lease_until": request.lease_until,
        "version": request.version,
        "list_pk": f"TEAM#{request.team}#REQ",
        "list_sk": f"{when(request.created_at)}#{request.id}",
    }
    if request.before:
        row["before"] = root_to_json(request.before)
    if request.follow_up:
        row["follow_up"] = request.follow_up
    return row | _due("request", due_at)


def request_from_row(row: Row) -> Request:
    """The inverse of `request_row`."""
    return Request(
        id=str(row["id"]),
        kind=Kind(str(row["kind"])),
        environment=str(row["environment"]),
        database_name=str(row["database_name"]),
        team=str(row["team"]),
        actor=str(row["actor"]),
        root=root_from_json(str(row["root"])),
        before=root_from_json(str(row["before"])) if "before" in row else None,
        asked=json.loads(str(row["asked"])),
        reason=str(row["reason"]),
        charge=Charge(**json.loads(str(row["charge"]))),
        created_at=parse_when(row["created_at"]),
        progress=_progress_from_json(str(row["progress"])),
        follow_up=str(row["follow_up"]) if "follow_up" in row else None,
        attempts=int(row["attempts"]),
        lease_until=str(row["lease_until"]),
        version=int(row["version"]),
    )


def database_row(database: Database, due_at: dt.datetime | None) -> Row:
    """A database as an item; `due_at` is when the reaper looks at it (None: never)."""
    row: dict[str, str | int] = {
        "pk": f"DB#{database.environment}#{database.database_name}",
        "sk": "DB",
        "environment": database.environment,
        "database_name": database.database_name,
        "team": database.team,
        "state": database.state.value,
        "engine": database.root.engine,
        "expires_at": database.root.expires_at,
        "root": root_to_json(database.root),
        "asked": _dump(database.asked),
        "origin": database.origin,
        "created_at": when(database.created_at),
        "charge": _dump(dataclasses.asdict(database.charge)),
        "charge_before": _dump(dataclasses.asdict(database.charge_before)),
        "result": _dump(database.result),
        "marks": _dump(database.marks),
        "version": database.version,
        "list_pk": f"TEAM#{database.team}#DB",
        "list_sk": f"{when(database.created_at)}#{database.environment}#{database.database_name}",
    }
    if database.active:
        row["active"] = database.active
    if database.failed_before:
        row["failed_before"] = database.failed_before
    return row | _due("database", due_at)


def database_from_row(row: Row) -> Database:
    """The inverse of `database_row`."""
    return Database(
        environment=str(row["environment"]),
        database_name=str(row["database_name"]),
        team=str(row["team"]),
        state=DatabaseState(str(row["state"])),
        root=root_from_json(str(row["root"])),
        asked=json.loads(str(row["asked"])),
        origin=str(row["origin"]),
        active=str(row["active"]) if "active" in row else None,
        created_at=parse_when(row["created_at"]),
        charge=Charge(**json.loads(str(row["charge"]))),
        charge_before=Charge(**json.loads(str(row["charge_before"]))),
        failed_before=str(row["failed_before"]) if "failed_before" in row else None,
        result=json.loads(str(row["result"])),
        marks=json.loads(str(row["marks"])),
        version=int(row["version"]),
    )


def activity_row(place: Place, use: Activity) -> Row:
    """What is known of a database's use, as an item of it."""
    row: dict[str, str | int] = {
        "pk": f"DB#{place.environment}#{place.database_name}",
        "sk": "USE",
        "origin": use.origin,
        "version": use.version,
    }
    for name in _USE_TIMES:
        if (time := getattr(use, name)) is not None:
            row[name] = when(time)
    return row


def activity_from_row(row: Row) -> Activity:
    """The inverse of `use_row`."""
    times = {name: parse_when(row[name]) for name in _USE_TIMES if name in row}
    return Activity(origin=str(row["origin"]), version=int(row["version"]), **times)


_USE_TIMES: Final = ("looked_at", "last_connection_at", "idle_since", "idle_seen_at", "warned_at")


def _due(kind: str, due_at: dt.datetime | None) -> dict[str, str | int]:
    return {} if due_at is None else {"due_kind": kind, "due_at": when(due_at)}


def _dump(value: Any) -> str:
    return json.dumps(value, separators=(",", ":"), sort_keys=True, ensure_ascii=False)


def _progress_to_json(progress: Progress) -> str:
    return _dump(dataclasses.asdict(progress) | {"since": when(progress.since)})


def _progress_from_json(text: str) -> Progress:
    values = json.loads(text)
    failure = values.pop("failure")
    return Progress(
        **values
        | {
            "state": State(values["state"]),
            "step": Step(values["step"]),
            "since": parse_when(values["since"]),
            "failure": failure and Failure(**failure | {"step": Step(failure["step"])}),
        }
    )
