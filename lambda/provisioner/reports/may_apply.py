"""⑤ Whether the pipeline may apply what main says of a database: what a request asked for, once merged.

Main is the truth about what exists, but whoever may push there could write anything. So the pipeline asks
before each apply, and what no request made is not applied, blocks nothing else, and is shown.
"""

import datetime as dt
import hashlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Final

from provisioner.core import database_events, events
from provisioner.core.asked import difference
from provisioner.core.catalog import Catalog
from provisioner.core.errors import TryLater
from provisioner.core.events import EventType, Step
from provisioner.core.lifecycle import Kind, State
from provisioner.core.models import Request
from provisioner.github.client import GitHub
from provisioner.ledger.break_glass import Glass
from provisioner.ledger.ledger import Ledger
from provisioner.pull_requests.approvals import Approvals
from provisioner.pull_requests.comments import NOT_APPLIED
from provisioner.reports.comments import not_applied_comment
from provisioner.reports.schema import ApplyQuestion

_WAY_BACK: Final = (
    "revert the commit that changed it on main, and ask for the change through the API; in an emergency an "
    "operator breaks the glass (docs/runbook.md)"
)
_APPROVE: Final = (
    "one of the code owners approves the pull request, also after its merge, then retry the request; or "
    "revert the merge"
)
_THEN_RETRY: Final = "revert the commit that changed it on main, then retry the request"
_RETRY: Final = "put right what was in the way, then retry the request; or PATCH with the version before"
_BEGUN: Final = (EventType.STARTED, EventType.SUCCEEDED)
_MERGED: Final = (State.MERGED, State.APPLYING, State.DONE)


@dataclass(frozen=True, slots=True)
class Permission:
    """Whether a root may be applied, and why; `glass` where an operator's switch alone allows it.

    `held` says that a request asked for it, and that it waits for a retry.
    """

    may_apply: bool
    reason: str
    fix: str | None = None
    glass: Glass | None = None
    request_id: str | None = None  # which asked for it, as far as is known
    held: bool = False


@dataclass(frozen=True, slots=True)
class ApplyGuard:
    """Answers the question, with what it needs passed in."""

    ledger: Ledger
    catalog: Catalog
    github: Callable[[], GitHub]
    base: str

    def answer(self, question: ApplyQuestion, now: dt.datetime) -> Permission:
        """Whether main's root may be applied; where not, that is written down and shown. Raises TryLater."""
        request = self._newest_merged(question)
        wrong, fix = self._wrong(question, request), _WAY_BACK
        if wrong is None and request:
            wrong, fix = self._unapproved(request), _APPROVE
        if not wrong and request:
            if self._failed_upgrade(request):
                reason = f"its upgrade failed, and is tried again when request {request.id} is retried"
                return Permission(False, reason, fix=_RETRY, request_id=request.id, held=True)
            return Permission(True, f"request {request.id} asked for it", request_id=request.id)
        if glass := self.ledger.break_glass.open_for(question.place, now):
            self._used(glass, now)
            reason = f"{glass.actor} broke the glass until {glass.until:%H:%M} UTC: {glass.reason}"
            return Permission(True, reason, glass=glass)
        permission = Permission(False, wrong or "", fix=fix, request_id=request.id if request else None)
        self._show(question, request, permission, now)
        return permission

    def comment(self, question: ApplyQuestion, permission: Permission) -> None:
        """Say on the pull request that made the database that main says what is not applied."""
        database = self.ledger.database(question.place)
        number = self.ledger.origin_pull_request(database) if database else None
        if number is not None:
            text = not_applied_comment(question, permission.reason, permission.fix or "")
            self.github().put_comment(number, NOT_APPLIED, text)

    def _wrong(self, question: ApplyQuestion, request: Request | None) -> str | None:
        if request is None:
            return f"no request that was merged made {question.place}"
        found = difference(request, question.text)
        if found is None:
            return None
        return f"main says otherwise than request {request.id}, the newest that was merged: {found}"

    def _unapproved(self, request: Request) -> str:
        """Which approval its merge lacked; "" for none, as of what was applied, or began to be, before."""
        known = self.ledger.events(request.id)
        if any(event.type in _BEGUN for event in known):
            return ""
        return Approvals(self.catalog, self.github(), self.base).merge_refusal(request, known)

    def _failed_upgrade(self, request: Request) -> bool:
        """Whether an upgrade failed, and nobody asked for another try: it shuts the database down.

        One that its run did not report, since that was killed, is finished by the next run.
        """
        failure = request.progress.failure
        if request.kind is not Kind.UPDATE or request.root.upgrade is None:
            return False
        if failure is None or failure.step is not Step.APPLY or not failure.retryable:
            return False
        failed = [event for event in self.ledger.events(request.id) if event.type is EventType.FAILED]
        return "pipeline_url" in max(failed, key=lambda event: event.at).detail

    def _newest_merged(self, question: ApplyQuestion) -> Request | None:
        """The newest request of the place that is on main: no older one asks for a change back to it."""
        for request in self._newest_first(question):
            if self._is_merged(request, question):
                return request
        return None

    def _newest_first(self, question: ApplyQuestion) -> Iterator[Request]:
        for request_id in reversed(self.ledger.request_ids(question.place)):
            if request := self.ledger.request(request_id):
                yield request

    def _is_merged(self, request: Request, question: ApplyQuestion) -> bool:
        """Whether a request is on main: by the ledger, or by GitHub, whose webhook may be on its way."""
        progress = request.progress
        if progress.state in _MERGED:
            return True
        if progress.failure and progress.failure.step in (Step.QUEUE, Step.APPLY, Step.USERS):
            return True
        if progress.pull_request is None:
            if progress.state is State.REQUESTED and difference(request, question.text) is None:
                raise TryLater(
                    f"looking for the merge of request {request.id}", "its pull request is not known yet"
                )
            return False
        found = self.github().pull_request(progress.pull_request)
        if found.merged:
            return found.base == self.base
        if found.state == "open" and difference(request, question.text) is None:
            raise TryLater(
                f"looking for the merge of pull request {found.number}", "GitHub does not show it merged yet"
            )
        return False

    def _used(self, glass: Glass, now: dt.datetime) -> None:
        event = database_events.break_glass(
            "used", now, events.PIPELINE, opened_at=glass.opened_at, until=glass.until, reason=glass.reason
        )
        self.ledger.add_database_event(glass.place, event)

    def _show(
        self, question: ApplyQuestion, request: Request | None, permission: Permission, now: dt.datetime
    ) -> None:
        where = {"pipeline_url": question.pipeline_url, "commit": question.commit}
        cause, fix = permission.reason, permission.fix or ""
        digest = hashlib.sha256((question.text or "").encode()).hexdigest()[:16]
        event = database_events.not_applied(digest, now, **where, cause=cause, fix=fix)
        self.ledger.add_database_event(question.place, event)
        open_on_main = request and request.progress.of_database in (State.MERGED, State.APPLYING)
        if request and open_on_main:
            then = _THEN_RETRY if fix == _WAY_BACK else fix
            failed = events.failed_apply(now, **where, cause=cause, fix=then, retryable=True)
            self.ledger.add_event(request.id, failed, now)
