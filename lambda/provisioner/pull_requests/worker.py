"""③ What the worker does for one request: open its pull request, or close the one of a cancelled request."""

import datetime as dt
from collections.abc import Callable, Collection
from dataclasses import dataclass
from typing import Final

from provisioner.circleci import CircleCi
from provisioner.core import policy
from provisioner.core.catalog import Catalog
from provisioner.core.errors import NeedsPerson, TryLater
from provisioner.core.hcl import render
from provisioner.core.lifecycle import Event, EventType, Kind, State, Step
from provisioner.core.models import Request
from provisioner.core.times import instant
from provisioner.core.transitions import FIRST_CHECK
from provisioner.github.client import GitHub, PullRequest
from provisioner.ledger.ledger import Ledger
from provisioner.pull_requests import content
from provisioner.pull_requests.publish import publish

# Longer than the worker's own time limit (60 s in the template), so that a claim outlives its holder.
LEASE: Final = dt.timedelta(seconds=90)
ACTOR: Final = "rds-provisioner"


@dataclass(frozen=True, slots=True)
class Worker:
    """The worker, with what it needs passed in."""

    ledger: Ledger
    catalog: Catalog
    github: GitHub
    base: str
    circleci: Callable[[], CircleCi | None] = lambda: None  # None where no token for it was given

    def fulfil(self, request_id: str, now: dt.datetime) -> Request:
        """Carry a request as far as GitHub; a request that is past that stays as it is.

        Raises TryLater (and RateLimited) where another delivery should go on.
        """
        request = self.ledger.request(request_id)
        if request is None:
            raise TryLater(f"reading request {request_id}", "the ledger does not show it")
        if request.progress.state in (State.MERGED, State.APPLYING):
            return self._run_again(request, now)
        if request.progress.state is not State.REQUESTED:
            waiting = request.progress.step in (Step.PULL_REQUEST, Step.REVIEW)
            return self._close(request, now) if request.progress.cancelling and waiting else request
        claim = self.ledger.claim(request_id, now, LEASE)
        if claim is None:
            raise TryLater(
                f"claiming request {request_id}", "another delivery works on it", LEASE.total_seconds()
            )
        try:
            return self._publish(claim.request, now, first=claim.first)
        except TryLater as error:
            wait = dt.timedelta(seconds=error.retry_after or 0)
            self.ledger.release(request_id, check_at=now + max(wait * 2, dt.timedelta(minutes=2)))
            raise
        except NeedsPerson as error:
            failure = {"step": Step.PULL_REQUEST, "cause": f"{error.doing}: {error.cause}", "fix": error.fix}
            return self.ledger.add_event(
                request_id,
                Event(
                    id=f"failed:pull_request:{claim.request.attempts}",
                    type=EventType.FAILED,
                    at=now,
                    actor=ACTOR,
                    detail=failure | {"retryable": True},
                ),
                now,
            )

    def _publish(self, request: Request, now: dt.datetime, *, first: bool) -> Request:
        if request.progress.cancelling and first:
            return self._cancelled(request, now)
        if request.progress.cancelling:
            return self._close(request, now)
        results = [] if request.kind is Kind.REMOVE else self._policy(request, now)
        change = content.change(request, results, self.catalog, base=self.base)
        published = publish(self.github, change, first=first)
        opened = self.ledger.add_event(
            request.id, opened_event(request, published.pull_request, published.commit, now), now
        )
        if published.pull_request.state == "closed":
            opened = self.ledger.add_event(request.id, ended_event(published.pull_request, ACTOR, now), now)
        if opened.progress.cancelling:
            return self._close(opened, now)
        return opened

    def _run_again(self, request: Request, now: dt.datetime) -> Request:
        """Run the pipeline of the base branch again where a retry asks for it, or it never began.

        Killed before it says so, it runs it twice: the second finds nothing to do.
        """
        wanted = wanted_run(request, self.ledger.events(request.id), now)
        if wanted is None:
            return request
        try:
            circleci = self.circleci()
            if circleci is None:
                return self._no_run(request, wanted, now, "no token for CircleCI's API was given", _BY_HAND)
            number = circleci.run(self.base)
        except NeedsPerson as error:
            return self._no_run(request, wanted, now, f"{error.doing}: {error.cause}", error.fix)
        return self.ledger.add_event(
            request.id,
            Event(id=wanted, type=EventType.REDRIVEN, at=now, actor=ACTOR, detail={"pipeline": number}),
            now,
        )

    def _no_run(self, request: Request, wanted: str, now: dt.datetime, cause: str, fix: str) -> Request:
        if not wanted.startswith(_AFTER_RETRY):
            return request  # nobody waits for this try; the step's maximum says when it failed
        detail = {"step": request.progress.step, "cause": cause, "fix": fix, "retryable": True}
        event = Event(id=f"failed:{wanted}", type=EventType.FAILED, at=now, actor=ACTOR, detail=detail)
        return self.ledger.add_event(request.id, event, now)

    def _policy(self, request: Request, now: dt.datetime) -> list[policy.PolicyResult]:
        return policy.check(
            render(request.root),
            environment=request.environment,
            database_name=request.database_name,
            catalog=self.catalog,
            now=now,
            disarming=request.kind is Kind.DISARM,
        )

    def _close(self, request: Request, now: dt.datetime) -> Request:
        """Close what is open, then say so; a merge that came first wins, since GitHub decides."""
        number, branch = request.progress.pull_request, content.branch(request)
        found = self.github.pull_request(number) if number else self.github.find_pull_request(branch)
        if found and found.state == "open":
            found = self.github.close_pull_request(found.number)
        if found and found.merged:
            return self.ledger.add_event(request.id, ended_event(found, ACTOR, now), now)
        self.github.delete_branch(branch)
        return self._cancelled(request, now)

    def _cancelled(self, request: Request, now: dt.datetime) -> Request:
        event = Event(id="cancelled", type=EventType.CANCELLED, at=now, actor=ACTOR)
        return self.ledger.add_event(request.id, event, now)


