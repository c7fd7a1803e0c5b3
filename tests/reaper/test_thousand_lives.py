"""1,000 databases through 90 days, with the scheduler down for up to three days at a time.

Each lives in the ledger itself, from its creation over warnings and extensions to its removal. In dev what is
planned as asked merges by itself; in staging and prod people approve some, let some wait, and close some.
What each database was promised is kept beside the ledger, so that the ledger is not its own witness.
"""

import datetime as dt
import random
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any
from uuid import UUID

import pytest
from provisioner.core.database_events import DatabaseEvent, DatabaseEventType
from provisioner.core.errors import Problem
from provisioner.core.events import EventType
from provisioner.core.lifecycle import DatabaseState, Kind, State
from provisioner.core.models import Charge, Database, Request
from provisioner.core.names import Place
from provisioner.core.times import parse_instant
from provisioner.github.client import Merge
from provisioner.github.pull_request import PullRequest
from provisioner.ledger.ledger import Ledger
from provisioner.pull_requests import content
from provisioner.pull_requests.merge import Merger

from tests.core.examples import NOW
from tests.ledger.memory_table import MemoryTable
from tests.ledger.moto_table import TABLE
from tests.reaper.world import ALPHA, RULES, FakeGitHub, World

HOUR, DAY = dt.timedelta(hours=1), dt.timedelta(days=1)
DATABASES, DAYS = 1000, 90
BIRTHS, EXTENSIONS = 20, 75  # until which day databases are born, and extended
# Down for three days before the last warning, its notice of a day, and down for three days again.
LONGEST_DELAY = 7 * DAY
LIVES = {
    "dev": ("8h", "2d", "7d", "14d", "30d"),
    "staging": ("7d", "14d", "30d", "60d"),
    "prod": ("30d", "60d", "never"),
}


class Racing(MemoryTable):
    """Lets something happen right after a read, before the reader writes what follows from it."""

    def __init__(self) -> None:
        super().__init__()
        self.meanwhile: dict[str, Callable[[], None]] = {}  # by what is read: "due", or a row's pk

    def get_item(self, *, Key: dict[str, Any], **call: Any) -> dict[str, Any]:  # noqa: N803 - DynamoDB's name
        answer = super().get_item(Key=Key, **call)
        self._then(Key["pk"]["S"])
        return answer

    def query(self, **call: Any) -> dict[str, Any]:
        answer = super().query(**call)
        if call["ExpressionAttributeValues"].get(":kind") == {"S": "database"}:
            self._then("due")
        return answer

    def _then(self, read: str) -> None:
        if happens := self.meanwhile.pop(read, None):
            happens()


@dataclass
class Repository(FakeGitHub):
    """Pull requests that can be merged, and who merged them."""

    merged_alone: list[int] = field(default_factory=list)

    def open(self, branch: str) -> PullRequest:
        number = len(self.pulls) + DATABASES + 1  # up to DATABASES are those that created one each
        self.pulls[number] = PullRequest(number, "u", "open", False, "c", branch, "main")
        return self.pulls[number]

    def merge(self, number: int, *, head: str, title: str) -> Merge:
        assert title
        assert self.pulls[number].head_sha == head
        self.merged_alone.append(number)
        return Merge("m")

    def delete_branch(self, branch: str) -> None:
        assert branch


@dataclass
class DatabaseRun:
    """What one database was promised, and what was seen of it."""

    environment: str
    name: str
    born: dt.datetime
    end: str  # the newest that was applied
    asked: list[tuple[dt.datetime, str, Request]] = field(default_factory=list)  # when, and the end by then
    approved: set[str] = field(default_factory=set)  # the requests that a person approved
    gone_at: dt.datetime | None = None


