"""⑤ `POST /databases/{environment}/{name}/rotate`: another password for one of a database's users.

RDS itself rotates the master user's, and the reaper says when it has (reaper/rotations.py). For the other
two the event that is written here is published to the access function, which carries it out.
"""

import datetime as dt
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

from provisioner.api import database_documents
from provisioner.core import database_events
from provisioner.core.database_events import DatabaseEvent, DatabaseEventType
from provisioner.core.errors import NeedsPerson, TryLater
from provisioner.core.lifecycle import DatabaseState
from provisioner.core.models import Database, User
from provisioner.core.names import Place
from provisioner.core.times import instant
from provisioner.intake import bodies, refusals
from provisioner.intake.idempotency import Key
from provisioner.intake.opening import Caller
from provisioner.intake.use_cases import UseCases
from provisioner.ledger.new_request import KeyUsed

# A second click, or a call that was sent again, means the same rotation.
SAME: Final = dt.timedelta(minutes=1)
_CAN_ROTATE: Final = (DatabaseState.AVAILABLE, DatabaseState.UPDATING, DatabaseState.FAILED)


@dataclass(frozen=True, slots=True)
class Rotated:
    """The answer's document; `replayed` where the same was asked for just before."""

    document: dict[str, Any]
    replayed: bool = False


@dataclass(frozen=True, slots=True)
class Rotations:
    """Rotates passwords; `rotate_master` has RDS do it for the secret of this ARN."""

    use_cases: UseCases
    rotate_master: Callable[[str], None]

    def ask(
        self, place: Place, content: Any, caller: Caller, *, reason: str = "", key: Key | None = None
    ) -> Rotated:
        """Rotate, or have it done, and write down who asked; raises Problem, or TryLater without AWS."""
        database, user, known = self._read(place, content, caller)
        arn = _secret(database, known, user)
        if earlier := self._asked_with(key, caller, known):
            rotated = _is_rotated(earlier, known)
            return Rotated(_document(database, user, arn, earlier, rotated=rotated), replayed=True)
        if same := self._asked_just_before(known, user):
            rotated = _is_rotated(same, known)
            return Rotated(_document(database, user, arn, same, rotated=rotated), replayed=True)
        now, ledger = self.use_cases.opening.now, self.use_cases.ledger
        reason = bodies.parse_rotate(content).reason or reason
        asked = database_events.rotation_asked(
            self.use_cases.new_id(), now, caller.actor, user=user.value, reason=reason
        )
        try:
            ledger.add_database_event(place, asked, key=key.pair if key else None)
        except KeyUsed:
            raise TryLater("rotating a password", "the same call came twice at the same moment") from None
        if user is User.MASTER:
            self._rotate_master(place, arn, asked)
        return Rotated(_document(database, user, arn, asked, rotated=False))

    def _rotate_master(self, place: Place, arn: str, asked: DatabaseEvent) -> None:
        """Have RDS rotate it; what it refuses is written down, so that the next call asks it again."""
        try:
            self.rotate_master(arn)
        except (TryLater, NeedsPerson) as error:
            at = asked.at + dt.timedelta(microseconds=1)  # after it, in every list
            failed = database_events.rotation_failed(asked, at, cause=str(error), fix="ask for it again")
            self.use_cases.ledger.add_database_event(place, failed)
            raise

    def dry_run(self, place: Place, content: Any, caller: Caller) -> dict[str, Any]:
        """What `ask` would do; writes nothing."""
        database, user, known = self._read(place, content, caller)
        return _document(database, user, _secret(database, known, user), None, rotated=False)

    def _read(self, place: Place, content: Any, caller: Caller) -> tuple[Database, User, list[DatabaseEvent]]:
        user = User(bodies.parse_rotate(content).user)
        database = self.use_cases.own_database(place, caller)
        known = self.use_cases.ledger.database_events(place, since=database.created_at)
        return database, user, known

    def _asked_with(
        self, key: Key | None, caller: Caller, known: list[DatabaseEvent]
    ) -> DatabaseEvent | None:
        """The rotation that was asked for with this key before; or raises Problem (422)."""
        used = self.use_cases.ledger.key_used(caller.team, key.text) if key else None
        if key is None or used is None:
            return None
        if used.fingerprint != key.fingerprint:
            raise refusals.key_reused()
        return next((event for event in known if event.id == used.request_id), None)

    def _asked_just_before(self, known: list[DatabaseEvent], user: User) -> DatabaseEvent | None:
        """The same rotation, asked for moments ago, unless it was refused."""
        ids = {event.id for event in known}
        for event in reversed(known):
            same = event.type is DatabaseEventType.ROTATION_ASKED and event.detail.get("user") == user
            recent = self.use_cases.opening.now - event.at < SAME
            if same and recent and database_events.rotation_failed_id(event.id) not in ids:
                return event
        return None


def _is_rotated(asked: DatabaseEvent, known: list[DatabaseEvent]) -> bool:
    return database_events.rotated_id(asked.id) in {event.id for event in known}


def _secret(database: Database, known: list[DatabaseEvent], user: User) -> str:
    """The ARN of the user's secret; raises Problem (409) where there is none to rotate."""
    if database.state is DatabaseState.REMOVED:
        raise refusals.users_removed(database)
    if database.state not in _CAN_ROTATE:
        raise refusals.not_available(database)
    if arn := database_documents.secrets(database, known).get(user):
        return arn
    raise refusals.not_available(database) if user is User.MASTER else refusals.no_user(database, user)


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
        "reason": asked.detail.get("reason", "") if asked else "",
        "links": {"database": f"/databases/{database.place}"},
    }
