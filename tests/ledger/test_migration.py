"""Lists are right before, during and after the migration, whatever is written meanwhile."""

import dataclasses
import datetime as dt
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from provisioner.api import lists
from provisioner.core import database_events, events
from provisioner.core.errors import Contention
from provisioner.core.events import Event
from provisioner.core.lifecycle import ENDED, DatabaseState, Kind, State
from provisioner.core.models import Activity, Database, Request
from provisioner.core.names import Place
from provisioner.core.times import instant
from provisioner.ledger.all_teams import Fleet
from provisioner.ledger.ledger import Ledger
from provisioner.ledger.migration import Standing
from provisioner.ledger.new_request import NameTaken
from provisioner.ledger.rows import database_from_row
from provisioner.ledger.table import Filters

from tests.core.examples import NOW, ROOMY, catalog, charge, request
from tests.ledger.memory_table import MemoryTable
from tests.ledger.moto_table import TABLE
from tests.thorough import tries

HOUR = dt.timedelta(hours=1)
NAMES = ("one", "two", "three")
TEAMS = ("alpha", "beta")


def as_earlier_releases_wrote_it(table: MemoryTable, name: str = "") -> None:
    """Rows of databases of this name, their requests and all quotas as they were before lists lay apart."""
    for rows in list(table.rows.values()):
        for sk, row in list(rows.items()):
            old = dict(row)
            if sk == "DB" and old["database_name"]["S"].startswith(name):
                old.pop("listed", None)
                old["list_pk"] = {"S": f"TEAM#{old['team']['S']}#DB"}
            elif sk == "REQ" and old["database_name"]["S"].startswith(name):
                old["list_pk"] = {"S": f"TEAM#{old['team']['S']}#REQ"}
            elif sk == "QUOTA" and not name:
                old.pop("list_pk", None)
                old.pop("list_sk", None)
            if old != row:
                old |= {"version": {"N": str(int(old["version"]["N"]) + 1)}} if sk in ("DB", "REQ") else {}
                table._write((row["pk"]["S"], sk), old)


class World:
    """A ledger that many write to, and what its lists should say."""

    def __init__(self) -> None:
        self.table = MemoryTable()
        self.ledger = Ledger(self.table, TABLE)
        self.now = NOW
        self.requests: list[Request] = []

    def create(self, team: str, name: str) -> None:
        new = request(team=team, database_name=name, now=self.now)
        new = dataclasses.replace(new, progress=dataclasses.replace(new.progress, users=True))
        try:
            self.ledger.open_create(new, charge(new.root), ROOMY)
        except NameTaken:
            return
        self.requests.append(new)

    def change(self, kind: Kind, name: str) -> None:
        there = self.database(name)
        if there is None or there.state is not DatabaseState.AVAILABLE or there.active:
            return
        new = request(kind=kind, team=there.team, database_name=name, now=self.now)
        new = dataclasses.replace(new, before=there.root)
        self.ledger.open_change(new, there, there.charge, ROOMY)
        self.requests.append(new)

    def happens(self, number: int, make: Callable[[dt.datetime], Event]) -> None:
        if self.requests:
            self.ledger.add_event(self.requests[number % len(self.requests)].id, make(self.now), self.now)

    def look(self, name: str, *, idle: bool) -> None:
        there, before = self.database(name), self.ledger.activity(Place("dev", name))
        if there is None:
            return
        found = Activity(
            origin=there.origin,
            looked_at=self.now,
            last_connection_at=self.now - HOUR,
            idle_since=self.now if idle else None,
            version=before.version + 1 if before else 1,
        )
        assert self.ledger.keep_activity(there.place, found)

    def gone(self, name: str) -> None:
        event = database_events.removed_in_git(self.now, pipeline_url=f"u{instant(self.now)}", commit="c")
        self.ledger.mark_removed(Place("dev", name), event)

    def database(self, name: str) -> Database | None:
        return self.ledger.database(Place("dev", name))

    def migrate(self, size: int) -> None:
        """One part of a run, as `ops.migrate` makes them."""
        migration = self.ledger.migration
        standing = migration.standing()
        rows, position = migration.part(standing.position, size)
        changed = (0 if standing.position is None else standing.changed) + sum(map(migration.bring, rows))
        done = not changed and (position is None or standing.complete)
        migration.keep(Standing(position=position, changed=changed, complete=done))

    # What it should say, from the rows of databases, requests and their use alone

    def all_databases(self) -> list[Database]:
        found = [rows["DB"] for rows in self.table.rows.values() if "DB" in rows]
        return [database_from_row({k: v.get("S") or int(v["N"]) for k, v in row.items()}) for row in found]

    def all_requests(self) -> list[Request]:
        """Newest first."""
        found = [self.ledger.request(each.id) for each in self.requests]
        return sorted((each for each in found if each), key=lambda each: each.created_at, reverse=True)

    def listed_requests(self, team: str, *states: State) -> list[Request]:
        """The list, three rows a page."""
        kept, found, token = Filters(among={"state": states} if states else {}), list[Request](), ""
        while True:
            page = self.ledger.requests(team, kept=kept, page_size=3, page_token=token or None)
            found += page.items
            token = page.next_token or ""
            if not token:
                return found

    def expected(self, team: str, *, removed: bool | None) -> list[dict[str, Any]]:
        own = [each for each in self.all_databases() if each.team == team]
        kept = [each for each in own if removed in (None, each.state is DatabaseState.REMOVED)]
        return [self.item(each) for each in sorted(kept, key=_newest_first, reverse=True)]

    def item(self, database: Database) -> dict[str, Any]:
        active = self.ledger.request(database.active) if database.active else None
        used = self.ledger.activity(database.place)
        known = used if used and used.origin == database.origin else None
        return {
            "database": database.database_name,
            "state": database.state.value,
            "request": (active.id, active.progress.state.value) if active else None,
            "idle": bool(known and known.idle_since),
            "used": bool(known),
        }

    def assert_right(self) -> None:
        for team in TEAMS:
            assert self.listed(team) == self.expected(team, removed=False)
            assert self.listed(team, removed="true") == self.expected(team, removed=None)
            assert self.listed(team, state="removed") == self.expected(team, removed=True)
            idle = [item for item in self.expected(team, removed=None) if item["idle"]]
            assert self.listed(team, idle="true", removed="true") == idle
            own = [each for each in self.all_requests() if each.team == team]
            assert self.listed_requests(team) == own
            unfinished = [each for each in own if each.progress.state not in ENDED]
            assert self.listed_requests(team, *(state for state in State if state not in ENDED)) == unfinished
            failed = [each for each in own if each.progress.state in (State.FAILED, State.DONE)]
            assert self.listed_requests(team, State.FAILED, State.DONE) == failed
        since = self.now - 3 * HOUR
        assert _of(self.ledger.all_teams.fleet(since)) == _of(self.ledger.all_teams._scanned(since))

    def listed(self, team: str, **query: str) -> list[dict[str, Any]]:
        """The list, two rows a page."""
        found: list[dict[str, Any]] = []
        asked = {name: [value] for name, value in query.items()}
        token: str | None = None
        while True:
            more: dict[str, list[str]] = {"page_token": [token]} if token else {}
            page = lists.databases(
                {**asked, **more, "page_size": ["2"]}, team, self.ledger, catalog(), self.now
            )
            found += page["databases"]
            token = page["next_page_token"]
            if token is None:
                return [_item(each) for each in found]


