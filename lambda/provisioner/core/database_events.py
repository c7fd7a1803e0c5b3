"""Every event of a database outside its requests, with its id: the same id each time that it is received."""

import datetime as dt
import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TypedDict

from provisioner.core.events import ACTOR, LONGEST_CAUSE, PIPELINE, OpenType
from provisioner.core.names import id8
from provisioner.core.times import instant, optional_instant


class DatabaseEventType(OpenType):
    """What can happen to a database outside its requests."""

    EXPIRING = "expiring"
    IDLE = "idle"
    REMOVED_IN_GIT = "removed_in_git"  # by a change that no request asked for
    NOT_APPLIED = "not_applied"  # main says what no request asked for
    BREAK_GLASS = "break_glass"  # an operator lets its root change without a request, or ended that
    USED_AGAIN = "used_again"
    SNAPSHOT_DELETED = "snapshot_deleted"
    USERS_READY = "users_ready"
    ROTATION_ASKED = "rotation_asked"
    ROTATED = "rotated"
    ACCESS_FAILED = "access_failed"
    DRIFTED = "drifted"  # it differs from its root, by a change outside git
    DRIFT_ENDED = "drift_ended"
    VERSION_ENDING = "version_ending"  # the standard support of its major version ends


class DatabaseDetail(TypedDict, total=False):
    """What the events of a database say beyond their type; each has the keys that its constructor writes."""

    expires_at: str
    last: bool
    idle_since: str | None
    removed_at: str | None
    last_connection_at: str | None
    pipeline_url: str
    link: str
    commit: str | None
    snapshot: str
    created_at: str
    kept_days: int | None
    secrets: Mapping[str, str]
    user: str
    secret_arn: str
    asked_by: str
    doing: str
    reason: str
    until: str
    version: str
    cause: str
    fix: str


@dataclass(frozen=True, slots=True, kw_only=True)
class DatabaseEvent:
    """One thing that happened to a database."""

    id: str
    type: DatabaseEventType
    at: dt.datetime
    actor: str
    detail: DatabaseDetail = field(default_factory=DatabaseDetail)


def expiring(mark: str, origin: str, at: dt.datetime, *, expires_at: str, last: bool) -> DatabaseEvent:
    """A warning of its end went out; `mark` is that of expiry.py."""
    return DatabaseEvent(
        id=f"expiring:{mark}:{id8(origin)}",
        type=DatabaseEventType.EXPIRING,
        at=at,
        actor=ACTOR,
        detail={"expires_at": expires_at, "last": last},
    )


def idle(
    spell: str, origin: str, at: dt.datetime, *, since: dt.datetime | None, removed_at: dt.datetime | None
) -> DatabaseEvent:
    """Nobody uses it since then; `removed_at` is when it is removed, where that is automatic."""
    return DatabaseEvent(
        id=f"{spell}:{'warned' if removed_at else 'reported'}:{id8(origin)}",
        type=DatabaseEventType.IDLE,
        at=at,
        actor=ACTOR,
        detail={"idle_since": optional_instant(since), "removed_at": optional_instant(removed_at)},
    )


def used_again(
    spell: str, origin: str, at: dt.datetime, *, last_connection_at: dt.datetime | None
) -> DatabaseEvent:
    """A spell of idleness is over."""
    return DatabaseEvent(
        id=f"{spell}:over:{id8(origin)}",
        type=DatabaseEventType.USED_AGAIN,
        at=at,
        actor=ACTOR,
        detail={"last_connection_at": optional_instant(last_connection_at)},
    )


def removed_in_git(at: dt.datetime, *, pipeline_url: str, commit: str | None) -> DatabaseEvent:
    """Its root left git without a request, and it was removed."""
    return DatabaseEvent(
        id=f"removed_in_git:{pipeline_url}",
        type=DatabaseEventType.REMOVED_IN_GIT,
        at=at,
        actor=PIPELINE,
        detail={"pipeline_url": pipeline_url, "commit": commit},
    )


def drifted(at: dt.datetime, *, pipeline_url: str, link: str) -> DatabaseEvent:
    """A look found that it differs from its root; `link` leads to where that is said."""
    return DatabaseEvent(
        id=f"drifted:{pipeline_url}",
        type=DatabaseEventType.DRIFTED,
        at=at,
        actor=PIPELINE,
        detail={"pipeline_url": pipeline_url, "link": link},
    )


def version_ending(
    mark: str, origin: str, at: dt.datetime, *, version: str, until: dt.date, last: bool
) -> DatabaseEvent:
    """A warning of the end of its version's standard support went out; `mark` is that of the ledger."""
    return DatabaseEvent(
        id=f"version_ending:{mark}:{id8(origin)}",
        type=DatabaseEventType.VERSION_ENDING,
        at=at,
        actor=ACTOR,
        detail={"version": version, "until": until.isoformat(), "last": last},
    )


def drift_ended(at: dt.datetime, *, pipeline_url: str) -> DatabaseEvent:
    """A later check found it as its root says again, or explained by a newer module."""
    return DatabaseEvent(
        id=f"drift_ended:{pipeline_url}",
        type=DatabaseEventType.DRIFT_ENDED,
        at=at,
        actor=PIPELINE,
        detail={"pipeline_url": pipeline_url},
    )


def drift(events: Iterable[DatabaseEvent], since: dt.datetime) -> DatabaseEvent | None:
    """The event with which it began to differ; None where it does not. `since` is when it was made."""
    kinds = (DatabaseEventType.DRIFTED, DatabaseEventType.DRIFT_ENDED)
    said = [event for event in events if event.type in kinds and event.at >= since]
    newest = max(said, key=lambda event: (event.at, event.id), default=None)
    return newest if newest and newest.type is DatabaseEventType.DRIFTED else None


