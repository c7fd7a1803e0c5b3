"""③④ What the worker does for one request: open, merge or close its pull request."""

import datetime as dt
from collections.abc import Callable, Collection
from dataclasses import dataclass
from typing import Final

from provisioner.circleci import CircleCi
from provisioner.core import events, policy, reruns
from provisioner.core.beats import GIVEN_UP, LOST, pipeline_url, silent_since
from provisioner.core.catalog import Catalog
from provisioner.core.engines import CLUSTER
from provisioner.core.errors import MayPass, NeedsPerson, TryLater
from provisioner.core.events import ACTOR, Event, EventType, Step
from provisioner.core.hcl import FIRST_OF_CLUSTERS, WITH_WINDOWS, render
from provisioner.core.lifecycle import Kind, State
from provisioner.core.models import Request
from provisioner.core.times import instant
from provisioner.core.transitions import FIRST_CHECK
from provisioner.github.client import GitHub
from provisioner.ledger.ledger import Ledger
from provisioner.pull_requests import comments, content
from provisioner.pull_requests.events import of_answer, of_end
from provisioner.pull_requests.publish import publish, root_format
from provisioner.pull_requests.signposts import Signposts

# Longer than the worker's own time limit (60 s in the template), so that a claim outlives its holder.
LEASE: Final = dt.timedelta(seconds=90)
# Tries that GitHub's contradictions may cost one request: they pass within seconds, and the queue waits 30,
# 60, 120 and 240 of them.
CONTRADICTIONS: Final = 4


@dataclass(frozen=True, slots=True)
class Worker:
    """The worker, with what it needs passed in."""

    ledger: Ledger
    catalog: Catalog
    github: GitHub
    base: str
    circleci: Callable[[], CircleCi | None] = lambda: None  # None where no token for it was given
    warn: Callable[[str], None] = lambda _: None  # receives what an operator has to change

    def process(self, request_id: str, now: dt.datetime) -> Request:
        """Take a request to GitHub; a request that is past that stays as it is.

        Raises TryLater (and RateLimited) where another delivery should go on.
        """
        try:
            return self._process(request_id, now)
        except MayPass as error:
            raise TryLater(error.doing, error.cause) from error

    def _process(self, request_id: str, now: dt.datetime) -> Request:
        request = self.ledger.request(request_id)
        if request is None:
            raise TryLater(f"reading request {request_id}", "the ledger does not show it")
        if request.progress.step is Step.USERS:
            return request  # the access function makes them
        if request.progress.state in (State.MERGED, State.APPLYING):
            return self._run_again(request, now)
        if request.progress.state is not State.REQUESTED:
            return self._go_on(request, now)
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
            if isinstance(error, MayPass) and (claim.request.contradicted or 0) < CONTRADICTIONS:
                self.ledger.release(request_id, now + dt.timedelta(minutes=10), contradicted=True)
                raise
            failed = events.failed_opening(
                claim.request.attempts, now, cause=f"{error.doing}: {error.cause}", fix=error.fix
            )
            return self.ledger.add_event(request_id, failed, now)

    def _go_on(self, request: Request, now: dt.datetime) -> Request:
        """Close the pull request of a cancelled request, or merge what is approved."""
        progress = request.progress
        if progress.cancelling and progress.step in (Step.PULL_REQUEST, Step.REVIEW):
            return self._close(request, now)
        if progress.state is State.PULL_REQUEST_OPEN:
            # Most messages only open a pull request, and whoever asked waits for that.
            from provisioner.pull_requests.merge import Merger  # noqa: PLC0415

            Merger(self.ledger, self.catalog, self.github, self.base, self.warn).look(request.id, now)
            return self.ledger.request(request.id) or request
        return request

    def _publish(self, request: Request, now: dt.datetime, *, first: bool) -> Request:
        if request.progress.cancelling and first:
            return self._cancelled(request, now)
        if request.progress.cancelling:
            return self._close(request, now)
        disarmed_by = self._disarmed_by(request) if request.kind is Kind.REMOVE else None
        change = self._change(request, now, disarmed_by)
        published = publish(self.github, change, first=first)
        opened = self.ledger.add_event(
            request.id, of_answer(request, published.pull_request, published.commit, now), now
        )
        if published.pull_request.state == "closed":
            opened = self.ledger.add_event(request.id, of_end(published.pull_request, ACTOR, now), now)
        if opened.progress.cancelling:
            return self._close(opened, now)
        if published.pull_request.state == "open":
            signposts = Signposts(self.github, self.catalog, self.warn)
            signposts.label(request, published.pull_request)
            if disarmed_by:
                signposts.lead_on(disarmed_by, request, published.pull_request)
        return opened

    def _change(self, request: Request, now: dt.datetime, disarmed_by: int | None) -> content.Change:
        if request.kind is Kind.REMOVE:
            return content.change(request, [], self.catalog, base=self.base, disarmed_by=disarmed_by)
        number = root_format(self.github, self.base)
        self._check_format(request, number)
        return content.change(
            request, self._policy(request, now), self.catalog, base=self.base, root_format=number
        )

    def _check_format(self, request: Request, number: int) -> None:
        """Raises NeedsPerson where the base branch has no module yet for what the request's root says."""
        lacks = ""
        if request.root.upgrade and number < WITH_WINDOWS:
            lacks = "the module of {} knows no upgrade yet"
        if request.root.extended_support and number < WITH_WINDOWS:
            lacks = "the module of {} enrols nothing in Extended Support yet"
        if request.root.resource is CLUSTER and number < FIRST_OF_CLUSTERS:
            lacks = "{} has no module for clusters yet"
        if lacks:
            raise NeedsPerson(
                f"opening the pull request of {request.place}",
                lacks.format(self.base),
                "apply the foundation of this release and merge it to that branch first (docs/upgrade.md), "
                "then retry",
            )

    def _disarmed_by(self, removal: Request) -> int | None:
        """The pull request that took deletion protection off, where that was the last change before it."""
        last = self.ledger.request((removal.before or removal.root).request_id)
        return last.progress.pull_request if last and last.kind is Kind.DISARM else None

    def _run_again(self, request: Request, now: dt.datetime) -> Request:
        """Run the pipeline of the base branch again where a retry asks for it, or it never began.

        Killed before it says so, it runs it twice: the second finds nothing to do.
        """
        if lost := silent_since(request, now, GIVEN_UP):
            return self.ledger.add_event(request.id, _given_up(request, lost, now), now)
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
        return self.ledger.add_event(request.id, reruns.redriven(wanted, now, pipeline=number), now)

    def _no_run(self, request: Request, wanted: str, now: dt.datetime, cause: str, fix: str) -> Request:
        if not reruns.is_after_retry(wanted):
            return request  # nobody waits for this try; the step's maximum says when it failed
        event = events.failed_rerun(wanted, request.progress.step, now, cause=cause, fix=fix)
        return self.ledger.add_event(request.id, event, now)

    def _policy(self, request: Request, now: dt.datetime) -> list[policy.PolicyResult]:
        return policy.check(
            render(request.root),
            place=request.place,
            catalog=self.catalog,
            now=now,
            disarming=request.kind is Kind.DISARM,
            creating=request.kind is Kind.CREATE,
            before=request.before,
        )

    def _close(self, request: Request, now: dt.datetime) -> Request:
        """Close what is open, then say so; a merge that came first wins, since GitHub decides."""
        number, branch = request.progress.pull_request, content.branch(request)
        found = self.github.pull_request(number) if number else self.github.find_pull_request(branch)
        if found and found.state == "open":
            found = self.github.close_pull_request(found.number)
        if found and found.merged:
            return self.ledger.add_event(request.id, of_end(found, ACTOR, now), now)
        self.github.delete_branch(branch)
        if found and (why := _why_cancelled(self.ledger.events(request.id))):
            self.github.put_comment(found.number, comments.CANCELLED, why)
        return self._cancelled(request, now)

    def _cancelled(self, request: Request, now: dt.datetime) -> Request:
        return self.ledger.add_event(request.id, events.cancelled(now), now)


