"""1,000 databases through 90 days, with the scheduler down for up to three days at a time.

Each lives in the ledger itself, from its creation over warnings and extensions to its removal. In dev a
removal merges by itself; in staging and prod a person approves some, lets some wait, and closes some.
"""

import datetime as dt
import random
from collections import Counter
from dataclasses import dataclass, field
from typing import Any

import pytest
from provisioner.errors import Problem
from provisioner.ledger import Ledger
from provisioner.lifecycle import DatabaseState, Happened, Kind, Noted
from provisioner.records import Charge
from provisioner.request import parse_instant

from tests.core.examples import NOW
from tests.core.ledger_table import TABLE
from tests.core.memory_table import MemoryTable
from tests.core.test_sweep import ALPHA, World

HOUR, DAY = dt.timedelta(hours=1), dt.timedelta(days=1)
DATABASES, DAYS = 1000, 90
LIVES = {
    "dev": ("8h", "2d", "7d", "14d", "30d"),
    "staging": ("7d", "14d", "30d", "60d"),
    "prod": ("30d", "60d", "never"),
}


class Racing(MemoryTable):
    """Lets something happen between the reaper's look at what is due and what it does then."""

    def __init__(self) -> None:
        super().__init__()
        self.meanwhile: Any = None

    def query(self, **call: Any) -> dict[str, Any]:
        answer = super().query(**call)
        if call.get("IndexName") == "due" and self.meanwhile:
            happens, self.meanwhile = self.meanwhile, None
            happens()
        return answer


@dataclass
class Life:
    """What is expected of one database, and what was seen."""

    environment: str
    name: str
    ends: set[str] = field(default_factory=set)  # every end that it was ever given
    removals: list[tuple[dt.datetime, str]] = field(default_factory=list)  # asked when, for which end
    persons: int = 0  # people who approved a removal


@dataclass
class Country:
    """All databases, and the people who look after them."""

    world: World
    table: Racing
    chance: random.Random
    lives: dict[tuple[str, str], Life] = field(default_factory=dict)
    extended: int = 0
    raced: int = 0
    seen: set[str] = field(default_factory=set)
    announced: set[str] = field(default_factory=set)

    def bear(self, number: int, at: dt.datetime) -> None:
        environment = self.chance.choices(["dev", "staging", "prod"], [6, 3, 1])[0]
        ttl = self.chance.choice(LIVES[environment])
        name = f"db{number}"
        tick, self.world.now = self.world.now, at
        self.world.database(name, number=number + 1, environment=environment, ttl=ttl)
        self.world.now = tick
        life = self.lives[environment, name] = Life(environment, name)
        life.ends.add(self.end(life))

    def end(self, life: Life) -> str:
        database = self.world.ledger.database(life.environment, life.name)
        assert database is not None
        return database.root.expires_at

    def extend(self, life: Life) -> bool:
        """Ask for more time, where that is possible, and have it applied."""
        ttl = self.chance.choice(["2d", "7d", "10d"])
        try:
            found = self.world.service().change(life.environment, life.name, {"ttl": ttl}, ALPHA)
        except Problem:
            return False  # too long, gone, or its removal is under way
        assert not isinstance(found, dict)
        self.world.happened(found.request.id, Happened.SUCCEEDED, result={"endpoint": "h"})
        life.ends.add(self.end(life))
        self.extended += 1
        return True

    def race(self) -> None:
        """Somebody extends at the very moment when the reaper looks."""
        due = list(self.world.ledger.due_databases(self.world.now))
        if due:
            one = self.chance.choice(due)
            life = self.lives[one.environment, one.database_name]

            def extend() -> None:
                self.raced += self.extend(life)

            self.table.meanwhile = extend

    def sweep(self) -> None:
        """The reaper's run, and what pipelines and people make of it."""
        self.world.sent.clear()
        swept = self.world.sweep()
        assert swept.errors == []
        for message in self.world.sent:
            if message.kind not in (Kind.REMOVE, Kind.DISARM):
                continue
            life = self.lives[message.environment, message.database_name]
            request = self.world.ledger.request(message.request_id)
            assert request is not None
            first = request.progress.state == "requested" and message.request_id not in self.seen
            self.seen.add(message.request_id)
            announced = message.request_id in self.announced  # the second step of a removal
            if request.follow_up:
                self.announced.add(request.follow_up)
            if first and not announced and request.reason.startswith("Its life ended"):
                life.removals.append((self.world.now, request.root.expires_at))
            self.decide(life, message.request_id)

    def decide(self, life: Life, request_id: str) -> None:
        if life.environment != "dev":
            match self.chance.random():
                case luck if luck < 0.2:
                    self.world.happened(request_id, Happened.CLOSED)
                    return
                case luck if luck < 0.4:
                    return  # nobody looks at it yet
            life.persons += 1
        self.world.happened(request_id, Happened.SUCCEEDED, result=None)


