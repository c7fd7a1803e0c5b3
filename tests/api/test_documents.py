"""How requests, databases and quotas look in the API's answers, member by member."""

import dataclasses
import datetime as dt
from typing import Any

import pytest
from provisioner.api.database_documents import database_document, secrets
from provisioner.api.documents import quota_document, request_document, request_summary, root_document
from provisioner.core import database_events, durations, events, listing
from provisioner.core.database_events import DatabaseEvent
from provisioner.core.events import Event
from provisioner.core.lifecycle import DatabaseState, derive
from provisioner.core.models import Activity, Charge, Listed, Request

from tests.core.examples import ID, NOW, catalog, database, request, root

SECOND = dt.timedelta(seconds=1)
ASKED = events.requested(NOW, "alpha-ci")
OPENED = events.opened(7, NOW + 2 * SECOND, url="https://git/7", commit="c")
MERGED = events.merged(7, NOW + 10 * SECOND, "reviewer", commit="d")
STARTED = events.started(NOW + 20 * SECOND, pipeline_url="https://ci/1", commit="d")
DONE = events.succeeded(NOW + 80 * SECOND, pipeline_url="https://ci/1", commit="d", result={"endpoint": "h"})
CLOSED = events.closed(7, NOW + 9 * SECOND, "reviewer")
CANCELLED = events.cancelled(NOW + 9 * SECOND)
FAILED = events.failed_apply(
    NOW + 50 * SECOND, pipeline_url="https://ci/1", commit="d", cause="boom", fix="fix it", retryable=True
)


def after(*happened: Event, **body: Any) -> Request:
    return dataclasses.replace(request(ID, **body), progress=derive([ASKED, *happened]))


def document(
    *happened: Event, seconds: float = 100, known: dict[str, list[float]] | None = None, **body: Any
) -> dict[str, Any]:
    """The document of a request to which this happened, some seconds after it was asked for."""
    shown = after(*happened, **body)
    return request_document(
        shown,
        [ASKED, *happened],
        catalog(),
        now=NOW + seconds * SECOND,
        usual=durations.usual(known or {}, shown, catalog()),
    )


def test_a_request_in_a_list_says_what_it_is_where_it_stands_and_where_to_look() -> None:
    wanted = dataclasses.replace(after(OPENED, MERGED, STARTED), reason="why", follow_up="next")
    assert request_summary(wanted) == {
        "id": ID,
        "kind": "create",
        "state": "applying",
        "step": "apply",
        "environment": "dev",
        "database_name": "mydb123",
        "database_engine": "mysql",
        "team": "alpha",
        "requested_by": "alpha",
        "person": None,
        "claimed_by": None,
        "reason": "why",
        "message": "Terraform is applying it.",
        "created_at": "2026-11-23T12:00:00Z",
        "updated_at": "2026-11-23T12:00:20Z",
        "links": {
            "self": f"/requests/{ID}",
            "database": "/databases/dev/mydb123",
            "pull_request": "https://git/7",
            "pipeline": "https://ci/1",
            "next_request": "/requests/next",
        },
    }
    assert request_summary(request(ID))["links"] == {
        "self": f"/requests/{ID}",
        "database": "/databases/dev/mydb123",
        "pull_request": None,
        "pipeline": None,
        "next_request": None,
    }


@pytest.mark.parametrize(
    ("happened", "state", "message"),
    [
        ([], "requested", "The pull request is being opened."),
        (
            [OPENED],
            "pull_request_open",
            "The pull request is open; gate, plan and approval come next.",
        ),
        ([OPENED, MERGED], "merged", "Merged; the pipeline applies it next."),
        ([OPENED, MERGED, STARTED], "applying", "Terraform is applying it."),
        ([OPENED, MERGED, STARTED, DONE], "done", "Ready at h. Connect with `rdsctl connect dev/mydb123`."),
        (
            [OPENED, CLOSED],
            "rejected",
            "The pull request was closed without a merge. Nothing was changed.",
        ),
        ([OPENED, CANCELLED], "cancelled", "Cancelled. Nothing was changed."),
        ([OPENED, MERGED, STARTED, FAILED], "failed", "It failed; see error for the cause and the fix."),
    ],
)
def test_each_state_has_a_sentence(happened: list[Event], state: str, message: str) -> None:
    shown = document(*happened)
    assert (shown["state"], shown["message"]) == (state, message)


AWAITED = events.approval_awaited(
    1, NOW + 5 * SECOND, owners=["@acme/platform"], waits_for="it waits for an approval", commit="c"
)


