"""A ledger whose clock is moved by hand, with the reaper over it and a GitHub that stays as it is put."""

import datetime as dt
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Unpack
from uuid import UUID, uuid4

from provisioner.core.errors import TryLater
from provisioner.core.events import Detail, Event, EventType
from provisioner.core.models import Charge
from provisioner.github.pull_request import PullRequest
from provisioner.intake.message import Message
from provisioner.intake.opening import Caller, Opening
from provisioner.intake.use_cases import UseCases
from provisioner.ledger.ledger import Ledger
from provisioner.pull_requests import request_record
from provisioner.reaper.expired import ExpiredDatabases
from provisioner.reaper.outcome import Outcome
from provisioner.reaper.stuck import StuckRequests

from tests.core.examples import NOW, catalog, charge, request

ROOM = Charge(databases=10_000, storage_gb=10**7, monthly_cents=10**9)
RULES = catalog()
ALPHA = Caller("alpha", "alpha-ci")
HOUR, DAY = dt.timedelta(hours=1), dt.timedelta(days=1)


@dataclass
class FakeGitHub:
    """Pull requests that stay as they are put, and the comments that were written."""

    pulls: dict[int, PullRequest] = field(default_factory=dict)
    comments: dict[int, list[str]] = field(default_factory=dict)
    records: dict[int, str] = field(default_factory=dict)
    down: bool = False

    def pull_request(self, number: int) -> PullRequest:
        if self.down:
            raise TryLater("reading a pull request", "GitHub did not answer")
        return self.pulls[number]

    def put_comment(self, number: int, marker: str, text: str) -> None:
        if self.down:
            raise TryLater("commenting", "GitHub did not answer")
        assert text.startswith(marker)
        if marker == request_record.MARKER:
            self.records[number] = text
            return
        self.comments.setdefault(number, []).append(text)


@dataclass
class World:
    """A ledger whose clock is moved by hand."""

    ledger: Ledger
    github: FakeGitHub = field(default_factory=FakeGitHub)
    sent: list[Message] = field(default_factory=list)
    now: dt.datetime = NOW
    new_id: Callable[[], UUID] = uuid4

    @property
    def opening(self) -> Opening:
        return Opening(ledger=self.ledger, catalog=RULES, publish=self.sent.append, now=self.now)

    @property
    def api(self) -> UseCases:
        return UseCases(self.opening, self.new_id)

    def reap(self, after: dt.timedelta = dt.timedelta()) -> Outcome:
        """One run of the reaper, some time later."""
        self.now += after
        outcome = Outcome()
        github: Any = self.github
        StuckRequests(self.opening, lambda: github).run(outcome)
        ExpiredDatabases(self.opening, lambda: github).run(outcome)
        return outcome

    def happened(self, request_id: str, what: EventType, **detail: Unpack[Detail]) -> None:
        event = Event(id=f"{what}:{self.now}", type=what, at=self.now, actor="x", detail=detail)
        self.ledger.add_event(request_id, event, self.now)

    def database(self, name: str, *, number: int = 1, **body: Any) -> str:
        """A database that is available; the request that made it."""
        one = request(str(self.new_id()), database_name=name, now=self.now, **body)
        self.ledger.open_create(one, charge(one.root), ROOM)
        self.happened(one.id, EventType.OPENED, pull_request=number, pull_request_url="u", commit="c")
        self.happened(one.id, EventType.SUCCEEDED, result={"endpoint": "h"})
        return one.id