@dataclass
class Fleet:
    """All databases, and the people who look after them."""

    world: World
    table: Racing
    github: Repository
    chance: random.Random
    lives: dict[tuple[str, str], DatabaseRun] = field(default_factory=dict)
    open: dict[str, PullRequest] = field(default_factory=dict)
    branches: Counter[str] = field(default_factory=Counter)
    extended: int = 0
    raced: Counter[str] = field(default_factory=Counter)

    def live(self) -> None:
        creations = sorted(self.chance.uniform(0, BIRTHS) for _ in range(DATABASES))
        world = self.world
        while world.now - NOW < DAYS * DAY:
            # Every few hours, but at times nobody runs the reaper for up to three days.
            tick = world.now + self.chance.choices([2, 6, 12, 24, 48, 72], [8, 8, 6, 2, 1, 1])[0] * HOUR
            while len(self.lives) < DATABASES and NOW + creations[len(self.lives)] * DAY <= tick:
                world.now = NOW + creations[len(self.lives)] * DAY
                self.create(len(self.lives))
            world.now = tick
            self.decide()
            extending = tick - NOW < EXTENSIONS * DAY
            if extending:
                for life in self.chance.sample(list(self.lives.values()), k=min(3, len(self.lives))):
                    self.extend(life)
            self.reap(racing=extending and self.chance.random() < 0.8)

    def create(self, number: int) -> None:
        environment = self.chance.choices(["dev", "staging", "prod"], [6, 3, 1])[0]
        ttl, name = self.chance.choice(LIVES[environment]), f"db{number}"
        self.world.database(name, number=number + 1, environment=environment, ttl=ttl)
        database = self.database(Place(environment, name))
        self.lives[environment, name] = DatabaseRun(
            environment, name, self.world.now, database.root.expires_at
        )

    def database(self, place: Place) -> Database:
        found = self.world.ledger.database(place)
        assert found is not None
        return found

    def extend(self, life: DatabaseRun) -> bool:
        """Ask for more time; False where that is too much, or the database is gone or about to be."""
        ttl = self.chance.choice(["2d", "7d", "10d"])
        try:
            self.world.api.change(Place(life.environment, life.name), {"ttl": ttl}, ALPHA)
        except Problem:
            return False
        self.deliver()
        self.extended += 1
        return True

    def reap(self, *, racing: bool) -> None:
        """The reaper's run; `racing` when somebody extends between one of its reads and its write."""
        world = self.world
        due = list(world.ledger.due_databases(world.now)) if racing else []
        if due:
            # Half of them at the very end of a life, after the reaper has looked twice.
            over = [one for one in due if one.root.expires_at != "never" and ends(one) <= world.now]
            one = self.chance.choice(over or due)
            life = self.lives[one.environment, one.database_name]
            read = self.chance.choice(["due", f"DB#{life.environment}#{life.name}"])

            def extend() -> None:
                if self.extend(life):
                    self.raced["due" if read == "due" else "fresh"] += 1

            self.table.meanwhile[read] = extend
        lost = self.raced["fresh"]
        outcome = world.reap()
        self.table.meanwhile.clear()
        # Whoever loses a race says so, and comes again.
        assert len(outcome.errors) <= self.raced["fresh"] - lost, outcome.errors
        self.deliver()
        self.deliver()  # what is delivered twice is opened once

    def deliver(self) -> None:
        """What the worker and the pipeline do with the messages that were sent."""
        world, sent = self.world, list(self.world.sent)
        for message in sent:
            request = world.ledger.request(message.request_id)
            assert request is not None
            if request.progress.state is not State.REQUESTED:
                continue
            life = self.lives[request.environment, request.database_name]
            if request.kind in (Kind.REMOVE, Kind.DISARM):
                life.asked.append((world.now, life.end, request))
            branch = content.branch(request)
            self.branches[branch] += 1
            found = self.open[request.id] = self.github.open(branch)
            world.happened(
                request.id, EventType.OPENED, pull_request=found.number, pull_request_url="u", commit="c"
            )
            world.happened(request.id, EventType.PLANNED, as_asked=True, commit="c")
            merger = Merger(world.ledger, RULES, self.github, "main")  # type: ignore[arg-type]
            if merger.merge_planned(request.id, found, world.now):
                self.apply(life, request.id)
        if sent and self.chance.random() < 0.5:
            world.sent.clear()

    def decide(self) -> None:
        """People approve, close, or let wait what waits for them."""
        for request_id, found in list(self.open.items()):
            request = self.world.ledger.request(request_id)
            assert request is not None
            life = self.lives[request.environment, request.database_name]
            luck = self.chance.random()
            if luck < 0.1:
                del self.open[request_id]
                self.github.pulls[found.number] = replace(found, state="closed")
                self.world.happened(request_id, EventType.CLOSED)
            elif luck < 0.5:
                life.approved.add(request_id)
                self.world.happened(request_id, EventType.MERGED)
                self.apply(life, request_id)

    def apply(self, life: DatabaseRun, request_id: str) -> None:
        found = self.open.pop(request_id)
        self.github.pulls[found.number] = replace(found, state="closed", merged=True)
        request = self.world.ledger.request(request_id)
        assert request is not None
        self.world.happened(request_id, EventType.SUCCEEDED, result={"endpoint": "h"})
        if request.kind is Kind.EXTEND:
            life.end = request.root.expires_at
        elif request.kind is Kind.REMOVE:
            assert life.gone_at is None
            life.gone_at = self.world.now

    def warnings(self, life: DatabaseRun) -> list[DatabaseEvent]:
        notes = self.world.ledger.database_events(Place(life.environment, life.name))
        return [note for note in notes if note.type is DatabaseEventType.EXPIRING]


