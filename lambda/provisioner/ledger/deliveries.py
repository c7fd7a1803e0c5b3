"""What was sent to which channel, so that nothing goes out more than twice; and which channels fail.

A try is written down before it is made, and again after it. One whose end was never written may have gone
out: after two such tries there is no third. Rows leave the table 60 days after the first try, a channel's 30
days after the last.
"""

import datetime as dt
from collections.abc import Callable
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any, Final

from provisioner.ledger.codecs import Row, parse_when, when
from provisioner.ledger.table import Table, put

UNCLEAR: Final = 2
_KEPT: Final = dt.timedelta(days=60)
_CHANNEL_KEPT: Final = dt.timedelta(days=30)
_CHANNELS: Final = "CHANNELS"


class End(StrEnum):
    """How it ended for one channel."""

    SENT = "sent"
    REFUSED = "refused"  # by the channel, or given up
    UNCLEAR = "unclear"  # after two tries of which nobody can say how they ended


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivery:
    """One message on its way to one channel, not before `until`; `unknown` counts tries without an end."""

    key: str
    channel: str
    tries: int
    unknown: int
    until: dt.datetime
    expire_at: int
    end: End | None = None
    version: int = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Begin:
    """A try that was `begun`; else how it ended before, or `until` when there is nothing to try."""

    begun: Delivery | None = None
    end: End | None = None
    until: dt.datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class FailingChannel:
    """A channel whose last message was refused, or late: since when, why, and what helps."""

    channel: str
    team: str
    since: dt.datetime
    last_at: dt.datetime
    cause: str
    fix: str


@dataclass(frozen=True, slots=True)
class Deliveries:
    """The deliveries of messages, by the key of one and the name of a channel."""

    table: Table

    def begin(self, key: str, channel: str, now: dt.datetime, lease: dt.timedelta) -> Begin:
        """Begin a try, which nobody else makes before the lease ends, where one is to be made now."""
        known = self.of(key, channel)
        if known and known.end:
            return Begin(end=known.end)
        if known and known.until > now:
            return Begin(until=known.until)
        if known and known.unknown >= UNCLEAR:
            self._write(replace(known, end=End.UNCLEAR), known)
            return Begin(end=End.UNCLEAR)
        before = known or Delivery(
            key=key, channel=channel, tries=0, unknown=0, until=now, expire_at=_at(now + _KEPT)
        )
        begun = replace(before, tries=before.tries + 1, unknown=before.unknown + 1, until=now + lease)
        written = self._write(begun, known)
        return Begin(begun=written) if written else Begin(until=now + lease)

    def ended(self, begun: Delivery, end: End) -> None:
        """Write down that nothing is left to do."""
        self._write(replace(begun, end=end), begun)

    def later(self, begun: Delivery, until: dt.datetime, *, unclear: bool) -> None:
        """Write down that it did not go out, or that nobody can say, and when it is tried again."""
        self._write(replace(begun, until=until, unknown=begun.unknown - (not unclear)), begun)

    def of(self, key: str, channel: str) -> Delivery | None:
        """What is known of a message and a channel."""
        row = self.table.get(f"SAID#{key}", channel)
        return _delivery(row) if row else None

    def _write(self, new: Delivery, before: Delivery | None) -> Delivery | None:
        """Write it in the place of what was read; None where someone else was first."""
        new = replace(new, version=before.version + 1 if before else 1)
        refused = self.table.write([put("delivery", _row(new), replaces=before.version if before else None)])
        return None if refused else new

    # Channels

    def failing(self) -> list[FailingChannel]:
        """The channels that fail, the longest first."""
        rows = [row for row in self.table.query(_CHANNELS) if row["fails"]]
        return sorted(map(_channel, rows), key=lambda each: (each.since, each.channel))

    def failed(self, channel: str, team: str, now: dt.datetime, *, cause: str, fix: str) -> None:
        """Write down that a channel fails."""
        self._keep(
            channel,
            now,
            lambda row: {
                "fails": 1,
                "team": team,
                "since": row["since"] if row.get("fails") else when(now),
                "cause": cause[:500],
                "fix": fix[:500],
            },
        )

    def works(self, channel: str, now: dt.datetime) -> None:
        """Write down that a channel which failed took a message."""
        row = self.table.get(_CHANNELS, channel)
        if row and row["fails"]:
            self._keep(channel, now, lambda row: {**row, "fails": 0})

    def _keep(self, channel: str, now: dt.datetime, change: Callable[[Row], dict[str, Any]]) -> None:
        """Write a channel's row; where another writes it at the same moment, that word is as good."""
        row = self.table.get(_CHANNELS, channel)
        version = int(row["version"]) if row else None
        expire_at = _at(now + _CHANNEL_KEPT)
        keys = {"pk": _CHANNELS, "sk": channel, "last_at": when(now), "expire_at": expire_at}
        new = {**change(row or {}), **keys, "version": (version or 0) + 1}
        self.table.write([put("channel", new, replaces=version)])


def _at(time: dt.datetime) -> int:
    """A time as DynamoDB reads it to end a row."""
    return int(time.timestamp())


def _row(delivery: Delivery) -> Row:
    row: dict[str, str | int] = {
        "pk": f"SAID#{delivery.key}",
        "sk": delivery.channel,
        "tries": delivery.tries,
        "unknown": delivery.unknown,
        "until": when(delivery.until),
        "expire_at": delivery.expire_at,
        "version": delivery.version,
    }
    return row | ({"end": delivery.end.value} if delivery.end else {})


def _delivery(row: Row) -> Delivery:
    return Delivery(
        key=str(row["pk"]).partition("#")[2],
        channel=str(row["sk"]),
        tries=int(row["tries"]),
        unknown=int(row["unknown"]),
        until=parse_when(row["until"]),
        expire_at=int(row["expire_at"]),
        end=End(str(row["end"])) if "end" in row else None,
        version=int(row["version"]),
    )


def _channel(row: Row) -> FailingChannel:
    return FailingChannel(
        channel=str(row["sk"]),
        team=str(row["team"]),
        since=parse_when(row["since"]),
        last_at=parse_when(row["last_at"]),
        cause=str(row["cause"]),
        fix=str(row["fix"]),
    )
