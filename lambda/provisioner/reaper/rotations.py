"""⑥ Rotations of master passwords: announced once RDS has done them, or has not within an hour.

RDS rotates in the background, about a minute long, and only while the instance is available. Its secret says
when it has.
"""

import datetime as dt
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from provisioner.core import database_events
from provisioner.core.database_events import DatabaseEvent, DatabaseEventType
from provisioner.core.lifecycle import DatabaseState, Kind
from provisioner.core.models import Request, User
from provisioner.intake.opening import Opening

LONGEST: Final = dt.timedelta(hours=1)
_AGAIN: Final = dt.timedelta(minutes=1)
# What was asked before, and never answered, is history.
_HISTORY: Final = dt.timedelta(days=1)
_CAUSE: Final = "RDS did not rotate it within an hour"
_FIX: Final = "see that the instance is available (RDS rotates no other), then ask for the rotation again"

# Whether the secret of this ARN was rotated since then.
IsRotated = Callable[[str, dt.datetime], bool]


@dataclass(frozen=True, slots=True)
class MasterRotations:
    """Announces how rotations of master passwords ended."""

    opening: Opening
    is_rotated: IsRotated

    def settle(self, request: Request) -> dt.datetime | None:
        """Look after the database that a request made: when to check again, None for never."""
        ledger, now = self.opening.ledger, self.opening.now
        database = ledger.database(request.place) if request.kind is Kind.CREATE else None
        if database is None or database.origin != request.id or database.state is DatabaseState.REMOVED:
            return None
        arn, waits = str((database.result or {}).get("secret_arn") or ""), False
        known = ledger.database_events(request.place, since=database.created_at) if arn else []
        for asked in _waiting(known, now):
            if self.is_rotated(arn, asked.at):
                done = database_events.rotated(asked, now, user=User.MASTER.value, secret_arn=arn)
                ledger.add_database_event(request.place, done)
            elif now - asked.at >= LONGEST:
                failed = database_events.rotation_failed(asked, now, cause=_CAUSE, fix=_FIX)
                ledger.add_database_event(request.place, failed)
            else:
                waits = True
        return now + _AGAIN if waits else None


def _waiting(known: list[DatabaseEvent], now: dt.datetime) -> list[DatabaseEvent]:
    """The rotations of the master's password that were asked for, and of which nobody knows the end."""
    return [
        event
        for event in known
        if event.type is DatabaseEventType.ROTATION_ASKED
        and event.detail.get("user") == User.MASTER
        and now - event.at < _HISTORY
        and not database_events.is_settled(event, known)
    ]
