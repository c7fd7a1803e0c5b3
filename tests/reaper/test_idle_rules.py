"""The rules of idleness, without any clock or cloud."""

import datetime as dt
import random
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st
from provisioner.core.models import Activity
from provisioner.reaper import idle_rules
from provisioner.reaper.idle_rules import (
    ENOUGH_HOURS,
    NOTICE,
    Finding,
    Following,
    IdleAction,
    Look,
    Point,
    follow,
    look,
    window,
)

from tests.core.examples import NOW

HOUR, DAY = dt.timedelta(hours=1), dt.timedelta(days=1)
DAYS = 14
LONG_AGO = NOW - 100 * DAY
# The hour that runs at NOW is the last one: 12:00 to 13:00.
END = NOW + HOUR
HOURS = [END - (count + 1) * HOUR for count in range(24 * DAYS)]
QUIET: list[Point] = [(hour, 0.0) for hour in HOURS]


def found(points: list[Point], *, alive_since: dt.datetime = LONG_AGO, now: dt.datetime = NOW) -> Finding:
    return look(points, days=DAYS, alive_since=alive_since, now=now).finding


def after(
    before: Activity | None,
    finding: Finding,
    now: dt.datetime,
    *,
    removes: bool = True,
    origin: str = "a",
    connected_at: dt.datetime | None = None,
) -> Following:
    """What follows from a look at `now` that found this."""
    begin, _ = window(DAYS, now)
    seen = Look(finding=finding, begin=begin, at=now, last_connection_at=connected_at)
    return follow(before, seen, origin=origin, removes=removes)


def test_a_look_reaches_from_the_hour_that_runs_to_the_same_hour_days_ago() -> None:
    now = NOW + dt.timedelta(minutes=17)

    assert window(DAYS, now) == (NOW + HOUR - DAYS * DAY, NOW + HOUR)


def test_fourteen_days_without_a_connection_are_idle() -> None:
    assert found(QUIET) is Finding.IDLE


def test_no_data_at_all_is_not_idleness() -> None:
    assert found([]) is Finding.UNKNOWN


def test_a_database_that_was_stopped_for_a_day_is_not_known_to_be_idle() -> None:
    stopped = [(at, count) for at, count in QUIET if not NOW - 6 * DAY <= at < NOW - 5 * DAY]

    assert found(stopped) is Finding.UNKNOWN


def test_a_restart_and_a_gap_of_four_hours_do_not_hide_idleness() -> None:
    assert found([(at, count) for at, count in QUIET if at.hour not in (1, 2, 3, 4)]) is Finding.IDLE
    assert found([(at, count) for at, count in QUIET if at.hour not in (0, 1, 2, 3, 4)]) is Finding.UNKNOWN


def with_own(counts: dict[int, float], own: list[int]) -> Finding:
    """What is found where so many were connected so many hours ago, and the product itself in others."""
    points = [(at, counts.get(ago, 0.0)) for ago, (at, _) in enumerate(QUIET)]
    hours = {HOURS[ago] for ago in own}
    return look(points, days=DAYS, alive_since=LONG_AGO, now=NOW, own=hours).finding


def test_the_products_own_logins_are_no_use() -> None:
    assert with_own({30: 1.0, 31: 1.0}, own=[30, 31]) is Finding.IDLE
    assert with_own({30: 1.0, 31: 1.0}, own=[31]) is Finding.IN_USE


def test_a_client_next_to_the_product_is_use() -> None:
    assert with_own({30: 2.0}, own=[30]) is Finding.IN_USE


def test_hours_of_the_products_logins_are_not_known_so_that_too_many_of_a_day_hide_what_it_is() -> None:
    assert with_own({}, own=[24, 25, 26, 27]) is Finding.IDLE
    assert with_own({}, own=[24, 25, 26, 27, 28]) is Finding.UNKNOWN


