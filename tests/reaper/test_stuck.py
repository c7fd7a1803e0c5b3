"""The sweeper ends what expires, warns before, and lets nothing stand still for ever."""

import dataclasses
import datetime as dt
import random
from typing import Any

import pytest
from provisioner.core import expiry
from provisioner.core.database_events import DatabaseEvent, DatabaseEventType
from provisioner.core.errors import Problem
from provisioner.core.events import EventType, Step
from provisioner.core.expiry import ExpiryAction
from provisioner.core.lifecycle import DatabaseState, Kind, State
from provisioner.core.models import Request
from provisioner.core.names import Place
from provisioner.core.times import instant
from provisioner.github.pull_request import PullRequest
from provisioner.ledger.ledger import Ledger
from provisioner.pull_requests import request_record

from tests.core.examples import MISSION_BODY, NOW
from tests.reaper.world import ALPHA, DAY, HOUR, World


@pytest.fixture
def world(ledger: Ledger) -> World:
    return World(ledger)


def test_a_lost_message_is_sent_again_less_and_less_often(world: World) -> None:
    accepted = world.api.create(MISSION_BODY, ALPHA)
    world.sent.clear()

    minutes = []
    for minute in range(240):
        world.now = NOW + dt.timedelta(minutes=minute)
        world.reap()
        minutes += [minute] * len(world.sent)
        world.sent.clear()

    assert minutes[:4] == [2, 4, 8, 16]
    assert len(minutes) < 12
    assert world.ledger.request(accepted.request.id) is not None


def test_what_stands_still_too_long_fails_with_a_cause_and_can_be_retried(world: World) -> None:
    accepted = world.api.create(MISSION_BODY, ALPHA)

    outcome = world.reap(DAY + HOUR)

    found = world.ledger.request(accepted.request.id)
    assert found is not None
    assert (outcome.failed, found.progress.state) == (1, State.FAILED)
    failure = found.progress.failure
    assert failure is not None
    assert (failure.step, failure.cause, failure.retryable) == (
        Step.PULL_REQUEST,
        "no pull request could be opened within 24 hours",
        True,
    )
    world.now += HOUR
    world.api.retry(accepted.request.id, ALPHA)
    assert world.reap(HOUR).failed == 0
    retried = world.ledger.request(accepted.request.id)
    assert retried is not None
    assert retried.progress.state is State.REQUESTED


@pytest.mark.parametrize(
    ("merged", "state"), [(True, State.MERGED), (False, State.REJECTED)], ids=["merged", "closed"]
)
def test_a_lost_webhook_is_made_up_for_by_asking_github(world: World, merged: bool, state: State) -> None:
    accepted = world.api.create(MISSION_BODY, ALPHA)
    world.happened(accepted.request.id, EventType.OPENED, pull_request=1, pull_request_url="u", commit="c")
    at = "2026-11-23T12:10:00Z"
    world.github.pulls[1] = PullRequest(
        1, "u", "closed", merged, "c", "b", "main", merged_at=at if merged else None, closed_at=at
    )

    world.reap(dt.timedelta(minutes=20))

    found = world.ledger.request(accepted.request.id)
    assert found is not None
    assert found.progress.state is state


def test_githubs_absence_delays_and_loses_nothing(world: World) -> None:
    accepted = world.api.create(MISSION_BODY, ALPHA)
    world.happened(accepted.request.id, EventType.OPENED, pull_request=1, pull_request_url="u", commit="c")
    world.github.down = True
    world.github.pulls[1] = PullRequest(
        1, "u", "closed", True, "c", "b", "main", merged_at="2026-11-23T12:10:00Z"
    )

    assert world.reap(dt.timedelta(minutes=20)).errors
    world.github.down = False
    world.reap(HOUR)

    found = world.ledger.request(accepted.request.id)
    assert found is not None
    assert found.progress.state is State.MERGED


def test_a_database_is_warned_twice_and_then_removed_through_a_request(world: World) -> None:
    world.database("orders", ttl="14d")
    seen = []
    for _ in range(24 * 14 + 2):
        outcome = world.reap(HOUR)
        if outcome.warned or outcome.expired:
            seen.append(((world.now - NOW).total_seconds() / 86_400, outcome.warned, outcome.expired))

    assert seen == [(7.0, 1, 0), (13.0, 1, 0), (14.0, 0, 1)]
    database = world.ledger.database(Place("dev", "orders"))
    assert database is not None
    assert database.state is DatabaseState.REMOVING
    assert len(world.github.comments[1]) == 2


