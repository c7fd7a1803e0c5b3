"""A request that is due is sent again, failed after its maximum, or followed to its end and recorded."""

import dataclasses
import datetime as dt

import pytest
from provisioner.core import events
from provisioner.core.database_events import DatabaseEvent, DatabaseEventType
from provisioner.core.events import EventType, Step
from provisioner.core.lifecycle import DatabaseState, Kind, State, derive
from provisioner.core.models import Beat
from provisioner.core.names import Place
from provisioner.github.pull_request import PullRequest
from provisioner.pull_requests import comments, outcome, request_record

from tests.core.examples import MISSION_BODY, NOW, ROOMY, charge, request
from tests.reaper.world import ALPHA, DAY, HOUR, World


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


def test_what_is_stuck_too_long_fails_with_a_cause_and_can_be_retried(world: World) -> None:
    accepted = world.api.create(MISSION_BODY, ALPHA)

    outcome = world.reap(DAY + HOUR)

    found = world.request(accepted.request.id)
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
    retried = world.request(accepted.request.id)
    assert retried.progress.state is State.REQUESTED


@pytest.mark.parametrize("removed", [False, True], ids=["there", "removed"])
def test_a_creation_whose_users_do_not_come_fails_and_says_what_helps(world: World, removed: bool) -> None:
    waits = dataclasses.replace(request(), progress=derive([events.requested(NOW, "alpha", users=True)]))
    world.ledger.open_create(waits, charge(waits.root), ROOMY)
    world.happened(waits.id, EventType.SUCCEEDED, result={"endpoint": "h"})
    if removed:
        gone = DatabaseEvent(id="g", type=DatabaseEventType.REMOVED_IN_GIT, at=NOW, actor="pipeline")
        world.ledger.mark_removed(waits.place, gone)

    assert world.reap(HOUR).failed == 0
    assert world.reap(HOUR + HOUR).failed == 1

    failure = world.request(waits.id).progress.failure
    assert failure is not None
    assert (failure.step, failure.retryable) == (Step.USERS, not removed)
    cause = "was removed before its users" if removed else "could not log in within 2 hours"
    assert cause in failure.cause
    assert world.reap(HOUR).failed == 0


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

    found = world.request(accepted.request.id)
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

    found = world.request(accepted.request.id)
    assert found.progress.state is State.MERGED


def test_a_plan_that_passes_after_the_review_was_given_up_begins_it_again(world: World) -> None:
    request_id = world.api.create(MISSION_BODY, ALPHA).request.id
    world.happened(request_id, EventType.OPENED, pull_request=1, pull_request_url="u", commit="c")
    world.github.open(1)
    for _ in range(5):
        world.reap(HOUR)
    found = world.request(request_id)
    assert found.progress.state is State.FAILED

    world.now += HOUR
    world.happened(request_id, EventType.PLANNED, as_asked=False, commit="c")
    assert world.reap(HOUR).failed == 0

    found = world.request(request_id)
    assert found.progress.state is State.PULL_REQUEST_OPEN