def test_an_open_pull_request_says_whose_approval_it_waits_for_and_where_to_give_it() -> None:
    plan = events.planned(
        "c", NOW + 4 * SECOND, pipeline_url="https://ci/1", as_asked=True, counts="2 to add"
    )

    assert document(OPENED, plan, AWAITED, environment="staging")["waiting_for"] == {
        "what": "approval",
        "sentence": "It is planned (2 to add), and not merged: it waits for an approval.",
        "since": "2026-11-23T12:00:02Z",
        "link": "https://git/7",
        "approval_of": ["@acme/platform"],
        "approvers": [],
    }


def test_the_people_of_a_team_are_named_once_where_github_says_who_they_are() -> None:
    approvers = [
        {"owner": "@acme/platform", "people": ["ines", "paul"]},
        {"owner": "@paul", "people": ["paul"]},
    ]
    named = events.approval_awaited(
        1, NOW, owners=["@acme/platform", "@paul"], waits_for="w", commit="c", approvers=approvers
    )
    shown = document(OPENED, named, environment="staging")
    assert shown["waiting_for"]["approvers"] == ["ines", "paul"]
    assert shown["waiting_for"]["approval_of"] == ["@acme/platform", "@paul"]
    assert all("approvers" not in each.get("detail", {}) for each in shown["timeline"])


def test_the_newest_plan_is_shown_with_its_counts_and_what_it_changes() -> None:
    changed = [
        {"resource": "aws_db_instance.this", "name": "allocated_storage", "before": "20", "after": "40"}
    ]
    first = events.planned("b", NOW + SECOND, pipeline_url="https://ci/1", as_asked=False, counts="9 to add")
    newest = events.planned(
        "c",
        NOW + 4 * SECOND,
        pipeline_url="https://ci/2",
        as_asked=True,
        counts="0 to add, 1 to change, 0 to destroy",
        numbers={"add": 0, "change": 1, "destroy": 0, "replace": 0},
        changed=changed,
    )
    assert document(OPENED)["plan"] is None
    assert document(OPENED, first)["plan"]["counts"] is None  # of an earlier release
    shown = document(OPENED, first, newest)
    assert shown["plan"] == {
        "at": "2026-11-23T12:00:04Z",
        "sentence": "0 to add, 1 to change, 0 to destroy",
        "as_asked": True,
        "counts": {"add": 0, "change": 1, "destroy": 0, "replace": 0},
        "changed": changed,
        "pipeline": "https://ci/2",
    }
    (last,) = [each["detail"] for each in shown["timeline"] if each["at"] == "2026-11-23T12:00:04Z"]
    assert "changed" not in last
    assert last["plan"] == "0 to add, 1 to change, 0 to destroy"


def test_what_is_merged_waits_for_no_approval() -> None:
    shown = document(OPENED, AWAITED, MERGED)["waiting_for"]
    assert (shown["what"], shown["approval_of"]) == ("pipeline", [])


def test_where_an_approval_is_waited_for_the_review_may_take_two_weeks() -> None:
    def longest(*happened: Event, **body: Any) -> int:
        seconds: int = document(*happened, **body)["steps"][-1]["maximum_seconds"]
        return seconds

    assert longest(OPENED) == 2 * 3600
    assert longest(OPENED, AWAITED) == 14 * 86400
    assert longest(OPENED, environment="staging") == 14 * 86400


def test_a_request_has_its_root_and_its_summary() -> None:
    shown = document(OPENED)
    assert shown["database"] == root_document(root(), catalog())
    assert shown == shown | request_summary(after(OPENED))


def test_the_timeline_counts_seconds_from_the_request() -> None:
    assert document(OPENED, MERGED)["timeline"] == [
        {"at": "2026-11-23T12:00:00Z", "seconds": 0.0, "event": "requested", "actor": "alpha-ci"},
        {
            "at": "2026-11-23T12:00:02Z",
            "seconds": 2.0,
            "event": "opened",
            "actor": "rds-provisioner",
            "detail": {"pull_request": 7, "pull_request_url": "https://git/7", "commit": "c"},
        },
        {
            "at": "2026-11-23T12:00:10Z",
            "seconds": 10.0,
            "event": "merged",
            "actor": "reviewer",
            "detail": {"commit": "d"},
        },
    ]


def test_a_failure_says_where_why_what_to_do_and_whether_a_retry_helps() -> None:
    assert document(OPENED, MERGED, STARTED, FAILED)["error"] == {
        "step": "apply",
        "cause": "boom",
        "fix": "fix it",
        "retryable": True,
    }
    assert document(OPENED)["error"] is None


