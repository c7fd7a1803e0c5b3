"""⑦ What is told to the outside: each event of the ledger as one CloudEvents 1.0 document, and its signature.

docs/events.md describes the documents to those who subscribe; docs/events.v1.schema.json is their schema.
"""

import base64
import binascii
import datetime as dt
import hashlib
import hmac
import json
from collections.abc import Mapping
from typing import Any, Final
from uuid import NAMESPACE_URL, uuid5

from provisioner.core.database_events import DatabaseEvent
from provisioner.core.events import Event, EventType
from provisioner.core.lifecycle import Kind, State
from provisioner.core.models import Database, Request
from provisioner.core.times import instant

VERSION: Final = 1

# What people and programs wait for; the ledger keeps more than that.
_NAMES: Final[Mapping[EventType, str]] = {
    EventType.REQUESTED: "requested",
    EventType.OPENED: "opened",
    EventType.APPROVED: "approved",
    EventType.MERGED: "merged",
    EventType.STARTED: "applying",
    EventType.SUCCEEDED: "applied",
    EventType.FAILED: "failed",
    EventType.CLOSED: "rejected",
    EventType.CANCELLED: "cancelled",
}


def of_request(event: Event, request: Request, *, source: str) -> dict[str, Any] | None:
    """What is told of a request's event; None where nobody outside needs it."""
    name = _NAMES.get(event.type)
    if name == "applied" and request.kind is Kind.REMOVE:
        name = "removed"
    if name == "rejected" and not _rejects(event, request):
        name = None
    if name is None:
        return None
    error = None
    if event.type is EventType.FAILED:
        error = {key: event.detail.get(key) for key in ("step", "cause", "fix", "retryable")}
    return _document(
        event_id=f"{request.id}/{event.id}",
        name=name,
        at=event.at,
        actor=event.actor,
        source=source,
        data={
            "environment": request.environment,
            "database_name": request.database_name,
            "database_engine": request.root.engine,
            "team": request.team,
            "owner": request.root.owner,
            "expires_at": request.root.expires_at,
            "request": {"id": request.id, "kind": request.kind.value, "reason": request.reason},
            "pull_request_url": event.detail.get("pull_request_url") or request.progress.pull_request_url,
            "pipeline_url": event.detail.get("pipeline_url") or None,
            "result": event.detail.get("result"),
            "error": error,
            "detail": {},
        },
    )


def of_database(note: DatabaseEvent, database: Database, *, source: str) -> dict[str, Any]:
    """What is told of something that happened to a database beside its requests."""
    place = str(database.place)
    return _document(
        event_id=f"{place}/{note.id}",
        name=note.type.value,
        at=note.at,
        actor=note.actor,
        source=source,
        data={
            "environment": database.environment,
            "database_name": database.database_name,
            "database_engine": database.root.engine,
            "team": database.team,
            "owner": database.root.owner,
            "expires_at": database.root.expires_at,
            "request": None,
            "pull_request_url": None,
            "pipeline_url": None,
            "result": None,
            "error": None,
            "detail": dict(note.detail),
        },
    )


def subject(document: Mapping[str, Any]) -> str:
    """One line for a mail's subject: ASCII, and shorter than the 100 characters that SNS allows."""
    return f"RDS Provisioner: {document['subject']} {document['data']['event'].replace('_', ' ')}"[:99]


def message_id(document: Mapping[str, Any]) -> str:
    """The `webhook-id` header: the same for each try, and without the dots that the signature joins with."""
    return str(uuid5(NAMESPACE_URL, f"{document['source']}/{document['id']}"))


def signature(secret: str, message_id: str, timestamp: int, body: bytes) -> str:
    """The `webhook-signature` header of https://www.standardwebhooks.com; `timestamp` in Unix seconds.

    Raises ValueError for a secret that is not base64 text, with or without its `whsec_`.
    """
    try:
        key = base64.b64decode(secret.removeprefix("whsec_"), validate=True)
    except binascii.Error as error:
        raise ValueError("the webhook's secret has to be base64 text, with or without whsec_") from error
    if not key:
        raise ValueError("the webhook's secret is empty: anybody could sign with it")
    signed = f"{message_id}.{timestamp}.".encode() + body
    return "v1," + base64.b64encode(hmac.new(key, signed, hashlib.sha256).digest()).decode()


def encode(document: Mapping[str, Any]) -> str:
    """The document as JSON text."""
    return json.dumps(document, separators=(",", ":"), ensure_ascii=False)


def _document(
    *, event_id: str, name: str, at: dt.datetime, actor: str, source: str, data: dict[str, Any]
) -> dict[str, Any]:
    return {
        "specversion": "1.0",
        "id": event_id,
        "source": source,
        "type": f"rds-provisioner.{name}.v{VERSION}",
        "time": instant(at),
        "subject": f"{data['environment']}/{data['database_name']}",
        "datacontenttype": "application/json",
        "data": {"event": name, "actor": actor, **data},
    }


def _rejects(event: Event, request: Request) -> bool:
    """Whether a close ended its request; not one for a cancel, which is told itself, nor a second one."""
    progress = request.progress
    if progress.cancelling or progress.state is State.CANCELLED:
        return False
    return progress.state is not State.REJECTED or event.at == progress.since
