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
from provisioner.core.events import Event, EventType, requested
from provisioner.core.lifecycle import Kind, derive
from provisioner.core.models import Request, root_from_json, root_to_json
from provisioner.ledger.rows import (
    database_event_from_row,
    database_event_row,
    event_from_row,
    event_row,
    parse_when,
    when,
)

VERSION: Final = 1
MARKER: Final = "<!-- rds-provisioner: record -->"
# GitHub takes 65,536 characters; the rest is for what stands around.
ROOM: Final = 64_000
_OLD_CAUSE: Final = 100
# At the very end, and without any "<" in it: what people wrote further up cannot pass for it.
_RECORD: Final = re.compile(r"<!-- record v(\d+) -->\n\n```json\n([^<]*)\n```\n\n</details>\s*\Z")


class ArchiveError(ValueError):
    """A record that cannot be read."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Archive:
    """What a record holds: the request as it was asked, and what had happened when it was written."""

    request: Request
    events: list[Event]
    notes: list[DatabaseEvent]


def section(request: Request) -> str:
    """The record of a new request, for the body of its pull request."""
    return _folded("Record of this request", _write(request, [], []))


def comment(request: Request, events: Collection[Event], notes: Sequence[DatabaseEvent]) -> str:
    """The record of a request that has ended or failed, no longer than GitHub takes.

    Where it would be, causes of failures that were overcome are cut first, then the oldest notes give way,
    and then what was repeated: state and times follow from the first and the last event of each type.
    """
    kept = list(notes)
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


def parse(text: str) -> Archive | None:
    """The record in a body or a comment; None where there is none. Raises ArchiveError."""
    match = _RECORD.search(text.replace("\r\n", "\n"))
    if match is None:
        return None
    if int(match[1]) != VERSION:
        raise ArchiveError(f"a record of version {match[1]}; this reads version {VERSION}")
    try:
        content = json.loads(match[2])
        return Archive(
            request=_request(content["request"]),
            events=[event_from_row(row) for row in content["events"]],
            notes=[database_event_from_row(row) for row in content["notes"]],
        )
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise ArchiveError(f"not a record of version {VERSION}: {error}") from error


def _shortened(events: Collection[Event]) -> list[Event]:
    ordered = sorted(events, key=lambda event: (event.at, event.id))
    failures = [event for event in ordered if event.type is EventType.FAILED]
    old = {event.id for event in failures[:-1]}
    return [
        replace(event, detail={**event.detail, "cause": str(event.detail["cause"])[:_OLD_CAUSE]})
        if event.id in old
        else event
        for event in ordered
    ]


def _ends(events: Collection[Event]) -> list[Event]:
    ordered = sorted(events, key=lambda event: (event.at, event.id))
    first = {event.type: event for event in reversed(ordered)}
    last = {event.type: event for event in ordered}
    return [event for event in ordered if event in (first[event.type], last[event.type])]


def _folded(title: str, text: str) -> str:
    record = f"<!-- record v{VERSION} -->\n\n```json\n{text}\n```"
    return f"<details><summary>{title}</summary>\n\n{record}\n\n</details>"


def _write(request: Request, events: Collection[Event], notes: Collection[DatabaseEvent]) -> str:
    ordered = sorted(events, key=lambda event: (event.at, event.id))
    content = {
        "request": {
            "id": request.id,
            "kind": request.kind.value,
            "team": request.team,
            "actor": request.actor,
            "root": root_to_json(request.root),
            "before": root_to_json(request.before) if request.before else None,
            "asked": dict(request.asked),
            "reason": request.reason,
            "created_at": when(request.created_at),
            "follow_up": request.follow_up,
        },
        "events": [_row(event_row(request.id, event)) for event in ordered],
        "notes": [_row(database_event_row(request.place, note)) for note in notes],
    }
    text = json.dumps(content, indent=1, sort_keys=True)
    # Other text than ASCII is escaped already; these could end the fence, the comment or the fold.
    for character in "`<>&":
        text = text.replace(character, f"\\u{ord(character):04x}")
    return text


def _row(row: Mapping[str, str | int]) -> dict[str, str | int]:
    return {name: value for name, value in row.items() if name not in ("pk", "sk")}


def _request(values: Mapping[str, Any]) -> Request:
    root = root_from_json(values["root"])
    created_at = parse_when(values["created_at"])
    first = requested(created_at, values["actor"])
    return Request(
        id=values["id"],
        kind=Kind(values["kind"]),
        environment=root.environment,
        database_name=root.database_name,
        team=values["team"],
        actor=values["actor"],
        root=root,
        before=root_from_json(values["before"]) if values["before"] else None,
        asked=values["asked"],
        created_at=created_at,
        progress=derive([first]),
        reason=values["reason"],
        follow_up=values["follow_up"],
    )
