"""⑥ Requests that are due: sent again while they wait, failed after their maximum, recorded when they end.

Every function is safe to run twice and at once: the ledger's conditions and ids derived from what they are
about decide, not who comes first.
"""

import datetime as dt
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from provisioner.core import approvals, events, expiry
from provisioner.core.events import Step
from provisioner.core.lifecycle import ENDED, Kind, State, maximum
from provisioner.core.models import Request
from provisioner.core.transitions import is_given_up, is_there
from provisioner.github.pull_request import PullRequests
from provisioner.intake.opening import Opening
from provisioner.pull_requests import comments, request_record
from provisioner.pull_requests import outcome as outcomes
from provisioner.pull_requests.events import of_end
from provisioner.pull_requests.merge import Merger
from provisioner.reaper.outcome import Outcome
from provisioner.reaper.removal import was_given_up

_SHORTEST_WAIT: Final = dt.timedelta(minutes=2)
_LONGEST_WAIT: Final = dt.timedelta(hours=1)
# The pipeline sends a report three times at most, and the function that writes its comment takes a minute.
_REPORTED: Final = dt.timedelta(minutes=5)

_MAKES_WAY: Final = "It failed before its merge, and makes way; what is still due is asked for again."

_STUCK: Final = {
    Step.PULL_REQUEST: (
        "no pull request could be opened",
        "look at the worker's log and dead letters, then retry",
    ),
    Step.REVIEW: (
        "gate, plan and approval did not come to an end",
        "look at the pull request, its pipeline and its approvals, or cancel this request",
    ),
    Step.QUEUE: (
        "the pipeline did not begin to apply it",
        "look at the pipeline on main, then retry the request",
    ),
    Step.APPLY: (
        "the pipeline did not say how its apply ended",
        "look at the pipeline on main, then retry the request",
    ),
    Step.USERS: (
        "its users could not log in",
        "look at the access function's log and dead letters (docs/access.md), then retry the request; "
        "without AccessSubnetIds the stack has no such function",
    ),
}


