"""What a request's state means for its database, for its team's quota, and for when to look after it.

Rules only: the ledger reads, asks here, and writes.
"""

import datetime as dt
from collections.abc import Mapping
from dataclasses import replace
from typing import Final

from provisioner.core import expiry, listing
from provisioner.core.events import ACTOR, Step
from provisioner.core.lifecycle import (
    ENDED,
    WITHOUT_MERGE,
    DatabaseState,
    Kind,
    State,
    blocks,
    database_state,
)
from provisioner.core.models import Charge, Database, Listed, Request

# When the reaper looks at a step for the first time; lifecycle.MAXIMUM says when it gives up.
FIRST_CHECK: Final[Mapping[Step, dt.timedelta]] = {
    Step.PULL_REQUEST: dt.timedelta(minutes=2),
    Step.REVIEW: dt.timedelta(minutes=15),
    Step.QUEUE: dt.timedelta(minutes=30),
    Step.APPLY: dt.timedelta(minutes=60),
    Step.USERS: dt.timedelta(minutes=60),
}


def created(request: Request, version: int) -> Database:
    """The database that a create makes."""
    return Database(
        environment=request.environment,
        database_name=request.database_name,
        team=request.team,
        state=DatabaseState.PENDING,
        root=request.root,
        asked=request.asked,
        origin=request.id,
        active=request.id,
        created_at=request.created_at,
        charge=request.charge,
        listed=Listed(request=listing.request(request)),
        version=version,
    )


def change_started(database: Database, request: Request) -> Database:
    """A database that a request begins to change."""
    changed = replace(
        database,
        state=database_state(request.kind, State.REQUESTED),
        active=request.id,
        charge=request.charge,
        charge_before=database.charge,
        failed_before=database.active,
        version=database.version + 1,
    )
    return listing.after(changed, request)


def advanced(database: Database, request: Request, before: State) -> Database | None:
    """The database as the request's new state makes it; None where the request has no say in it.

    `before` is the state that the request had.
    """
    held = database if database.active == request.id else _reclaimed(database, request, before)
    if held is None:
        return listing.after_users(database, request)
    return listing.after(_advanced(database, held, request), request)


def _advanced(database: Database, held: Database, request: Request) -> Database:
    """The database in the hands of this request, in the request's state; `database` is it as it was read."""
    progress, state = request.progress, request.progress.of_database
    new = replace(
        held,
        state=database_state(request.kind, state),
        active=None if state in ENDED else request.id,
        version=database.version + 1,
    )
    if state not in ENDED:
        return new
    if state is State.DONE:
        new = replace(new, failed_before=None)
        if request.kind is not Kind.REMOVE:
            result = progress.result or database.result
            return replace(new, root=request.root, result=result, charge_before=new.charge)
    left = Charge() if new.state is DatabaseState.REMOVED else new.charge_before
    return replace(new, charge=left, charge_before=left)


def returned_to(database: Database, failed: Request) -> Database:
    """The database after a change came to nothing, in the hands of the request whose place that had taken."""
    held = replace(database, active=failed.id, failed_before=None)
    return advanced(held, failed, failed.progress.state) or held


def removed(database: Database) -> Database:
    """A database that went without a request."""
    return replace(
        database,
        state=DatabaseState.REMOVED,
        active=None,
        charge=Charge(),
        charge_before=Charge(),
        failed_before=None,
        listed=listing.removed(database.listed),
        version=database.version + 1,
    )


def next_request_check(request: Request, now: dt.datetime) -> dt.datetime | None:
    """When the reaper looks after a request to which something just happened."""
    progress = request.progress
    if progress.state in ENDED:  # until its record is kept, and what follows from it exists
        refused = request.kind is Kind.REMOVE and progress.state in WITHOUT_MERGE
        left = progress.pull_request or request.follow_up or refused
        return now + FIRST_CHECK[Step.PULL_REQUEST] if left else None
    if progress.failure and not progress.cancelling:
        # Its team goes on; but its record is kept too. Only a cancel still has to reach the worker.
        left = progress.pull_request or is_given_up(request)
        return now + FIRST_CHECK[Step.PULL_REQUEST] if left else None
    look = FIRST_CHECK.get(progress.step)
    return now + look if look else None


def is_given_up(request: Request) -> bool:
    """Whether a request failed and makes way: a removal or maintenance in the product's own name, before its
    merge.

    Nobody else would try it again, and its database would live on, or be kept from its team's changes.
    """
    if request.actor != ACTOR or request.kind not in (Kind.DISARM, Kind.REMOVE, Kind.MAINTAIN):
        return False
    return request.progress.failure is not None and blocks(request.progress)


def is_there(database: Database | None, made_by: Request) -> bool:
    """Whether the database that a creation made is there: not removed, and not its namesake's place."""
    if database is None or database.origin != made_by.id:
        return False
    return database.state is not DatabaseState.REMOVED


def next_database_check(database: Database) -> dt.datetime | None:
    """When the reaper looks at a database, of which no warning is known to have gone out."""
    if database.state not in (DatabaseState.AVAILABLE, DatabaseState.UPDATING, DatabaseState.FAILED):
        return None
    start = dt.datetime.min.replace(tzinfo=dt.UTC)
    return expiry.due(database.root.expires_at, database.created_at, {}, start).check_at


def _reclaimed(database: Database, request: Request, before: State) -> Database | None:
    """The database of a request that had ended without a merge and was merged all the same; else None.

    What is on the base branch counts, so that no quota is asked. A request whose place another one took
    has nothing to take up.
    """
    came_back = before in WITHOUT_MERGE and request.progress.state not in WITHOUT_MERGE
    if not came_back or database.active:
        return None
    removed = database.state is DatabaseState.REMOVED
    if request.kind is Kind.CREATE:
        return created(request, database.version) if removed else None
    return None if removed else change_started(database, request)