def ends(database: Database) -> dt.datetime:
    return parse_instant(database.root.expires_at)


@pytest.fixture(scope="module")
def country() -> Fleet:
    """The country after its 90 days."""
    chance, table, github = random.Random(1), Racing(), Repository()
    world = World(Ledger(table, TABLE), github, new_id=lambda: UUID(int=chance.getrandbits(128), version=4))
    country = Fleet(world, table, github, chance)
    country.live()
    return country


def test_there_were_a_thousand_and_much_happened(country: Fleet) -> None:
    assert len(country.lives) == DATABASES
    assert Counter(life.environment for life in country.lives.values()).keys() == LIVES.keys()
    assert country.extended > 200
    assert country.raced["due"] > 10
    assert country.raced["fresh"] > 10
    assert sum(life.gone_at is not None for life in country.lives.values()) > 800


def test_none_was_removed_early(country: Fleet) -> None:
    for life in country.lives.values():
        for asked_at, end, request in life.asked:
            assert asked_at >= parse_instant(end), life
            assert request.root.expires_at == end
        if life.gone_at:
            assert life.gone_at >= parse_instant(life.end)


def test_each_end_of_life_had_one_removal_request_and_one_pull_request(country: Fleet) -> None:
    assert set(country.branches.values()) == {1}
    ledger, quiet = country.world.ledger, country.world.now - LONGEST_DELAY
    expired = 0
    for life in country.lives.values():
        known = [ledger.request(one) for one in ledger.request_ids(Place(life.environment, life.name))]
        removals = [one for one in known if one and one.kind in (Kind.REMOVE, Kind.DISARM)]
        assert {one.id for one in removals} == {request.id for _, _, request in life.asked}
        second_steps = {one.follow_up for one in removals}
        of_ends = Counter(one.root.expires_at for one in removals if one.id not in second_steps)
        assert set(of_ends.values()) <= {1}, life
        if life.end != "never" and parse_instant(life.end) <= quiet:
            assert of_ends[life.end] == 1, life
            expired += 1
    assert expired > 850


def test_dev_lost_all_that_expired_and_nothing_else(country: Fleet) -> None:
    for life in country.lives.values():
        if life.environment == "dev":
            gone = country.database(Place(life.environment, life.name)).state is DatabaseState.REMOVED
            assert gone == (life.gone_at is not None) == bool(life.asked)


def test_a_review_environment_never_lost_one_without_a_person(country: Fleet) -> None:
    merged_alone = {
        country.github.pulls[number].branch.split("/")[1] for number in country.github.merged_alone
    }
    assert merged_alone == {"dev"}
    lost = refused = 0
    for life in country.lives.values():
        if life.environment == "dev":
            continue
        steps = [request.id for _, _, request in life.asked if request.id in life.approved]
        if country.database(Place(life.environment, life.name)).state is DatabaseState.REMOVED:
            assert life.gone_at is not None
            assert len(steps) >= (2 if life.environment == "prod" else 1)
            assert steps[-1] == life.asked[-1][2].id
            lost += 1
        else:
            refused += len(life.asked) > len(steps)
    assert lost > 200
    assert refused > 10


def test_each_end_had_its_warnings_once_and_its_full_notice(country: Fleet) -> None:
    warned = 0
    for life in country.lives.values():
        said = country.warnings(life)
        kinds = Counter((note.detail["expires_at"], note.detail["last"]) for note in said)
        assert set(kinds.values()) <= {1}, life
        for asked_at, end, request in life.asked:
            last = [note.at for note in said if note.detail == {"expires_at": end, "last": True}]
            notice = min(parse_instant(end) - life.born, 14 * DAY) / 14
            assert len(last) == 1, (life, request)
            assert asked_at - last[0] >= notice
        warned += len(said)
    comments = [text for texts in country.github.comments.values() for text in texts]
    assert len(comments) == warned
    assert warned > 1500


def test_what_never_ends_was_never_warned_about(country: Fleet) -> None:
    never = [life for life in country.lives.values() if life.end == "never"]
    assert len(never) > 10
    for life in never:
        assert life.asked == []
        assert country.warnings(life) == []


def test_the_quota_holds_what_is_there(country: Fleet) -> None:
    for environment in LIVES:
        there = Charge()
        for life in country.lives.values():
            if life.environment == environment:
                database = country.database(Place(environment, life.name))
                there = there.minus(Charge().minus(database.charge))
        assert country.world.ledger.quota_used("alpha", environment) == there
        assert there.databases == sum(
            life.environment == environment and life.gone_at is None for life in country.lives.values()
        )