def test_a_result_is_shown_once_there_is_one() -> None:
    assert document(OPENED, MERGED, STARTED, DONE)["result"] == {"endpoint": "h"}
    assert document(OPENED)["result"] is None


def test_each_step_that_began_says_how_long_it_took() -> None:
    assert document(OPENED, MERGED, STARTED, DONE)["steps"] == [
        {"step": "pull_request", "started_at": "2026-11-23T12:00:00Z", "seconds": 2.0},
        {"step": "review", "started_at": "2026-11-23T12:00:02Z", "seconds": 8.0},
        {"step": "queue", "started_at": "2026-11-23T12:00:10Z", "seconds": 10.0},
        {"step": "apply", "started_at": "2026-11-23T12:00:20Z", "seconds": 60.0},
    ]


@pytest.mark.parametrize(
    ("environment", "maximum"), [("dev", 7_200), ("staging", 1_209_600)], ids=["automatic", "reviewed"]
)
def test_the_running_step_says_how_long_it_usually_and_at_most_takes(environment: str, maximum: int) -> None:
    shown = document(OPENED, seconds=32, known={f"review_{environment}": [55.5]}, environment=environment)
    assert shown["steps"][-1] == {
        "step": "review",
        "started_at": "2026-11-23T12:00:02Z",
        "seconds": 30.0,
        "running": True,
        "typical_seconds": 55.5,
        "maximum_seconds": maximum,
    }


def test_before_any_history_the_catalog_says_what_is_usual() -> None:
    (step,) = document()["steps"]
    assert (step["running"], step["typical_seconds"], step["maximum_seconds"]) == (True, 15.0, 86_400)


def test_the_estimate_says_when_it_is_ready_and_by_what_it_is_judged() -> None:
    shown = document(OPENED, MERGED, seconds=30, known={"queue": [50.0], "apply#mysql": [300.0, 400.0]})
    assert shown["estimate"] == {
        "ready_at": {"likely": "2026-11-23T12:06:50Z", "latest": "2026-11-23T12:43:10Z"},
        "seconds": {"likely": 380, "latest": 2560},
        "after_approval_seconds": None,
        "steps": [
            {"step": "queue", "seconds": {"likely": 30, "latest": 160}, "basis": "queue"},
            {"step": "apply", "seconds": {"likely": 350, "latest": 2400}, "basis": "apply#mysql"},
        ],
    }
    assert shown["slower_than_usual"] is False


def test_where_a_reviewer_decides_the_estimate_begins_with_the_approval() -> None:
    shown = document(OPENED, environment="staging")["estimate"]
    assert (shown["ready_at"], shown["seconds"]) == (None, None)
    assert shown["after_approval_seconds"] == {"likely": 960, "latest": 2580}
    assert shown["steps"][0] == {"step": "review", "seconds": None, "basis": "reviewer"}


def test_what_takes_longer_than_usual_says_so() -> None:
    assert document(OPENED, MERGED, STARTED, seconds=3_000)["slower_than_usual"] is True
    assert document(OPENED, MERGED, STARTED, DONE, seconds=3_000)["slower_than_usual"] is False
    assert document(OPENED, MERGED, STARTED, DONE)["estimate"] is None


PLANNED = events.planned("c", NOW + 5 * SECOND, pipeline_url="https://ci/0", as_asked=True, counts="1 to add")


@pytest.mark.parametrize(
    ("happened", "environment", "waits"),
    [
        ([], "dev", ("pull_request", "The pull request is being opened.", None)),
        ([OPENED], "dev", ("plan", "The pipeline checks and plans the pull request.", "https://git/7")),
        ([OPENED, PLANNED], "dev", ("merge", "It is planned and merges automatically.", "https://git/7")),
        (
            [OPENED, PLANNED],
            "staging",
            ("approval", "A reviewer of staging approves the pull request.", "https://git/7"),
        ),
        ([OPENED, MERGED], "dev", ("pipeline", "The pipeline begins the apply next.", "https://git/7")),
        ([OPENED, MERGED, STARTED], "dev", ("rds", "Terraform and RDS carry it out.", "https://ci/1")),
    ],
    ids=["new", "opened", "planned", "reviewed", "merged", "started"],
)
def test_what_a_request_waits_for_is_one_sentence_with_a_link(
    happened: list[Event], environment: str, waits: tuple[str, str, str | None]
) -> None:
    shown = document(*happened, environment=environment)["waiting_for"]
    assert (shown["what"], shown["sentence"], shown["link"]) == waits


