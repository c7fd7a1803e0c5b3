"""What a team can ask for: what is written and sent for it, what counts as asked before, what is refused."""

import dataclasses
import datetime as dt
from collections.abc import Callable
from typing import Any

import pytest
from provisioner.core import events
from provisioner.core.errors import TryLater
from provisioner.core.events import EventType, Step
from provisioner.core.lifecycle import Kind, State
from provisioner.core.models import Charge, Request
from provisioner.core.names import Place
from provisioner.intake.message import Message

from tests.core.examples import MISSION_BODY
from tests.intake.setting import ALPHA, BETA, DEV, PROD, Setting, refused, shown

SMALL = Charge(databases=1, storage_gb=20, monthly_cents=1398)


@pytest.fixture
def setting() -> Setting:
    return Setting()


# Create


def test_a_create_is_written_charged_and_sent_once(setting: Setting) -> None:
    accepted = setting.use_cases.create(MISSION_BODY, ALPHA)
    new = accepted.request
    assert not accepted.replayed
    assert (new.kind, new.team, new.actor, new.before) == (Kind.CREATE, "alpha", "alpha-ci", None)
    assert setting.ledger.request(new.id) == dataclasses.replace(new, charge=SMALL)
    assert setting.at(DEV).origin == new.id == new.root.request_id
    assert setting.ledger.quota_used("alpha", "dev") == SMALL
    assert setting.sent == [
        Message(request_id=new.id, kind="create", environment="dev", database_name="mydb123")
    ]


def test_the_purpose_is_the_reason_of_a_create(setting: Setting) -> None:
    assert setting.create(purpose="load tests").reason == "load tests"


@pytest.mark.parametrize(
    "body",
    [
        MISSION_BODY | {"tags": {"a": "1", "b": "2"}},
        MISSION_BODY | {"tags": {"b": "2", "a": "1"}, "size": "small", "ttl": "7d", "owner": "alpha"},
        MISSION_BODY | {"tags": {"a": "1", "b": "2"}, "engine_version": "8.4", "storage_gb": 20},
    ],
)
def test_the_same_content_again_is_the_same_request_however_it_is_written(
    setting: Setting, body: dict[str, Any]
) -> None:
    first = setting.create(tags={"a": "1", "b": "2"})
    written = setting.rows()
    again = setting.use_cases.create(body, ALPHA)
    assert (again.request.id, again.replayed) == (first.id, True)
    assert (setting.rows(), len(setting.sent)) == (written, 1)


def test_a_create_that_was_changed_since_is_still_the_same_request(setting: Setting) -> None:
    first = setting.create()
    setting.applied(first)
    setting.applied(setting.use_cases.change(DEV, {"size": "medium"}, ALPHA).request)
    assert setting.use_cases.create(MISSION_BODY, ALPHA).request.id == first.id


def test_other_content_for_a_name_says_what_differs(setting: Setting) -> None:
    setting.create()
    other = MISSION_BODY | {"size": "medium", "tags": {"a": "b"}}
    for act in (setting.use_cases.create, setting.use_cases.dry_run_create):
        problem = refused(409, "differs", act, other, ALPHA)
        assert shown(problem) == {
            "/size": 'it has "small", not "medium"',
            "/tags": 'it has {}, not {"a": "b"}',
        }


def test_a_request_that_cannot_be_read_yet_can_be_later(setting: Setting) -> None:
    new = setting.create()
    del setting.table.rows[f"REQ#{new.id}"]
    with pytest.raises(TryLater, match=f"the ledger does not show request {new.id} yet"):
        setting.create()


def test_a_name_of_another_team_is_taken(setting: Setting) -> None:
    setting.create()
    for act in (setting.use_cases.create, setting.use_cases.dry_run_create):
        refused(409, "name-taken", act, MISSION_BODY, BETA)


def test_a_name_that_is_being_removed_is_free_after_its_removal(setting: Setting) -> None:
    first = setting.create()
    setting.applied(first)
    removal = setting.use_cases.remove(DEV, ALPHA).request
    problem = refused(409, "under-way", setting.use_cases.create, MISSION_BODY, ALPHA)
    assert problem.extra == {"request": f"/requests/{removal.id}"}
    setting.applied(removal)
    assert setting.create().id != first.id


