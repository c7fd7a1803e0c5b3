"""④ What a plan's report leads to: one comment, and a merge where nothing is left for a reviewer to decide.

Whoever may push a branch may have its pipeline send such a report. Its word can at most merge a file that
the worker itself rendered from a checked request: the head has to be the commit that the worker made.
"""

import datetime as dt
from collections.abc import Callable
from dataclasses import dataclass

from provisioner.core import events
from provisioner.core.catalog import Catalog
from provisioner.core.errors import TryLater
from provisioner.core.events import Event
from provisioner.core.lifecycle import State
from provisioner.core.models import Request
from provisioner.core.names import BranchName
from provisioner.github.client import GitHub
from provisioner.github.pull_request import PullRequest
from provisioner.ledger.ledger import Ledger
from provisioner.pull_requests.comments import PLAN
from provisioner.pull_requests.merge import Merger
from provisioner.reports.as_asked import is_as_asked
from provisioner.reports.comments import counts, plan_comment
from provisioner.reports.schema import PlanReport


@dataclass(frozen=True, slots=True)
class PlanReceiver:
    """Receives plans, with what it needs passed in."""

    ledger: Ledger
    catalog: Catalog
    github: GitHub
    base: str
    clock: Callable[[], dt.datetime]

    def receive(self, report: PlanReport) -> str:
        """Record a plan, comment and perhaps merge; the next step. Raises TryLater where it is too early."""
        branch = BranchName.parse(report.branch)
        request = self.ledger.request_for_branch(branch.place, branch.id8) if branch else None
        found = self._pull_request(request, report.branch)
        if found.head_sha != report.commit:
            return "the branch has moved on; its newest commit has its own pipeline"
        now, merging = self.clock(), False
        if request:
            event = planned_event(report, request, now)
            request = self.ledger.add_event(request.id, event, now)
            merging = self._merger.may_merge(request, event, found)
        next_step = self._next_step(request, report, found, merging=merging)
        self._comment(report, found, next_step)
        if merging and request and (refusal := self._merger.merge(request, found, self.clock())):
            next_step = (
                f"GitHub did not let it merge yet ({refusal}). It is tried again automatically; "
                "where the reason stays, a reviewer merges."
            )
            self._comment(report, found, next_step)
        return next_step

    @property
    def _merger(self) -> Merger:
        return Merger(self.ledger, self.catalog, self.github, self.base)

    def _pull_request(self, request: Request | None, branch: str) -> PullRequest:
        """The branch's pull request; raises TryLater while the worker has not opened and recorded it."""
        if request and request.progress.pull_request:
            return self.github.pull_request(request.progress.pull_request)
        waiting = request is not None and request.progress.state is State.REQUESTED
        found = None if waiting else self.github.find_pull_request(branch)
        if found is None or found.state != "open":
            raise TryLater(f"looking for the pull request of {branch}", "the pull request is not open yet")
        return found

    def _comment(self, report: PlanReport, found: PullRequest, next_step: str) -> None:
        self.github.put_comment(found.number, PLAN, plan_comment(report, next_step))

    def _next_step(
        self, request: Request | None, report: PlanReport, found: PullRequest, *, merging: bool
    ) -> str:
        if found.state != "open":
            return "nothing; this pull request is closed."
        if report.outcome == "denied":
            return "change what the policy denies, or close this pull request."
        if report.outcome == "failed":
            return "read the cause, fix it, and run the pipeline's workflow again."
        if merging:
            return "it merges automatically now."
        if request is None:
            return "a code owner reviews, approves and merges."
        if request.progress.edited or found.head_sha != request.progress.commit:
            return "someone changed the branch or its file on main, so a reviewer reads, approves and merges."
        if request.progress.cancelling:
            return "it was cancelled, and closes automatically."
        if self.catalog.merges_automatically(request.environment):
            return (
                "the plan shows other changes than were asked for, so a reviewer reads, approves and merges."
            )
        return "a code owner reviews, approves and merges."


def planned_event(report: PlanReport, request: Request, now: dt.datetime) -> Event:
    """The event that a plan passed, or that the review failed because of it."""
    if report.outcome == "passed":
        return events.planned(
            report.commit,
            now,
            pipeline_url=report.pipeline_url,
            as_asked=is_as_asked(report, request),
            counts=counts(report.summary) if report.summary else None,
        )
    denied = "; ".join(f"{rule.rule}: {rule.detail}" for rule in report.policy if not rule.passed)
    cause = denied if report.outcome == "denied" and denied else report.cause
    fix = {
        "denied": "cancel this request, and ask for what the policy allows",
        "failed": "fix the cause and run the pipeline's workflow again, or cancel the request",
    }[report.outcome]
    return events.failed_plan(
        report.commit,
        now,
        pipeline_url=report.pipeline_url,
        cause=f"the plan was {report.outcome}: {cause or 'the pipeline gave no cause'}",
        fix=fix,
    )