@pytest.mark.parametrize("last", [CLOSED, CANCELLED], ids=["rejected", "cancelled"])
def test_what_ended_waits_for_nothing(last: Event) -> None:
    assert document(OPENED, last)["waiting_for"] is None
    assert document(OPENED, MERGED, STARTED, FAILED)["waiting_for"] is None


@pytest.mark.parametrize(
    ("happened", "last"),
    [
        (
            [OPENED, CLOSED],
            {"step": "review", "started_at": "2026-11-23T12:00:02Z", "seconds": 7.0},
        ),
        (
            [OPENED, MERGED, STARTED, FAILED],
            {"step": "apply", "started_at": "2026-11-23T12:00:20Z", "seconds": 30.0},
        ),
    ],
    ids=["ended", "failed"],
)
def test_the_clock_of_a_step_stops_where_it_ended_or_failed(
    happened: list[Event], last: dict[str, Any]
) -> None:
    assert document(*happened, seconds=999)["steps"][-1] == last


def test_a_root_reads_in_the_words_of_the_api() -> None:
    wanted = root(tags={"a": "b"}, restore_from={"database": "dev/source"}, purpose="load tests")
    assert root_document(wanted, catalog()) == {
        "environment": "dev",
        "database_name": "mydb123",
        "database_engine": "mysql",
        "engine_version": "8.4",
        "size": "small",
        "instance_class": "db.t4g.micro",
        "capacity": None,
        "storage_gb": 20,
        "max_storage_gb": 40,
        "high_availability": False,
        "backup_retention_days": 1,
        "deletion_protection": False,
        "final_snapshot": False,
        "extended_support": None,
        "backup_window": "01:00-01:30",
        "maintenance_window": "sun:03:00-sun:03:30",
        "owner": "alpha",
        "purpose": "load tests",
        "cost_center": "alpha",
        "expires_at": "2026-11-30T12:00:00Z",
        "tags": {"a": "b"},
        "restore_from": {"snapshot": None, "database": "dev-source", "point_in_time": "latest"},
        "monthly_cost_usd": 13.98,
        "prices_as_of": "2026-11-01",
        "price": {
            "monthly_usd": 13.98,
            "instance_usd": 11.68,
            "storage_usd": 2.3,
            "range": None,
            "region": "us-east-1",
            "as_of": "2026-11-01",
            "not_included": "backups beyond the storage's size, snapshots, storage that RDS grows, "
            "data transfer, "
            "logs, Extended Support, discounts and taxes",
            "missing": None,
        },
    }
    assert root_document(root(), catalog())["restore_from"] is None


def test_a_size_that_left_the_catalog_has_no_name_and_no_price() -> None:
    shown = root_document(dataclasses.replace(root(), instance_class="db.t2.micro"), catalog())
    assert (shown["size"], shown["instance_class"], shown["monthly_cost_usd"]) == (None, "db.t2.micro", None)


def test_a_database_in_a_list_has_no_history() -> None:
    one = dataclasses.replace(database(), origin=ID, active="next", result={"endpoint": "h"})
    assert database_document(one, catalog()) == root_document(one.root, catalog()) | {
        "state": "available",
        "team": "alpha",
        "created_at": "2026-11-23T12:00:00Z",
        "final_snapshot_id": None,
        "warnings_at": ["2026-11-27T00:00:00Z", "2026-11-30T00:00:00Z"],
        "last_connection_at": None,
        "idle_since": None,
        "drifted": None,
        "active_request": None,
        "result": {"endpoint": "h"},
        "links": {
            "self": "/databases/dev/mydb123",
            "created_by": f"/requests/{ID}",
            "active_request": "/requests/next",
        },
    }


def test_one_database_has_its_requests_events_secrets_and_connections() -> None:
    one = dataclasses.replace(database(), origin=ID, result={"secret_arn": "arn:master"})
    idle = Listed(last_connection_at=NOW - SECOND, idle_since=NOW)
    asked = database_events.rotation_asked("x", NOW, "alpha-ci", user="master")
    plain = dataclasses.replace(database_events.missing_in_git(NOW), detail={})
    shown = database_document(one, catalog(), requests=[ID], events=[asked, plain], listed=idle)
    listed = database_document(one, catalog(), listed=idle)
    assert (listed["last_connection_at"], listed["idle_since"]) == (
        "2026-11-23T11:59:59Z",
        "2026-11-23T12:00:00Z",
    )
    history = {name: value for name, value in shown.items() if name not in listed}
    assert history == {
        "requests": [f"/requests/{ID}"],
        "events": [
            {
                "at": "2026-11-23T12:00:00Z",
                "event": "rotation_asked",
                "actor": "alpha-ci",
                "detail": {"user": "master"},
            },
            {"at": "2026-11-23T12:00:00Z", "event": "removed_in_git", "actor": "rds-provisioner"},
        ],
        "secrets": {"master": "arn:master"},
    }


