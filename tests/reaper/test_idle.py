"""The daily check: what is said about idle databases, what is removed, and what is left alone."""

import datetime as dt
import random
from dataclasses import replace
from typing import Any

import pytest
from provisioner.api.pages import database_page
from provisioner.core.database_events import DatabaseEventType
from provisioner.core.engines import CLUSTER
from provisioner.core.events import EventType
from provisioner.core.lifecycle import DatabaseState
from provisioner.core.names import Place
from provisioner.core.times import instant
from provisioner.reaper.idle_rules import HOUR

from tests.core.examples import NOW
from tests.reaper.days import DAY, Connections, Days, KilledGitHub
from tests.reaper.world import ALPHA, RULES, World


@pytest.fixture
def days(world: World) -> Days:
    return Days(world)


def test_a_cluster_that_nobody_uses_is_warned_about_and_removed_as_an_instance_is(days: Days) -> None:
    cluster: dict[str, Any] = {"database_engine": "aurora-postgresql", "size": "sleepy", "ttl": "30d"}
    days.database("orders", **cluster)
    days.database("bills", lambda hour: float(hour.hour == 9), number=2, **cluster)

    did = days.days(20)

    assert [(day, one.reported, one.removals) for day, one in did] == [
        (14, ["dev/orders"], []),
        (17, [], ["dev/orders"]),
    ]


def test_a_cluster_that_has_the_name_of_an_instance_says_nothing_of_it(days: Days) -> None:
    days.database("orders", ttl="30d")
    found, connected = days.account.running["dev-orders"]
    days.account.running["dev-orders"] = replace(found, resource=CLUSTER), connected

    assert days.days(16) == []


def test_the_logins_of_the_access_function_do_not_keep_a_database_in_use(days: Days) -> None:
    rotated = NOW + 10 * DAY
    begin = rotated.replace(minute=0, second=0, microsecond=0)
    days.database("orders", lambda hour: float(hour == begin), ttl="30d")
    days.database("bills", lambda hour: float(hour == begin), number=2, ttl="30d")
    days.ledger.keep_login(Place("dev", "orders"), [begin])
    days.ledger.keep_login(Place("dev", "orders"), [begin])

    did = days.days(17)

    assert [(day, one.reported) for day, one in did if one.reported] == [(14, ["dev/orders"])]
    assert days.ledger.own_logins(Place("dev", "orders")) == {begin}


def test_a_database_that_nobody_uses_is_warned_about_and_removed_three_days_later(days: Days) -> None:
    days.database("orders", ttl="30d")

    did = days.days(20)

    assert [(day, one.reported, one.removals) for day, one in did] == [
        (14, ["dev/orders"], []),
        (17, [], ["dev/orders"]),
    ]
    (removal,) = days.removals("orders")
    assert removal.reason == "Nobody has connected to it since 2026-11-23T13:00:00Z."
    assert removal.actor == "rds-provisioner"
    assert days.world.there("orders").state is DatabaseState.REMOVING
    assert [(message.kind, message.request_id) for message in days.world.sent] == [("remove", removal.id)]
    (comment,) = days.world.github.comments[1]
    assert "It is removed automatically 2026-12-10T12:00:00Z" in comment
    (note,) = days.ledger.database_events(Place("dev", "orders"))
    assert (note.type, dict(note.detail)) == (
        DatabaseEventType.IDLE,
        {"idle_since": "2026-11-23T13:00:00Z", "removed_at": "2026-12-10T12:00:00Z"},
    )


def test_a_review_environment_receives_it_once_and_keeps_its_database(days: Days) -> None:
    days.database("orders", environment="staging", ttl="90d")

    did = days.days(60)

    assert [(day, one.reported, one.removals) for day, one in did] == [(30, ["staging/orders"], [])]
    assert days.world.there("orders", "staging").state is DatabaseState.AVAILABLE
    (comment,) = days.world.github.comments[1]
    assert "here nothing is removed without a reviewer" in comment
    (note,) = days.ledger.database_events(Place("staging", "orders"))
    assert note.detail["removed_at"] is None


