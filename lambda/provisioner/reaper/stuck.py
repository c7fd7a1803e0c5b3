"""⑥ What the scheduled function does: re-drive what stands still, warn and end what expires.

Every function is safe to run twice and at once: the ledger's conditions and ids derived from what they are
about decide, not who comes first.
"""

import datetime as dt
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final
from uuid import UUID, uuid5

from provisioner.core import database_events, events, expiry
from provisioner.core.database_events import DatabaseEvent
from provisioner.core.errors import NeedsPerson, Problem, TryLater
from provisioner.core.events import ACTOR, EventType, Step
from provisioner.core.expiry import Action
from provisioner.core.lifecycle import ENDED, Kind, State, maximum
from provisioner.core.models import Database, Request
from provisioner.core.root import NEVER
from provisioner.core.times import instant, parse_instant
from provisioner.github.client import GitHub
from provisioner.intake.message import Message
from provisioner.intake.use_cases import Caller, Service
from provisioner.pull_requests import comments, request_record
from provisioner.pull_requests.events import of_end
from provisioner.pull_requests.merge import Merger

_EXPIRY_IDS: Final = UUID("6f1a7c1e-0d1b-5a53-9b9e-6a8f6f5a1c11")
_SHORTEST_LOOK: Final = dt.timedelta(minutes=2)
_LONGEST_CHECK: Final = dt.timedelta(hours=1)

_STUCK: Final = {
    Step.PULL_REQUEST: (
        "no pull request could be opened",
        "look at the worker's log and dead letters, then retry",
    ),
    Step.REVIEW: (
        "gate, plan and approval did not come to an end",
        "look at the pull request and its pipeline: merge it, or cancel this request",
    ),
    Step.QUEUE: (
        "the pipeline did not begin to apply it",
        "look at the pipeline on main, then retry the request",
    ),
    Step.APPLY: (
        "the pipeline did not say how its apply ended",
        "look at the pipeline on main, then retry the request",
    ),
}


@dataclass(slots=True)
class Swept:
    """What one run did, for the log and the metrics."""

    redriven: int = 0
    merged: int = 0
    failed: int = 0
    warned: int = 0
    expired: int = 0
    errors: list[str] = field(default_factory=list)
    unexpected: int = 0  # of the errors: what nobody thought of


