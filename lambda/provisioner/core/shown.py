"""A caller's text inside a message: whole where it is short, else its beginning."""

from typing import Final

_LONGEST: Final = 80


def shown(text: str) -> str:
    """The text as a literal, cut to what a reader needs to know it again."""
    return repr(text) if len(text) <= _LONGEST else f"{text[:_LONGEST]!r}…"
