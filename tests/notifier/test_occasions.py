"""What an event says to whom; and nothing of what is over when it comes."""

import datetime as dt
from typing import Any

import pytest
from provisioner.core import database_events, events
from provisioner.core.events import Step
from provisioner.core.lifecycle import Failure, State
from provisioner.core.models import Activity
from provisioner.core.times import instant
from provisioner.intake.opening import Opening
from provisioner.intake.use_cases import UseCases
from provisioner.notifier.occasions import OF_DATABASES, OF_REQUESTS

from tests.core.examples import MISSION_BODY, NOW
from tests.intake.setting import ALPHA, DEV, RESULT
from tests.notifier.world import LATER, World, said

ALL = ["alpha", "mail:alpha@acme.example"]
APPLIED = events.succeeded(NOW, pipeline_url="https://ci", commit="c", result=RESULT)


@pytest.fixture
def world() -> World:
    return World()


def test_a_creation_is_ready_once_it_is_applied_where_no_users_are_made(world: World) -> None:
    one = world.setting.create(owner="jane@acme.example")
    ready = [("dev/mydb123 is ready", [*ALL, "mail:jane@acme.example"])]
    assert said(world.of_request(one, APPLIED)) == ready


def test_it_is_ready_once_its_users_can_log_in_where_they_are_made(world: World) -> None:
    setting = world.setting
    opening = Opening(setting.ledger, setting.rules, setting.sent.append, NOW, makes_users=True)
    one = UseCases(opening, setting.new_id).create(MISSION_BODY, ALPHA).request
    assert said(world.of_request(one, APPLIED)) == []
    ready = database_events.users_ready(one.id, NOW, secrets={})
    assert said(world.of_database(setting.at(DEV), ready)) == [("dev/mydb123 is ready", ALL)]


def test_users_made_for_a_database_of_before_are_no_news(world: World) -> None:
    database = world.setting.database()
    assert (
        said(world.of_database(database, database_events.users_ready(database.origin, NOW, secrets={}))) == []
    )


def test_a_change_that_is_applied_is_no_ready_database(world: World) -> None:
    world.setting.database()
    change = world.setting.use_cases.change(DEV, {"size": "medium"}, ALPHA).request
    assert said(world.of_request(change, APPLIED)) == []


def test_a_database_that_was_removed_since_is_not_ready(world: World) -> None:
    one = world.setting.create()
    world.setting.applied(one)
    world.setting.use_cases.remove(DEV, ALPHA)
    assert said(world.of_request(one, APPLIED)) == []


def test_reviewers_and_the_team_that_asked_read_it_each_in_their_words(world: World) -> None:
    one = world.opened(environment="prod")
    waits = events.approval_awaited(1, NOW, owners=["@acme/dba"], waits_for="nobody approved", commit="c")
    assert said(world.of_request(one, waits)) == [
        ("prod/mydb123 waits for your approval", ["dba"]),
        ("prod/mydb123 waits for an approval", ALL),
    ]


def test_an_older_word_on_what_it_waits_for_is_not_said(world: World) -> None:
    one = world.opened(environment="prod")
    first = events.approval_awaited(1, NOW, owners=["@acme/dba"], waits_for="x", commit="c")
    second = events.approval_awaited(2, LATER, owners=["@acme/dba"], waits_for="y", commit="c")
    world.setting.happened(one, second)
    assert said(world.of_request(one, first)) == []


def test_a_merge_that_came_first_leaves_nothing_to_approve(world: World) -> None:
    one = world.opened(environment="prod")
    world.setting.merged(one)
    waits = events.approval_awaited(1, NOW, owners=["@acme/dba"], waits_for="x", commit="c")
    assert said(world.of_request(one, waits)) == []


def test_a_failure_is_said_with_its_cause_unless_it_was_overcome(world: World) -> None:
    one = world.setting.merged(world.opened())
    fault = events.failed_apply(
        LATER, pipeline_url="https://ci", commit="c", cause="boom", fix="do it", retryable=True
    )
    (word,) = world.of_request(one, fault)
    assert (word.message.title, word.message.lines) == (
        "dev/mydb123: the creation failed",
        ("Cause: boom", "Fix: do it"),
    )
    retried = events.retried(1, LATER + dt.timedelta(seconds=1), "alpha")
    assert world.setting.happened(one, retried).progress.state is not State.FAILED
    assert said(world.of_request(one, fault)) == []


