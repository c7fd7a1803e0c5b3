"""Times as they are written everywhere: RFC 3339 in UTC."""

import datetime as dt
from typing import Final

from provisioner.core.shown import shown

_FIRST_YEAR: Final = 1970


def instant(time: dt.datetime) -> str:
    """A time as it is written everywhere: RFC 3339, UTC, whole seconds."""
    return time.astimezone(dt.UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def optional_instant(time: dt.datetime | None) -> str | None:
    """A time as it is written everywhere; None where there is none."""
    return instant(time) if time else None


def parse_instant(text: str) -> dt.datetime:
    """The inverse of `instant`."""
    return dt.datetime.strptime(text, "%Y-%m-%dT%H:%M:%SZ").replace(tzinfo=dt.UTC)


def parse_time(text: str) -> dt.datetime:
    """A time with its zone (RFC 3339); raises ValueError that says how to write one."""
    try:
        time = dt.datetime.fromisoformat(text)
        if time.tzinfo and time.year >= _FIRST_YEAR:
            return time.astimezone(dt.UTC)
    except (ValueError, OverflowError):
        pass
    raise ValueError(f"{shown(text)} is not a time: write RFC 3339 with a zone, such as 2026-11-20T10:00:00Z")
