"""⑤ `POST /databases/{environment}/{name}/rotate`: another password for one of a database's users.

RDS itself rotates the master user's, at once. For the other two the note that is written here is told to the
access function (access.py), which carries it out.
"""

import datetime as dt
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

from provisioner.api import documents
from provisioner.core import database_events
from provisioner.core.database_events import DatabaseEvent, DatabaseEventType
from provisioner.core.errors import Problem
from provisioner.core.lifecycle import DatabaseState
from provisioner.core.models import Database, User
from provisioner.core.names import Place
from provisioner.core.times import instant
from provisioner.intake import bodies
from provisioner.intake.use_cases import Service
from provisioner.ledger.ledger import Ledger

# A second click, or a call that was sent again, means the same rotation.
SAME: Final = dt.timedelta(minutes=1)
_CAN_ROTATE: Final = (DatabaseState.AVAILABLE, DatabaseState.UPDATING, DatabaseState.FAILED)


@dataclass(frozen=True, slots=True)
class Rotated:
    """The answer's document; `replayed` where the same was asked for just before."""

    document: dict[str, Any]
    replayed: bool = False
    dry_run: bool = False


def ask(
    service: Service,
    place: Place,
    content: Any,
    *,
    team: str,
    actor: str,
    rotate_master: Callable[[str], None],
    dry_run: bool = False,
) -> Rotated:
    """Rotate, or have it done, and write down who asked; raises Problem, and TryLater where AWS is silent."""
    user = User(bodies.read_rotate(content).user)
    database = service.own_database(place, team)
    notes = service.ledger.database_events(place, since=database.created_at)
    arn = _secret(database, notes, user)
    if dry_run:
        return Rotated(_document(database, user, arn, None, rotated=False), dry_run=True)
    done = {note.id for note in notes if note.type is DatabaseEventType.ROTATED}
    for note in reversed(notes):
        asked_again = note.type is DatabaseEventType.ROTATION_ASKED and note.detail.get("user") == user
        rotated = database_events.rotated_id(note.id) in done
        if asked_again and service.now - note.at < SAME and (rotated or user is not User.MASTER):
            return Rotated(_document(database, user, arn, note, rotated=rotated), replayed=True)
    asked = database_events.rotation_asked(service.new_id(), service.now, actor, user=user.value)
    service.ledger.add_database_event(place, asked)
    if user is User.MASTER:
        rotate_master(arn)
        _rotated(service.ledger, database, asked, arn)
    return Rotated(_document(database, user, arn, asked, rotated=user is User.MASTER))


def _rotated(ledger: Ledger, database: Database, asked: DatabaseEvent, arn: str) -> None:
    at = asked.at + dt.timedelta(microseconds=1)  # after it, in every list
    note = database_events.rotated(asked, at, user=User.MASTER.value, secret_arn=arn)
    ledger.add_database_event(database.place, note)


def _secret(database: Database, notes: list[DatabaseEvent], user: User) -> str:
    place = database.place
    arn = None
    if database.state in _CAN_ROTATE:
        arn = documents.secrets(database, notes).get(user)
    elif database.state is DatabaseState.REMOVED:
        raise Problem(
            409, "The database is gone", f"{place} was removed, and its users with it.", slug="removed"
        )
    if arn:
        return arn
    if database.state in _CAN_ROTATE and user is not User.MASTER:
        raise Problem(
            409,
            "The database has no such user",
            f"No {user} user was made for {place}. Where the stack has AccessSubnetIds, one is made minutes "
            "after an apply, and GET /databases says if that failed; else rotate master.",
            slug="no-user",
        )
    raise Problem(
        409,
        "The database is not there yet",
        f"{place} is {database.state}; wait until it is available.",
        slug="not-available",
    )


def _document(
    database: Database, user: User, arn: str, asked: DatabaseEvent | None, *, rotated: bool
) -> dict[str, Any]:
    return {
        "environment": database.environment,
        "database_name": database.database_name,
        "user": user.value,
        "secret_arn": arn,
        "state": "would_rotate" if asked is None else "rotated" if rotated else "rotating",
        "requested_by": asked.actor if asked else None,
        "requested_at": instant(asked.at) if asked else None,
        "links": {"database": f"/databases/{database.place}"},
    }
