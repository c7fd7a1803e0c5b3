"""Reads the parameters behind a path's `?`.

What a call does not know is refused and not passed over: a mistyped dry_run must not write, and a mistyped
filter must not look like an empty list.
"""

import contextlib
import datetime as dt
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Final

from provisioner.core.catalog import lifetime
from provisioner.core.errors import FieldError, Problem
from provisioner.core.shown import brief
from provisioner.core.suggestion import meant, nearest
from provisioner.core.times import instant, parse_time

PAGE_SIZE: Final = 25
MAX_PAGE_SIZE: Final = 100
# More digits than that make any number larger than MAX_PAGE_SIZE.
_DIGITS: Final = 4
# No name that a filter could match is longer.
_LONGEST_FILTER: Final = 64
_MONTH: Final = re.compile("[0-9]{4}-(0[1-9]|1[0-2])")
EARLIEST_MONTH: Final = "2020-01"


Given = Mapping[str, Sequence[str]]


class Query:
    """A call's query parameters; what is wrong raises Problem (400) that says what to change.

    With `faults`, all of it is gathered there instead; see `together`.
    """

    def __init__(self, given: Given, *known: str, faults: list[FieldError] | None = None) -> None:
        found = [_unknown(name, known) for name in given if name not in known]
        found += [
            _fault(name, f"Send {name} once.", None, "one value")
            for name, values in given.items()
            if name in known and len(values) != 1
        ]
        self._faults = faults
        self._given = {name: values for name, values in given.items() if name in known and len(values) == 1}
        self._refuse(*found)

    def text(self, name: str, *, longest: int | None = None) -> str | None:
        """A parameter's text, of at most `longest` characters; None where it is missing or empty."""
        values = self._given.get(name)
        if values and longest is not None and len(values[0]) > longest:
            text = f"{name} has {len(values[0])} characters; send at most {longest}."
            self._refuse(_fault(name, text, values[0], f"at most {longest} characters"))
            return None
        return values[0] or None if values else None

    def flag(self, name: str) -> bool:
        """Whether a parameter says `true`; without it, no."""
        return self._choice(name, ("true", "false")) == "true"

    def page_size(self) -> int:
        """How many items to list; more than MAX_PAGE_SIZE counts as that."""
        values = self._given.get("page_size")
        value = values[0] if values else str(PAGE_SIZE)
        if not re.fullmatch(r"[1-9][0-9]*", value):
            text = f"page_size has to be a number from 1 to {MAX_PAGE_SIZE}."
            self._refuse(_fault("page_size", text, value, f"1 to {MAX_PAGE_SIZE}"))
            return PAGE_SIZE
        return min(int(value[:_DIGITS]), MAX_PAGE_SIZE)

    def seconds(self, name: str, *, most: int) -> int:
        """A whole number of seconds, of at most `most`; 0 where it is missing."""
        values = self._given.get(name)
        if values and not re.fullmatch(r"[0-9]{1,3}", values[0]):
            text = f"{name} has to be a number of seconds from 0 to {most}."
            self._refuse(_fault(name, text, values[0], f"0 to {most}"))
            return 0
        return min(int(values[0]), most) if values else 0

    def number(self, name: str, *, most: int) -> int:
        """A whole number from 0 to `most`; 0 where it is missing."""
        values = self._given.get(name)
        if not values:
            return 0
        if not re.fullmatch(r"[0-9]{1,10}", values[0]) or int(values[0]) > most:
            text = f"{name} has to be a number from 0 to {most}."
            self._refuse(_fault(name, text, values[0], f"0 to {most}"))
            return 0
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
        return tuple(value for value in found if self._check(name, value, choices) is not None)

    def instant(self, name: str, now: dt.datetime) -> str | None:
        """A time with its offset (RFC 3339), or how long from now (`7d`), as the ledger writes it."""
        text = self.text(name, longest=_LONGEST_FILTER)
        if text is None:
            return None
        try:
            length = lifetime(text) if text[-1] in "hd" else None
            return instant(now + length if length else parse_time(text))
        except (ValueError, OverflowError) as error:
            reason = f"{name}: {error}, or how long from now, such as 7d."
            self._refuse(_fault(name, reason, text, "RFC 3339, or how long from now, such as 7d"))
            return None

    def month(self, name: str, now: dt.datetime) -> dt.datetime:
        """The begin of a month, written as 2026-11; of this one where it is missing."""
        text = self.text(name, longest=_LONGEST_FILTER)
        this = now.astimezone(dt.UTC).replace(day=1, hour=0, minute=0, second=0, microsecond=0)
        if text is None:
            return this
        if not _MONTH.fullmatch(text) or text < EARLIEST_MONTH or text > f"{this:%Y-%m}":
            reason = f"{name} has to be a month from {EARLIEST_MONTH} to {this:%Y-%m}."
            self._refuse(_fault(name, reason, text, f"{EARLIEST_MONTH} to {this:%Y-%m}"))
            return this
        return dt.datetime(int(text[:4]), int(text[5:]), 1, tzinfo=dt.UTC)

    def _choice(self, name: str, among: Iterable[str]) -> str | None:
        values, choices = self._given.get(name), tuple(among)
        return self._check(name, values[0], choices) if values else None

    def _check(self, name: str, value: str, choices: Sequence[str]) -> str | None:
        if value in choices:
            return value
        text = f"{name} has to be one of {', '.join(choices)}.{meant(value, choices)}"
        self._refuse(_fault(name, text, value, choices, nearest(value, choices)))
        return None

    def _refuse(self, *errors: FieldError) -> None:
        if self._faults is not None:
            self._faults += errors
        elif errors:
            raise _problem(errors)


@contextlib.contextmanager
def together(given: Given, *known: str) -> Iterator[Query]:
    """A call's parameters, where it has several: raises Problem (400) at the end, naming all the faults."""
    faults: list[FieldError] = []
    yield Query(given, *known, faults=faults)
    if faults:
        raise _problem(faults)


def _unknown(name: str, known: Sequence[str]) -> FieldError:
    takes = f"it takes {', '.join(known)}" if known else "it takes none"
    text = f"There is no query parameter {name[:40]!a} here; {takes}.{meant(name, known)}"
    return FieldError("", text, None, known or "none", nearest(name, known), name[:40])


def _fault(
    name: str,
    text: str,
    given: str | None,
    allowed: Sequence[str] | str,
    suggestion: str | None = None,
) -> FieldError:
    return FieldError("", text, brief(given), allowed, suggestion, name)


def _problem(errors: Sequence[FieldError]) -> Problem:
    detail = " ".join(error.detail for error in errors)
    return Problem(400, "The query is not valid", detail, slug="bad-query", errors=errors)
