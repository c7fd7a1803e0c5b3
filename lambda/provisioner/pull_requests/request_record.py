"""⑥ What the ledger knows of a request, kept on its pull request too, from where a lost ledger is read again.

The pull request's body holds what was asked for; once the request has ended, a comment holds its events, and
those of the database that it made. Both are JSON in a fence that nothing in it can close. ops/rebuild.py
reads them; docs/adr/0010 says who could forge them, and what they are checked against.
"""

import json
import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

from provisioner.core.database_events import DatabaseEvent
from provisioner.core.events import Event, EventType, in_order, requested
from provisioner.core.lifecycle import derive
from provisioner.core.models import Request
from provisioner.ledger.codecs import Codec, Codecs, fields, written
from provisioner.ledger.rows import (
    REQUEST,
    database_event_from_row,
    database_event_row,
    event_from_row,
    event_row,
)

VERSION: Final = 1
MARKER: Final = "<!-- rds-provisioner: record -->"
# GitHub takes 65,536 characters; the rest is for what stands around.
ROOM: Final = 64_000
_OLD_CAUSE: Final = 100
# What was asked for; the rest of a request follows from its events, or is the ledger's own.
_FIRST: Final = (
    "id",
    "kind",
    "team",
    "actor",
    "root",
    "before",
    "reason",
    "created_at",
    "follow_up",
    "asked",
)
_REQUEST: Final[Codecs] = {name: REQUEST[name] for name in (*_FIRST, "person", "claimed_by")} | {
    "asked": Codec(dict, dict)
}
# At the very end, and without any "<" in it: what people wrote further up cannot pass for it.
_RECORD: Final = re.compile(r"<!-- record v(\d+) -->\n\n```json\n([^<]*)\n```\n\n</details>\s*\Z")


class RecordError(ValueError):
    """A record that cannot be read."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """What a record holds: the request as it was asked, and what had happened when it was written."""

    request: Request
    events: list[Event]
    database_events: list[DatabaseEvent]


def section(request: Request) -> str:
    """The record of a new request, for the body of its pull request."""
    return _folded("Record of this request", _write(request, [], []))


def comment(request: Request, events: Collection[Event], database_events: Sequence[DatabaseEvent]) -> str:
    """The record of a request that has ended or failed, no longer than GitHub takes.

    Where it would be, causes of failures that were overcome and what plans changed are cut first, then the
    database's oldest events are left out, and then what was repeated: state and times follow from the first
    and the last event of each type.
    """
    kept = list(database_events)
    text = _write(request, events, kept)
    if len(text) > ROOM:
        events = _shortened(events)
        text = _write(request, events, kept)
    while len(text) > ROOM and kept:
        kept = kept[max(len(kept) // 10, 1) :]
        text = _write(request, events, kept)
    if len(text) > ROOM:
        text = _write(request, _ends(events), [])
    title = f"Record of request {request.id}: {request.progress.state}"
    return f"{MARKER}\n{_folded(title, text)}\n"


def parse(text: str) -> Record | None:
    """The record in a body or a comment; None where there is none. Raises RecordError."""
    match = _RECORD.search(text.replace("\r\n", "\n"))
    if match is None:
        return None
    if int(match[1]) != VERSION:
        raise RecordError(f"a record of version {match[1]}; this reads version {VERSION}")
    try:
        content = json.loads(match[2])
        return Record(
            request=_request(content["request"]),
            events=[event_from_row(row) for row in content["events"]],
            database_events=[database_event_from_row(row) for row in content["notes"]],
        )
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise RecordError(f"not a record of version {VERSION}: {error}") from error


def _shortened(events: Collection[Event]) -> list[Event]:
    ordered = in_order(events)
    failures = [event for event in ordered if event.type is EventType.FAILED]
    old = {event.id for event in failures[:-1]}
    return [
        replace(event, detail={**event.detail, "cause": str(event.detail["cause"])[:_OLD_CAUSE]})
        if event.id in old
        else _without_changes(event)
        for event in ordered
    ]


def _without_changes(event: Event) -> Event:
    """Without the attributes that a plan changed: the pull request's own comment shows them."""
    if "changed" not in event.detail:
        return event
    detail = event.detail.copy()
    detail.pop("changed")
    return replace(event, detail=detail)


def _ends(events: Collection[Event]) -> list[Event]:
    ordered = in_order(events)
    first = {event.type: event for event in reversed(ordered)}
    last = {event.type: event for event in ordered}
    return [event for event in ordered if event in (first[event.type], last[event.type])]


def _folded(title: str, text: str) -> str:
    record = f"<!-- record v{VERSION} -->\n\n```json\n{text}\n```"
    return f"<details><summary>{title}</summary>\n\n{record}\n\n</details>"


def _write(request: Request, events: Collection[Event], database_events: Collection[DatabaseEvent]) -> str:
    ordered = in_order(events)
    content = {
        "request": dict.fromkeys(_FIRST) | written(_REQUEST, request),
        "events": [_row(event_row(request.id, event)) for event in ordered],
        "notes": [_row(database_event_row(request.place, event)) for event in database_events],
    }
    text = json.dumps(content, indent=1, sort_keys=True)
    # Other text than ASCII is escaped already; these could end the fence, the comment or the fold.
    for character in "`<>&":
        text = text.replace(character, f"\\u{ord(character):04x}")
    return text


def _row(row: Mapping[str, str | int]) -> dict[str, str | int]:
    return {name: value for name, value in row.items() if name not in ("pk", "sk")}


def _request(values: Mapping[str, Any]) -> Request:
    """The request as it was asked; what an older record says of nothing is null there."""
    asked = fields(_REQUEST, {name: value for name, value in values.items() if value is not None})
    root, first = asked["root"], requested(asked["created_at"], asked["actor"])
    return Request(
        **asked,
        environment=root.environment,
        database_name=root.database_name,
        progress=derive([first]),
    )
