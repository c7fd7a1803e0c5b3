"""④ The merge that needs no reviewer, where a passed plan leaves nothing to decide.

GitHub refuses to merge while a required status check runs, and the job that reports the plan may be one. The
plan's event keeps what the plan showed, so that the merge is tried again later under the same conditions.
"""

import dataclasses
import datetime as dt
from dataclasses import dataclass
from typing import Final

from provisioner.core.catalog import Catalog
from provisioner.core.errors import NeedsPerson, TryLater
from provisioner.core.events import ACTOR, Event, EventType
from provisioner.core.lifecycle import State
from provisioner.core.models import Request
from provisioner.github.pull_request import PullRequest, PullRequests
from provisioner.ledger.ledger import Ledger
from provisioner.pull_requests import content
from provisioner.pull_requests.events import of_end

# A job ends seconds after its report; from then on the reaper's own pace holds.
AFTER_REFUSAL: Final = dt.timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class Merger:
    """Merges automatically, with what it needs passed in."""

    ledger: Ledger
    catalog: Catalog
    github: PullRequests
    base: str

    def may_merge(self, request: Request, plan: Event, found: PullRequest) -> bool:
        """Whether the catalog, the gate and the plan leave nothing for a reviewer to decide."""
        progress = request.progress
        return (
            not self.catalog.approvers(request.environment, request.source)
            and progress.state is State.PULL_REQUEST_OPEN
            and not progress.cancelling
            and not progress.edited
            and found.state == "open"
            and found.base == self.base
            and plan.type is EventType.PLANNED
            and plan.detail.get("as_asked") is True
            and found.head_sha == progress.commit == plan.detail.get("commit")
        )

    def merge(self, request: Request, found: PullRequest, now: dt.datetime) -> str:
        """Merge; "" when merged, else GitHub's reason for not doing it, and a look before long."""
        merge = self.github.merge(found.number, head=found.head_sha, title=content.title(request))
        if merge.commit is None:
            self.ledger.schedule_check(request, now + AFTER_REFUSAL)
            return merge.reason or "it gave no reason"
        merged = dataclasses.replace(found, merged=True, merge_commit=merge.commit)
        self.ledger.add_event(request.id, of_end(merged, ACTOR, now), now)
        try:
            self.github.delete_branch(found.branch)
        except (TryLater, NeedsPerson):
            return ""  # a branch that stays harms nobody
        return ""

    def merge_planned(self, request_id: str, found: PullRequest, now: dt.datetime) -> bool:
        """Merge what the newest plan that the ledger knows of lets merge automatically; whether it did."""
        plans = [event for event in self.ledger.events(request_id) if event.type is EventType.PLANNED]
        request = self.ledger.request(request_id)  # what the reaper lists may lag behind a cancel
        if request is None or not plans or not self.may_merge(request, plans[-1], found):
            return False
        return not self.merge(request, found, now)
