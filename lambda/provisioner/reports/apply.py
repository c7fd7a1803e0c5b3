"""⑤ What the report of an apply leads to: the ledger moves, and a comment says so."""

import datetime as dt
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from provisioner.core import database_events, events
from provisioner.core.catalog import Catalog
from provisioner.core.events import Event
from provisioner.core.lifecycle import Kind, State
from provisioner.core.models import Request
from provisioner.github.client import GitHub
from provisioner.ledger.ledger import Ledger
from provisioner.pull_requests import outcome
from provisioner.pull_requests.comments import OUTCOME
from provisioner.pull_requests.signposts import Signposts
from provisioner.reports.schema import ApplyReport

# The outputs of the module, and no other: what is kept here is shown by the API and on the pull request.
RESULT: Final = (
    "identifier",
    "endpoint",
    "reader_endpoint",
    "port",
    "database_name",
    "secret_arn",
    "arn",
    "resource_id",
    "storage_gb",
)


@dataclass(frozen=True, slots=True)
class ApplyReceiver:
    """Receives how applies go, with what it needs passed in; `follow_up` begins what a request announced."""

    ledger: Ledger
    catalog: Catalog
    github: Callable[[], GitHub]
    follow_up: Callable[[Request], object]

    def receive(self, report: ApplyReport, now: dt.datetime) -> Request | None:
        """Move the request that an apply carries out; None where no request asked for this."""
        request = self._request(report)
        if request is None:
            if report.outcome == "removed":
                self._mark_removed(report, now)
            return None
        request = self.ledger.add_event(request.id, applied_event(report, now), now)
        if request.follow_up and request.progress.state is State.DONE:
            self.follow_up(request)
        return request

    def comment(self, request: Request, report: ApplyReport, now: dt.datetime) -> None:
        """Say on the pull request how the apply goes; the reaper makes up for an outcome that this missed."""
        number = request.progress.pull_request
        if number is None:
            return
        if report.outcome == "started":
            text = outcome.applying_comment(request, report.pipeline_url, self.catalog, report.notes)
            self.github().put_comment(number, OUTCOME, text)
            return
        event = applied_event(report, now)
        github = self.github()
        text = outcome.outcome_comment(
            request,
            event,
            self.catalog,
            self.ledger.database(request.place),
            mention=Signposts(github, self.catalog).mention(request),
        )
        github.comment_once(number, [outcome.marker(event)], text)

    def _mark_removed(self, report: ApplyReport, now: dt.datetime) -> None:
        """Someone took the root out of git, which is the truth: the ledger follows."""
        note = database_events.removed_in_git(now, pipeline_url=report.pipeline_url, commit=report.commit)
        self.ledger.mark_removed(report.place, note)

    def _request(self, report: ApplyReport) -> Request | None:
        """The request that an apply carries out: the one its root names, or the database's active one.

        A removal has no root left to name it; and a root that someone removed in git was not asked for.
        """
        request = self.ledger.request(report.request_id) if report.request_id else None
        if request is None:
            database = self.ledger.database(report.place)
            request = self.ledger.request(database.active) if database and database.active else None
        if request is None:
            return None
        if request.place != report.place:
            return None
        ended_well = report.outcome in ("removed", "succeeded")
        if ended_well and (report.outcome == "removed") != (request.kind is Kind.REMOVE):
            return None
        return request


def applied_event(report: ApplyReport, now: dt.datetime) -> Event:
    """The event that a report of an apply stands for."""
    return events.noted(_applied(report, now), report.notes)


def _applied(report: ApplyReport, now: dt.datetime) -> Event:
    where = {"pipeline_url": report.pipeline_url, "commit": report.commit}
    match report.outcome:
        case "started":
            return events.started(now, **where)
        case "succeeded":
            known = report.result
            result = known and {name: known[name] for name in RESULT if name in known}
            return events.succeeded(now, **where, result=result)
        case "removed":
            return events.removed(now, **where)
        case "failed":
            return events.failed_apply(
                now,
                **where,
                cause=report.cause or "the pipeline gave no cause",
                fix=report.fix or outcome.FIXES[report.retryable],
                retryable=report.retryable,
            )
