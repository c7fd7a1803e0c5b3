"""The versioned message between the API and the worker: it names a request, and the ledger holds the rest."""

import json
from dataclasses import asdict, dataclass
from typing import Final
from uuid import UUID

VERSION: Final = 1


class MessageError(ValueError):
    """A message that this version of the worker cannot read."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """Work for the worker: a request to open, or to cancel; kind and place are for operators and filters."""

    request_id: str
    kind: str
    environment: str
    database_name: str


def encode(message: Message) -> str:
    """The message as JSON text."""
    return json.dumps({"version": VERSION, **asdict(message)}, separators=(",", ":"))


def decode(text: str) -> Message:
    """Read a message; raises MessageError for anything but a message of this version."""
    try:
        content = json.loads(text)
        version = content.pop("version")
        message = Message(**content)
        UUID(message.request_id)
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        raise MessageError(f"not a message of version {VERSION}: {error}") from error
    if version != VERSION:
        raise MessageError(f"message version {version}; this worker reads version {VERSION}")
    return message
