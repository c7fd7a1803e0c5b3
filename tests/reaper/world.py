"""A ledger whose clock is moved by hand, with the reaper over it and a GitHub that stays as it is put."""

import datetime as dt
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Unpack
from uuid import UUID, uuid4

from provisioner.core.catalog import Catalog
from provisioner.core.errors import TryLater
from provisioner.core.events import Detail, Event, EventType, Step
from provisioner.core.models import Charge, Database, Request
from provisioner.core.names import Place
from provisioner.github.pull_request import Merge, PullRequest
from provisioner.intake.message import Message
from provisioner.intake.opening import Caller, Opening
from provisioner.intake.use_cases import UseCases
from provisioner.ledger.ledger import Ledger
from provisioner.pull_requests import request_record
from provisioner.reaper.expired import ExpiredDatabases
from provisioner.reaper.outcome import Outcome
from provisioner.reaper.stuck import StuckRequests

from tests.core.examples import NOW, catalog, charge, request
from tests.github.reviewers import FakeReviewers

ROOM = Charge(databases=10_000, storage_gb=10**7, monthly_cents=10**9)
RULES = catalog()
RESULT = {"endpoint": "h", "secret_arn": "arn:aws:secretsmanager:us-east-1:123456789012:secret:rds!db-1"}
ALPHA = Caller("alpha", "alpha-ci")
HOUR, DAY = dt.timedelta(hours=1), dt.timedelta(days=1)


@dataclass
class FakeGitHub:
    """Pull requests as they were put, the comments, outcomes and records that were written, and merges."""

    pulls: dict[int, PullRequest] = field(default_factory=dict)
    comments: dict[int, list[str]] = field(default_factory=dict)
    records: dict[int, str] = field(default_factory=dict)
    outcomes: dict[int, list[str]] = field(default_factory=dict)
    merged: list[int] = field(default_factory=list)
    down: bool = False
    reviewers: FakeReviewers = field(default_factory=FakeReviewers)

    def open(self, number: int, branch: str = "b") -> PullRequest:
        self.pulls[number] = PullRequest(number, "u", "open", False, "c", branch, "main")
        return self.pulls[number]

    def pull_request(self, number: int) -> PullRequest:
        if self.down:
            raise TryLater("reading a pull request", "GitHub did not answer")
        return self.pulls.get(number) or PullRequest(
            number, "u", "closed", merged=False, head_sha="c", branch="b", base="main"
        )

    def close_pull_request(self, number: int) -> PullRequest:
        self.pulls[number] = replace(self.pull_request(number), state="closed")
        return self.pulls[number]

    def merge(self, number: int, *, head: str, title: str) -> Merge:
        assert title
        assert self.pulls[number].head_sha == head
        self.merged.append(number)
        return Merge("m")

    def put_comment(self, number: int, marker: str, body: str) -> None:
        if self.down:
            raise TryLater("commenting", "GitHub did not answer")
        assert body.startswith(marker)
        if marker == request_record.MARKER:
            self.records[number] = body
            return
        self.comments.setdefault(number, []).append(body)

    def comment_once(self, number: int, markers: Sequence[str], body: str) -> None:
        if self.down:
            raise TryLater("commenting", "GitHub did not answer")
        assert body.startswith(markers[0])
        known = self.outcomes.setdefault(number, [])
        if not any(text.startswith(tuple(markers)) for text in known):
            known.append(body)

    def delete_branch(self, branch: str) -> None:
        assert branch


@dataclass
class World:
    """A ledger whose clock is moved by hand."""

    ledger: Ledger
    github: FakeGitHub = field(default_factory=FakeGitHub)
    sent: list[Message] = field(default_factory=list)
    now: dt.datetime = NOW
    new_id: Callable[[], UUID] = uuid4
    catalog: Catalog = RULES

    @property
    def opening(self) -> Opening:
        return Opening(ledger=self.ledger, catalog=self.catalog, publish=self.sent.append, now=self.now)

    @property
    def api(self) -> UseCases:
        return UseCases(self.opening, self.new_id)

    def reap(self, after: dt.timedelta = dt.timedelta()) -> Outcome:
        """One run of the reaper, some time later."""
        self.now += after
        outcome = Outcome()
        StuckRequests(self.opening, lambda: self.github).run(outcome)
        ExpiredDatabases(self.opening, lambda: self.github).run(outcome)
        return outcome

    def happened(self, request_id: str, what: EventType, **detail: Unpack[Detail]) -> None:
        event = Event(id=f"{what}:{self.now}", type=what, at=self.now, actor="x", detail=detail)
        self.ledger.add_event(request_id, event, self.now)

    def fail(self, request_id: str, step: Step, *, retryable: bool = False) -> None:
        """Let a request fail of its step; of its apply once that has started."""
        if step is Step.APPLY:
            self.happened(request_id, EventType.STARTED)
        self.happened(request_id, EventType.FAILED, step=step, cause="c", fix="f", retryable=retryable)

    def request(self, request_id: str) -> Request:
        found = self.ledger.request(request_id)
        assert found is not None
        return found

    def requests(self, name: str, environment: str = "dev") -> list[Request]:
        """All requests that a database ever had, the first one first."""
        return [self.request(request_id) for request_id in self.ledger.request_ids(Place(environment, name))]

    def there(self, name: str, environment: str = "dev") -> Database:
        found = self.ledger.database(Place(environment, name))
        assert found is not None
        return found

    def database(self, name: str, *, number: int = 1, **body: Any) -> str:
        """A database that is available; the request that made it."""
        created = request(str(self.new_id()), database_name=name, now=self.now, **body)
        self.ledger.open_create(created, charge(created.root), ROOM)
        self.happened(created.id, EventType.OPENED, pull_request=number, pull_request_url="u", commit="c")
        self.happened(created.id, EventType.SUCCEEDED, result=RESULT)
        return created.id