def test_an_extension_that_comes_before_the_reaper_wins(world: World) -> None:
    world.database("orders", ttl="14d")
    for _ in range(13):
        world.reap(DAY)
    world.now = NOW + 14 * DAY - HOUR

    extended = world.api.change(Place("dev", "orders"), {"ttl": "7d"}, ALPHA)
    assert extended.request.kind is Kind.EXTEND
    assert world.reap(2 * HOUR).expired == 0
    world.happened(extended.request.id, EventType.SUCCEEDED, result=None)
    assert world.reap(DAY).expired == 0

    database = world.ledger.database(Place("dev", "orders"))
    assert database is not None
    assert database.root.expires_at == "2026-12-14T11:00:00Z"


def test_a_removal_that_a_person_refused_is_not_asked_for_again(world: World) -> None:
    world.database("orders", environment="staging", ttl="30d")
    for _ in range(30):
        world.reap(DAY)
    database = world.ledger.database(Place("staging", "orders"))
    assert database is not None
    assert database.active is not None
    world.happened(database.active, EventType.CLOSED)

    assert [world.reap(DAY).expired for _ in range(10)] == [0] * 10
    database = world.ledger.database(Place("staging", "orders"))
    assert database is not None
    assert database.state is DatabaseState.AVAILABLE


def test_a_protected_database_is_disarmed_and_then_removed(world: World) -> None:
    world.database("orders", environment="prod", ttl="30d")
    for _ in range(30):
        world.reap(DAY)
    database = world.ledger.database(Place("prod", "orders"))
    assert database is not None
    assert database.active is not None
    disarm = world.ledger.request(database.active)
    assert disarm is not None
    assert disarm.kind is Kind.DISARM
    assert disarm.follow_up is not None

    world.happened(disarm.id, EventType.SUCCEEDED, result=None)
    world.reap(HOUR)

    removal = world.ledger.request(disarm.follow_up)
    assert removal is not None
    assert (removal.kind, removal.root.deletion_protection) == (Kind.REMOVE, False)


@pytest.mark.parametrize("opened", [True, False])
@pytest.mark.parametrize("end", [EventType.CLOSED, EventType.CANCELLED])
def test_a_removal_that_a_person_refuses_puts_the_protection_back_once(
    world: World, end: EventType, opened: bool
) -> None:
    world.database("orders", environment="prod", ttl="30d")
    world.now += HOUR
    disarm = world.api.remove(Place("prod", "orders"), ALPHA)
    world.happened(disarm.request.id, EventType.SUCCEEDED, result=None)
    world.reap(HOUR)
    removal = str(disarm.request.follow_up)
    if opened:
        world.happened(removal, EventType.OPENED, pull_request=3, pull_request_url="u", commit="c")
    world.happened(removal, end)

    for _ in range(5):
        world.reap(HOUR)

    kinds = [world.ledger.request(one) for one in world.ledger.request_ids(Place("prod", "orders"))]
    assert [one.kind for one in kinds if one] == [Kind.CREATE, Kind.DISARM, Kind.REMOVE, Kind.UPDATE]
    armed = kinds[-1]
    assert armed is not None
    assert armed.before is not None
    assert (armed.actor, armed.team) == ("rds-provisioner", "alpha")
    assert armed.root.deletion_protection
    assert armed.root == dataclasses.replace(armed.before, deletion_protection=True, request_id=armed.id)
    assert "deletion protection had been taken off" in armed.reason
    assert world.sent[-1].request_id == armed.id
    world.happened(armed.id, EventType.SUCCEEDED, result=None)
    database = world.ledger.database(Place("prod", "orders"))
    assert database is not None
    assert (database.state, database.root.deletion_protection) == (DatabaseState.AVAILABLE, True)


def test_a_refused_removal_where_nothing_is_protected_needs_nothing(world: World) -> None:
    world.database("orders")
    removal = world.api.remove(Place("dev", "orders"), ALPHA)
    world.happened(removal.request.id, EventType.CLOSED)

    world.reap(HOUR)

    assert len(world.ledger.request_ids(Place("dev", "orders"))) == 2


