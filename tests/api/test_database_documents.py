"""A database says what time it can be restored to, and what its namesakes left."""

import dataclasses
import datetime as dt
from typing import Any

import pytest
from provisioner.api.database_documents import active_request, database_document, restore_window
from provisioner.core.events import Step
from provisioner.core.lifecycle import DatabaseState, Kind, State
from provisioner.core.models import Database, Listed, ListedRequest

from tests.core.examples import ID, NOW, catalog, database

DAY = dt.timedelta(days=1)


def made(**more: Any) -> Database:
    """A database with a week of backups, made at NOW."""
    found = database(environment="staging")
    return dataclasses.replace(found, **{"result": {"endpoint": "h"}, **more})


def test_it_can_be_restored_since_it_was_made_and_later_as_far_as_backups_go() -> None:
    assert restore_window(made(), NOW + DAY) == {
        "from": "2026-11-23T12:00:00Z",
        "until": "2026-11-24T11:55:00Z",
    }
    assert restore_window(made(), NOW + 10 * DAY) == {
        "from": "2026-11-26T12:00:00Z",
        "until": "2026-12-03T11:55:00Z",
    }


@pytest.mark.parametrize(
    "found",
    [made(state=DatabaseState.PENDING), made(state=DatabaseState.REMOVED), made(result=None)],
    ids=["pending", "removed", "without an endpoint"],
)
def test_what_is_not_there_cannot_be_restored(found: Database) -> None:
    assert restore_window(found, NOW + DAY) is None


def test_without_backups_and_in_its_first_minutes_there_is_no_time_to_restore_to() -> None:
    without = dataclasses.replace(made().root, backup_retention_days=0)
    assert restore_window(made(root=without), NOW + DAY) is None
    assert restore_window(made(), NOW + dt.timedelta(minutes=5)) is None


def test_the_request_that_it_waits_for_says_where_it_stands() -> None:
    failed = ListedRequest(
        id=ID,
        kind=Kind.UPDATE,
        state=State.FAILED,
        step=Step.APPLY,
        since=NOW,
        actor="jane",
        cause="no capacity",
    )
    assert active_request(failed) == {
        "id": ID,
        "kind": "update",
        "state": "failed",
        "step": "apply",
        "requested_by": "jane",
        "message": "It failed; see error for the cause and the fix.",
        "cause": "no capacity",
        "updated_at": "2026-11-23T12:00:00Z",
        "links": {"self": f"/requests/{ID}"},
    }
    cancelling = dataclasses.replace(failed, state=State.PULL_REQUEST_OPEN, cancelling=True, cause=None)
    shown = active_request(cancelling)
    assert shown is not None
    assert shown["message"] == "Cancelling: the pull request is being closed."


def test_a_row_says_since_when_it_differs_from_git_while_it_is_there() -> None:
    drift = {"since": "2026-11-23T12:00:00Z", "link": "https://git/issues/4"}
    assert database_document(made(drift=drift), catalog(), listed=Listed())["drifted"] == drift
    removed = made(drift=drift, state=DatabaseState.REMOVED)
    assert database_document(removed, catalog(), listed=Listed())["drifted"] is None