_AFTER_RETRY: Final = "redriven:retried:"
_BY_HAND: Final = (
    "run the workflow of the base branch again in CircleCI, or deploy with RetryThroughCircleCi=true"
)


def wanted_run(request: Request, events: Collection[Event], now: dt.datetime) -> str | None:
    """The id of the event that the pipeline was run again, where it has to be and was not yet."""
    progress = request.progress
    retries = [event for event in events if event.type is EventType.RETRIED]
    wanted = None
    if retries and retries[-1].at >= progress.since:
        wanted = f"redriven:{retries[-1].id}"
    elif progress.state is State.MERGED and now - progress.since >= FIRST_CHECK[Step.QUEUE]:
        wanted = f"redriven:queue:{instant(progress.since)}"
    return None if wanted in {event.id for event in events} else wanted


def opened_event(request: Request, found: PullRequest, commit: str, now: dt.datetime) -> Event:
    """The event that a pull request is open, since when GitHub says so.

    GitHub counts whole seconds: what was opened within the second in which it was asked for came after.
    """
    at = _time(found.created_at, now)
    if dt.timedelta() <= request.created_at - at < dt.timedelta(seconds=1):
        at = request.created_at + dt.timedelta(microseconds=1)
    return Event(
        id=f"opened:{found.number}",
        type=EventType.OPENED,
        at=at,
        actor=ACTOR,
        detail={"pull_request": found.number, "pull_request_url": found.url, "commit": commit},
    )


def ended_event(found: PullRequest, actor: str, now: dt.datetime) -> Event:
    """The event that a pull request was merged, or closed without."""
    if found.merged:
        return Event(
            id=f"merged:{found.number}",
            type=EventType.MERGED,
            at=_time(found.merged_at, now),
            actor=actor,
            detail={"commit": found.merge_commit},
        )
    at = _time(found.closed_at, now)
    return Event(id=f"closed:{found.number}:{instant(at)}", type=EventType.CLOSED, at=at, actor=actor)


def _time(text: str | None, default: dt.datetime) -> dt.datetime:
    return dt.datetime.fromisoformat(text) if text else default