def test_a_key_stands_for_one_body(setting: Setting) -> None:
    first = setting.use_cases.create(MISSION_BODY, ALPHA, key="k").request
    again = setting.use_cases.create(dict(reversed(MISSION_BODY.items())), ALPHA, key="k")
    assert (again.request.id, again.replayed) == (first.id, True)
    other = MISSION_BODY | {"database_name": "other"}
    for body in (other, MISSION_BODY | {"size": "medium"}):
        refused(422, "idempotency-key-reused", setting.use_cases.create, body, ALPHA, key="k")
    assert setting.use_cases.create(other, BETA, key="k").request.team == "beta"  # its own key


def test_what_the_quota_does_not_hold_writes_and_sends_nothing(setting: Setting) -> None:
    for number in range(10):
        setting.create(database_name=f"db{number}")
    written = setting.rows()
    problem = refused(403, "quota", setting.create)
    assert "holds 10 of 10 databases" in problem.detail
    assert (setting.rows(), len(setting.sent)) == (written, 10)


def test_a_restore_is_held_against_its_source(setting: Setting) -> None:
    setting.database(storage_gb=40)
    body = MISSION_BODY | {"database_name": "copy", "restore_from": {"database": "dev/mydb123"}}
    assert setting.use_cases.dry_run_create(body, ALPHA).root.storage_gb == 40
    problem = refused(422, "invalid-request", setting.use_cases.create, body | {"storage_gb": 30}, ALPHA)
    assert shown(problem) == {"/storage_gb": "the source has 40 GB; storage cannot shrink"}


def test_a_dry_run_of_a_create_shows_its_charge_and_writes_nothing(setting: Setting) -> None:
    setting.create(database_name="other")
    written = setting.rows()
    would = setting.use_cases.dry_run_create(MISSION_BODY, ALPHA)
    assert (would.kind, would.root.place) == (Kind.CREATE, DEV)
    assert (would.used, would.held, would.wanted) == (SMALL, Charge(), SMALL)
    assert would.limit == Charge(databases=10, storage_gb=400, monthly_cents=50_000)
    assert (setting.rows(), len(setting.sent)) == (written, 1)


def test_a_dry_run_of_what_exists_as_asked_shows_it(setting: Setting) -> None:
    setting.create()
    assert setting.use_cases.dry_run_create(MISSION_BODY, ALPHA).kind is Kind.CREATE


# Change


@pytest.mark.parametrize(
    ("body", "kind"),
    [
        ({"ttl": "9d"}, Kind.EXTEND),
        ({"size": "medium"}, Kind.UPDATE),
        ({"ttl": "9d", "tags": {"a": "b"}}, Kind.UPDATE),
    ],
)
def test_a_change_of_the_lifetime_alone_is_an_extension(
    setting: Setting, body: dict[str, Any], kind: Kind
) -> None:
    before = setting.database().root
    assert setting.use_cases.dry_run_change(DEV, body, ALPHA).kind is kind
    new = setting.use_cases.change(DEV, body, ALPHA).request
    assert (new.kind, new.before, new.asked) == (kind, before, body)
    assert setting.at(DEV).active == new.id
    assert setting.sent[-1].request_id == new.id


def test_a_lifetime_counts_from_the_creation(setting: Setting) -> None:
    setting.database()
    setting.now += dt.timedelta(days=5)
    problem = refused(422, "invalid-request", setting.use_cases.change, DEV, {"ttl": "26d"}, ALPHA)
    assert shown(problem) == {
        "/ttl": "dev allows 30d counted from creation, so until 2026-12-23T12:00:00Z at the latest"
    }
    setting.use_cases.change(DEV, {"ttl": "25d"}, ALPHA)


def test_one_change_at_a_time(setting: Setting) -> None:
    setting.database()
    first = setting.use_cases.change(DEV, {"ttl": "9d"}, ALPHA).request
    use_cases, later = setting.use_cases, {"ttl": "10d"}
    for problem in (
        refused(409, "under-way", use_cases.change, DEV, later, ALPHA),
        refused(409, "under-way", use_cases.dry_run_change, DEV, later, ALPHA),
        refused(409, "under-way", use_cases.remove, DEV, ALPHA),
        refused(409, "under-way", use_cases.dry_run_remove, DEV, ALPHA),
    ):
        assert problem.extra == {"request": f"/requests/{first.id}"}


