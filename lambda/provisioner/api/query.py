"""Reads the parameters behind a path's `?`.

What a call does not know is refused and not passed over: a mistyped dry_run must not write, and a mistyped
filter must not look like an empty list.
"""

import datetime as dt
import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Final

from provisioner.core.catalog import lifetime
from provisioner.core.errors import Problem
from provisioner.core.suggestion import meant
from provisioner.core.times import instant, parse_time

PAGE_SIZE: Final = 25
MAX_PAGE_SIZE: Final = 100
# More digits than that make any number larger than MAX_PAGE_SIZE.
_DIGITS: Final = 4
# No name that a filter could match is longer.
_LONGEST_FILTER: Final = 64


class Query:
    """A call's query parameters; each method raises Problem (400) that says what to change."""

    def __init__(self, given: Mapping[str, Sequence[str]], *known: str) -> None:
        for name, values in given.items():
            if name not in known:
                takes = f"it takes {', '.join(known)}" if known else "it takes none"
                raise _problem(
                    f"There is no query parameter {name[:40]!a} here; {takes}.{meant(name, known)}"
                )
            if len(values) != 1:
                raise _problem(f"Send {name} once.")
        self._given = given

    def text(self, name: str, *, longest: int | None = None) -> str | None:
        """A parameter's text, of at most `longest` characters; None where it is missing or empty."""
        values = self._given.get(name)
        if values and longest is not None and len(values[0]) > longest:
            raise _problem(f"{name} has {len(values[0])} characters; send at most {longest}.")
        return values[0] or None if values else None

    def flag(self, name: str) -> bool:
        """Whether a parameter says `true`; without it, no."""
        return self._choice(name, ("true", "false")) == "true"

    def page_size(self) -> int:
        """How many items to list; more than MAX_PAGE_SIZE counts as that."""
        values = self._given.get("page_size")
        value = values[0] if values else str(PAGE_SIZE)
        if not re.fullmatch(r"[1-9][0-9]*", value):
            raise _problem(f"page_size has to be a number from 1 to {MAX_PAGE_SIZE}.")
        return min(int(value[:_DIGITS]), MAX_PAGE_SIZE)

    def seconds(self, name: str, *, most: int) -> int:
        """A whole number of seconds, of at most `most`; 0 where it is missing."""
        values = self._given.get(name)
        if values and not re.fullmatch(r"[0-9]{1,3}", values[0]):
            raise _problem(f"{name} has to be a number of seconds from 0 to {most}.")
        return min(int(values[0]), most) if values else 0

    def number(self, name: str, *, most: int) -> int:
        """A whole number from 0 to `most`; 0 where it is missing."""
        values = self._given.get(name)
        if not values:
            return 0
        if not re.fullmatch(r"[0-9]{1,10}", values[0]) or int(values[0]) > most:
            raise _problem(f"{name} has to be a number from 0 to {most}.")
        return int(values[0])

    def filters(self, **choices: Iterable[str] | None) -> dict[str, str]:
        """The filters that were given; each is one of its choices, or any text where it has None."""
        found = {
            name: self.text(name, longest=_LONGEST_FILTER) if among is None else self._choice(name, among)
            for name, among in choices.items()
        }
        return {name: value for name, value in found.items() if value is not None}

    def several(self, name: str, among: Iterable[str]) -> tuple[str, ...]:
        """One or more of some choices, with commas in between; none where it is missing."""
        text, choices = self.text(name), tuple(among)
        found = tuple(dict.fromkeys(text.split(","))) if text else ()
        for value in found:
            _check(name, value, choices)
        return found

    def instant(self, name: str, now: dt.datetime) -> str | None:
        """A time with its offset (RFC 3339), or how long from now (`7d`), as the ledger writes it."""
        text = self.text(name, longest=_LONGEST_FILTER)
        if text is None:
            return None
        try:
            length = lifetime(text) if text[-1] in "hd" else None
            return instant(now + length if length else parse_time(text))
        except (ValueError, OverflowError) as error:
            raise _problem(f"{name}: {error}, or how long from now, such as 7d.") from None

    def _choice(self, name: str, among: Iterable[str]) -> str | None:
        values, choices = self._given.get(name), tuple(among)
        if not values:
            return None
        return _check(name, values[0], choices)


def _check(name: str, value: str, choices: Sequence[str]) -> str:
    if value not in choices:
        raise _problem(f"{name} has to be one of {', '.join(choices)}.{meant(value, choices)}")
    return value


def _problem(detail: str) -> Problem:
    return Problem(400, "The query is not valid", detail, slug="bad-query")
