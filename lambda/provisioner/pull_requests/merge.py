"""④ The provisioner merges: where gate, plan and the approvals due are there for the very commit.

Asked for by whatever may have brought the last of them: a plan's report, a review (through the worker) and
the reaper's looks. GitHub refuses to merge while a required status check runs, and the job that reports the
plan may be one; the plan's event keeps what the plan showed, so that the merge is tried again later.
"""

import dataclasses
import datetime as dt
import functools
from collections.abc import Callable, Collection
from dataclasses import dataclass
from typing import Final

from provisioner.core import approvals, events
from provisioner.core.catalog import Catalog
from provisioner.core.errors import NeedsPerson, TryLater
from provisioner.core.events import ACTOR, Event, EventType
from provisioner.core.lifecycle import State
from provisioner.core.models import Request
from provisioner.github.pull_request import PullRequest, PullRequests
from provisioner.ledger.ledger import Ledger
from provisioner.pull_requests import comments, wording
from provisioner.pull_requests.approvals import Approvals, Verdict, people
from provisioner.pull_requests.events import of_end

# A job ends seconds after its report; from then on the reaper's own pace holds.
AFTER_REFUSAL: Final = dt.timedelta(minutes=1)
# GitHub's lists may lag behind its webhooks by moments; what lags longer is not waited for.
LONGEST_LAG: Final = dt.timedelta(minutes=5)


@dataclass(frozen=True, slots=True)
class Merger:
    """Merges, with what it needs passed in."""

    ledger: Ledger
    catalog: Catalog
    github: PullRequests
    base: str
    # Receives what an operator has to change before anything can be merged.
    warn: Callable[[str], None] = lambda _: None

    def is_planned(self, request: Request, known: Collection[Event], found: PullRequest) -> bool:
        """Whether only approvals can be missing: it is open, and the gate and a plan let this commit pass."""
        progress = request.progress
        return (
            progress.state is State.PULL_REQUEST_OPEN
            and not progress.cancelling
            and found.state == "open"
            and found.base == self.base
            and approvals.newest_plan(known, found.head_sha) is not None
        )

    def verdict(self, request: Request, known: Collection[Event], found: PullRequest) -> Verdict:
        """Whether the approvals due are there."""
        verdict = Approvals(self.catalog, self.github, self.base).verdict(request, known, found)
        if verdict.trouble:
            self.warn(f"pull request {found.number} cannot be merged: {verdict.missing}")
        return verdict

    def keep_waiting(
        self,
        request: Request,
        known: Collection[Event],
        found: PullRequest,
        verdict: Verdict,
        now: dt.datetime,
    ) -> bool:
        """Write down what is waited for, for the request's document; False where that is known already."""
        said = [event for event in known if event.type is EventType.APPROVAL_AWAITED]
        awaited = functools.partial(
            events.approval_awaited,
            len(said) + 1,
            now,
            owners=verdict.owners,
            waits_for=verdict.missing,
            commit=found.head_sha,
        )
        if said and said[-1].detail | awaited().detail == said[-1].detail:
            return False
        event = awaited(approvers=people(self.github, verdict.owners))
        self.ledger.add_event(request.id, event, now)
        return True

    def merge(self, request: Request, found: PullRequest, verdict: Verdict, now: dt.datetime) -> str:
        """Merge; "" when merged, else GitHub's reason for not doing it, and a look before long.

        One commit is merged once: `found.head_sha` or nothing. Whoever comes second sees that it is merged.
        """
        title = f"{wording.title(request, self.catalog)} (#{found.number})"
        merge = self.github.merge(found.number, head=found.head_sha, title=title)
        merged = dataclasses.replace(found, merged=True, merge_commit=merge.commit)
        if merge.commit is None:
            merged = self.github.pull_request(found.number)
        if not merged.merged:
            self.ledger.schedule_check(request, now + AFTER_REFUSAL)
            return merge.reason or "it gave no reason"
        event = of_end(merged, ACTOR, now, approved_by=verdict.approved_by)
        self.ledger.add_event(request.id, event, now)
        try:
            self.github.delete_branch(found.branch)
        except (TryLater, NeedsPerson):
            return ""  # a branch that stays harms nobody
        return ""

    def look(self, request_id: str, now: dt.datetime, found: PullRequest | None = None) -> bool:
        """Merge an open pull request if nothing is missing, else say what is; whether it is merged now.

        Everything is read as it is now: `found` is given where the caller just read it. Raises TryLater.
        """
        request = self.ledger.request(request_id)  # what the reaper lists may lag behind a cancel
        number = request.progress.pull_request if request else None
        known = self.ledger.events(request_id)
        if request is None or number is None or not _has_plan(known):
            return False
        found = found or self.github.pull_request(number)
        if found.merged:  # by a run that was killed before it said so, or by hand
            self.ledger.add_event(request_id, of_end(found, "github", now), now)
            return True
        if not self.is_planned(request, known, found):
            return False
        verdict = self.verdict(request, known, found)
        if not verdict.missing:
            return not self.merge(request, found, verdict, now)
        self._expect_known_reviews(known, found, now)
        if self.keep_waiting(request, known, found, verdict, now):
            text = comments.approval_comment(verdict.missing, trouble=verdict.trouble)
            self.github.put_comment(found.number, comments.APPROVAL, text)
        return False

    def _expect_known_reviews(self, known: Collection[Event], found: PullRequest, now: dt.datetime) -> None:
        """Raises TryLater where GitHub does not list yet what it has just sent."""
        recent = [
            event.id.partition(":")[2]
            for event in known
            if event.type is EventType.APPROVED and now - event.at < LONGEST_LAG
        ]
        if not recent:
            return
        listed = {str(review.id) for review in self.github.reviewers.reviews(found.number)}
        if not listed.issuperset(recent):
            raise TryLater(
                f"looking for the approval of pull request {found.number}", "GitHub does not list it yet"
            )


def _has_plan(known: Collection[Event]) -> bool:
    return any(event.type is EventType.PLANNED for event in known)
