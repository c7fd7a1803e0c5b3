"""⑦ What is published: each event of the ledger as one CloudEvents 1.0 document.

docs/events.md describes the documents to those who subscribe; docs/events.v1.schema.json is their schema.
"""

import json
from collections.abc import Mapping
from typing import Any, Final

from provisioner.core.database_events import DatabaseEvent
from provisioner.core.events import Event, EventType
from provisioner.core.lifecycle import Kind, State
from provisioner.core.models import Database, Request
from provisioner.core.names import Place
from provisioner.core.root import Root
from provisioner.core.times import instant

VERSION: Final = 1

# What people and programs wait for; the ledger keeps more than that.
_NAMES: Final[Mapping[EventType, str]] = {
    EventType.REQUESTED: "requested",
    EventType.OPENED: "opened",
    EventType.APPROVAL_AWAITED: "approval_awaited",
    EventType.APPROVED: "approved",
    EventType.CHANGES_REQUESTED: "changes_requested",
    EventType.MERGED: "merged",
    EventType.STARTED: "applying",
    EventType.SUCCEEDED: "applied",
    EventType.FAILED: "failed",
    EventType.CLOSED: "rejected",
    EventType.CANCELLED: "cancelled",
    EventType.RETRIED: "retried",
}
_SUBJECT_LIMIT: Final = 99  # https://docs.aws.amazon.com/sns/latest/api/API_Publish.html


def of_request(event: Event, request: Request, *, source: str) -> dict[str, Any] | None:
    """The document of a request's event; None for one that is not published."""
    name = _name(event, request)
    if name is None:
        return None
    data = _data(request.place, request.root, request.team) | {
        "request": {"id": request.id, "kind": request.kind.value, "reason": request.reason},
        "pull_request_url": event.detail.get("pull_request_url") or request.progress.pull_request_url,
        "pipeline_url": event.detail.get("pipeline_url") or None,
        "result": event.detail.get("result"),
        "error": _error(event),
        "detail": _detail(event),
    }
    return _document(f"{request.id}/{event.id}", name, event, source, data)


def of_database(event: DatabaseEvent, database: Database, *, source: str) -> dict[str, Any]:
    """The document of what happened to a database outside its requests."""
    data = _data(database.place, database.root, database.team) | {"detail": dict(event.detail)}
    return _document(f"{database.place}/{event.id}", event.type.value, event, source, data)


def subject(document: Mapping[str, Any]) -> str:
    """One line for a mail's subject: ASCII, and shorter than the 100 characters that SNS allows."""
    name = document["data"]["event"].replace("_", " ")
    return f"RDS Provisioner: {document['subject']} {name}"[:_SUBJECT_LIMIT]


def encode(document: Mapping[str, Any]) -> str:
    """The document as JSON text."""
    return json.dumps(document, separators=(",", ":"), ensure_ascii=False)


def _name(event: Event, request: Request) -> str | None:
    name = _NAMES.get(event.type)
    if name == "applied" and request.kind is Kind.REMOVE:
        return "removed"
    if name == "rejected" and not _rejects(event, request):
        return None
    return name


def _rejects(event: Event, request: Request) -> bool:
    """Whether a close ended its request; not one for a cancel, which has its own event, nor a second one."""
    progress = request.progress
    if progress.cancelling or progress.state is State.CANCELLED:
        return False
    return progress.state is not State.REJECTED or event.at == progress.since


def _error(event: Event) -> dict[str, Any] | None:
    if event.type is not EventType.FAILED:
        return None
    return {key: event.detail.get(key) for key in ("step", "cause", "fix", "retryable")}


def _detail(event: Event) -> dict[str, Any]:
    if event.type is not EventType.APPROVAL_AWAITED:
        return {}
    return {key: event.detail.get(key) for key in ("approval_of", "waits_for")}


def _data(place: Place, root: Root, team: str) -> dict[str, Any]:
    """Every key of `data` but event and actor, so that a reader finds each in every document."""
    return {
        "environment": place.environment,
        "database_name": place.database_name,
        "database_engine": root.engine,
        "team": team,
        "owner": root.owner,
        "expires_at": root.expires_at,
        "request": None,
        "pull_request_url": None,
        "pipeline_url": None,
        "result": None,
        "error": None,
        "detail": {},
    }


def _document(
    event_id: str, name: str, event: Event | DatabaseEvent, source: str, data: dict[str, Any]
) -> dict[str, Any]:
    return {
        "specversion": "1.0",
        "id": event_id,
        "source": source,
        "type": f"rds-provisioner.{name}.v{VERSION}",
        "time": instant(event.at),
        "subject": f"{data['environment']}/{data['database_name']}",
        "datacontenttype": "application/json",
        "data": {"event": name, "actor": event.actor, **data},
    }