def _why_cancelled(known: Collection[Event]) -> str | None:
    """The comment on a cancel that gave a reason; None for one without."""
    asked = next((event for event in known if event.type is EventType.CANCEL_ASKED), None)
    reason = asked.detail.get("reason") if asked else None
    return comments.cancelled_comment(actor=asked.actor, reason=reason) if asked and reason else None


_BY_HAND: Final = (
    "run the workflow of the base branch again in CircleCI, or deploy with RetryThroughCircleCi=true"
)


def _given_up(request: Request, last_word: dt.datetime, now: dt.datetime) -> Event:
    """Its job sent no word, and no other run went on for it: an operator is needed."""
    return events.failed_stuck(
        request.progress.step,
        request.progress.since,
        now,
        cause=f"its job has sent no word since {instant(last_word)}: {pipeline_url(request)}",
        fix=f"see that this job has ended, run `python -m pipeline unlock {request.place}`, then retry the "
        "request",
        retryable=True,
    )


def wanted_run(request: Request, known: Collection[Event], now: dt.datetime) -> str | None:
    """The id of the event that the pipeline was run again, where it has to be and was not yet."""
    progress = request.progress
    retries = [event for event in known if event.type is EventType.RETRIED]
    wanted = None
    if retries and retries[-1].at >= progress.since:
        wanted = reruns.after_retry(retries[-1])
    elif progress.state is State.MERGED and now - progress.since >= FIRST_CHECK[Step.QUEUE]:
        wanted = reruns.of_queue(progress.since)
    elif lost := silent_since(request, now, LOST):
        wanted = reruns.of_silent(lost)
    return None if wanted in {event.id for event in known} else wanted