@pytest.mark.parametrize("opened", [True, False])
@pytest.mark.parametrize("end", [EventType.CLOSED, EventType.CANCELLED])
def test_a_removal_that_a_reviewer_refuses_puts_the_protection_back_once(
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

    requests = world.requests("orders", "prod")
    assert [request.kind for request in requests] == [Kind.CREATE, Kind.DISARM, Kind.REMOVE, Kind.UPDATE]
    armed = requests[-1]
    assert armed.before is not None
    assert (armed.actor, armed.team) == ("rds-provisioner", "alpha")
    assert armed.root.deletion_protection
    assert armed.root == dataclasses.replace(armed.before, deletion_protection=True, request_id=armed.id)
    assert "deletion protection had been taken off" in armed.reason
    assert world.sent[-1].request_id == armed.id
    world.happened(armed.id, EventType.SUCCEEDED, result=None)
    database = world.there("orders", "prod")
    assert (database.state, database.root.deletion_protection) == (DatabaseState.AVAILABLE, True)


def test_a_refused_removal_where_nothing_is_protected_needs_nothing(world: World) -> None:
    world.database("orders")
    removal = world.api.remove(Place("dev", "orders"), ALPHA)
    world.happened(removal.request.id, EventType.CLOSED)

    world.reap(HOUR)

    assert len(world.ledger.request_ids(Place("dev", "orders"))) == 2


@pytest.mark.parametrize("applied", [True, False], ids=["applied", "waiting"])
def test_a_database_that_is_extended_after_it_was_disarmed_is_not_removed(
    world: World, applied: bool
) -> None:
    world.database("orders", environment="prod", ttl="30d")
    for _ in range(30):
        world.reap(DAY)
    database = world.there("orders", "prod")
    assert database.active is not None
    world.happened(database.active, EventType.SUCCEEDED, result=None)

    world.now += HOUR
    extended = world.api.change(Place("prod", "orders"), {"ttl": "30d"}, ALPHA)
    if applied:
        world.happened(extended.request.id, EventType.SUCCEEDED, result=None)
    world.sent.clear()
    for _ in range(5):
        world.reap(HOUR)

    requests = world.requests("orders", "prod")
    assert [request.kind for request in requests] == [Kind.CREATE, Kind.DISARM, Kind.EXTEND]
    assert extended.request.root.deletion_protection
    database = world.there("orders", "prod")
    assert database.state is (DatabaseState.AVAILABLE if applied else DatabaseState.UPDATING)


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


@pytest.mark.parametrize("step", [Step.REVIEW, Step.APPLY])
def test_a_failed_request_is_kept_on_its_pull_request_too(world: World, step: Step) -> None:
    world.database("kept", number=7)
    change = world.api.change(Place("dev", "kept"), {"size": "medium"}, ALPHA).request
    world.happened(change.id, EventType.OPENED, pull_request=8, pull_request_url="u", commit="c")
    if step is Step.APPLY:
        world.happened(change.id, EventType.MERGED, commit="c")
    world.fail(change.id, step)
    world.reap(after=HOUR)

    kept = request_record.parse(world.github.records[8])
    assert kept is not None
    assert kept.request.id == change.id
    assert kept.events == world.ledger.events(change.id)
    assert EventType.FAILED in [event.type for event in kept.events]


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


def test_an_event_that_is_received_while_a_request_is_kept_is_kept_next_time(world: World) -> None:
    request_id = world.database("kept", number=7)
    stale = world.request(request_id)
    world.happened(request_id, EventType.APPROVED)
    world.ledger.stop_checking(stale)
    world.reap(after=HOUR)
    kept = request_record.parse(world.github.records[7])
    assert kept is not None
    assert EventType.APPROVED in {event.type for event in kept.events}


@pytest.mark.parametrize("state", [EventType.CLOSED, EventType.CANCELLED])
def test_a_pull_request_that_is_open_although_its_request_has_ended_is_closed(
    world: World, state: EventType
) -> None:
    """Else someone could merge what nobody's quota holds and nothing would end."""
    accepted = world.api.create(MISSION_BODY, ALPHA)
    one = accepted.request.id
    world.happened(one, EventType.OPENED, pull_request=7, pull_request_url="u", commit="c")
    world.github.pulls[7] = PullRequest(7, "u", "open", merged=False, head_sha="c", branch="b", base="main")
    world.happened(one, state)

    world.reap(HOUR)

    assert world.github.pulls[7].state == "closed"
    (comment,) = world.github.comments[7]
    assert "rds-provisioner" in comment


def applied(world: World, minutes: float = 0) -> str:
    """A request whose apply is done; the reaper looks at it so much later."""
    made = world.database("orders")
    world.reap(dt.timedelta(minutes=minutes))
    return made


def test_an_outcome_that_github_missed_is_said_by_the_reaper_once(world: World) -> None:
    applied(world, minutes=3)
    assert world.github.outcomes == {}  # the report may still be on its way

    for _ in range(3):
        world.reap(dt.timedelta(minutes=3))

    assert [text.splitlines()[1] for text in world.github.outcomes[1]] == ["## ✅ `dev/orders` is ready"]


def test_an_outcome_that_the_report_wrote_is_not_said_again(world: World) -> None:
    event = world.ledger.events(applied(world))[-1]
    world.github.outcomes[1] = [f"{outcome.marker(event)}\nwritten by the report"]

    world.reap(dt.timedelta(minutes=6))

    assert len(world.github.outcomes[1]) == 1


def test_an_outcome_that_an_earlier_release_edited_into_its_comment_is_not_said_again(world: World) -> None:
    applied(world)
    world.github.outcomes[1] = [f"{comments.OUTCOME}\n## ✅ `dev/orders` is as this pull request says"]

    world.reap(dt.timedelta(minutes=6))

    assert len(world.github.outcomes[1]) == 1


def test_an_outcome_waits_for_github_and_is_then_said(world: World) -> None:
    applied(world)
    world.github.down = True
    assert world.reap(dt.timedelta(minutes=6)).errors

    world.github.down = False
    world.reap(HOUR)

    assert len(world.github.outcomes[1]) == 1


def test_a_failed_apply_is_said_too(world: World) -> None:
    accepted = world.api.create(MISSION_BODY, ALPHA)
    world.happened(accepted.request.id, EventType.OPENED, pull_request=1, pull_request_url="u", commit="c")
    world.fail(accepted.request.id, Step.APPLY)

    world.reap(dt.timedelta(minutes=6))

    assert [text.splitlines()[1] for text in world.github.outcomes[1]] == [
        "## ❌ Creating `dev/mydb123` failed"
    ]


def test_a_job_that_falls_silent_is_looked_after_in_minutes(world: World) -> None:
    accepted = world.api.create(MISSION_BODY, ALPHA)
    made = accepted.request.id
    world.happened(made, EventType.OPENED, pull_request=1, pull_request_url="u", commit="c")
    world.happened(made, EventType.MERGED)
    world.happened(made, EventType.STARTED, pipeline_url="https://ci/1", commit="c")
    world.sent.clear()
    world.ledger.keep_beat(made, "dev", Beat(at=world.now, seconds=60, pipeline_url="https://ci/1"))

    minutes = []
    for minute in range(1, 60):
        world.reap(dt.timedelta(minutes=1))
        minutes += [minute] * len(world.sent)
        world.sent.clear()

    # The worker runs the pipeline again at the first, and gives it up where that is in vain.
    assert minutes == [12, 24, 48]


def test_a_job_that_sends_its_word_is_left_alone_for_as_long_as_it_works(world: World) -> None:
    accepted = world.api.create(MISSION_BODY, ALPHA)
    made = accepted.request.id
    world.happened(made, EventType.OPENED, pull_request=1, pull_request_url="u", commit="c")
    world.happened(made, EventType.MERGED)
    world.happened(made, EventType.STARTED, pipeline_url="https://ci/1", commit="c")
    world.sent.clear()
    for _ in range(100):
        world.now += dt.timedelta(minutes=1)
        world.ledger.keep_beat(made, "dev", Beat(at=world.now, seconds=60, pipeline_url="https://ci/1"))
        world.reap()
    assert (world.sent, world.request(made).progress.state) == ([], State.APPLYING)