@dataclass(frozen=True, slots=True)
class StuckRequests:
    """Looks after the requests that are due; `github` is asked for only when needed."""

    opening: Opening
    github: Callable[[], PullRequests]
    base: str = "main"
    # What else there is to do for an ended request: when to check again, None for never.
    settle: Callable[[Request], dt.datetime | None] = lambda _: None

    def run(self, outcome: Outcome) -> None:
        """Look after everything that is due."""
        now, ledger = self.opening.now, self.opening.ledger
        for request in ledger.due_requests(now):
            try:
                self._request(request, outcome)
            except Exception as error:  # whatever it is: the others do not wait for it
                outcome.trouble(f"request {request.id}", error)
                ledger.schedule_check(request, now + self._wait(request))

    def _request(self, request: Request, outcome: Outcome) -> None:
        ledger, now, progress = self.opening.ledger, self.opening.now, request.progress
        if progress.state in ENDED:
            self._ended(request)
        elif progress.failure and not progress.cancelling:
            self._failed(request)
        elif now - progress.since >= self._maximum(request):
            self._fail(request)
            outcome.failed += 1
        elif self._is_merged_now(request):
            outcome.merged += 1
        else:
            outcome.redriven += 1
            ledger.schedule_check(request, now + self._wait(request))

    def _failed(self, request: Request) -> None:
        """Keep the record of what its team goes on with; cancel a removal that removal.py asks for again."""
        ledger = self.opening.ledger
        now_there = ledger.request(request.id)  # what is listed may lag behind a retry
        if now_there and is_given_up(now_there) and not now_there.progress.cancelling:
            self.opening.cancel_automatically(now_there, reason=_MAKES_WAY)
        else:
            self._rest(request)

    def _ended(self, request: Request) -> None:
        """See to what follows from the end of a request, once."""
        if request.progress.state is State.DONE:
            self.opening.follow_up(request)
        elif self._merged_after_all(request):
            return
        elif request.kind is Kind.REMOVE and not self._is_tried_again(request):
            self.opening.arm_again(request)
        self._rest(request)

    def _rest(self, request: Request) -> None:
        """Keep the record of a request of which nothing is under way, and leave it alone from then on."""
        check_at = self.settle(request)
        said_at = self._say_outcome(request)
        self._keep_record(request)
        check_at = min(filter(None, (check_at, said_at)), default=None)
        if check_at is None:
            self.opening.ledger.stop_checking(request)
        else:
            self.opening.ledger.schedule_check(request, check_at)

    def _say_outcome(self, request: Request) -> dt.datetime | None:
        """Write the comment on how an apply went, where GitHub was away when that was reported.

        When to look, where the report may still be on its way: two that look at once would write it twice.
        """
        event = outcomes.newest(self.opening.ledger.events(request.id))
        number = request.progress.pull_request
        if event is None or number is None:
            return None
        if self.opening.now - event.at < _REPORTED:
            return event.at + _REPORTED
        database = self.opening.ledger.database(request.place)
        text = outcomes.outcome_comment(request, event, self.opening.catalog, database)
        self.github().comment_once(number, outcomes.markers(event), text)
        return None

    def _is_tried_again(self, request: Request) -> bool:
        """Whether another removal follows for certain: this one was given up at the end of its database."""
        ledger, now = self.opening.ledger, self.opening.now
        database = ledger.database(request.place)
        if database is None or not expiry.is_over(database.root.expires_at, now):
            return False
        return was_given_up(ledger.events(request.id))

    def _is_merged_now(self, request: Request) -> bool:
        """Drive a request on; whether that merged its pull request."""
        progress, ledger, now = request.progress, self.opening.ledger, self.opening.now
        if progress.step is not Step.REVIEW or progress.cancelling:  # the worker knows what is to be done
            self.opening.send(request)
            return False
        if progress.state is not State.PULL_REQUEST_OPEN or progress.pull_request is None:
            return False
        github = self.github()
        found = github.pull_request(progress.pull_request)
        if found.state != "open":  # GitHub does not deliver a lost webhook again
            ledger.add_event(request.id, of_end(found, "github", now), now)
            return False
        return Merger(ledger, self.opening.catalog, github, self.base).look(request.id, now, found)

    def _merged_after_all(self, request: Request) -> bool:
        """Close the pull request of a request that has ended, where it is open, unless it is merged by now.

        The name and the quota are free since then, and may be another request's.
        """
        ledger, progress = self.opening.ledger, request.progress
        if progress.pull_request is None:
            return False
        github = self.github()
        found = github.pull_request(progress.pull_request)
        if found.state == "open":
            place = str(request.place)
            text = comments.ended_comment(state=progress.state, kind=request.kind, place=place)
            github.put_comment(found.number, comments.ENDED, text)
            found = github.close_pull_request(found.number)
        if found.merged:  # and the webhook was lost
            ledger.add_event(request.id, of_end(found, "github", self.opening.now), self.opening.now)
        return found.merged

    def _keep_record(self, request: Request) -> None:
        """Keep what the ledger knows of a request that has ended, or failed, on its pull request."""
        if request.progress.pull_request is None:
            return
        ledger, kept = self.opening.ledger, []
        if request.kind is Kind.CREATE:
            kept = ledger.database_events(request.place)
        text = request_record.comment(request, ledger.events(request.id), kept)
        self.github().put_comment(request.progress.pull_request, request_record.MARKER, text)

    def _wait(self, request: Request) -> dt.timedelta:
        """Twice as long each time: the age of the step, between two minutes and an hour."""
        age = self.opening.now - request.progress.since
        return min(max(age, _SHORTEST_WAIT), _LONGEST_WAIT)

    def _maximum(self, request: Request) -> dt.timedelta:
        known = self.opening.ledger.events(request.id)
        return maximum(
            request.progress.step, automatic=approvals.is_automatic(request, known, self.opening.catalog)
        )

    def _fail(self, request: Request) -> None:
        progress = request.progress
        cause, fix = _STUCK[progress.step]
        hours = self._maximum(request).total_seconds() / 3600
        database = self.opening.ledger.database(request.place)
        was_removed = progress.step is Step.USERS and not is_there(database, request)
        if was_removed:
            cause, fix = "it was removed before its users could log in", "nothing; it is no longer there"
        event = events.failed_stuck(
            progress.step,
            progress.since,
            self.opening.now,
            cause=cause if was_removed else f"{cause} within {hours:g} hours",
            fix=fix,
            retryable=progress.step is not Step.REVIEW and not was_removed,
        )
        self.opening.ledger.add_event(request.id, event, self.opening.now)
