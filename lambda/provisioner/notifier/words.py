"""⑦ Times, lengths and kinds as messages say them."""

import datetime as dt
from collections.abc import Mapping
from typing import Final

from provisioner.core.events import Step
from provisioner.core.lifecycle import Kind
from provisioner.core.root import NEVER
from provisioner.core.times import parse_instant

KINDS: Final[Mapping[Kind, str]] = {
    Kind.CREATE: "creation",
    Kind.UPDATE: "change",
    Kind.EXTEND: "extension",
    Kind.MAINTAIN: "maintenance",
    Kind.DISARM: "removal",  # its first step
    Kind.REMOVE: "removal",
}
STEPS: Final[Mapping[Step, str]] = {
    Step.PULL_REQUEST: "opening the pull request",
    Step.REVIEW: "gate, plan and review",
    Step.QUEUE: "the wait for the pipeline",
    Step.APPLY: "the apply",
    Step.USERS: "making its users",
    Step.END: "the end",
}
_HOUR: Final = 3600
_DAY: Final = 24 * _HOUR


def day(time: dt.datetime) -> str:
    """A day in UTC."""
    return f"{time.astimezone(dt.UTC):%-d %b %Y}"


def moment(time: dt.datetime) -> str:
    """A time in UTC, to the minute."""
    return f"{time.astimezone(dt.UTC):%-d %b %Y, %H:%M} UTC"


def end(expires_at: str) -> str:
    """When a database ends."""
    return "never" if expires_at == NEVER else moment(parse_instant(expires_at))


def length(span: dt.timedelta) -> str:
    """A length in its one unit that says most; a warning of 6 days and 23 hours is one of 7 days."""
    seconds = max(0, round(span.total_seconds()))
    if seconds >= 20 * _HOUR:
        return _several(round(seconds / _DAY), "day")
    if seconds >= 50 * 60:
        return _several(round(seconds / _HOUR), "hour")
    return _several(max(1, round(seconds / 60)), "minute")


def usd(amount: float) -> str:
    """An amount, in whole dollars where it is a large one."""
    return f"USD {amount:,.0f}" if amount >= 100 else f"USD {amount:,.2f}"


def _several(count: int, unit: str) -> str:
    return f"{count} {unit}" if count == 1 else f"{count} {unit}s"