def test_an_environment_without_idle_after_days_is_not_looked_at(days: Days) -> None:
    days.database("orders", environment="prod", ttl="never")

    assert days.days(100) == []
    assert days.account.reads == []


def test_a_connection_after_the_warning_takes_it_back_and_a_new_spell_is_warned_again(days: Days) -> None:
    busy = NOW + 15 * DAY + 2 * HOUR
    days.database("orders", lambda hour: 2.0 if hour == busy else 0.0, ttl="30d")

    did = days.days(29)

    assert [(day, one.reported, one.taken_back, one.removals) for day, one in did] == [
        (14, ["dev/orders"], [], []),
        (16, [], ["dev/orders"], []),
    ]
    did = days.days(5)
    assert [(day, one.reported, one.removals) for day, one in did] == [
        (1, ["dev/orders"], []),
        (4, [], ["dev/orders"]),
    ]
    assert days.events("orders") == ["idle", "used_again", "idle"]
    assert "is in use" in days.world.github.comments[1][1]
    assert len(days.removals("orders")) == 1


def test_the_database_says_since_when_it_is_idle(days: Days) -> None:
    busy = NOW + 5 * HOUR
    days.database("orders", lambda hour: 2.0 if hour == busy else 0.0, ttl="30d")
    days.days(10)
    page = database_page(days.world.there("orders"), days.ledger, RULES, NOW)
    assert (page["last_connection_at"], page["idle_since"]) == (instant(busy), None)

    days.days(5)

    page = database_page(days.world.there("orders"), days.ledger, RULES, NOW)
    assert (page["last_connection_at"], page["idle_since"]) == (instant(busy), "2026-11-24T13:00:00Z")
    assert [event["event"] for event in page["events"]] == ["idle"]


def test_an_extension_after_the_warning_counts_as_use(days: Days) -> None:
    days.database("orders", ttl="20d")
    days.days(16)
    extended = days.world.api.change(Place("dev", "orders"), {"ttl": "14d"}, ALPHA)

    assert days.days(1) == []  # it is being applied
    days.world.happened(extended.request.id, EventType.SUCCEEDED, result=None)
    did = days.days(3)

    assert [(day, one.taken_back, one.removals) for day, one in did] == [(1, ["dev/orders"], [])]
    assert days.removals("orders") == []


def test_a_removal_that_a_reviewer_refused_is_not_asked_for_again(days: Days) -> None:
    days.database("orders", ttl="30d")
    days.days(17)
    (removal,) = days.removals("orders")
    days.world.happened(removal.id, EventType.CLOSED)

    assert days.days(10) == []
    assert len(days.removals("orders")) == 1
    assert days.world.there("orders").state is DatabaseState.AVAILABLE


def test_a_database_that_was_stopped_for_a_day_is_left_alone_until_that_day_is_out_of_sight(
    days: Days,
) -> None:
    stopped = NOW + 5 * DAY
    days.database("orders", lambda hour: None if stopped <= hour < stopped + DAY else 0.0, ttl="30d")

    did = days.days(24)

    assert [(day, one.reported, one.removals) for day, one in did] == [
        (20, ["dev/orders"], []),
        (23, [], ["dev/orders"]),
    ]


def test_a_database_that_cloudwatch_does_not_know_is_left_alone(days: Days) -> None:
    days.database("orders", lambda hour: None, ttl="30d")

    assert days.days(28) == []
    looked = days.look()
    assert looked is not None
    assert looked.unknown == ["dev/orders"]
    assert days.world.there("orders").state is DatabaseState.AVAILABLE


def test_it_looks_once_a_day_however_often_the_reaper_runs(days: Days) -> None:
    days.database("orders", ttl="30d")

    ran = [days.look(dt.timedelta(minutes=5)) is not None for _ in range(12 * 24 + 1)]

    assert sum(ran) == 2
    assert days.account.reads == [1, 1]