def test_one_things_trouble_does_not_keep_the_others_waiting(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    world.database("first", ttl="8h")
    world.database("second", ttl="8h", number=2)
    put = world.github.put_comment

    def broken(number: int, marker: str, text: str) -> None:
        if "dev/first" in text:
            raise ValueError("nobody thought of this")
        put(number, marker, text)

    monkeypatch.setattr(world.github, "put_comment", broken)

    outcome = world.reap(7.9 * HOUR)

    assert any("ValueError: nobody thought of this" in error for error in outcome.errors)
    assert outcome.unexpected == 1
    assert any("dev/second" in text for text in world.github.comments[2])


def blocked(world: World, step: Step) -> str:
    """dev/orders, kept from its end by a change that failed before it was merged."""
    world.database("orders", ttl="2d")
    accepted = world.api.change(Place("dev", "orders"), {"size": "medium"}, ALPHA)
    world.happened(accepted.request.id, EventType.FAILED, step=step, cause="c", fix="f", retryable=False)
    return accepted.request.id


@pytest.mark.parametrize("step", [Step.PULL_REQUEST, Step.REVIEW])
def test_a_failed_change_that_nobody_cancels_does_not_keep_it_for_ever(world: World, step: Step) -> None:
    failed = blocked(world, step)
    for _ in range(7 * 24 - 1):
        assert world.reap(HOUR).expired == 0
    found = world.ledger.request(failed)
    assert found is not None
    assert not found.progress.cancelling  # whoever asked for it has a week to mend it, past the end too

    for _ in range(3):
        world.reap(HOUR)
    found = world.ledger.request(failed)
    assert found is not None
    assert found.progress.cancelling
    assert failed in [message.request_id for message in world.sent]
    world.happened(failed, EventType.CANCELLED)  # the worker
    outcome = [world.reap(HOUR) for _ in range(3)]

    assert [one.expired for one in outcome].count(1) == 1
    database = world.ledger.database(Place("dev", "orders"))
    assert database is not None
    assert database.state is DatabaseState.REMOVING


@pytest.mark.parametrize("step", [Step.PULL_REQUEST, Step.REVIEW])
def test_an_extension_that_failed_before_its_merge_keeps_the_database_until_its_own_end(
    world: World, step: Step
) -> None:
    world.database("orders", ttl="2d")
    accepted = world.api.change(Place("dev", "orders"), {"ttl": "20d"}, ALPHA)
    world.happened(accepted.request.id, EventType.FAILED, step=step, cause="c", fix="f", retryable=False)

    for _ in range(19):
        assert world.reap(DAY).expired == 0
    found = world.ledger.request(accepted.request.id)
    assert found is not None
    assert not found.progress.cancelling

    world.reap(DAY + HOUR)
    found = world.ledger.request(accepted.request.id)
    assert found is not None
    assert found.progress.cancelling


def test_a_plan_that_passes_after_the_review_was_given_up_begins_it_anew(world: World) -> None:
    request_id = world.api.create(MISSION_BODY, ALPHA).request.id
    world.happened(request_id, EventType.OPENED, pull_request=1, pull_request_url="u", commit="c")
    world.github.pulls[1] = PullRequest(1, "u", "open", False, "c", "b", "main")
    for _ in range(5):
        world.reap(HOUR)
    found = world.ledger.request(request_id)
    assert found is not None
    assert found.progress.state is State.FAILED

    world.now += HOUR
    world.happened(request_id, EventType.PLANNED, as_asked=False, commit="c")
    assert world.reap(HOUR).failed == 0

    found = world.ledger.request(request_id)
    assert found is not None
    assert found.progress.state is State.PULL_REQUEST_OPEN


def failed_apply(world: World, kind: str, **change: Any) -> Request:
    accepted = (
        world.api.remove(Place("dev", "orders"), ALPHA)
        if kind == "remove"
        else world.api.change(Place("dev", "orders"), change, ALPHA)
    )
    world.happened(accepted.request.id, EventType.STARTED)
    world.happened(accepted.request.id, EventType.FAILED, step=Step.APPLY, cause="c", fix="f", retryable=True)
    return accepted.request


def test_the_change_after_a_failed_apply_starts_from_what_is_on_main(world: World) -> None:
    world.database("orders")
    larger = failed_apply(world, "update", size="medium", storage_gb=50)
    world.now += HOUR

    tagged = world.api.change(Place("dev", "orders"), {"tags": {"a": "b"}}, ALPHA)

    assert tagged.request.before == larger.root
    assert tagged.request.root.storage_gb == 50
    assert tagged.request.root.instance_class == larger.root.instance_class
    world.happened(tagged.request.id, EventType.CLOSED)
    back = world.api.change(Place("dev", "orders"), {"size": "small"}, ALPHA)  # the size can be undone
    assert back.request.root.instance_class == "db.t4g.micro"


def test_a_merged_extension_counts_although_its_apply_failed(world: World) -> None:
    world.database("orders", ttl="2d")
    failed_apply(world, "extend", ttl="4d")
    for _ in range(90):
        assert world.reap(HOUR).expired == 0

    assert len(world.ledger.request_ids(Place("dev", "orders"))) == 2
    assert [world.reap(HOUR).expired for _ in range(24)].count(1) == 1  # its own end comes all the same


def test_a_database_whose_removal_failed_takes_no_other_change(world: World) -> None:
    world.database("orders")
    removal = failed_apply(world, "remove")

    with pytest.raises(Problem) as changed:
        world.api.change(Place("dev", "orders"), {"ttl": "8d"}, ALPHA)
    with pytest.raises(Problem) as removed:
        world.api.remove(Place("dev", "orders"), ALPHA)

    for refused in (changed.value, removed.value):
        assert (refused.status, refused.slug) == (409, "removal-failed")
        assert f"POST /requests/{removal.id}/retry" in refused.detail


@pytest.mark.parametrize("applied", [True, False], ids=["applied", "waiting"])
def test_a_database_that_is_extended_after_it_was_disarmed_is_not_removed(
    world: World, applied: bool
) -> None:
    world.database("orders", environment="prod", ttl="30d")
    for _ in range(30):
        world.reap(DAY)
    database = world.ledger.database(Place("prod", "orders"))
    assert database is not None
    assert database.active is not None
    world.happened(database.active, EventType.SUCCEEDED, result=None)

    world.now += HOUR
    extended = world.api.change(Place("prod", "orders"), {"ttl": "30d"}, ALPHA)
    if applied:
        world.happened(extended.request.id, EventType.SUCCEEDED, result=None)
    world.sent.clear()
    for _ in range(5):
        world.reap(HOUR)

    kinds = [world.ledger.request(one) for one in world.ledger.request_ids(Place("prod", "orders"))]
    assert [one.kind for one in kinds if one] == [Kind.CREATE, Kind.DISARM, Kind.EXTEND]
    assert extended.request.root.deletion_protection
    database = world.ledger.database(Place("prod", "orders"))
    assert database is not None
    assert database.state is (DatabaseState.AVAILABLE if applied else DatabaseState.UPDATING)


def test_a_short_life_is_warned_in_proportion() -> None:
    first, last = expiry.warnings(NOW, NOW + 8 * HOUR)

    assert NOW + 8 * HOUR - first == 4 * HOUR
    assert dt.timedelta(minutes=34) < NOW + 8 * HOUR - last < dt.timedelta(minutes=35)


def test_a_thousand_lives_through_ninety_days_with_the_scheduler_down_for_up_to_three() -> None:
    chance = random.Random(90)
    for _ in range(1000):
        born = NOW + chance.uniform(0, 60) * DAY
        end = born + expiry.DAY * chance.choice([1 / 3, 2, 7, 14, 30])
        expires_at = instant(end)
        marks: dict[str, str] = {}
        done: list[tuple[ExpiryAction, dt.datetime]] = []
        now = born
        while now < NOW + 95 * DAY:
            now += chance.choice([1, 6, 24, 72]) * HOUR
            action = expiry.due(expires_at, born, marks, now).action
            if action:
                marks[expiry.mark(action, expires_at)] = instant(now)
                done.append((action, now))
        actions = [action for action, _ in done]
        assert actions in (
            [ExpiryAction.WARN_FIRST, ExpiryAction.WARN_LAST, ExpiryAction.EXPIRE],
            [ExpiryAction.WARN_LAST, ExpiryAction.EXPIRE],
        )
        assert done[-1][1] >= end - dt.timedelta(seconds=1)
        assert done[-1][1] > done[-2][1]


def test_an_ended_request_is_kept_on_its_pull_request(world: World) -> None:
    request_id = world.database("kept", number=7)
    world.github.down = True
    assert world.reap(after=dt.timedelta(minutes=3)).errors != []
    world.github.down = False
    world.reap(after=HOUR)

    kept = request_record.parse(world.github.records[7])
    assert kept is not None
    assert kept.request.id == request_id
    assert kept.events == world.ledger.events(request_id)
    world.github.records.clear()
    world.reap(after=HOUR)
    assert world.github.records == {}  # once is enough


def test_what_happens_to_a_database_later_is_kept_there_too(world: World) -> None:
    world.database("kept", number=7)
    world.reap(after=HOUR)
    note = DatabaseEvent(
        id="n", type=DatabaseEventType.ROTATION_ASKED, at=world.now, actor="alpha", detail={"user": "master"}
    )
    assert world.ledger.add_database_event(Place("dev", "kept"), note)
    assert not world.ledger.add_database_event(Place("dev", "kept"), note)
    assert not world.ledger.add_database_event(Place("dev", "nobody"), note)
    world.reap(after=HOUR)
    kept = request_record.parse(world.github.records[7])
    assert kept is not None
    assert kept.database_events == [note]


def test_an_event_that_comes_while_a_request_is_kept_is_kept_next_time(world: World) -> None:
    request_id = world.database("kept", number=7)
    stale = world.ledger.request(request_id)
    assert stale is not None
    world.happened(request_id, EventType.APPROVED)
    world.ledger.stop_checking(stale)
    world.reap(after=HOUR)
    kept = request_record.parse(world.github.records[7])
    assert kept is not None
    assert EventType.APPROVED in {event.type for event in kept.events}
