"""When a database is warned about and when it ends; times only, no clock."""

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from provisioner.core.root import NEVER
from provisioner.core.times import parse_instant

FULL_LIFE: Final = dt.timedelta(days=14)


class ExpiryAction(StrEnum):
    """What is due for a database."""

    WARN_FIRST = "first"
    WARN_LAST = "last"
    EXPIRE = "expire"


@dataclass(frozen=True, slots=True)
class Due:
    """What is due now, if anything, and when to check again (None: never)."""

    action: ExpiryAction | None
    check_at: dt.datetime | None


def warnings(created_at: dt.datetime, end: dt.datetime) -> tuple[dt.datetime, dt.datetime]:
    """When to warn first and last: 7 days and 1 day before the end.

    A life shorter than 14 days scales both down, to a half and to a fourteenth of it, so that a database
    of 8 hours is warned 4 hours and about 34 minutes before.
    """
    life = min(max(end - created_at, dt.timedelta()), FULL_LIFE)
    return end - life / 2, end - life / 14


def is_over(expires_at: str, now: dt.datetime) -> bool:
    """Whether an end has come."""
    return expires_at != NEVER and parse_instant(expires_at) <= now


def mark(action: ExpiryAction, expires_at: str) -> str:
    """How the ledger remembers that something was done for one end of life; a new end starts afresh."""
    return f"{action}@{expires_at}"


def due(expires_at: str, created_at: dt.datetime, marks: Mapping[str, str], now: dt.datetime) -> Due:
    """What is due for a database at `now`, where `marks` says what was done, and when (see `mark`).

    Correct however long nobody looked: of two late warnings only the last goes out, and nothing ends
    without one. A database found past its end unwarned gets the last warning and its full notice first.
    """
    if expires_at == NEVER:
        return Due(None, None)
    end = parse_instant(expires_at)
    first, last = warnings(created_at, end)
    if mark(ExpiryAction.EXPIRE, expires_at) in marks:
        return Due(None, None)
    warned = marks.get(mark(ExpiryAction.WARN_LAST, expires_at))
    if now >= last:
        if warned is None:
            return Due(ExpiryAction.WARN_LAST, max(end, now + (end - last)))
        ends = max(end, parse_instant(warned) + (end - last))
        return Due(ExpiryAction.EXPIRE, None) if now >= ends else Due(None, ends)
    if now >= first:
        return Due(
            None if mark(ExpiryAction.WARN_FIRST, expires_at) in marks else ExpiryAction.WARN_FIRST, last
        )
    return Due(None, first)