@pytest.mark.parametrize("step", [Step.PULL_REQUEST, Step.REVIEW, Step.QUEUE, Step.APPLY, Step.USERS])
def test_each_step_that_fails_has_words(world: World, step: Step) -> None:
    one = world.setting.create()
    failure = Failure(step=step, cause="c", fix="f", retryable=False)
    message = world.occasions(NOW).texts.failed("id", one, failure)
    assert dict(message.facts)["Failed at"].islower() or "Terraform" in dict(message.facts)["Failed at"]


def test_an_end_that_is_near_is_said_unless_it_was_moved(world: World) -> None:
    database = world.setting.database(owner="jane@acme.example")
    ends = database.root.expires_at
    warning = database_events.expiring("first", database.origin, NOW, expires_at=ends, last=False)
    assert said(world.of_database(database, warning, NOW)) == [
        ("dev/mydb123 expires in 7 days", [*ALL, "mail:jane@acme.example"])
    ]
    world.setting.applied(world.setting.use_cases.change(DEV, {"ttl": "9d"}, ALPHA).request)
    assert said(world.of_database(database, warning, NOW)) == []


def test_an_end_is_not_said_after_it(world: World) -> None:
    database = world.setting.database()
    ends = database.root.expires_at
    warning = database_events.expiring("last", database.origin, NOW, expires_at=ends, last=True)
    assert said(world.of_database(database, warning, NOW + dt.timedelta(days=8))) == []


def test_an_idle_database_is_said_unless_someone_used_it_since(world: World) -> None:
    database = world.setting.database()
    event = database_events.idle(
        "idle:1", database.origin, NOW, since=NOW - dt.timedelta(days=15), removed_at=None
    )
    assert said(world.of_database(database, event)) == []
    idle = Activity(origin=database.origin, looked_at=NOW, idle_since=NOW - dt.timedelta(days=15))
    assert world.setting.ledger.keep_activity(DEV, idle)
    assert said(world.of_database(database, event)) == [("Nobody uses dev/mydb123", ALL)]


def test_the_end_of_a_version_is_said_of_what_still_has_it(world: World) -> None:
    database = world.setting.database()
    version = database.root.engine_version
    about: dict[str, Any] = {"until": dt.date(2029, 7, 31), "last": True}
    ending = database_events.version_ending("support:30", database.origin, NOW, version=version, **about)
    other = database_events.version_ending("support:31", database.origin, NOW, version="5.7", **about)
    assert said(world.of_database(database, ending)) == [
        (f"dev/mydb123: support of MySQL {version} ends 2029-07-31", ALL)
    ]
    assert said(world.of_database(database, other)) == []


def test_drift_is_said_for_as_long_as_it_lasts(world: World) -> None:
    database = world.setting.database()
    drifted = database_events.drifted(NOW, pipeline_url="https://ci", link="https://github.com/a/b/issues/9")
    (word,) = world.of_database(database, drifted)
    assert word.message.title == "dev/mydb123 differs from git"
    assert word.message.links[0].url == "https://github.com/a/b/issues/9"
    world.setting.ledger.add_database_event(
        DEV, database_events.drift_ended(LATER, pipeline_url="https://ci/2")
    )
    assert said(world.of_database(database, drifted)) == []


def test_the_same_event_is_the_same_message(world: World) -> None:
    one = world.setting.create()
    first, second = (world.of_request(one, APPLIED)[0].message.id for _ in range(2))
    assert first == second == f"{one.id}/{APPLIED.id}"


def test_what_nobody_has_to_know_is_passed_over(world: World) -> None:
    one = world.opened()
    assert world.of_request(one, events.merged(7, NOW, "alpha", commit="c")) == []
    assert {"merged", "requested", "used_again"} & {*OF_REQUESTS, *OF_DATABASES} == set()


@pytest.mark.parametrize(
    "document", [{}, {"data": {}}, {"data": {"event": "applied", "request": None}, "id": "x"}]
)
def test_what_is_no_event_is_an_error(world: World, document: dict[str, object]) -> None:
    with pytest.raises((KeyError, TypeError)):
        world.occasions(NOW).of(document)


def test_an_event_of_nothing_that_is_known_says_nothing(world: World) -> None:
    data = {"event": "idle", "environment": "dev", "database_name": "gone", "detail": {}}
    assert world.occasions(NOW).of({"data": data, "id": "x", "time": instant(NOW)}) == []
