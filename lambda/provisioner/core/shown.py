"""A caller's text inside a message: whole where it is short, else its beginning."""

from typing import Final

_LONGEST: Final = 80


def brief(value: object) -> str | int | float | bool | None:
    """A caller's value for a document: a number or a truth as it is, a text cut, anything else left out."""
    if isinstance(value, str):
        return value if len(value) <= _LONGEST else f"{value[:_LONGEST]}…"
    return value if isinstance(value, (bool, int, float)) else None


def shown(text: str) -> str:
    """The text as a literal, cut to what a reader needs to know it again."""
    return repr(text) if len(text) <= _LONGEST else f"{text[:_LONGEST]!r}…"
