"""A creation whose deployment makes users: from its apply to a login, a failure there, and its retry."""

import dataclasses
import datetime as dt

import pytest
from provisioner.api import board
from provisioner.api.costs import costs_document
from provisioner.api.dry_run import move_document
from provisioner.api.pages import request_page
from provisioner.core import events
from provisioner.core.events import EventType, Step
from provisioner.core.lifecycle import DatabaseState, State
from provisioner.core.models import Request
from provisioner.intake.opening import Opening
from provisioner.intake.use_cases import UseCases

from tests.core.examples import MISSION_BODY, NOW
from tests.intake.setting import ALPHA, DEV, RESULT, Setting, refused


class WithUsers(Setting):
    @property
    def opening(self) -> Opening:
        return dataclasses.replace(super().opening, makes_users=True)

    @property
    def use_cases(self) -> UseCases:
        return UseCases(self.opening, self.new_id)


def page(setting: Setting, request: Request) -> dict[str, object]:
    found = setting.ledger.request(request.id)
    assert found is not None
    return request_page(found, setting.ledger, setting.rules, setting.now)


@pytest.fixture
def setting() -> Setting:
    return WithUsers()


@pytest.fixture
def applied(setting: Setting) -> Request:
    """dev/mydb123, applied; its users are still to be made."""
    asked = setting.use_cases.create(MISSION_BODY, ALPHA).request
    setting.applied(asked)
    return asked


def test_it_is_noted_when_it_is_asked_and_stands_in_the_step_after_its_apply(
    setting: Setting, applied: Request
) -> None:
    first, *_ = setting.ledger.events(applied.id)
    assert first.detail == {"users": True}
    shown = page(setting, applied)
    assert (shown["state"], shown["step"], shown["users"]) == ("applying", "users", "pending")
    assert shown["message"] == "It is applied; its users are being made."
    assert shown["waiting_for"]["what"] == "users"  # type: ignore[index]
    assert shown["result"] == RESULT
    assert setting.at(DEV).state is DatabaseState.AVAILABLE


def test_it_is_done_once_they_can_log_in(setting: Setting, applied: Request) -> None:
    setting.happened(applied, events.users_ready(setting.now))
    shown = page(setting, applied)
    assert (shown["state"], shown["step"], shown["users"]) == ("done", "end", "ready")
    assert [step["step"] for step in shown["steps"]][-1] == "users"  # type: ignore[attr-defined]


def test_a_failure_is_retried_and_is_no_other_changes_matter(setting: Setting, applied: Request) -> None:
    failed = events.failed_users(setting.now, cause="no way in", fix="look")
    setting.happened(applied, failed)
    shown = page(setting, applied)
    assert (shown["state"], shown["step"], shown["users"]) == ("failed", "users", "failed")

    setting.now += dt.timedelta(minutes=1)
    would = setting.use_cases.dry_run_retry(applied.id, ALPHA)
    assert move_document(would)["message"] == "Its users would be made again."
    retried = setting.use_cases.retry(applied.id, ALPHA).request
    assert (retried.progress.state, retried.progress.step) == (State.APPLYING, Step.USERS)
    assert setting.use_cases.change(DEV, {"ttl": "9d"}, ALPHA).request.progress.state is State.REQUESTED


def test_a_retry_after_the_removal_has_nothing_to_do(setting: Setting, applied: Request) -> None:
    setting.happened(applied, events.failed_users(setting.now, cause="no way in", fix="look"))
    removal = setting.use_cases.remove(DEV, ALPHA).request
    setting.happened(removal, events.removed(setting.now, pipeline_url="https://ci/2", commit="c"))
    assert setting.at(DEV).state is DatabaseState.REMOVED
    refused(409, "superseded", setting.use_cases.retry, applied.id, ALPHA)


def test_a_cancel_comes_too_late(setting: Setting, applied: Request) -> None:
    refused(409, "too-late", setting.use_cases.cancel, applied.id, ALPHA)


def test_elsewhere_and_for_other_changes_done_is_the_apply() -> None:
    setting = Setting()
    asked = setting.create()
    setting.applied(asked)
    assert (page(setting, asked)["state"], page(setting, asked)["users"]) == ("done", "none")
    with_users = WithUsers(table=setting.table)
    change = with_users.use_cases.change(DEV, {"ttl": "9d"}, ALPHA).request
    with_users.applied(change)
    shown = page(with_users, change)
    assert (shown["state"], shown["users"]) == ("done", "none")
    assert EventType.REQUESTED in {event.type for event in setting.ledger.events(change.id)}


def test_it_costs_from_its_apply_on(setting: Setting, applied: Request) -> None:
    setting.now += dt.timedelta(days=1)
    about = costs_document({}, "alpha", setting.ledger, setting.rules, setting.now)
    assert about["totals"]["databases"] == 1


def test_operators_see_it_among_what_failed_and_not_in_the_queue(setting: Setting, applied: Request) -> None:
    fleet = setting.ledger.all_teams.fleet(NOW)
    assert [each.id for each in fleet.active] == [applied.id]
    assert [each["applying"] for each in board.queue(fleet, setting.rules)] == [[]] * len(
        setting.rules.environments
    )
    setting.happened(applied, events.failed_users(setting.now, cause="no way in", fix="look"))
    change = setting.use_cases.change(DEV, {"ttl": "9d"}, ALPHA).request
    fleet = setting.ledger.all_teams.fleet(NOW)
    assert {each.id for each in fleet.active} == {applied.id, change.id}
    assert [(each["id"], each["step"]) for each in board.failed(fleet)] == [(applied.id, "users")]
    setting.happened(applied, events.users_ready(setting.now))
    fleet = setting.ledger.all_teams.fleet(NOW)
    assert [each.id for each in fleet.active] == [change.id]
    assert [each.id for each in fleet.done] == [applied.id]


def test_the_users_of_a_second_request_on_it_end_the_first(setting: Setting, applied: Request) -> None:
    change = setting.use_cases.change(DEV, {"ttl": "9d"}, ALPHA).request
    setting.applied(change)
    setting.happened(applied, events.users_ready(setting.now))
    assert (page(setting, applied)["state"], page(setting, change)["state"]) == ("done", "done")
    assert setting.at(DEV).root == change.root
