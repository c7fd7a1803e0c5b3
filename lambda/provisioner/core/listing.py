"""What lists show of a database beyond itself, as events of its requests change it."""

from dataclasses import replace
from typing import Final

from provisioner.core.lifecycle import DatabaseState, State
from provisioner.core.models import Activity, Database, Listed, ListedRequest, Request

LONGEST_CAUSE: Final = 300


def request(found: Request) -> ListedRequest:
    """What is shown of a request."""
    progress = found.progress
    return ListedRequest(
        id=found.id,
        kind=found.kind,
        state=progress.state,
        step=progress.step,
        since=progress.since,
        actor=found.actor,
        cancelling=progress.cancelling,
        cause=progress.failure.cause[:LONGEST_CAUSE] if progress.failure else None,
    )


def lacks_users(found: Request) -> bool:
    """Whether a request's database is there, and users that it makes cannot log in yet."""
    return found.progress.of_database is State.DONE and found.progress.state is not State.DONE


def after(database: Database, found: Request) -> Database:
    """The database as a request left it, with what lists show; as it was in a row without that."""
    listed = database.listed
    if listed is None:
        return database
    if database.state is DatabaseState.REMOVED:
        return replace(database, listed=removed(listed))
    if database.active == found.id:
        listed = replace(listed, request=request(found))
    elif database.active is None:
        listed = replace(listed, request=None)
    if database.origin == found.id:
        listed = replace(listed, lacks_users=found.id if lacks_users(found) else None)
    return replace(database, listed=listed)


def after_users(database: Database, found: Request) -> Database | None:
    """The database after an event of the creation that it does not wait for; None where nothing changed.

    In a row without what lists show it is another version, so that whoever fills that in reads it again.
    """
    if database.origin != found.id or not found.progress.users:
        return None
    new = after(database, found)
    return replace(new, version=new.version + 1) if new.listed is None or new != database else None


def removed(listed: Listed | None) -> Listed | None:
    """What is shown once it is removed: nothing is waited for."""
    return listed and replace(listed, request=None, lacks_users=None)


def after_look(listed: Listed, activity: Activity) -> Listed:
    """With what a look at its connections found."""
    return replace(listed, last_connection_at=activity.last_connection_at, idle_since=activity.idle_since)


def whole(
    database: Database, active: Request | None, origin: Request | None, activity: Activity | None
) -> Listed:
    """All of it, from the rows that say it; an activity of an earlier namesake says nothing."""
    lacking = origin is not None and lacks_users(origin)
    listed = Listed(
        request=request(active) if active and active.id == database.active else None,
        lacks_users=database.origin if lacking else None,
    )
    if database.state is DatabaseState.REMOVED:
        listed = Listed()
    known = activity is not None and activity.origin == database.origin
    return after_look(listed, activity) if activity and known else listed
