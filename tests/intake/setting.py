"""A ledger in memory with the use cases over it, and a clock that is moved by hand."""

import datetime as dt
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID, uuid4

import pytest
from provisioner.core import events
from provisioner.core.catalog import Catalog
from provisioner.core.errors import Problem
from provisioner.core.events import Event, Step
from provisioner.core.models import Database, Request
from provisioner.core.names import Place
from provisioner.intake.message import Message
from provisioner.intake.opening import Caller, Opening
from provisioner.intake.use_cases import UseCases
from provisioner.ledger.ledger import Ledger

from tests.core.examples import MISSION_BODY, NOW, catalog
from tests.ledger.memory_table import MemoryTable
from tests.ledger.moto_table import TABLE

ALPHA, BETA = Caller("alpha", "alpha-ci"), Caller("beta", "beta-ci")
DEV, PROD = Place("dev", "mydb123"), Place("prod", "mydb123")
RESULT = {"endpoint": "h", "port": 3306, "secret_arn": "arn"}


@dataclass
class Setting:
    """What the use cases work with, and what they sent."""

    table: MemoryTable = field(default_factory=MemoryTable)
    sent: list[Message] = field(default_factory=list)
    now: dt.datetime = NOW
    rules: Catalog = field(default_factory=catalog)
    new_id: Callable[[], UUID] = uuid4

    @property
    def ledger(self) -> Ledger:
        return Ledger(self.table, TABLE)

    @property
    def opening(self) -> Opening:
        return Opening(self.ledger, self.rules, self.sent.append, self.now)

    @property
    def use_cases(self) -> UseCases:
        return UseCases(self.opening, self.new_id)

    def create(self, caller: Caller = ALPHA, **body: Any) -> Request:
        """Ask for a database, with the mission's body unless fields are given."""
        return self.use_cases.create(MISSION_BODY | body, caller).request

    def database(self, caller: Caller = ALPHA, **body: Any) -> Database:
        """A database that is available."""
        return self.applied(self.create(caller, **body))

    def applied(self, request: Request) -> Database:
        """Let the apply of a request succeed; its database."""
        self.happened(
            request, events.succeeded(self.now, pipeline_url="https://ci", commit="c", result=RESULT)
        )
        return self.at(request.place)

    def merged(self, request: Request) -> Request:
        return self.happened(request, events.merged(1, self.now, "alpha", commit="c"))

    def failed(self, request: Request, step: Step = Step.APPLY, *, retryable: bool = True) -> Request:
        """Let a step of a request fail."""
        after = self.now + dt.timedelta(seconds=1)
        if step is Step.APPLY:
            self.merged(request)
            event = events.failed_apply(
                after, pipeline_url="https://ci", commit="c", cause="boom", fix="do it", retryable=retryable
            )
        else:
            event = events.failed_stuck(step, self.now, after, cause="slow", fix="look", retryable=retryable)
        return self.happened(request, event)

    def happened(self, request: Request, event: Event) -> Request:
        return self.ledger.add_event(request.id, event, self.now)

    def at(self, place: Place) -> Database:
        """The database as the ledger has it now."""
        found = self.ledger.database(place)
        assert found is not None
        return found

    def rows(self) -> dict[str, dict[str, Any]]:
        """A copy of all that is written."""
        return {pk: dict(rows) for pk, rows in self.table.rows.items()}


def refused(status: int, slug: str, act: Callable[..., Any], *args: Any, **more: Any) -> Problem:
    """What an act is refused with."""
    with pytest.raises(Problem) as caught:
        act(*args, **more)
    assert (caught.value.status, caught.value.slug) == (status, slug)
    return caught.value


def shown(problem: Problem) -> dict[str, str]:
    """What a problem says of each field."""
    return {error.pointer: error.detail for error in problem.errors}