@pytest.fixture(scope="module")
def country() -> Country:
    """The country after its 90 days."""
    table, chance = Racing(), random.Random(1)
    country = Country(World(Ledger(table, TABLE)), table, chance)
    births = sorted(chance.uniform(0, 30) for _ in range(DATABASES))
    world, born = country.world, 0
    while world.now - NOW < DAYS * DAY:
        # Every few hours, but at times nobody runs the reaper for up to three days.
        world.now += chance.choices([2, 6, 12, 24, 48, 72], [8, 8, 6, 2, 1, 1])[0] * HOUR
        while born < DATABASES and NOW + births[born] * DAY <= world.now:
            country.bear(born, NOW + births[born] * DAY)
            born += 1
        for life in chance.sample(list(country.lives.values()), k=min(3, len(country.lives))):
            country.extend(life)
        if chance.random() < 0.5:
            country.race()
        country.sweep()
    return country


def test_there_were_a_thousand_and_much_happened(country: Country) -> None:
    assert len(country.lives) == DATABASES
    assert country.extended > 200
    assert country.raced > 10
    assert sum(len(life.removals) for life in country.lives.values()) > 600


def test_none_was_removed_early(country: Country) -> None:
    for life in country.lives.values():
        for asked_at, end in life.removals:
            assert asked_at >= parse_instant(end), life


def test_each_end_of_life_had_one_removal_request(country: Country) -> None:
    for life in country.lives.values():
        ends = Counter(end for _, end in life.removals)
        assert all(count == 1 for count in ends.values()), life
        assert set(ends) <= life.ends


def test_each_that_expired_in_dev_is_gone_and_no_other(country: Country) -> None:
    now, ledger = country.world.now, country.world.ledger
    for life in country.lives.values():
        database = ledger.database(life.environment, life.name)
        assert database is not None
        if life.environment != "dev":
            continue
        gone = database.state is DatabaseState.REMOVED
        if gone:
            assert len(life.removals) == 1
            assert parse_instant(database.root.expires_at) <= now
        else:  # three days for the scheduler, and a whole notice after that
            assert parse_instant(database.root.expires_at) > now - 5 * DAY


def test_a_review_environment_never_lost_one_without_a_person(country: Country) -> None:
    for life in country.lives.values():
        database = country.world.ledger.database(life.environment, life.name)
        assert database is not None
        if life.environment != "dev" and database.state is DatabaseState.REMOVED:
            assert life.persons >= (2 if life.environment == "prod" else 1)


def test_warnings_went_out_once_for_each_end_and_before_it(country: Country) -> None:
    for life in country.lives.values():
        notes = country.world.ledger.notes(life.environment, life.name)
        warned = [note for note in notes if note.type is Noted.EXPIRING]
        said = Counter((note.detail["expires_at"], note.detail["last"]) for note in warned)
        assert all(count == 1 for count in said.values()), life
        for asked_at, end in life.removals:
            last = [note.at for note in warned if note.detail == {"expires_at": end, "last": True}]
            assert len(last) == 1
            assert last[0] < asked_at


def test_what_never_ends_was_never_warned_about(country: Country) -> None:
    never = [life for life in country.lives.values() if "never" in life.ends and len(life.ends) == 1]
    assert never
    for life in never:
        assert life.removals == []
        notes = country.world.ledger.notes(life.environment, life.name)
        assert [note for note in notes if note.type is Noted.EXPIRING] == []


def test_the_quota_holds_what_is_there(country: Country) -> None:
    for environment in LIVES:
        there = Charge()
        for life in country.lives.values():
            database = country.world.ledger.database(life.environment, life.name)
            assert database is not None
            if life.environment == environment:
                there = there.minus(Charge().minus(database.charge))
        assert country.world.ledger.usage("alpha", environment) == there