@given(
    st.dictionaries(st.integers(0, 24 * DAYS - 1), st.sampled_from([0.0, 1.0, 2.0]), max_size=12),
    st.sets(st.integers(0, 24 * DAYS - 1), max_size=12),
)
def test_own_logins_never_make_idle_what_someone_else_uses(counts: dict[int, float], own: set[int]) -> None:
    clients = [ago for ago, count in counts.items() if count > (1 if ago in own else 0)]

    assert (with_own(counts, sorted(own)) is Finding.IN_USE) == bool(clients)


def test_a_change_counts_as_use() -> None:
    assert found(QUIET, alive_since=NOW - 13 * DAY) is Finding.IN_USE


@given(st.sets(st.integers(0, len(HOURS) - 1)), st.integers(0, len(HOURS) - 1), st.integers(1, 900))
def test_one_connection_in_one_hour_is_use_whatever_is_missing(
    missing: set[int], used: int, connections: int
) -> None:
    points = [(at, 0.0) for position, at in enumerate(HOURS) if position not in missing | {used}]

    assert found([*points, (HOURS[used], float(connections))]) is Finding.IN_USE


@given(st.sets(st.integers(0, len(HOURS) - 1), max_size=60))
def test_idleness_needs_twenty_known_hours_of_every_day(missing: set[int]) -> None:
    points = [(at, 0.0) for position, at in enumerate(HOURS) if position not in missing]
    gaps = [sum(position // 24 == day for position in missing) for day in range(DAYS)]

    assert (found(points) is Finding.IDLE) == (max(gaps) <= 4)
    assert found(points) is not Finding.IN_USE


@given(st.integers(1, 24 * DAYS * 60 - 61), st.booleans())
def test_a_database_younger_than_its_days_is_never_idle(minutes: int, known: bool) -> None:
    age = dt.timedelta(minutes=minutes)

    assert found(QUIET if known else [], alive_since=NOW - age) is not Finding.IDLE


@given(st.permutations(QUIET[:48]))
def test_the_order_of_the_points_does_not_matter(points: list[Point]) -> None:
    assert found([*points, *QUIET[48:]]) is Finding.IDLE
    assert found([*QUIET[48:], *points, *points]) is Finding.IDLE


def test_an_idle_database_is_warned_about_once_and_due_after_the_notice() -> None:
    activity, actions = None, []
    for day in range(6):
        following = after(activity, Finding.IDLE, NOW + day * DAY)
        activity = following.activity
        actions.append(following.action)

    assert actions == [IdleAction.REPORT, None, None, IdleAction.REMOVE, IdleAction.REMOVE, IdleAction.REMOVE]
    assert activity is not None
    assert idle_rules.spell(activity) == "idle@2026-11-09T13:00:00Z"


def test_where_nothing_is_removed_automatically_it_is_reported_once() -> None:
    activity, actions = None, []
    for day in range(40):
        following = after(activity, Finding.IDLE, NOW + day * DAY, removes=False)
        activity = following.activity
        actions.append(following.action)

    assert actions == [IdleAction.REPORT] + [None] * 39


def test_an_environment_that_begins_to_remove_warns_first() -> None:
    reported = after(None, Finding.IDLE, NOW, removes=False).activity

    later = after(reported, Finding.IDLE, NOW + 10 * DAY, removes=True)

    assert later.action is IdleAction.REPORT
    assert later.activity.warned_at == NOW + 10 * DAY
    assert idle_rules.spell(later.activity) == idle_rules.spell(reported)


def test_a_connection_takes_the_warning_back_and_the_next_spell_has_another_name() -> None:
    warned = after(None, Finding.IDLE, NOW).activity
    hour = NOW + 2 * DAY

    used = after(warned, Finding.IN_USE, NOW + 2 * DAY, connected_at=hour)
    again = after(used.activity, Finding.IDLE, NOW + 17 * DAY)

    assert used.action is IdleAction.TAKE_BACK
    assert (used.activity.idle_since, used.activity.warned_at, used.activity.last_connection_at) == (
        None,
        None,
        hour,
    )
    assert again.action is IdleAction.REPORT
    assert again.activity.last_connection_at == hour
    assert idle_rules.spell(again.activity) != idle_rules.spell(warned)


def test_what_is_not_known_neither_removes_nor_takes_back() -> None:
    warned = after(None, Finding.IDLE, NOW).activity

    unknown = after(warned, Finding.UNKNOWN, NOW + 5 * DAY)

    assert unknown.action is None
    assert unknown.activity.warned_at == NOW
    assert after(unknown.activity, Finding.IDLE, NOW + 6 * DAY).action is IdleAction.REMOVE


def test_a_warning_that_nobody_followed_for_longer_than_a_look_reaches_is_given_again() -> None:
    warned = after(None, Finding.IDLE, NOW).activity

    assert after(warned, Finding.IDLE, NOW + 13 * DAY).action is IdleAction.REMOVE
    late = after(warned, Finding.IDLE, NOW + 15 * DAY)
    assert late.action is IdleAction.REPORT
    assert late.activity.warned_at == NOW + 15 * DAY


def test_a_later_database_of_the_same_name_begins_afresh() -> None:
    warned = after(None, Finding.IDLE, NOW).activity

    other = after(warned, Finding.IDLE, NOW + 5 * DAY, origin="b")

    assert other.action is IdleAction.REPORT
    assert (other.activity.origin, other.activity.version) == ("b", 2)


@given(
    st.lists(st.tuples(st.sampled_from(Finding), st.integers(1, 20), st.booleans()), max_size=40),
)
@settings(max_examples=300)
def test_nothing_is_removed_without_a_notice_in_its_own_spell(
    looks: list[tuple[Finding, int, bool]],
) -> None:
    now, activity = NOW, None
    warned: dict[str, dt.datetime] = {}
    used_at = NOW - 1000 * DAY
    looked_idle = NOW - 1000 * DAY
    for finding, days, removes in looks:
        now += days * DAY
        following = after(activity, finding, now, removes=removes)
        activity, spell = following.activity, idle_rules.spell(following.activity)
        if finding is Finding.IN_USE:
            used_at = now
        if following.action is IdleAction.REPORT and activity.warned_at is not None:
            assert spell not in warned
            warned[spell] = now
        if following.action is IdleAction.REMOVE:
            assert finding is Finding.IDLE
            assert removes
            assert now - warned[spell] >= NOTICE
            assert warned[spell] > used_at
            assert now - looked_idle <= DAYS * DAY
        if finding is Finding.IDLE:
            looked_idle = now


def test_two_hundred_databases_through_ninety_days_with_gaps_and_the_scheduler_down_for_up_to_three() -> None:
    chance = random.Random(90)
    ended = 0
    for _ in range(200):
        share, lost = chance.choice([0, 0.001, 0.005, 0.05]), chance.choice([0, 0.02, 0.3])
        created_at = NOW + chance.randint(0, 24 * 20) * HOUR
        hours = [created_at + count * HOUR for count in range(24 * 90)]
        known = {hour: float(chance.random() < share) for hour in hours if chance.random() >= lost}
        now, activity, warned_at = created_at, None, None
        while now < created_at + 70 * DAY:
            now += chance.choice([24, 24, 24, 48, 72]) * HOUR
            begin, end = window(DAYS, now)
            points = [(hour, known[hour]) for hour in hours if begin <= hour < end and hour in known]
            seen = look(points, days=DAYS, alive_since=created_at, now=now)
            following = follow(activity, seen, origin="a", removes=True)
            activity = following.activity
            if following.action is IdleAction.REPORT:
                warned_at = now
            if following.action is IdleAction.TAKE_BACK:
                warned_at = None
            if following.action is IdleAction.REMOVE:
                assert warned_at is not None
                assert now - created_at >= DAYS * DAY + NOTICE
                assert now - warned_at >= NOTICE
                assert not any(count for hour, count in known.items() if now - DAYS * DAY < hour <= now)
                ended += 1
                break
        else:
            assert share or lost
    assert 50 <= ended < 200


def test_the_numbers_are_the_ones_that_the_document_names() -> None:
    document = (Path(__file__).parents[2] / "docs" / "lifecycle.md").read_text()

    assert (NOTICE, ENOUGH_HOURS) == (3 * DAY, 20)
    assert "a date three days ahead" in document
    assert "at least 20 hours are known" in document
