"""Each event has the id that it always had: what is stored, and received again, is the same event."""

import datetime as dt
from typing import Any

import pytest
from provisioner.core import database_events, events, reruns
from provisioner.core.database_events import DatabaseDetail, DatabaseEvent, DatabaseEventType
from provisioner.core.events import Detail, Event, EventType, Step

AT = dt.datetime(2026, 11, 20, 10, 0, 0, 123456, dt.UTC)
SINCE = dt.datetime(2026, 11, 20, 9, 0, tzinfo=dt.UTC)
ORIGIN = "3f0c1a2b-8f5e-4c1d-9a70-1c2d3e4f5a6b"
URL = "https://app.circleci.com/pipelines/7"
SHA = "a" * 40
RUN: dict[str, Any] = {"pipeline_url": URL, "commit": SHA}
RETRY = events.retried(2, AT, "alpha-ci")
ASKED = database_events.rotation_asked("77", AT, "alpha-ci", user="master")
FAILURE: dict[str, Any] = {"cause": "c", "fix": "f"}


REQUEST_EVENTS: list[tuple[Event, str, str, str, dict[str, Any]]] = [
    (events.requested(AT, "ci"), "requested", "requested", "ci", {}),
    (events.cancel_asked(AT, "ci"), "cancel_asked", "cancel_asked", "ci", {}),
    (events.cancelled(AT), "cancelled", "cancelled", "rds-provisioner", {}),
    (RETRY, "retried:2", "retried", "alpha-ci", {}),
    (
        events.opened(12, AT, url="u", commit=SHA),
        "opened:12",
        "opened",
        "rds-provisioner",
        {"pull_request": 12, "pull_request_url": "u", "commit": SHA},
    ),
    (events.merged(12, AT, "ben", commit=SHA), "merged:12", "merged", "ben", {"commit": SHA}),
    (events.closed(12, AT, "ben"), "closed:12:2026-11-20T10:00:00Z", "closed", "ben", {}),
    (events.reopened(12, AT, "ben"), "reopened:12:2026-11-20T10:00:00Z", "reopened", "ben", {}),
    (events.edited(SHA, AT, "ben"), f"edited:{SHA}", "edited", "ben", {"commit": SHA}),
    (events.approved(9, AT, "ben"), "approved:9", "approved", "ben", {}),
    (events.approved(9, AT, "ben", commit=SHA), "approved:9", "approved", "ben", {"commit": SHA}),
    (
        events.changes_requested(9, AT, "ben", commit=SHA),
        "changes_requested:9",
        "changes_requested",
        "ben",
        {"commit": SHA},
    ),
    (events.approval_dismissed(9, AT, "ben"), "approval_dismissed:9", "approval_dismissed", "ben", {}),
    (
        events.approval_awaited(2, AT, owners=["@acme/platform"], waits_for="w", commit=SHA),
        "approval_awaited:2",
        "approval_awaited",
        "rds-provisioner",
        {"approval_of": ["@acme/platform"], "waits_for": "w", "commit": SHA},
    ),
    (
        events.merged(12, AT, "ben", commit=SHA, approved_by=("ann",)),
        "merged:12",
        "merged",
        "ben",
        {"commit": SHA, "approved_by": ["ann"]},
    ),
    (
        events.planned(SHA, AT, pipeline_url=URL, as_asked=True, counts="1 to add"),
        f"planned:{SHA}:{URL}",
        "planned",
        "pipeline",
        {**RUN, "as_asked": True, "plan": "1 to add"},
    ),
    (events.started(AT, **RUN), f"started:{URL}", "started", "pipeline", RUN),
    (
        events.succeeded(AT, **RUN, result={"port": 5432}),
        f"succeeded:{URL}",
        "succeeded",
        "pipeline",
        {**RUN, "result": {"port": 5432}},
    ),
    (events.removed(AT, **RUN), f"removed:{URL}", "succeeded", "pipeline", RUN),
    (events.requested(AT, "ci", users=True), "requested", "requested", "ci", {"users": True}),
    (events.users_ready(AT), "users_ready", "users_ready", "rds-provisioner", {}),
    (
        events.failed_users(AT, **FAILURE),
        "failed:users:2026-11-20T10:00:00Z",
        "failed",
        "rds-provisioner",
        {"step": "users", **FAILURE, "retryable": True},
    ),
    (
        reruns.redriven(reruns.after_retry(RETRY), AT, pipeline=4),
        "redriven:retried:2",
        "redriven",
        "rds-provisioner",
        {"pipeline": 4},
    ),
    (
        reruns.redriven(reruns.of_silent(SINCE), AT, pipeline=4),
        "redriven:silent:2026-11-20T09:00:00Z",
        "redriven",
        "rds-provisioner",
        {"pipeline": 4},
    ),
    (
        reruns.redriven(reruns.of_queue(SINCE), AT, pipeline=4),
        "redriven:queue:2026-11-20T09:00:00Z",
        "redriven",
        "rds-provisioner",
        {"pipeline": 4},
    ),
    (
        events.failed_opening(3, AT, **FAILURE),
        "failed:pull_request:3",
        "failed",
        "rds-provisioner",
        {**FAILURE, "step": "pull_request", "retryable": True},
    ),
    (
        events.failed_plan(SHA, AT, pipeline_url=URL, **FAILURE),
        f"failed:plan:{SHA}:{URL}",
        "failed",
        "pipeline",
        {**FAILURE, "step": "review", "retryable": False, "pipeline_url": URL},
    ),
    (
        events.failed_rerun("redriven:retried:2", Step.QUEUE, AT, **FAILURE),
        "failed:redriven:retried:2",
        "failed",
        "rds-provisioner",
        {**FAILURE, "step": "queue", "retryable": True},
    ),
    (
        events.failed_stuck(Step.REVIEW, SINCE, AT, **FAILURE, retryable=False),
        "failed:stuck:review:2026-11-20T09:00:00Z",
        "failed",
        "rds-provisioner",
        {**FAILURE, "step": "review", "retryable": False},
    ),
    (
        events.failed_apply(AT, **RUN, **FAILURE, retryable=True),
        f"failed:{URL}",
        "failed",
        "pipeline",
        {**RUN, **FAILURE, "step": "apply", "retryable": True},
    ),
]