def _newest_first(database: Database) -> tuple[dt.datetime, str]:
    return database.created_at, str(database.place)


def _item(document: dict[str, Any]) -> dict[str, Any]:
    active = document["active_request"]
    return {
        "database": document["database_name"],
        "state": document["state"],
        "request": active and (active["id"], active["state"]),
        "idle": document["idle_since"] is not None,
        "used": document["last_connection_at"] is not None,
    }


def _of(fleet: Fleet) -> tuple[Any, ...]:
    """What a fleet holds, in a fixed order; how its rows were stored says nothing."""
    plain = [dataclasses.replace(each, listed=None) for each in fleet.databases]
    return (
        sorted(plain, key=lambda each: (each.team, str(each.place))),
        list(fleet.active),
        sorted(fleet.done, key=lambda each: each.id),
    )


URL, COMMIT = "https://ci.example/1", "c"
EVENTS: dict[str, Callable[[dt.datetime], Event]] = {
    "opened": lambda at: events.opened(1, at, url="https://github.com/acme/databases/pull/1", commit=COMMIT),
    "merged": lambda at: events.merged(1, at, "octocat", commit=COMMIT),
    "started": lambda at: events.started(at, pipeline_url=URL, commit=COMMIT),
    "succeeded": lambda at: events.succeeded(at, pipeline_url=URL, commit=COMMIT, result={"endpoint": "h"}),
    "users ready": events.users_ready,
    "users failed": lambda at: events.failed_users(at, cause="c", fix="f"),
    "apply failed": lambda at: events.failed_apply(
        at, pipeline_url=URL, commit=COMMIT, cause="no capacity", fix="try again", retryable=True
    ),
    "cancelled": events.cancelled,
    "closed": lambda at: events.closed(1, at, "octocat"),
}
name, team = st.sampled_from(NAMES), st.sampled_from(TEAMS)
STEPS = st.one_of(
    st.tuples(st.just("create"), team, name),
    st.tuples(st.just("change"), st.sampled_from([Kind.UPDATE, Kind.REMOVE]), name),
    st.tuples(st.just("happens"), st.integers(0, 5), st.sampled_from(sorted(EVENTS))),
    st.tuples(st.just("look"), name, st.booleans()),
    st.tuples(st.just("gone"), name),
)
MIGRATION = st.tuples(st.just("migrate"), st.integers(1, 4))


