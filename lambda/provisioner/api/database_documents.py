"""The API's documents of databases: each whole, and as lists show it."""

import datetime as dt
from collections.abc import Sequence
from typing import Any, Final

from provisioner.api.documents import root_document, unfinished
from provisioner.core import database_events, expiry
from provisioner.core.catalog import Catalog, lifetime
from provisioner.core.database_events import DatabaseEvent
from provisioner.core.lifecycle import DatabaseState
from provisioner.core.models import Database, Listed, ListedRequest
from provisioner.core.root import NEVER
from provisioner.core.times import instant, optional_instant, parse_instant

_UPLOADS_EVERY: Final = dt.timedelta(minutes=5)


def database_document(
    database: Database,
    catalog: Catalog,
    *,
    requests: Sequence[str] | None = None,
    events: Sequence[DatabaseEvent] = (),
    listed: Listed | None = None,
) -> dict[str, Any]:
    """A database; `requests` lists the ids of its requests and `events` what else happened, oldest first.

    `listed` is what other rows know of it: its connections, where the reaper has looked, and its request.
    """
    listed = listed or Listed()
    document = {
        **root_document(database.root, catalog),
        "state": database.state.value,
        "team": database.team,
        "created_at": instant(database.created_at),
        "final_snapshot_id": database.final_snapshot,
        "warnings_at": warnings(database),
        "last_connection_at": optional_instant(listed.last_connection_at),
        "idle_since": optional_instant(listed.idle_since),
        "drifted": _drifted(database),
        "active_request": active_request(listed.request),
        "result": database.result,
        "links": {
            "self": f"/databases/{database.place}",
            "created_by": f"/requests/{database.origin}",
            "active_request": f"/requests/{database.active}" if database.active else None,
        },
    }
    if requests is not None:
        document["requests"] = [f"/requests/{request_id}" for request_id in requests]
        document["events"] = [_database_event(event) for event in events if event.type.is_known]
        document["secrets"] = secrets(database, events)
        document["drifted"] = _drift_of(database, events)
    return document


def _drifted(database: Database) -> dict[str, str] | None:
    """What its row says of it, which is as old as the last nightly check."""
    if database.drift is None or database.state is DatabaseState.REMOVED:
        return None
    return dict(database.drift)


def _drift_of(database: Database, events: Sequence[DatabaseEvent]) -> dict[str, str] | None:
    """Since when it differs from its root, and where that is said; None where it does not."""
    if database.state is DatabaseState.REMOVED:
        return None
    begun = database_events.drift(events, database.created_at)
    return {"since": instant(begun.at), "link": begun.detail["link"]} if begun else None


def restore_window(database: Database, now: dt.datetime) -> dict[str, str] | None:
    """From and until when it can be restored to a point in time; None where it cannot.

    RDS keeps automated backups for the root's days, and logs that it uploads every five minutes:
    https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/USER_PIT.html
    """
    kept = dt.timedelta(days=database.root.backup_retention_days)
    gone = database.state in (DatabaseState.PENDING, DatabaseState.REMOVED) or not database.result
    begin, end = max(database.created_at, now - kept), now - _UPLOADS_EVERY
    if gone or not kept or begin >= end:
        return None
    return {"from": instant(begin.replace(microsecond=0)), "until": instant(end.replace(microsecond=0))}


def extendable_until(database: Database, catalog: Catalog, now: dt.datetime) -> str | None:
    """The latest end that could be asked for now, or `never`; None once it is removed, or without rules."""
    rules = catalog.environments.get(database.environment)
    if rules is None or database.state is DatabaseState.REMOVED:
        return None
    longest = lifetime(rules.lifetime.maximum)
    if rules.lifetime.never or longest is None:
        return NEVER
    return instant((now + longest).replace(microsecond=0))


def warnings(database: Database) -> list[str]:
    """When people are warned of its end, first and last; empty without an end."""
    end = database.root.expires_at
    if end == NEVER or database.state is DatabaseState.REMOVED:
        return []
    return [
        instant(at.replace(microsecond=0)) for at in expiry.warnings(database.created_at, parse_instant(end))
    ]


def secrets(database: Database, events: Sequence[DatabaseEvent]) -> dict[str, str]:
    """The ARN of each user's secret, as far as the ledger knows it, by user."""
    found = {}
    if database.result and database.result.get("secret_arn"):
        found["master"] = str(database.result["secret_arn"])
    for event in events:
        if event.id == database_events.users_ready_id(database.origin):
            found |= dict(event.detail["secrets"])
    return found


def active_request(listed: ListedRequest | None) -> dict[str, Any] | None:
    """The request that a database waits for, as a list shows it; None where it waits for none."""
    if listed is None:
        return None
    return {
        "id": listed.id,
        "kind": listed.kind.value,
        "state": listed.state.value,
        "step": listed.step.value,
        "requested_by": listed.actor,
        "message": unfinished(listed.state, listed.step, cancelling=listed.cancelling),
        "cause": listed.cause,
        "updated_at": instant(listed.since),
        "links": {"self": f"/requests/{listed.id}"},
    }


def _database_event(event: DatabaseEvent) -> dict[str, Any]:
    return {
        "at": instant(event.at),
        "event": event.type.value,
        "actor": event.actor,
        **({"detail": dict(event.detail)} if event.detail else {}),
    }