def test_a_dry_run_of_a_change_shows_what_the_database_holds_already(setting: Setting) -> None:
    setting.database()
    written = setting.rows()
    would = setting.use_cases.dry_run_change(DEV, {"size": "medium"}, ALPHA)
    assert (would.used, would.held) == (SMALL, SMALL)
    assert would.wanted == Charge(databases=1, storage_gb=20, monthly_cents=4975)
    assert setting.rows() == written


# Remove


def test_a_removal_keeps_the_root_as_it_was(setting: Setting) -> None:
    before = setting.database().root
    new = setting.use_cases.remove(DEV, ALPHA, reason="old").request
    assert (new.kind, new.reason, new.before, new.follow_up) == (Kind.REMOVE, "old", before, None)
    assert new.root == dataclasses.replace(before, request_id=new.id)


def test_a_removal_that_is_under_way_is_the_same_request(setting: Setting) -> None:
    setting.database()
    first = setting.use_cases.remove(DEV, ALPHA).request
    written = setting.rows()
    again = setting.use_cases.remove(DEV, ALPHA)
    assert (again.request.id, again.replayed) == (first.id, True)
    assert setting.use_cases.dry_run_remove(DEV, ALPHA).root == first.root
    assert setting.rows() == written


def test_a_removal_of_what_is_protected_disarms_it_first(setting: Setting) -> None:
    setting.database(environment="prod")
    assert setting.use_cases.dry_run_remove(PROD, ALPHA).kind is Kind.DISARM
    new = setting.use_cases.remove(PROD, ALPHA).request
    assert (new.kind, new.root.deletion_protection) == (Kind.DISARM, False)
    assert new.follow_up is not None


def test_a_removal_wants_nothing_of_the_quota(setting: Setting) -> None:
    setting.database()
    would = setting.use_cases.dry_run_remove(DEV, ALPHA)
    assert (would.held, would.wanted) == (SMALL, SMALL)


def test_what_is_removed_is_not_removed_again(setting: Setting) -> None:
    setting.database()
    setting.applied(setting.use_cases.remove(DEV, ALPHA).request)
    refused(409, "removed", setting.use_cases.remove, DEV, ALPHA)


# Cancel


def test_a_cancel_is_written_and_sent_to_the_worker(setting: Setting) -> None:
    new = setting.create()
    accepted = setting.use_cases.cancel(new.id, ALPHA)
    assert (accepted.replayed, accepted.request.progress.cancelling) == (False, True)
    assert {event.type for event in setting.ledger.events(new.id)} == {
        EventType.REQUESTED,
        EventType.CANCEL_ASKED,
    }
    assert [message.request_id for message in setting.sent] == [new.id, new.id]


def test_a_cancel_again_changes_nothing_before_and_after_its_end(setting: Setting) -> None:
    new = setting.create()
    setting.use_cases.cancel(new.id, ALPHA)
    for _ in range(2):
        written, sent = setting.rows(), len(setting.sent)
        assert setting.use_cases.cancel(new.id, ALPHA).replayed
        assert setting.use_cases.dry_run_cancel(new.id, ALPHA) is None
        assert (setting.rows(), len(setting.sent)) == (written, sent)
        setting.happened(new, events.cancelled(setting.now))


def test_after_the_merge_it_is_too_late_to_cancel(setting: Setting) -> None:
    new = setting.merged(setting.create())
    for act in (setting.use_cases.cancel, setting.use_cases.dry_run_cancel):
        refused(409, "too-late", act, new.id, ALPHA)


def test_a_dry_run_of_a_cancel_writes_nothing(setting: Setting) -> None:
    new = setting.create()
    written = setting.rows()
    move = setting.use_cases.dry_run_cancel(new.id, ALPHA)
    assert move is not None
    assert (move.request.id, move.next_state) == (new.id, State.CANCELLED)
    assert (setting.rows(), len(setting.sent)) == (written, 1)


# Retry


