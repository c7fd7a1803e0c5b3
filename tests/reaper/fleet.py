"""1,000 databases through 90 days, with the scheduler down for up to three days at a time.

Each is in the ledger itself, from its creation over warnings and extensions to its removal. In dev what is
planned as asked merges automatically; in staging and prod reviewers approve some, let some wait, and close
some. Every fifth removal fails before its merge. What each database was promised is kept outside the ledger,
so that the ledger is not its own witness.
"""

import datetime as dt
import random
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any, Self
from uuid import UUID

from provisioner.core.database_events import DatabaseEvent, DatabaseEventType
from provisioner.core.errors import Problem
from provisioner.core.events import EventType, Step
from provisioner.core.lifecycle import Kind, State
from provisioner.core.models import Database, Request
from provisioner.core.names import Place
from provisioner.core.root import NEVER
from provisioner.core.times import parse_instant
from provisioner.github.pull_request import PullRequest
from provisioner.ledger.ledger import Ledger
from provisioner.pull_requests import content
from provisioner.pull_requests.merge import Merger

from tests.core.examples import NOW
from tests.ledger.memory_table import MemoryTable
from tests.ledger.moto_table import TABLE
from tests.reaper.world import ALPHA, RULES, FakeGitHub, World
from tests.thorough import tries

HOUR, DAY = dt.timedelta(hours=1), dt.timedelta(days=1)
DATABASES, DAYS = tries(1000, 400), 90
CREATIONS, EXTENSIONS = 20, 75  # until which day databases are created, and extended
FAILING = 0.2
LIFETIMES = {
    "dev": ("8h", "2d", "7d", "14d", "30d"),
    "staging": ("7d", "14d", "30d", "60d"),
    "prod": ("30d", "60d", "never"),
}


class RacingTable(MemoryTable):
    """Lets something happen right after a read, before the reader writes what follows from it."""

    def __init__(self) -> None:
        super().__init__()
        # By what is read: a row's pk, or what is due ("request" or "database").
        self.meanwhile: dict[str, Callable[[], None]] = {}

    def get_item(self, *, Key: dict[str, Any], **call: Any) -> dict[str, Any]:  # noqa: N803 - DynamoDB's name
        answer = super().get_item(Key=Key, **call)
        self._then(Key["pk"]["S"])
        return answer

    def query(self, **call: Any) -> dict[str, Any]:
        answer = super().query(**call)
        if call.get("IndexName") == "due":
            self._then(call["ExpressionAttributeValues"][":kind"]["S"])
        return answer

    def _then(self, read: str) -> None:
        if happens := self.meanwhile.pop(read, None):
            happens()


@dataclass(frozen=True)
class AskedRemoval:
    """A removal, or its first step; when it was asked for, and the end that was promised by then."""

    at: dt.datetime
    end: str
    request: Request


@dataclass
class DatabaseRun:
    """What one database was promised, and what was seen of it."""

    place: Place
    created_at: dt.datetime
    end: str  # the newest that was applied
    asked: list[AskedRemoval] = field(default_factory=list)
    failed: set[str] = field(default_factory=set)  # the removals that failed before their merge
    approved: set[str] = field(default_factory=set)  # the requests that a reviewer approved
    removed_at: dt.datetime | None = None

    @property
    def environment(self) -> str:
        return self.place.environment


