"""⑤ How to connect to a database: where it is, and which users there are or are being made."""

from collections.abc import Sequence
from typing import Any, Final

from provisioner.api import database_documents
from provisioner.core import database_events
from provisioner.core.catalog import Catalog
from provisioner.core.database_events import DatabaseEvent, DatabaseEventType
from provisioner.core.lifecycle import DatabaseState
from provisioner.core.models import Database, User
from provisioner.core.times import optional_instant

CERTIFICATES: Final = "/certificates.pem"


def connection(
    database: Database, events: Sequence[DatabaseEvent], catalog: Catalog, *, makes_users: bool
) -> dict[str, Any] | None:
    """None until it has an endpoint, and once it is removed; `makes_users` is so where the stack makes them.

    The user for everyday work is `application`, and `read_only` where a reviewer approves each change.
    """
    result = database.result
    if database.state is DatabaseState.REMOVED or not result or not result.get("endpoint"):
        return None
    secrets = database_documents.secrets(database, events)
    state = _users_state(events, secrets, makes_users=makes_users)
    return {
        "host": result["endpoint"],
        "reader_host": result.get("reader_endpoint"),
        "port": result.get("port"),
        "dbname": result.get("database_name"),
        "users": [
            {"name": user.value, "secret_arn": secrets[user], **_password(user, database, events)}
            for user in (User.APPLICATION, User.READ_ONLY, User.MASTER)
            if user in secrets
        ],
        "users_state": state,
        "default_user": _default_user(database.environment, catalog, state),
        "certificates": CERTIFICATES,
    }


def _password(user: User, database: Database, events: Sequence[DatabaseEvent]) -> dict[str, Any]:
    """When its password changed last, as far as that is known, and whether a rotation is under way.

    RDS itself rotates the master's every seven days, without a word.
    """
    made = database_events.users_ready_id(database.origin)
    changed = [event.at for event in events if event.id == made and user is not User.MASTER]
    rotated = [event for event in events if event.type is DatabaseEventType.ROTATED]
    changed += [event.at for event in rotated if event.detail.get("user") == user]
    asked = [event for event in events if event.type is DatabaseEventType.ROTATION_ASKED]
    rotating = any(
        event.detail.get("user", User.MASTER) == user and not database_events.is_settled(event, events)
        for event in asked
    )
    return {"password_changed_at": optional_instant(max(changed, default=None)), "rotating": rotating}


def _users_state(events: Sequence[DatabaseEvent], secrets: dict[str, str], *, makes_users: bool) -> str:
    if User.APPLICATION in secrets:
        return "ready"
    if not makes_users:
        return "none"
    failed = any(event.type is DatabaseEventType.ACCESS_FAILED for event in events)
    return "failed" if failed else "pending"


def _default_user(environment: str, catalog: Catalog, state: str) -> str:
    if state == "none":
        return User.MASTER.value
    known = environment in catalog.environments
    automatic = known and catalog.merges_automatically(environment)
    return (User.APPLICATION if automatic else User.READ_ONLY).value
