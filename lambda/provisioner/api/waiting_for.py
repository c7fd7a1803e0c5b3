"""The API's `waiting_for`: what a request waits for now, in one sentence, since when, and where to look."""

import datetime as dt
from collections.abc import Sequence
from typing import Any, Final

from provisioner.core import approvals
from provisioner.core.beats import pipeline_url
from provisioner.core.catalog import Catalog
from provisioner.core.events import Event, EventType, Step
from provisioner.core.lifecycle import ENDED, State
from provisioner.core.models import Request
from provisioner.core.times import instant

_SILENT: Final = (
    "Its job has sent no word since {at:%H:%M:%S} UTC, and has most likely ended. The next run goes on for "
    "it as soon as CircleCI says that it has, or an operator does (`python -m pipeline unlock`)."
)


def waiting_for(
    request: Request, events: Sequence[Event], catalog: Catalog, *, silent: dt.datetime | None = None
) -> dict[str, Any] | None:
    """What it waits for; None for a request that ended, or that failed.

    `silent` is when its job sent the last word, where more are missing than a network loses.
    """
    progress = request.progress
    if progress.state in ENDED or progress.failure:
        return None
    what, sentence, link = _what(request, events, catalog)
    if silent:
        what, sentence, link = "job", _SILENT.format(at=silent), pipeline_url(request)
    waiting = approvals.waiting(request, events)
    owners = list(waiting.owners) if waiting else []
    return {
        "what": what,
        "sentence": sentence,
        "since": instant(silent or progress.since),
        "link": link,
        "approval_of": owners,
        "approvers": list(waiting.people) if waiting else [],
    }


def _what(request: Request, events: Sequence[Event], catalog: Catalog) -> tuple[str, str, str | None]:
    progress = request.progress
    if progress.state is State.REQUESTED:
        return "pull_request", "The pull request is being opened.", None
    if progress.state is State.MERGED:
        return "pipeline", "The pipeline begins the apply next.", progress.pull_request_url
    if progress.step is Step.USERS:
        return "users", "It is applied; its users are made, and log in.", None
    if progress.state is State.APPLYING:
        return "rds", "Terraform and RDS carry it out.", progress.pipeline_url
    plan = next((event for event in reversed(events) if event.type is EventType.PLANNED), None)
    if plan is None:
        return "plan", "The pipeline checks and plans the pull request.", progress.pull_request_url
    if waiting := approvals.waiting(request, events):
        counts = f" ({plan.detail['plan']})" if plan.detail.get("plan") else ""
        return "approval", f"It is planned{counts}, and not merged: {waiting.why}.", progress.pull_request_url
    approvers = catalog.approvers(request.environment, request.source)
    if approvers:
        owners = " and ".join(approvers)
        return "approval", f"A reviewer of {owners} approves the pull request.", progress.pull_request_url
    return "merge", "It is planned and merges automatically.", progress.pull_request_url