def not_applied(
    digest: str, at: dt.datetime, *, pipeline_url: str, commit: str, cause: str, fix: str
) -> DatabaseEvent:
    """Main says what no request asked for, so that it is not applied; once for each content of the root."""
    return DatabaseEvent(
        id=f"not_applied:{digest}",
        type=DatabaseEventType.NOT_APPLIED,
        at=at,
        actor=PIPELINE,
        detail={"pipeline_url": pipeline_url, "commit": commit, "cause": cause[:LONGEST_CAUSE], "fix": fix},
    )


def break_glass(
    doing: str, at: dt.datetime, actor: str, *, opened_at: dt.datetime, until: dt.datetime, reason: str
) -> DatabaseEvent:
    """The break-glass switch was `opened` or `closed` by an operator, or `used` by a run of the pipeline."""
    return DatabaseEvent(
        id=f"break_glass:{instant(opened_at)}:{doing}",
        type=DatabaseEventType.BREAK_GLASS,
        at=at,
        actor=actor,
        detail={"doing": doing, "reason": reason, "until": instant(until)},
    )


def snapshot_deleted_id(snapshot: str) -> str:
    """The id under which the deletion of a final snapshot is announced."""
    return f"snapshot_deleted:{snapshot}"


def snapshot_deleted(
    snapshot: str, at: dt.datetime, *, created_at: dt.datetime, kept_days: int | None
) -> DatabaseEvent:
    """A final snapshot of it was old enough to go."""
    return DatabaseEvent(
        id=snapshot_deleted_id(snapshot),
        type=DatabaseEventType.SNAPSHOT_DELETED,
        at=at,
        actor=ACTOR,
        detail={"snapshot": snapshot, "created_at": instant(created_at), "kept_days": kept_days},
    )


def users_ready_id(origin: str) -> str:
    """The id under which the users of the database that `origin` made are announced."""
    return f"users_ready:{id8(origin)}"


def users_ready(origin: str, at: dt.datetime, *, secrets: Mapping[str, str]) -> DatabaseEvent:
    """Its users can log in; `secrets` holds the ARN of each one's secret."""
    return DatabaseEvent(
        id=users_ready_id(origin),
        type=DatabaseEventType.USERS_READY,
        at=at,
        actor=ACTOR,
        detail={"secrets": dict(secrets)},
    )


def rotation_asked(
    new_id: object, at: dt.datetime, actor: str, *, user: str, reason: str = ""
) -> DatabaseEvent:
    """Someone asked for another password of a user."""
    detail: DatabaseDetail = {"user": user}
    if reason:
        detail["reason"] = reason
    return DatabaseEvent(
        id=f"rotation_asked:{new_id}",
        type=DatabaseEventType.ROTATION_ASKED,
        at=at,
        actor=actor,
        detail=detail,
    )


def rotated_id(asked_id: str) -> str:
    """The id under which the rotation that this event asked for is announced."""
    return f"rotated:{asked_id}"


def rotated(asked: DatabaseEvent, at: dt.datetime, *, user: str, secret_arn: str) -> DatabaseEvent:
    """A user has another password."""
    return DatabaseEvent(
        id=rotated_id(asked.id),
        type=DatabaseEventType.ROTATED,
        at=at,
        actor=ACTOR,
        detail={"user": user, "secret_arn": secret_arn, "asked_by": asked.actor},
    )


def rotation_failed_id(asked_id: str) -> str:
    """The id under which it is announced that the rotation which this event asked for came to nothing."""
    return f"access_failed:{asked_id}"


def rotation_failed(asked: DatabaseEvent, at: dt.datetime, *, cause: str, fix: str) -> DatabaseEvent:
    """RDS refused to rotate the master's password, or did not; the password is what it was."""
    return _failed(rotation_failed_id(asked.id), "rotating a password", at, cause=cause, fix=fix)


def is_settled(asked: DatabaseEvent, known: Iterable[DatabaseEvent]) -> bool:
    """Whether the end of a rotation is among these events."""
    ends = {rotated_id(asked.id), rotation_failed_id(asked.id)}
    return any(event.id in ends for event in known)


def access_failed(doing: str, at: dt.datetime, *, cause: str, fix: str) -> DatabaseEvent:
    """Users could not be made, or a password not rotated, and it is not tried again automatically."""
    return _failed(f"access_failed:{doing}:{instant(at)}", doing, at, cause=cause, fix=fix)


def rights_missing(refused: Sequence[str], at: dt.datetime) -> DatabaseEvent:
    """Its users can log in, and the master user could not give them these rights; each set is said once."""
    cause = "; ".join(refused)
    digest = hashlib.sha256(cause.encode()).hexdigest()
    return _failed(
        f"access_failed:granting rights:{digest[:8]}",
        "granting rights",
        at,
        cause=cause[:LONGEST_CAUSE],
        fix="grant them as the owner (docs/access.md); everything else works",
    )


def missing_in_git(at: dt.datetime) -> DatabaseEvent:
    """A ledger that was lost was rebuilt, and git has no root of it any more."""
    return DatabaseEvent(
        id="removed_in_git:rebuild",
        type=DatabaseEventType.REMOVED_IN_GIT,
        at=at,
        actor=ACTOR,
        detail={"pipeline_url": "", "commit": ""},
    )


def _failed(event_id: str, doing: str, at: dt.datetime, *, cause: str, fix: str) -> DatabaseEvent:
    return DatabaseEvent(
        id=event_id,
        type=DatabaseEventType.ACCESS_FAILED,
        at=at,
        actor=ACTOR,
        detail={"doing": doing, "cause": cause, "fix": fix},
    )