def carry_out(world: World, step: tuple[Any, ...]) -> None:
    match step:
        case "create", team, name:
            world.create(team, name)
        case "change", kind, name:
            world.change(kind, name)
        case "happens", number, what:
            world.happens(number, EVENTS[what])
        case "look", name, idle:
            world.look(name, idle=idle)
        case "gone", name:
            world.gone(name)
        case "migrate", size:
            world.migrate(size)
        case "earlier", name:
            as_earlier_releases_wrote_it(world.table, name)
    world.now += HOUR


@settings(max_examples=tries(100, 20))
@given(
    before=st.lists(STEPS, max_size=15),
    during=st.lists(st.one_of(STEPS, MIGRATION, MIGRATION), min_size=4, max_size=30),
)
def test_lists_are_right_before_during_and_after_the_migration(
    before: list[tuple[Any, ...]], during: list[tuple[Any, ...]]
) -> None:
    world = World()
    for step in before:
        carry_out(world, step)
    as_earlier_releases_wrote_it(world.table)
    world.assert_right()
    for step in during:
        carry_out(world, step)
        world.assert_right()
    for _ in range(100):
        if world.ledger.migration.is_complete():
            break
        world.migrate(3)
    assert world.ledger.migration.is_complete()
    for step in during:
        if step[0] != "migrate":
            carry_out(world, step)
            world.assert_right()
    position = None
    while True:  # nothing is left, and what this release wrote since is as the migration would write it
        rows, position = world.ledger.migration.part(position, 2)
        assert [world.ledger.migration.differs(row) for row in rows] == [None] * len(rows)
        if position is None:
            break


def test_what_an_earlier_release_writes_before_the_end_is_found_by_the_next_pass() -> None:
    world = World()
    world.create("alpha", "one")
    as_earlier_releases_wrote_it(world.table)
    world.migrate(1)
    as_earlier_releases_wrote_it(world.table, "one")
    for _ in range(20):
        world.migrate(1)
    assert world.ledger.migration.is_complete()
    found = world.database("one")
    assert found is not None
    assert found.listed is not None
    world.assert_right()


@pytest.mark.parametrize("what", ["a look", "users"])
def test_a_change_between_the_look_and_the_write_is_not_lost(
    monkeypatch: pytest.MonkeyPatch, what: str
) -> None:
    world = World()
    world.create("alpha", "one")
    world.happens(0, EVENTS["succeeded"])
    as_earlier_releases_wrote_it(world.table)
    (row,) = (row for row in world.ledger.migration.part(None, 100)[0] if row["sk"] == "DB")
    migration = world.ledger.migration
    changes = {
        "a look": lambda: world.look("one", idle=True),
        "users": lambda: world.happens(0, EVENTS["users ready"]),
    }
    write, meanwhile = type(migration)._write, [changes[what]]

    def late(self: Any, now: Any, values: Any) -> bool:
        if meanwhile:
            meanwhile.pop()()
        return bool(write(self, now, values))

    monkeypatch.setattr(type(migration), "_write", late)
    assert migration.bring(row)
    found = world.database("one")
    assert found is not None
    assert found.listed is not None
    assert (found.listed.idle_since is not None) == (what == "a look")
    assert (found.listed.lacks_users is None) == (what == "users")
    world.assert_right()


def test_a_row_that_others_keep_writing_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    world = World()
    world.create("alpha", "one")
    as_earlier_releases_wrote_it(world.table)
    (row,) = (row for row in world.ledger.migration.part(None, 100)[0] if row["sk"] == "DB")
    monkeypatch.setattr(type(world.ledger.migration), "_write", lambda *_: False)
    with pytest.raises(Contention, match="migrating DB#dev#one"):
        world.ledger.migration.bring(row)


def test_a_drift_that_only_an_event_says_is_shown() -> None:
    world = World()
    world.create("alpha", "one")
    world.happens(0, EVENTS["succeeded"])
    place = Place("dev", "one")
    began = database_events.drifted(world.now, pipeline_url=URL, link="https://github.com/acme/issues/4")
    assert world.ledger.add_database_event(place, began)
    for _ in range(20):
        world.migrate(5)
    found = world.database("one")
    assert found is not None
    assert found.drift == {"since": instant(began.at), "link": "https://github.com/acme/issues/4"}


def test_a_request_that_lacks_its_users_is_on_the_board_until_they_log_in() -> None:
    world = World()
    world.create("alpha", "one")
    for what in ("opened", "merged", "started", "succeeded"):
        world.happens(0, EVENTS[what])
    world.migrate(100)
    assert world.ledger.migration.is_complete()
    assert [each.progress.state for each in world.ledger.all_teams.fleet(world.now).active] == [
        State.APPLYING
    ]
    world.happens(0, EVENTS["users failed"])
    (failed,) = world.ledger.all_teams.fleet(world.now).active
    assert (failed.id, failed.progress.state) == (world.requests[0].id, State.FAILED)
    world.happens(0, EVENTS["users ready"])
    assert list(world.ledger.all_teams.fleet(world.now).active) == []
