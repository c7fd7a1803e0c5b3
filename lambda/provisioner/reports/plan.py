"""④ What a plan's report leads to: one comment, and a merge where no approval is missing.

Whoever may push a branch may have its pipeline send such a report. Its word can at most merge a file that
the worker itself rendered from a checked request: any other commit takes a reviewer's approval too.
"""

import datetime as dt
from collections.abc import Callable, Collection
from dataclasses import dataclass
from typing import Final

from provisioner.core import events
from provisioner.core.asked import difference
from provisioner.core.catalog import Catalog
from provisioner.core.errors import TryLater
from provisioner.core.events import Event, EventType
from provisioner.core.lifecycle import State
from provisioner.core.models import Request
from provisioner.core.names import BranchName
from provisioner.github.client import GitHub
from provisioner.github.pull_request import PullRequest
from provisioner.ledger.ledger import Ledger
from provisioner.pull_requests.approvals import Verdict
from provisioner.pull_requests.comments import PLAN
from provisioner.pull_requests.merge import Merger
from provisioner.pull_requests.signposts import Signposts
from provisioner.reports.as_asked import is_as_asked
from provisioner.reports.comments import counts, plan_comment
from provisioner.reports.schema import Answer, PlanReport

_COUNTED: Final = {"add", "change", "destroy", "replace"}


@dataclass(frozen=True, slots=True)
class PlanReceiver:
    """Receives plans, with what it needs passed in."""

    ledger: Ledger
    catalog: Catalog
    github: GitHub
    base: str
    clock: Callable[[], dt.datetime]

    def receive(self, report: PlanReport) -> Answer:
        """Record a plan, comment and perhaps merge; the next step. Raises TryLater where it is too early."""
        request = self._request(report)
        found = self._pull_request(request, report.branch)
        if found.head_sha != report.commit:
            reason = "the branch has moved on; its newest commit has its own pipeline"
            return Answer(accepted=True, reason=reason, request_id=request.id if request else None)
        now, refusal = self.clock(), ""
        if request is None:
            return self._unasked(report, found, now)
        if wrong := self._difference(request, found):
            return self._denied(report, found, request, wrong, now)
        request, verdict = self._recorded(report, request, found, now)
        next_step = self._next_step(request, report, found, verdict)
        self._comment(report, found, next_step, request, mention=self._signposts.mention(request))
        if found.state == "open":
            self._signposts.label(request, found)
            self._signposts.ask(found, verdict.owners if verdict and verdict.missing else ())
        if verdict and not verdict.missing:
            refusal = self._merger.merge(request, found, verdict, self.clock())
        if refusal:
            next_step = (
                f"GitHub did not let it merge yet ({refusal}). It is tried again automatically; "
                "where the reason stays, look at the rules for the base branch."
            )
            self._comment(report, found, next_step, request)
        return Answer(accepted=True, reason=next_step, request_id=request.id)

    def _request(self, report: PlanReport) -> Request | None:
        """The request that made a branch; a branch may only look as if one had."""
        branch = BranchName.parse(report.branch)
        request = self.ledger.request_for_branch(branch.place, branch.id8) if branch else None
        return request if request and branch and request.kind.value == branch.kind else None

    def _difference(self, request: Request, found: PullRequest) -> str | None:
        """How the branch's root differs from what its request asked for, unless the worker wrote it."""
        if found.head_sha == request.progress.commit:
            return None
        there = self.github.file(request.place.root_path, found.head_sha)
        return difference(request, there[1].decode("utf-8", "replace") if there else None)

    def _denied(
        self, report: PlanReport, found: PullRequest, request: Request, wrong: str, now: dt.datetime
    ) -> Answer:
        """Someone changed the branch: what it says now is not what was checked, and would not be applied."""
        cause = f"the branch says otherwise than request {request.id} asked for: {wrong}"
        fix = "cancel this request, which closes the pull request, and ask for what is wanted through the API"
        where = {"pipeline_url": report.pipeline_url}
        self.ledger.add_event(
            request.id, events.failed_plan(report.commit, now, **where, cause=cause, fix=fix), now
        )
        self._comment(_as_denied(report, cause), found, f"{fix}.")
        return Answer(accepted=True, denied=True, reason=cause, fix=fix, request_id=request.id)

    def _unasked(self, report: PlanReport, found: PullRequest, now: dt.datetime) -> Answer:
        """No request made this pull request; an operator's switch alone lets it pass."""
        if glass := self.ledger.break_glass.open_for(report.place, now):
            reason = f"{glass.actor} broke the glass for {glass.place} until {glass.until:%H:%M} UTC"
            self._comment(report, found, f"{reason}: an operator merges it before that.")
            return Answer(accepted=True, break_glass=True, reason=reason)
        cause = f"no request made this pull request, and roots change through the API alone ({found.branch})"
        fix = "close it, and ask for the change by POST /provision-rds, PATCH or DELETE"
        self._comment(_as_denied(report, cause), found, f"{fix}.")
        return Answer(accepted=True, denied=True, reason=cause, fix=fix)

    def _recorded(
        self, report: PlanReport, request: Request, found: PullRequest, now: dt.datetime
    ) -> tuple[Request, Verdict | None]:
        """Record a plan; what its merge waits for, None where it does not come to that."""
        request = self.ledger.add_event(request.id, planned_event(report, request, now), now)
        known = self.ledger.events(request.id)
        if not self._merger.is_planned(request, known, found):
            return request, None
        verdict = self._merger.verdict(request, known, found)
        if verdict.missing:
            self._merger.keep_waiting(request, known, found, verdict, now)
        return request, verdict

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

    @property
    def _signposts(self) -> Signposts:
        return Signposts(self.github, self.catalog)

    def _comment(
        self,
        report: PlanReport,
        found: PullRequest,
        next_step: str,
        request: Request | None = None,
        *,
        mention: str = "",
    ) -> None:
        text = plan_comment(report, next_step, request, self.catalog, mention=mention)
        self.github.put_comment(found.number, PLAN, text)

    def _next_step(
        self, request: Request, report: PlanReport, found: PullRequest, verdict: Verdict | None
    ) -> str:
        if _was_merged_first(found, self.ledger.events(request.id)):
            return (
                "read this: it was merged before this plan was there, so that nobody has reviewed it. It is "
                "applied only with the approvals that are due, also where they come after the merge."
            )
        if found.state != "open":
            return "nothing; this pull request is closed."
        if report.outcome == "denied":
            return "change what the policy denies, or close this pull request."
        if report.outcome == "failed":
            return "read the cause, fix it, and run the pipeline's workflow again."
        if request.progress.cancelling:
            return "it was cancelled, and closes automatically."
        if verdict is None:
            return "nothing; its request waits for no merge."
        if not verdict.missing:
            return "it merges automatically now."
        if verdict.trouble:
            return f"an operator acts: {verdict.missing}."
        return f"{verdict.missing}; once that is there, it is merged automatically."