def test_when_cloudwatch_is_down_it_checks_again_in_an_hour_and_removes_nothing(days: Days) -> None:
    days.database("orders", ttl="30d")
    days.days(16)
    days.account.down = True
    looked = days.look()
    assert looked is not None
    assert [error.partition(":")[0] for error in looked.errors] == ["reading the connections from CloudWatch"]
    assert days.look(dt.timedelta(minutes=30)) is None
    assert days.world.there("orders").state is DatabaseState.AVAILABLE

    days.account.down = False
    looked = days.look(dt.timedelta(minutes=30))

    assert looked is not None
    assert looked.removals == ["dev/orders"]


def test_github_being_down_keeps_the_warning_back_and_so_the_removal(days: Days) -> None:
    days.database("orders", ttl="30d")
    days.database("bills", lambda hour: 1.0, number=2, ttl="30d")
    days.days(13)
    days.world.github.down = True
    for _ in range(2):
        looked = days.look()
        assert looked is not None
        assert looked.errors == ["dev/orders: commenting: GitHub did not answer"]
    days.world.github.down = False

    looked = days.look(HOUR)

    assert looked is not None
    assert (looked.reported, looked.looked_at) == (["dev/orders"], 1)
    assert [day for day, one in days.days(4) if one.removals] == [3]


def test_after_days_without_a_scheduler_the_notice_is_counted_from_the_warning(days: Days) -> None:
    days.database("orders", ttl="30d")

    looked = days.look(20 * DAY)
    assert looked is not None
    assert (looked.reported, looked.removals) == (["dev/orders"], [])

    assert [(day, one.removals) for day, one in days.days(4)] == [(3, ["dev/orders"])]


def test_a_look_that_broke_off_is_taken_up_an_hour_later_where_it_stopped(days: Days) -> None:
    days.database("bills", ttl="30d")
    days.database("orders", number=2, ttl="30d")
    days.days(13)
    days.world.github = KilledGitHub(comments=days.world.github.comments, at=2)
    with pytest.raises(MemoryError):
        days.look()

    assert days.look(HOUR / 2) is None
    looked = days.look(HOUR / 2)
    assert looked is not None
    assert (looked.looked_at, looked.reported) == (1, ["dev/orders"])
    assert days.events("bills") == days.events("orders") == ["idle"]


def test_two_looks_at_once_warn_and_ask_once(days: Days) -> None:
    days.database("orders", ttl="30d")
    days.world.now += 14 * DAY
    first, second = days.idle_databases(), days.idle_databases()

    assert first.run() is not None
    assert second.run() is None
    assert days.events("orders") == ["idle"]


def test_a_month_of_databases_with_gaps_outages_and_a_lazy_scheduler(days: Days) -> None:
    chance = random.Random(20261123)
    used: dict[str, set[dt.datetime]] = {}
    gone: dict[str, set[dt.datetime]] = {}
    hours = [NOW + count * HOUR for count in range(24 * 50)]
    for number in range(1, 13):
        name = f"db{number}"
        share = chance.choice([0, 0, 0.002, 0.02])
        used[name] = {hour for hour in hours if chance.random() < share}
        gone[name] = {hour for hour in hours if chance.random() < chance.choice([0, 0.01])}
        days.database(name, _connected(used[name], gone[name]), number=number, ttl="30d")

    while days.world.now < NOW + 29 * DAY:
        days.account.down = chance.random() < 0.1
        days.world.github.down = chance.random() < 0.1
        days.look(chance.choice([1, 6, 24, 24, 72]) * HOUR)

    removed = 0
    for number in range(1, 13):
        name = f"db{number}"
        removals = days.removals(name)
        assert len(removals) <= 1
        for removal in removals:
            removed += 1
            since = removal.created_at - 14 * DAY
            assert not {hour for hour in used[name] - gone[name] if since <= hour <= removal.created_at}
            warning = max(
                note.at
                for note in days.ledger.database_events(Place("dev", name))
                if note.type is DatabaseEventType.IDLE
            )
            assert removal.created_at - warning >= 3 * DAY
        if not used[name] and not gone[name]:
            assert len(removals) == 1
    assert removed >= 4


def _connected(used: set[dt.datetime], gone: set[dt.datetime]) -> Connections:
    return lambda hour: None if hour in gone else float(hour in used)
