"""A ledger, an account and a clock that is moved by whole days."""

import datetime as dt
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from provisioner.core.errors import TryLater
from provisioner.core.lifecycle import Kind
from provisioner.core.models import Database, Request
from provisioner.core.names import Place
from provisioner.ledger.ledger import Ledger
from provisioner.reaper.idle import IdleDatabases, Looked
from provisioner.reaper.idle_rules import HOUR, Point
from provisioner.reaper.rds import Instance

from tests.reaper.world import FakeGitHub, World

DAY = dt.timedelta(days=1)

# Who is connected in an hour; None where CloudWatch knows nothing of it.
Connections = Callable[[dt.datetime], float | None]


@dataclass
class FakeAccount:
    """Instances, and what CloudWatch knows of each."""

    running: dict[str, tuple[Instance, Connections]] = field(default_factory=dict)
    down: bool = False
    reads: list[int] = field(default_factory=list)

    def instances(self) -> list[Instance]:
        return [instance for instance, _ in self.running.values()]

    def connections(
        self, identifiers: Sequence[str], begin: dt.datetime, end: dt.datetime
    ) -> dict[str, list[Point]]:
        if self.down:
            raise TryLater("reading the connections from CloudWatch", "CloudWatch did not answer")
        self.reads.append(len(identifiers))
        return {one: list(self._points(one, begin, end)) for one in identifiers}

    def _points(self, identifier: str, begin: dt.datetime, end: dt.datetime) -> list[Point]:
        instance, connected = self.running[identifier]
        hours = [begin + count * HOUR for count in range((end - begin) // HOUR)]
        known = [(hour, connected(hour)) for hour in hours if hour >= instance.created_at]
        return [(hour, count) for hour, count in known if count is not None]


@dataclass
class KilledGitHub(FakeGitHub):
    """Where the function dies once, at a comment on one pull request."""

    at: int | None = None

    def put_comment(self, number: int, marker: str, text: str) -> None:
        if number == self.at:
            self.at = None
            raise MemoryError
        super().put_comment(number, marker, text)


@dataclass
class Days:
    """A ledger, an account and a clock that is moved by whole days."""

    world: World
    account: FakeAccount = field(default_factory=FakeAccount)

    @property
    def ledger(self) -> Ledger:
        return self.world.ledger

    def database(
        self, name: str, connected: Connections = lambda hour: 0.0, *, number: int = 1, **body: str
    ) -> None:
        """A database that is there; `connected` says who uses it."""
        self.world.database(name, number=number, **body)
        place = Place(body.get("environment", "dev"), name)
        self.account.running[place.identifier] = (
            Instance(place.identifier, place, self.world.now),
            connected,
        )

    def look(self, after: dt.timedelta = DAY) -> Looked | None:
        self.world.now += after
        account: Any = self.account
        github: Any = self.world.github
        return IdleDatabases(self.world.opening, lambda: account, lambda: github).run()

    def days(self, count: int) -> list[tuple[int, Looked]]:
        """What each of the next days' looks did, by day, where it did anything."""
        found = []
        for day in range(1, count + 1):
            looked = self.look()
            assert looked is not None
            if looked.reported or looked.taken_back or looked.removals or looked.errors:
                found.append((day, looked))
        return found

    def there(self, name: str, environment: str = "dev") -> Database:
        found = self.ledger.database(Place(environment, name))
        assert found is not None
        return found

    def removals(self, name: str, environment: str = "dev") -> list[Request]:
        asked = [self.ledger.request(one) for one in self.ledger.request_ids(Place(environment, name))]
        return [one for one in asked if one and one.kind is Kind.REMOVE]

    def told(self, name: str, environment: str = "dev") -> list[str]:
        return [note.type.value for note in self.ledger.database_events(Place(environment, name))]
