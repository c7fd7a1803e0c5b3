"""How a request begins: with its database, the quota and its key in one transaction, all of it or nothing.

What stood in the way has a name, and an exception that says what is there instead.
"""

import datetime as dt
from dataclasses import dataclass
from typing import Final

from provisioner.core import events, transitions
from provisioner.core.events import Step
from provisioner.core.models import Charge, Database, Request
from provisioner.core.names import id8
from provisioner.ledger.codecs import Row, when
from provisioner.ledger.quota import charged
from provisioner.ledger.rows import database_key, database_row, event_row, request_row
from provisioner.ledger.table import Write, put

# The names under which a transaction says what stood in the way, next to the quota's.
DATABASE: Final = "database"
KEY: Final = "idempotency key"
IDEMPOTENCY_DAYS: Final = 7


@dataclass(frozen=True, slots=True)
class NameTaken(Exception):
    """A database of this name exists, or another request for it is under way."""

    database: Database


class QuotaExceeded(Exception):
    """The team's quota in this environment does not hold what was asked for."""


@dataclass(frozen=True, slots=True)
class KeyUsed(Exception):
    """The Idempotency-Key was used before."""

    fingerprint: str
    request_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class NewRequest:
    """A new request and its database as it will be; `existing` is that database as it was read.

    `key` is (Idempotency-Key, fingerprint of the body).
    """

    request: Request
    database: Database
    existing: Database | None
    limit: Charge
    key: tuple[str, str] | None = None

    def writes(self) -> list[Write]:
        """The parts of the transaction."""
        request, database = self.request, self.database
        taken = database.charge.minus(database.charge_before)
        first = events.requested(request.created_at, request.actor, users=request.progress.users)
        check_at = request.created_at + transitions.FIRST_CHECK[Step.PULL_REQUEST]
        kept = [key_row(request.team, *self.key, request.id, request.created_at)] if self.key else []
        return [
            put(
                DATABASE,
                database_row(database, transitions.next_database_check(database)),
                replaces=self.existing.version if self.existing else None,
            ),
            charged(request.team, request.environment, taken, self.limit),
            put("request", request_row(request, check_at)),
            put("event", event_row(request.id, first)),
            put("branch", self._branch_row()),
            *(put(KEY, row) for row in kept),
        ]

    def _branch_row(self) -> Row:
        """By which a request is found among those of its database, and from its branch."""
        return {
            "pk": database_key(self.request.place),
            "sk": f"REQ#{id8(self.request.id)}",
            "request_id": self.request.id,
            "team": self.request.team,
            "created_at": when(self.request.created_at),
        }


def key_row(team: str, key: str, fingerprint: str, stands_for: str, at: dt.datetime) -> Row:
    """An Idempotency-Key and what it stands for: the id of a request, or of a database's event."""
    end = at + dt.timedelta(days=IDEMPOTENCY_DAYS)
    return {
        "pk": idempotency_key(team, key),
        "sk": "IDEM",
        "fingerprint": fingerprint,
        "request_id": stands_for,
        "expire_at": int(end.timestamp()),
    }


def idempotency_key(team: str, key: str) -> str:
    """The partition of an Idempotency-Key's row."""
    return f"IDEM#{team}#{key}"
