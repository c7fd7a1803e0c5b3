"""⑦ What a message says, before it is written for a channel; and text of others made harmless."""

import unicodedata
from dataclasses import dataclass
from typing import Final
from uuid import NAMESPACE_URL, uuid5

# They turn the direction of what follows, so that a text would read as another one.
_TURNS: Final = frozenset("\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
_NO_TEXT: Final = ("Cc", "Cs", "Cn", "Zl", "Zp")


@dataclass(frozen=True, slots=True)
class Link:
    """An address, and what it leads to."""

    label: str
    url: str


@dataclass(frozen=True, slots=True)
class Listing:
    """A heading, and what stands below it."""

    heading: str
    rows: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """One message; `id` is the same each time that the same thing is said.

    `facts` are a label and a value each; `command` is a line to copy.
    """

    id: str
    title: str
    lines: tuple[str, ...] = ()
    facts: tuple[tuple[str, str], ...] = ()
    command: str = ""
    lists: tuple[Listing, ...] = ()
    links: tuple[Link, ...] = ()

    @property
    def short_id(self) -> str:
        """By which a reader sees that two are the same."""
        return key_of(self.id)[:8]

    @property
    def footer(self) -> str:
        """The line at the end of each message."""
        return f"RDS Provisioner, message {self.short_id}"


def key_of(message_id: str) -> str:
    """A message's id at one length, whatever it was made of."""
    return str(uuid5(NAMESPACE_URL, message_id.encode("utf-8", "replace").decode()))


def harmless(text: str) -> str:
    """Text without control characters, half characters and turns of direction; line breaks stay."""
    return "".join(
        character if character == "\n" or unicodedata.category(character) not in _NO_TEXT else " "
        for character in text.replace("\r\n", "\n")
        if character not in _TURNS
    )


def one_line(text: str) -> str:
    """The same on one line, each gap one space."""
    return " ".join(harmless(text).split())


def cut(text: str, most: int) -> str:
    """The beginning of a text, with an ellipsis where something is left out."""
    return text if len(text) <= most else f"{text[: most - 1].rstrip()}…"
