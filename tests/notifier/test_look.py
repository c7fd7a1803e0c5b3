"""What only time brings: a day of waiting, a slow step, a week."""

import datetime as dt

import pytest
from provisioner.core import events
from provisioner.core.models import Activity, Request
from provisioner.notifier.digest import digest_id, is_due
from provisioner.notifier.recipients import Recipients, Target

from tests.core.examples import NOW
from tests.intake.setting import ALPHA, BETA, DEV
from tests.notifier.test_recipients import CATALOG, DOMAINS
from tests.notifier.world import LATER, World

DAY = dt.timedelta(days=1)
TEAM = ["rds-provisioner/notify/alpha", "alpha@acme.example"]
# Not on a Monday between 08:00 and 20:00, on which the digest goes out.
TUESDAY = NOW + DAY


@pytest.fixture
def world() -> World:
    world = World()
    world.setting.now = TUESDAY
    return world


def waits(world: World) -> Request:
    one = world.opened(environment="prod")
    event = events.approval_awaited(1, TUESDAY, owners=["@acme/dba"], waits_for="x", commit="c")
    return world.setting.happened(one, event)


def test_who_has_not_approved_for_a_day_is_asked_once_more(world: World) -> None:
    waits(world)
    assert world.look(TUESDAY + dt.timedelta(hours=23, minutes=59)) == []
    assert world.look(TUESDAY + DAY) == [
        ("prod/mydb123 has waited for your approval for 1 day", "rds-provisioner/notify/dba"),
        *(("prod/mydb123 has waited for an approval for 1 day", at) for at in TEAM),
    ]
    assert world.look(TUESDAY + DAY * 2) == []


def test_an_approval_that_came_ends_that(world: World) -> None:
    world.setting.merged(waits(world))
    assert [title for title, _ in world.look(TUESDAY + DAY) if "approval" in title] == []


def test_a_step_that_takes_longer_than_usual_is_said_once(world: World) -> None:
    one = world.setting.merged(world.opened())
    started = TUESDAY + dt.timedelta(seconds=10)
    world.setting.happened(one, events.started(started, pipeline_url="https://ci", commit="c"))
    assert world.look(started + dt.timedelta(minutes=39)) == []
    slow = world.look(started + dt.timedelta(minutes=41))
    assert slow == [("dev/mydb123: the creation takes longer than usual", at) for at in TEAM]
    assert world.look(started + dt.timedelta(minutes=51)) == []


def test_what_failed_or_was_done_is_not_slow(world: World) -> None:
    world.setting.failed(world.opened())
    world.setting.database(database_name="other")
    assert world.look(TUESDAY + dt.timedelta(hours=5)) == []


def test_a_team_without_a_channel_costs_no_look(world: World) -> None:
    world.setting.create(BETA)
    assert world.look(TUESDAY + dt.timedelta(hours=5)) == []


class Broken(Recipients):
    """Knows nothing of one team."""

    def of_team(self, team: str, owner: str = "") -> tuple[Target, ...]:
        if team == "beta":
            raise KeyError(team)
        return super().of_team(team, owner)


def test_what_cannot_be_looked_at_costs_the_others_nothing(world: World) -> None:
    broken = world.setting.create(BETA)
    world.setting.create(database_name="other")
    found = world.look(TUESDAY + dt.timedelta(hours=5), Broken(CATALOG, DOMAINS))
    assert found == [("dev/other: the creation takes longer than usual", at) for at in TEAM]
    assert world.trouble == [f"request {broken.id}"]


@pytest.mark.parametrize(
    ("day", "hour", "due"), [(23, 7, False), (23, 8, True), (23, 19, True), (23, 20, False), (24, 9, False)]
)
def test_the_digest_is_due_on_mondays(day: int, hour: int, due: bool) -> None:
    assert is_due(dt.datetime(2026, 11, day, hour, tzinfo=dt.UTC)) is due


def test_a_week_has_one_digest(world: World) -> None:
    assert digest_id("alpha", NOW) == "digest/alpha/2026-W48"
    world.setting.now = NOW - DAY
    database = world.setting.database(ttl="5d")
    idle = Activity(origin=database.origin, looked_at=NOW, idle_since=NOW - DAY * 15)
    assert world.setting.ledger.keep_activity(DEV, idle)
    assert world.look(NOW) == [("Databases of alpha, 23 Nov 2026", at) for at in TEAM]
    assert world.look(NOW + dt.timedelta(minutes=10)) == []
    (again, *_) = world.look(NOW + DAY * 7)
    assert again[0] == "Databases of alpha, 30 Nov 2026"


def test_a_team_without_databases_has_none(world: World) -> None:
    assert world.look(NOW) == []
    removed = world.setting.database()
    world.setting.use_cases.remove(removed.place, ALPHA)
    assert world.look(LATER) != []  # being removed is not removed
