"""The record: what the ledger alone would know of a request, hidden in what GitHub keeps; text only.

It is the last line of a pull request's body or comment, a comment of HTML that nobody sees. A person's words
may stand in the same text: they never are its last line, and cannot end the comment that the line is.
"""

import dataclasses
import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from provisioner.ledger_rows import parse_when, when
from provisioner.lifecycle import Event, Happened, Kind, Note, Noted, derive
from provisioner.records import Request
from provisioner.terraform import Restore, Root

# What the record may take of a text, of which GitHub allows 65,536 characters.
BODY_ROOM: Final = 50_000
COMMENT_ROOM: Final = 24_000
_CAUSE_ROOM: Final = 200
_BEGIN: Final = "<!-- rds-provisioner: record v"
_LINE: Final = re.compile(re.escape(_BEGIN) + r"(?P<version>[0-9]+) (?P<json>\{.*\}) -->")
_VERSION: Final = "1"


class RecordError(ValueError):
    """A record that cannot be read: somebody changed it, or a newer version wrote it."""


@dataclass(frozen=True, slots=True)
class Record:
    """What one text remembers: a body its request, and every text what had happened by then."""

    request: Request | None = None
    events: tuple[Event, ...] = ()
    notes: tuple[Note, ...] = ()


def line(
    *,
    request: Request | None = None,
    events: Sequence[Event] = (),
    notes: Sequence[Note] = (),
    room: int = COMMENT_ROOM,
) -> str:
    """The record as one line of at most `room` characters.

    Where all of it does not fit, causes of failures that were overcome are cut first, then go the oldest
    notes, and then what was repeated: state and times follow from the first and last event of each type.
    """
    head = {"request": _request_to_json(request)} if request else {}
    for kept_events, kept_notes in _shorter(list(events), list(notes)):
        content: dict[str, Any] = {**head, "events": [_happening(one) for one in kept_events]}
        if kept_notes:
            content["notes"] = [_happening(one) for one in kept_notes]
        text = f"{_BEGIN}{_VERSION} {_inert(content)} -->"
        if len(text) <= room:
            return text
    return ""


def read(text: str) -> Record | None:
    """The record in a text's last line, where there is one; raises RecordError where it cannot be read."""
    last = text.rstrip("\r\n \t").rpartition("\n")[2]
    if not last.startswith(_BEGIN):
        return None
    match = _LINE.fullmatch(last)
    if match is None or match["version"] != _VERSION:
        raise RecordError(f"not a record of version {_VERSION}")
    try:
        content = json.loads(match["json"])
        events = tuple(_event(one) for one in content["events"])
        notes = tuple(_note(one) for one in content.get("notes", ()))
        request = _request(content["request"]) if "request" in content else None
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError) as error:
        raise RecordError(f"a record that cannot be read ({type(error).__name__}: {error})") from error
    return Record(request, events, notes)


def _shorter(events: list[Event], notes: list[Note]) -> Iterator[tuple[list[Event], list[Note]]]:
    yield events, notes
    last = max((one for one in events if _cause(one)), key=lambda one: (one.at, one.id), default=None)
    events = [one if one is last else _cut(one) for one in events]
    yield events, notes
    while notes:
        notes = sorted(notes, key=lambda one: (one.at, one.id))[len(notes) // 2 + 1 :]
        yield events, notes
    yield _ends(events), []
    yield [], []


def _cause(event: Event) -> str:
    return str(event.detail.get("cause") or "")


def _cut(event: Event) -> Event:
    cause = _cause(event)
    if len(cause) <= _CAUSE_ROOM:
        return event
    return dataclasses.replace(event, detail={**event.detail, "cause": cause[:_CAUSE_ROOM] + "…"})


def _ends(events: Sequence[Event]) -> list[Event]:
    """The first and the last of each type."""
    ordered = sorted(events, key=lambda one: (one.at, one.id))
    first = {one.type: one for one in reversed(ordered)}
    last = {one.type: one for one in ordered}
    return [one for one in ordered if one in (first[one.type], last[one.type])]


def _inert(content: Mapping[str, Any]) -> str:
    """JSON in which nothing begins or ends a comment; all of that can stand inside of its texts alone.

    https://github.github.com/gfm/#html-comment
    """
    text = json.dumps(content, separators=(",", ":"), sort_keys=True, ensure_ascii=False)
    text = "".join(char if char.isprintable() else json.dumps(char)[1:-1] for char in text)
    return text.replace("<", "\\u003c").replace(">", "\\u003e").replace("--", "-\\u002d")


def _happening(one: Event | Note) -> dict[str, Any]:
    return {
        "id": one.id,
        "type": one.type.value,
        "at": when(one.at),
        "actor": one.actor,
        "detail": dict(one.detail),
    }


def _event(content: Mapping[str, Any]) -> Event:
    return Event(type=Happened(content["type"]), **_of_happening(content))


def _note(content: Mapping[str, Any]) -> Note:
    return Note(type=Noted(content["type"]), **_of_happening(content))


def _of_happening(content: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "id": str(content["id"]),
        "at": parse_when(content["at"]),
        "actor": str(content["actor"]),
        "detail": dict(content["detail"]),
    }


def _request_to_json(request: Request) -> dict[str, Any]:
    return {
        "id": request.id,
        "kind": request.kind.value,
        "environment": request.environment,
        "database_name": request.database_name,
        "team": request.team,
        "actor": request.actor,
        "root": dataclasses.asdict(request.root),
        "before": dataclasses.asdict(request.before) if request.before else None,
        "asked": dict(request.asked),
        "reason": request.reason,
        "created_at": when(request.created_at),
        "follow_up": request.follow_up,
    }


def _request(content: Mapping[str, Any]) -> Request:
    first = Event(
        id="requested",
        type=Happened.REQUESTED,
        at=parse_when(content["created_at"]),
        actor=str(content["actor"]),
    )
    return Request(
        id=str(content["id"]),
        kind=Kind(content["kind"]),
        environment=str(content["environment"]),
        database_name=str(content["database_name"]),
        team=str(content["team"]),
        actor=str(content["actor"]),
        root=_root(content["root"]),
        before=_root(content["before"]) if content["before"] else None,
        asked=dict(content["asked"]),
        reason=str(content["reason"]),
        created_at=first.at,
        progress=derive([first]),
        follow_up=None if content["follow_up"] is None else str(content["follow_up"]),
    )


def _root(content: Mapping[str, Any]) -> Root:
    restore = content["restore"]
    return Root(**{**content, "restore": None if restore is None else Restore(**restore)})