@dataclass
class Fleet:
    """All databases, their owners and reviewers, and the worker and pipeline behind the reaper."""

    world: World
    table: RacingTable
    chance: random.Random
    runs: dict[Place, DatabaseRun] = field(default_factory=dict)
    open: dict[str, PullRequest] = field(default_factory=dict)
    branches: Counter[str] = field(default_factory=Counter)
    extended: int = 0
    raced: Counter[str] = field(default_factory=Counter)

    @classmethod
    def after_its_days(cls) -> Self:
        """The fleet when its 90 days are over."""
        chance, table = random.Random(1), RacingTable()
        ledger = Ledger(table, TABLE)
        world = World(ledger, FakeGitHub(), new_id=lambda: UUID(int=chance.getrandbits(128), version=4))
        fleet = cls(world, table, chance)
        fleet.run()
        return fleet

    def run(self) -> None:
        creations = sorted(self.chance.uniform(0, CREATIONS) for _ in range(DATABASES))
        world = self.world
        while world.now - NOW < DAYS * DAY:
            # Every few hours, but at times nobody runs the reaper for up to three days.
            tick = world.now + self.chance.choices([2, 6, 12, 24, 48, 72], [8, 8, 6, 2, 1, 1])[0] * HOUR
            while len(self.runs) < DATABASES and NOW + creations[len(self.runs)] * DAY <= tick:
                world.now = NOW + creations[len(self.runs)] * DAY
                self.create(len(self.runs))
            world.now = tick
            self.decide()
            extending = tick - NOW < EXTENSIONS * DAY
            if extending:
                for run in self.chance.sample(list(self.runs.values()), k=min(3, len(self.runs))):
                    self.extend(run)
            self.reap(racing=extending and self.chance.random() < 0.8)

    def create(self, number: int) -> None:
        environment = self.chance.choices(["dev", "staging", "prod"], [6, 3, 1])[0]
        ttl, place = self.chance.choice(LIFETIMES[environment]), Place(environment, f"db{number}")
        self.world.database(place.database_name, number=number + 1, environment=environment, ttl=ttl)
        self.runs[place] = DatabaseRun(place, self.world.now, self.database(place).root.expires_at)

    def database(self, place: Place) -> Database:
        found = self.world.ledger.database(place)
        assert found is not None
        return found

    def request(self, request_id: str) -> Request:
        found = self.world.ledger.request(request_id)
        assert found is not None
        return found

    def extend(self, run: DatabaseRun) -> bool:
        """Ask for more time; False where that is too much, or the database is removed or about to be."""
        ttl = self.chance.choice(["2d", "7d", "10d"])
        try:
            self.world.api.change(run.place, {"ttl": ttl}, ALPHA)
        except Problem:
            return False
        self.deliver()
        self.extended += 1
        return True

    def reap(self, *, racing: bool) -> None:
        """The reaper's run; `racing` when someone extends between one of its reads and its write."""
        if racing:
            self.race()
        lost = self.raced["fresh"]
        outcome = self.world.reap()
        self.table.meanwhile.clear()
        # Whoever loses a race says so, and tries again.
        assert len(outcome.errors) <= self.raced["fresh"] - lost, outcome.errors
        self.deliver()
        self.deliver()  # what is delivered twice is opened once

    def race(self) -> None:
        """Have a database that is due be extended during the reaper's next run."""
        due = list(self.world.ledger.due_databases(self.world.now))
        if not due:
            return
        # Half of them at the very end of a life, after the reaper has looked twice.
        over = [found for found in due if is_over(found.root.expires_at, self.world.now)]
        run = self.runs[self.chance.choice(over or due).place]
        read = self.chance.choice(["database", f"DB#{run.place.environment}#{run.place.database_name}"])

        def extend() -> None:
            if self.extend(run):
                self.raced["due" if read == "database" else "fresh"] += 1

        self.table.meanwhile[read] = extend

    def deliver(self) -> None:
        """What the worker and the pipeline do with the messages that were sent."""
        sent = list(self.world.sent)
        for message in sent:
            request = self.request(message.request_id)
            if request.progress.cancelling:
                self.world.happened(request.id, EventType.CANCELLED)
            elif request.progress.state is State.REQUESTED:
                self.open_pull_request(request)
        if sent and self.chance.random() < 0.5:
            self.world.sent.clear()

    def open_pull_request(self, request: Request) -> None:
        world, run = self.world, self.runs[request.place]
        if request.kind in (Kind.REMOVE, Kind.DISARM):
            run.asked.append(AskedRemoval(world.now, run.end, request))
            if self.chance.random() < FAILING:
                run.failed.add(request.id)
                world.fail(request.id, Step.PULL_REQUEST)
                return
        branch = content.branch(request)
        self.branches[branch] += 1
        number = len(world.github.pulls) + DATABASES + 1  # up to DATABASES are those that created one each
        found = self.open[request.id] = world.github.open(number, branch)
        world.happened(request.id, EventType.OPENED, pull_request=number, pull_request_url="u", commit="c")
        world.happened(request.id, EventType.PLANNED, as_asked=True, commit="c")
        if Merger(world.ledger, RULES, world.github, "main").look(request.id, world.now, found):
            self.apply(run, request.id)

    def decide(self) -> None:
        """Reviewers approve, close, or let wait what waits for them."""
        for request_id, found in list(self.open.items()):
            run = self.runs[self.request(request_id).place]
            luck = self.chance.random()
            if luck < 0.1:
                del self.open[request_id]
                self.world.github.pulls[found.number] = replace(found, state="closed")
                self.world.happened(request_id, EventType.CLOSED)
            elif luck < 0.5:
                run.approved.add(request_id)
                self.world.happened(request_id, EventType.MERGED)
                self.apply(run, request_id)

    def apply(self, run: DatabaseRun, request_id: str) -> None:
        found, request = self.open.pop(request_id), self.request(request_id)
        self.world.github.pulls[found.number] = replace(found, state="closed", merged=True)
        self.world.happened(request_id, EventType.SUCCEEDED, result={"endpoint": "h"})
        if request.kind is Kind.EXTEND:
            run.end = request.root.expires_at
        elif request.kind is Kind.REMOVE:
            assert run.removed_at is None
            run.removed_at = self.world.now

    def warnings(self, run: DatabaseRun) -> list[DatabaseEvent]:
        events = self.world.ledger.database_events(run.place)
        return [event for event in events if event.type is DatabaseEventType.EXPIRING]


def is_over(end: str, now: dt.datetime) -> bool:
    """Whether the end of a life is reached."""
    return end != NEVER and parse_instant(end) <= now