@dataclass(frozen=True, slots=True)
class Sweeper:
    """The sweeper; `github` is asked for only when needed."""

    service: Service
    github: Callable[[], GitHub]
    base: str = "main"

    def run(self) -> Swept:
        """Look after everything that is due; one thing's trouble does not keep the others waiting."""
        swept = Swept()
        now, ledger = self.service.now, self.service.ledger
        for request in ledger.due_requests(now):
            try:
                self._request(request, swept)
            except Exception as error:  # whatever it is: the others do not wait for it
                self._trouble(f"request {request.id}", error, swept)
                ledger.schedule_check(request, now + self._wait(request))
        for database in ledger.due_databases(now):
            try:
                self._database(database, swept)
            except Exception as error:
                self._trouble(str(database.place), error, swept)
        return swept

    def _request(self, request: Request, swept: Swept) -> None:
        ledger, now, progress = self.service.ledger, self.service.now, request.progress
        if progress.state in ENDED:
            if progress.state is State.DONE:
                self.service.follow_up(request)
            elif self._merged_after_all(request):
                return
            elif request.kind is Kind.REMOVE:
                self.service.arm_again(request)
            self._archive(request)
            ledger.stop_checking(request)
            return
        if progress.failure and not progress.cancelling:
            self._archive(request)
            ledger.stop_checking(request)  # a person goes on
            return
        if now - progress.since >= self._maximum(request):
            self._fail(request)
            swept.failed += 1
            return
        if progress.step is not Step.REVIEW or progress.cancelling:  # the worker knows what is to be done
            self.service.publish(
                Message(
                    request_id=request.id,
                    kind=request.kind.value,
                    environment=request.environment,
                    database_name=request.database_name,
                )
            )
        elif progress.state is State.PULL_REQUEST_OPEN and progress.pull_request:
            github = self.github()
            found = github.pull_request(progress.pull_request)
            if found.state != "open":  # GitHub does not deliver a lost webhook again
                ledger.add_event(request.id, of_end(found, "github", now), now)
            elif Merger(ledger, self.service.catalog, github, self.base).merge_planned(
                request.id, found, now
            ):
                swept.merged += 1
                return
        swept.redriven += 1
        ledger.schedule_check(request, now + self._wait(request))

    def _merged_after_all(self, request: Request) -> bool:
        """Close a pull request that was opened again after its request had ended, unless it is merged by now.

        The name and the quota are free since then, and may be another request's.
        """
        ledger, progress = self.service.ledger, request.progress
        reopened = any(event.type is EventType.REOPENED for event in ledger.events(request.id))
        if progress.pull_request is None or not reopened:
            return False
        github = self.github()
        found = github.pull_request(progress.pull_request)
        if found.state == "open":
            place = str(request.place)
            text = comments.ended_comment(state=progress.state, kind=request.kind, place=place)
            github.put_comment(found.number, comments.ENDED, text)
            found = github.close_pull_request(found.number)
        if found.merged:  # and the webhook was lost
            ledger.add_event(request.id, of_end(found, "github", self.service.now), self.service.now)
        return found.merged

    def _archive(self, request: Request) -> None:
        """Keep what the ledger knows of a request that has ended, or failed, on its pull request."""
        if request.progress.pull_request is None:
            return
        ledger, notes = self.service.ledger, []
        if request.kind is Kind.CREATE:
            notes = ledger.database_events(request.place)
        text = request_record.comment(request, ledger.events(request.id), notes)
        self.github().put_comment(request.progress.pull_request, request_record.MARKER, text)

    def _wait(self, request: Request) -> dt.timedelta:
        """Twice as long each time: the age of the step, between two minutes and an hour."""
        age = self.service.now - request.progress.since
        return min(max(age, _SHORTEST_LOOK), _LONGEST_CHECK)

    def _maximum(self, request: Request) -> dt.timedelta:
        automatic = self.service.catalog.merges_automatically(request.environment)
        return maximum(request.progress.step, automatic=automatic)

    def _fail(self, request: Request) -> None:
        progress = request.progress
        cause, fix = _STUCK[progress.step]
        hours = self._maximum(request).total_seconds() / 3600
        event = events.failed_stuck(
            progress.step,
            progress.since,
            self.service.now,
            cause=f"{cause} within {hours:g} hours",
            fix=fix,
            retryable=progress.step is not Step.REVIEW,
        )
        self.service.ledger.add_event(request.id, event, self.service.now)

    def _database(self, database: Database, swept: Swept) -> None:
        ledger, now = self.service.ledger, self.service.now
        expires_at = database.root.expires_at
        plan = expiry.plan(expires_at, database.created_at, database.marks, now)
        if plan.action is None:
            ledger.schedule_database_check(database, plan.check_at)
        elif plan.action is Action.EXPIRE:
            swept.expired += self._expire(database)
        else:
            name = expiry.mark(plan.action, expires_at)
            if ledger.mark(database, name, now, self._after(database, name), self._expiring(database, name)):
                swept.warned += 1
                self._warn(database, last=plan.action is Action.WARN_LAST)

    def _after(self, database: Database, name: str) -> dt.datetime | None:
        marks = {**database.marks, name: instant(self.service.now)}
        return expiry.plan(database.root.expires_at, database.created_at, marks, self.service.now).check_at

    def _expiring(self, database: Database, name: str) -> DatabaseEvent:
        return database_events.expiring(
            name,
            database.origin,
            self.service.now,
            expires_at=database.root.expires_at,
            last=name.startswith(Action.WARN_LAST),
        )

    def _warn(self, database: Database, *, last: bool) -> None:
        number = self.service.ledger.origin_pull_request(database)
        if number is None:
            return
        text = comments.expiry_comment(
            place=str(database.place),
            expires_at=database.root.expires_at,
            last=last,
            automatic=self.service.catalog.merges_automatically(database.environment),
        )
        self.github().put_comment(number, comments.EXPIRY, text)

    def _expire(self, database: Database) -> int:
        """Ask for the removal, under an id that one end of life has once; an extension that is first wins."""
        place = str(database.place)
        expires_at = database.root.expires_at
        request_id = str(uuid5(_EXPIRY_IDS, f"{place}@{expires_at}@{database.origin}"))
        ledger, now = self.service.ledger, self.service.now
        if ledger.request(request_id):
            # Asked for before, and refused by a person: the database stays until somebody acts.
            ledger.mark(database, expiry.mark(Action.EXPIRE, expires_at), now, None)
            return 0
        fresh = ledger.database(database.place)
        if fresh is None or fresh.root.expires_at != expires_at:
            return 0  # extended in the meantime
        end = self.service.on_main(fresh).expires_at
        if end == NEVER or parse_instant(end) > now:  # by an extension that is merged, and whose apply failed
            ledger.schedule_database_check(fresh, now + _LONGEST_CHECK)
            return 0
        new = self.service.removal(
            fresh,
            Caller(fresh.team, ACTOR),
            reason=f"Its life ended {expires_at}.",
            request_id=request_id,
        )
        try:
            self.service.open_change(new, self.service.check_free(fresh))
        except Problem:  # another change is under way
            self.service.give_up(fresh)
            ledger.schedule_database_check(fresh, now + _LONGEST_CHECK)
            return 0
        return 1

    def _trouble(self, what: str, error: Exception, swept: Swept) -> None:
        if isinstance(error, TryLater | NeedsPerson):
            swept.errors.append(str(error))
        else:
            swept.errors.append(f"{what}: {type(error).__name__}: {error}")
            swept.unexpected += 1
