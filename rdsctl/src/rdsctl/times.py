"""Times as people read them: local clocks, and how long from now."""

import datetime as dt
import re
from typing import Final

NEVER: Final = "never"
_DURATION: Final = re.compile(r"([1-9][0-9]{0,4})([smhd])")
_SECONDS: Final = {"s": 1, "m": 60, "h": 3600, "d": 86400}
_MONTHS: Final = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


def now() -> dt.datetime:
    """The present."""
    return dt.datetime.now(dt.UTC)


def parse(text: str) -> dt.datetime:
    """A time that the API wrote (RFC 3339)."""
    return dt.datetime.fromisoformat(text)


def duration(text: str) -> dt.timedelta:
    """30s, 30m, 8h or 7d; raises ValueError that says so."""
    match = _DURATION.fullmatch(text.strip())
    if not match:
        raise ValueError(f"{text!r} is no duration: write 30m, 8h or 7d")
    return dt.timedelta(seconds=int(match[1]) * _SECONDS[match[2]])


def clock(at: dt.datetime, present: dt.datetime) -> str:
    """The local date and time; the year only where it is another."""
    local = at.astimezone()
    year = "" if local.year == present.astimezone().year else f" {local.year}"
    return f"{local.day} {_MONTHS[local.month - 1]}{year} {local:%H:%M}"


def hour(at: dt.datetime, present: dt.datetime) -> str:
    """The local time of today, with its date where it is another day's."""
    local = at.astimezone()
    return f"{local:%H:%M}" if local.date() == present.astimezone().date() else clock(at, present)


def span(seconds: float) -> str:
    """How long something took or takes: 0:03, 12:05, 1:02:09."""
    minutes, second = divmod(max(round(seconds), 0), 60)
    hours, minute = divmod(minutes, 60)
    return f"{hours}:{minute:02}:{second:02}" if hours else f"{minute}:{second:02}"


def about(seconds: float) -> str:
    """How long something takes, as far as anybody knows: 14 min, 2 h."""
    minutes = max(round(seconds / 60), 1)
    return f"{minutes} min" if minutes < 120 else f"{round(minutes / 60)} h"


def until(at: dt.datetime, present: dt.datetime) -> str:
    """How long from now: in 6 days, tomorrow 09:12, in 3 hours, 2 hours ago."""
    left = (at - present).total_seconds()
    if left < 0:
        return f"{_amount(-left)} ago"
    local, today = at.astimezone(), present.astimezone()
    if (local.date() - today.date()).days == 1:
        return f"tomorrow {local:%H:%M}"
    return f"in {_amount(left)}"


def ends(expires_at: str, present: dt.datetime) -> str:
    """When a database ends, from now; `never` stays."""
    return NEVER if expires_at == NEVER else until(parse(expires_at), present)


def _amount(seconds: float) -> str:
    for size, name in ((86400, "day"), (3600, "hour"), (60, "minute")):
        if seconds >= size:
            number = int(seconds // size)
            return f"{number} {name}{'' if number == 1 else 's'}"
    return "less than a minute"