@pytest.mark.parametrize(
    ("event", "event_id", "type_", "actor", "detail"),
    REQUEST_EVENTS,
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_a_requests_event_is_stored_as_it_always_was(
    event: Event, event_id: str, type_: str, actor: str, detail: Detail
) -> None:
    assert event == Event(id=event_id, type=EventType(type_), at=AT, actor=actor, detail=detail)


DATABASE_EVENTS: list[tuple[DatabaseEvent, str, str, str, dict[str, Any]]] = [
    (
        database_events.rotation_failed(ASKED, AT, **FAILURE),
        "access_failed:rotation_asked:77",
        "access_failed",
        "rds-provisioner",
        {**FAILURE, "doing": "rotating a password"},
    ),
    (
        database_events.rights_missing(["granting a: it belongs to bob", "granting b: no"], AT),
        "access_failed:granting rights:3b0d78ad",
        "access_failed",
        "rds-provisioner",
        {
            "doing": "granting rights",
            "cause": "granting a: it belongs to bob; granting b: no",
            "fix": "grant them as the owner (docs/access.md); everything else works",
        },
    ),
    (
        database_events.expiring("last@E", ORIGIN, AT, expires_at="E", last=True),
        "expiring:last@E:3f0c1a2b",
        "expiring",
        "rds-provisioner",
        {"expires_at": "E", "last": True},
    ),
    (
        database_events.idle("idle:D", ORIGIN, AT, since=SINCE, removed_at=None),
        "idle:D:reported:3f0c1a2b",
        "idle",
        "rds-provisioner",
        {"idle_since": "2026-11-20T09:00:00Z", "removed_at": None},
    ),
    (
        database_events.idle("idle:D", ORIGIN, AT, since=SINCE, removed_at=SINCE),
        "idle:D:warned:3f0c1a2b",
        "idle",
        "rds-provisioner",
        {"idle_since": "2026-11-20T09:00:00Z", "removed_at": "2026-11-20T09:00:00Z"},
    ),
    (
        database_events.used_again("idle:D", ORIGIN, AT, last_connection_at=None),
        "idle:D:over:3f0c1a2b",
        "used_again",
        "rds-provisioner",
        {"last_connection_at": None},
    ),
    (
        database_events.removed_in_git(AT, **RUN),
        f"removed_in_git:{URL}",
        "removed_in_git",
        "pipeline",
        RUN,
    ),
    (
        database_events.not_applied("0f3a", AT, **RUN, cause="c", fix="f"),
        "not_applied:0f3a",
        "not_applied",
        "pipeline",
        RUN | {"cause": "c", "fix": "f"},
    ),
    (
        database_events.break_glass("opened", AT, "ada", opened_at=AT, until=AT, reason="API down"),
        "break_glass:2026-11-20T10:00:00Z:opened",
        "break_glass",
        "ada",
        {"doing": "opened", "reason": "API down", "until": "2026-11-20T10:00:00Z"},
    ),
    (
        database_events.missing_in_git(AT),
        "removed_in_git:rebuild",
        "removed_in_git",
        "rds-provisioner",
        {"pipeline_url": "", "commit": ""},
    ),
    (
        database_events.snapshot_deleted("dev-a-final-1", AT, created_at=SINCE, kept_days=30),
        "snapshot_deleted:dev-a-final-1",
        "snapshot_deleted",
        "rds-provisioner",
        {"snapshot": "dev-a-final-1", "created_at": "2026-11-20T09:00:00Z", "kept_days": 30},
    ),
    (
        database_events.users_ready(ORIGIN, AT, secrets={"application": "arn"}),
        "users_ready:3f0c1a2b",
        "users_ready",
        "rds-provisioner",
        {"secrets": {"application": "arn"}},
    ),
    (ASKED, "rotation_asked:77", "rotation_asked", "alpha-ci", {"user": "master"}),
    (
        database_events.rotated(ASKED, AT, user="master", secret_arn="arn"),
        "rotated:rotation_asked:77",
        "rotated",
        "rds-provisioner",
        {"user": "master", "secret_arn": "arn", "asked_by": "alpha-ci"},
    ),
    (
        database_events.access_failed("making the users", AT, **FAILURE),
        "access_failed:making the users:2026-11-20T10:00:00Z",
        "access_failed",
        "rds-provisioner",
        {"doing": "making the users", **FAILURE},
    ),
    (
        database_events.drifted(AT, pipeline_url="https://ci.example/jobs/9", link="https://git.example/9"),
        "drifted:https://ci.example/jobs/9",
        "drifted",
        "pipeline",
        {"pipeline_url": "https://ci.example/jobs/9", "link": "https://git.example/9"},
    ),
    (
        database_events.drift_ended(AT, pipeline_url="https://ci.example/jobs/10"),
        "drift_ended:https://ci.example/jobs/10",
        "drift_ended",
        "pipeline",
        {"pipeline_url": "https://ci.example/jobs/10"},
    ),
    (
        database_events.version_ending(
            "support:30@2028-02-29:15", ORIGIN, AT, version="15", until=dt.date(2028, 2, 29), last=True
        ),
        f"version_ending:support:30@2028-02-29:15:{ORIGIN[:8]}",
        "version_ending",
        "rds-provisioner",
        {"version": "15", "until": "2028-02-29", "last": True},
    ),
]


@pytest.mark.parametrize(
    ("event", "event_id", "type_", "actor", "detail"),
    DATABASE_EVENTS,
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_a_databases_event_is_stored_as_it_always_was(
    event: DatabaseEvent, event_id: str, type_: str, actor: str, detail: DatabaseDetail
) -> None:
    assert event == DatabaseEvent(
        id=event_id, type=DatabaseEventType(type_), at=AT, actor=actor, detail=detail
    )


def test_a_cause_is_cut_to_what_an_event_keeps() -> None:
    event = events.failed_apply(AT, **RUN, cause="x" * 3000, fix="f", retryable=True)
    assert event.detail["cause"] == "x" * 2000


def test_the_tables_above_hold_every_type() -> None:
    assert {case[0].type for case in REQUEST_EVENTS} == set(EventType)
    assert {case[0].type for case in DATABASE_EVENTS} == set(DatabaseEventType)


def test_what_else_is_said_of_an_apply_stands_in_its_event_under_the_same_id() -> None:
    event = events.started(AT, **RUN)
    assert events.noted(event, ()) == event
    noted = events.noted(event, ("It goes on for another.", "x" * 3000))
    assert (noted.id, noted.detail["notes"]) == (event.id, ["It goes on for another.", "x" * 2000])


def test_of_what_a_plan_changes_a_few_short_texts_are_kept() -> None:
    change = {"resource": "r", "name": "n", "before": "b" * 200, "after": "a"}
    kept = events.planned(SHA, AT, pipeline_url=URL, as_asked=True, counts="c", changed=[change] * 40)
    assert kept.detail["changed"] == [{**change, "before": "b" * 100}] * 20