def test_a_retry_begins_the_failed_step_again(setting: Setting) -> None:
    failed = setting.failed(setting.create())
    assert setting.use_cases.dry_run_retry(failed.id, ALPHA).next_state is State.FAILED
    setting.now += dt.timedelta(minutes=1)
    assert setting.use_cases.dry_run_retry(failed.id, ALPHA).next_state is State.MERGED
    assert setting.ledger.request(failed.id) == failed
    setting.sent.clear()
    retried = setting.use_cases.retry(failed.id, ALPHA).request
    assert (retried.progress.state, retried.progress.failure) == (State.MERGED, None)
    assert [message.request_id for message in setting.sent] == [failed.id]


def test_each_retry_is_a_separate_event(setting: Setting) -> None:
    failed = setting.create()
    for _ in range(2):
        setting.failed(failed, Step.PULL_REQUEST)
        setting.now += dt.timedelta(minutes=1)
        setting.use_cases.retry(failed.id, ALPHA)
    retries = [event for event in setting.ledger.events(failed.id) if event.type is EventType.RETRIED]
    assert {event.id for event in retries} == {"retried:1", "retried:2"}


def test_only_what_failed_and_may_be_retried_is_retried(setting: Setting) -> None:
    new = setting.create()
    for act in (setting.use_cases.retry, setting.use_cases.dry_run_retry):
        refused(409, "not-retryable", act, new.id, ALPHA)
    setting.failed(new, Step.REVIEW, retryable=False)
    problem = refused(409, "not-retryable", setting.use_cases.retry, new.id, ALPHA)
    assert problem.detail == "look"


def test_what_another_change_came_after_is_not_retried(setting: Setting) -> None:
    setting.database()
    failed = setting.failed(setting.use_cases.change(DEV, {"size": "medium"}, ALPHA).request)
    setting.applied(setting.use_cases.change(DEV, {"size": "small"}, ALPHA).request)
    for act in (setting.use_cases.retry, setting.use_cases.dry_run_retry):
        refused(409, "superseded", act, failed.id, ALPHA)


# Whose it is


@pytest.mark.parametrize(
    "act",
    [
        lambda use_cases, new: use_cases.own_request(new.id, BETA),
        lambda use_cases, new: use_cases.cancel(new.id, BETA),
        lambda use_cases, new: use_cases.dry_run_cancel(new.id, BETA),
        lambda use_cases, new: use_cases.retry(new.id, BETA),
        lambda use_cases, new: use_cases.dry_run_retry(new.id, BETA),
        lambda use_cases, new: use_cases.own_database(new.place, BETA),
        lambda use_cases, new: use_cases.change(new.place, {"ttl": "1d"}, BETA),
        lambda use_cases, new: use_cases.dry_run_change(new.place, {"ttl": "1d"}, BETA),
        lambda use_cases, new: use_cases.remove(new.place, BETA),
        lambda use_cases, new: use_cases.dry_run_remove(new.place, BETA),
        lambda use_cases, new: use_cases.own_request("unknown", ALPHA),
        lambda use_cases, new: use_cases.own_database(Place("dev", "unknown"), ALPHA),
    ],
)
def test_what_is_another_teams_looks_as_if_it_were_not_there(
    setting: Setting, act: Callable[[Any, Request], Any]
) -> None:
    new = setting.create()
    refused(404, "not-found", act, setting.use_cases, new)


def test_owner_and_purpose_change_and_a_reason_goes_with_the_change(setting: Setting) -> None:
    setting.database(owner="jane@example.com", purpose="load tests")
    body = {"owner": "ben@example.com", "purpose": "", "reason": "Jane left"}
    changed = setting.use_cases.change(DEV, body, ALPHA).request
    assert (changed.kind, changed.reason) == (Kind.UPDATE, "Jane left")
    assert (changed.root.owner, changed.root.purpose) == ("ben@example.com", "")
    assert changed.asked == {"owner": "ben@example.com", "purpose": ""}


def test_a_later_end_with_its_reason_is_an_extension(setting: Setting) -> None:
    setting.database()
    extended = setting.use_cases.change(DEV, {"ttl": "9d", "reason": "one more week"}, ALPHA).request
    assert (extended.kind, extended.reason, extended.asked) == (Kind.EXTEND, "one more week", {"ttl": "9d"})