def _was_merged_first(found: PullRequest, known: Collection[Event]) -> bool:
    """Whether someone merged before a plan was there; GitHub counts whole seconds."""
    if not found.merged or found.merged_at is None or found.merged_by_app:
        return False
    planned = [event.at for event in known if event.type is EventType.PLANNED]
    merged_at = dt.datetime.fromisoformat(found.merged_at)
    return bool(planned) and min(planned) > merged_at + dt.timedelta(seconds=1)


def _as_denied(report: PlanReport, cause: str) -> PlanReport:
    """The report as the provisioner judges it, whatever the branch's own pipeline says."""
    return report.model_copy(update={"outcome": "denied", "cause": cause, "plan_text": ""})


def planned_event(report: PlanReport, request: Request, now: dt.datetime) -> Event:
    """The event that a plan passed, or that the review failed because of it."""
    if report.outcome == "passed":
        return events.planned(
            report.commit,
            now,
            pipeline_url=report.pipeline_url,
            as_asked=is_as_asked(report, request),
            counts=counts(report.summary) if report.summary else None,
            numbers=report.summary.model_dump(include=_COUNTED) if report.summary else None,
            changed=[attribute.model_dump() for attribute in report.changed],
        )
    denied = "; ".join(f"{rule.rule}: {rule.detail}" for rule in report.policy if not rule.passed)
    cause = denied if report.outcome == "denied" and denied else report.cause
    fix = {
        "denied": "cancel this request, and ask for what the policy allows",
        "failed": f"{report.fix}. To plan again, run the pipeline's workflow again; or cancel the request"
        if report.fix
        else "fix the cause and run the pipeline's workflow again, or cancel the request",
    }[report.outcome]
    return events.failed_plan(
        report.commit,
        now,
        pipeline_url=report.pipeline_url,
        cause=f"the plan was {report.outcome}: {cause or 'the pipeline gave no cause'}",
        fix=fix,
    )