@pytest.mark.parametrize(
    ("end", "warnings"),
    [
        ("never", []),
        ("2026-12-23T12:00:00Z", ["2026-12-16T12:00:00Z", "2026-12-22T12:00:00Z"]),
    ],
)
def test_a_database_says_when_people_are_warned_of_its_end(end: str, warnings: list[str]) -> None:
    one = database()
    one = dataclasses.replace(one, root=dataclasses.replace(one.root, expires_at=end))
    assert database_document(one, catalog())["warnings_at"] == warnings
    removed = dataclasses.replace(one, state=DatabaseState.REMOVED)
    assert database_document(removed, catalog())["warnings_at"] == []


@pytest.mark.parametrize("origin", [None, "another"])
def test_connections_are_unknown_until_this_very_database_was_looked_at(origin: str | None) -> None:
    activity = Activity(origin=origin, looked_at=NOW, last_connection_at=NOW) if origin else None
    listed = listing.whole(database(), None, None, activity)
    shown = database_document(database(), catalog(), requests=[], listed=listed)
    assert (shown["last_connection_at"], shown["idle_since"]) == (None, None)


def test_the_secrets_are_those_of_this_very_database() -> None:
    one = dataclasses.replace(database(), origin=ID)
    ready = database_events.users_ready(ID, NOW, secrets={"application": "arn:a", "read_only": "arn:r"})
    before = database_events.users_ready("0" * 36, NOW, secrets={"application": "arn:old"})
    assert secrets(one, [ready, before]) == {"application": "arn:a", "read_only": "arn:r"}
    assert secrets(one, []) == {}


def test_a_removed_database_names_the_snapshot_that_it_left() -> None:
    made = dataclasses.replace(
        database(),
        environment="staging",
        root=root(ID, environment="staging"),
        state=DatabaseState.REMOVED,
        result={"endpoint": "h"},
    )
    assert made.final_snapshot == "staging-mydb123-final-3f0c1a2b"


@pytest.mark.parametrize(
    "other",
    [
        {"state": DatabaseState.REMOVING},
        {"result": None},  # it never was
        {"root": root(environment="dev")},  # which keeps none
    ],
)
def test_without_a_snapshot_none_is_named(other: dict[str, Any]) -> None:
    removed = dataclasses.replace(
        database(environment="staging"), state=DatabaseState.REMOVED, result={"endpoint": "h"}
    )
    assert removed.final_snapshot is not None
    assert dataclasses.replace(removed, **other).final_snapshot is None


def test_a_quota_says_what_is_used_and_allowed_by_environment() -> None:
    held = Charge(databases=1, storage_gb=20, monthly_cents=1398)
    usage = {"dev": held, "staging": Charge(), "prod": Charge()}
    shown = quota_document("alpha", usage, catalog())
    assert (shown["team"], list(shown["environments"])) == ("alpha", ["dev", "staging", "prod"])
    assert shown["environments"]["dev"] == {
        "databases": {"used": 1, "limit": 10},
        "storage_gb": {"used": 20, "limit": 400},
        "monthly_usd": {"used": 13.98, "limit": 500},
    }


def test_a_database_says_since_when_it_differs_from_its_root_and_where_that_is_said() -> None:
    one, hour = database(), dt.timedelta(hours=1)
    begun = database_events.drifted(NOW, pipeline_url="https://ci/1", link="https://github/issues/7")
    again = database_events.drifted(
        NOW + 2 * hour, pipeline_url="https://ci/3", link="https://github/issues/8"
    )
    ended = database_events.drift_ended(NOW + hour, pipeline_url="https://ci/2")
    namesakes = database_events.drifted(NOW - hour, pipeline_url="https://ci/0", link="x")

    def drifted(*events: DatabaseEvent) -> Any:
        return database_document(one, catalog(), requests=[], events=events)["drifted"]

    assert drifted(begun) == {"since": "2026-11-23T12:00:00Z", "link": "https://github/issues/7"}
    assert drifted(begun, ended) is None
    assert drifted(again, ended, begun) == {
        "since": "2026-11-23T14:00:00Z",
        "link": "https://github/issues/8",
    }
    assert drifted(namesakes) is None
