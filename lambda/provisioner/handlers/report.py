"""④ The pipeline's reports: comment on the pull request, merge where the catalog says so, keep the ledger.

The pipeline holds no GitHub credential. A branch's own pipeline may call only `plan_handler`, whose word can
at most merge a file that the worker itself rendered from a checked request: the head has to be the worker's
commit.
"""

import datetime as dt
from typing import Any, Final

from aws_lambda_powertools import Logger, Metrics
from aws_lambda_powertools.metrics import MetricUnit
from aws_lambda_powertools.utilities.typing import LambdaContext

from provisioner import comments, pull_request, settings
from provisioner.errors import TryLater
from provisioner.fulfil import ACTOR, ended_event
from provisioner.github import GitHub, PullRequest
from provisioner.lifecycle import Event, Happened, Kind, State, Step
from provisioner.records import Request
from provisioner.reports import ApplyReport, DriftReport, PlanReport, is_what_was_asked, read

logger = Logger()
metrics = Metrics()


@logger.inject_lambda_context
@metrics.log_metrics
def plan_handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:  # noqa: ARG001
    """The Lambda function that pull requests' pipelines may call."""
    report = read(event)
    if isinstance(report, ApplyReport):
        raise PermissionError("a plan's role may not report an apply")
    try:
        return _drift(report) if isinstance(report, DriftReport) else _plan(report)
    except TryLater as error:
        return _later(str(error))


@logger.inject_lambda_context
@metrics.log_metrics
def apply_handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:  # noqa: ARG001
    """The Lambda function that main's pipeline may call."""
    report = read(event)
    if not isinstance(report, ApplyReport):
        raise PermissionError("an apply's role reports applies only")
    return _apply(report)


def _plan(report: PlanReport) -> dict[str, Any]:
    github, now = settings.github(), dt.datetime.now(dt.UTC)
    request = _of_branch(report.branch)
    if request is None or request.progress.pull_request is None:
        found = github.find_pull_request(report.branch)
        if found is None or found.state != "open" or (request and request.progress.state is State.REQUESTED):
            return _later("the pull request is not open yet")
        number = found.number
    else:
        number = request.progress.pull_request
    found = github.pull_request(number)
    if found.head_sha != report.commit:
        return _accepted("the branch has moved on; its newest commit has a pipeline of its own")
    if request:
        request = settings.ledger().record(request.id, _planned(report, now), now)
    merging = request is not None and found.state == "open" and _may_merge(request, report, found)
    next_step = _next_step(request, report, found, merging=merging)
    text = comments.plan_comment(
        outcome=report.outcome,
        place=f"{report.environment}/{report.database_name}",
        commit=report.commit,
        summary=report.summary.model_dump() if report.summary else None,
        results=[one.result() for one in report.policy],
        plan_text=report.plan_text,
        pipeline_url=report.pipeline_url,
        cause=report.cause,
        next_step=next_step,
    )
    _comment(github, number, comments.PLAN, text)
    if merging and request:
        _merge(github, request, found, now)
    return _accepted(next_step)


def _may_merge(request: Request, report: PlanReport, found: PullRequest) -> bool:
    """Whether the catalog, the gate and the plan leave nothing for a person to decide."""
    environment = settings.the_catalog().environments.get(request.environment)
    return (
        environment is not None
        and environment.approval == "auto"
        and request.progress.state is State.PULL_REQUEST_OPEN
        and not request.progress.cancelling
        and not request.progress.edited
        and report.outcome == "passed"
        and report.summary is not None
        and is_what_was_asked(request.kind, report.summary)
        and (report.environment, report.database_name) == (request.environment, request.database_name)
        and found.head_sha == request.progress.commit == report.commit
    )


def _merge(github: GitHub, request: Request, found: PullRequest, now: dt.datetime) -> None:
    if github.merge(found.number, head=found.head_sha, title=pull_request.title(request)) is None:
        logger.warning("GitHub did not merge", request_id=request.id, pull_request=found.number)
        return
    merged = github.pull_request(found.number)
    settings.ledger().record(request.id, ended_event(merged, ACTOR, now), now)
    github.delete_branch(found.branch)


def _next_step(request: Request | None, report: PlanReport, found: PullRequest, *, merging: bool) -> str:
    if found.state != "open":
        return "nothing; this pull request is closed."
    if report.outcome == "denied":
        return "change what the policy denies, or close this pull request."
    if report.outcome == "failed":
        return "read the cause, mend it, and run the pipeline's workflow again."
    if merging:
        return "it merges by itself now."
    if request is None:
        return "a code owner reviews, approves and merges."
    if request.progress.edited or found.head_sha != request.progress.commit:
        return "somebody changed the branch, so a person reviews, approves and merges."
    if request.progress.cancelling:
        return "it was cancelled, and closes by itself."
    if settings.the_catalog().environments[request.environment].approval == "auto":
        return "the plan shows other changes than were asked for, so a person reviews, approves and merges."
    return "a code owner reviews, approves and merges."


def _planned(report: PlanReport, now: dt.datetime) -> Event:
    if report.outcome == "passed":
        detail: dict[str, Any] = {"pipeline_url": report.pipeline_url}
        if report.summary:
            detail["plan"] = comments.counts(report.summary.model_dump())
        return Event(
            id=f"planned:{report.commit}:{report.pipeline_url}",
            type=Happened.PLANNED,
            at=now,
            actor="pipeline",
            detail=detail,
        )
    cause = report.cause or "; ".join(f"{one.rule}: {one.detail}" for one in report.policy if not one.passed)
    fix = {
        "denied": "cancel this request, and ask for what the policy allows",
        "failed": "mend the cause and run the pipeline's workflow again, or cancel the request",
    }[report.outcome]
    return Event(
        id=f"failed:plan:{report.commit}:{report.pipeline_url}",
        type=Happened.FAILED,
        at=now,
        actor="pipeline",
        detail={
            "step": Step.REVIEW,
            "cause": f"the plan was {report.outcome}: {cause}"[:2000],
            "fix": fix,
            "retryable": False,
            "pipeline_url": report.pipeline_url,
        },
    )


_HAPPENED: Final = {
    "started": Happened.STARTED,
    "succeeded": Happened.SUCCEEDED,
    "removed": Happened.SUCCEEDED,
    "failed": Happened.FAILED,
}


def _apply(report: ApplyReport) -> dict[str, Any]:
    ledger, now = settings.ledger(), dt.datetime.now(dt.UTC)
    request = _of_apply(report)
    if request is None:
        logger.warning("no request", environment=report.environment, database_name=report.database_name)
        return _accepted("no request asked for this; the change was made in git alone")
    if (report.outcome == "removed") != (request.kind is Kind.REMOVE) and report.outcome in (
        "removed",
        "succeeded",
    ):
        logger.warning("another kind", request_id=request.id, outcome=report.outcome)
        return _accepted(f"request {request.id} is a {request.kind}")
    detail: dict[str, Any] = {"pipeline_url": report.pipeline_url, "commit": report.commit}
    if report.outcome == "succeeded":
        detail["result"] = report.result
    if report.outcome == "failed":
        detail |= {
            "step": Step.APPLY,
            "cause": (report.cause or "the pipeline gave no cause")[:2000],
            "fix": "mend the cause, then run the pipeline's workflow again"
            if report.retryable
            else "change or remove the database; the same apply would fail again",
            "retryable": False,
        }
        metrics.add_metric(name="RequestFailed", unit=MetricUnit.Count, value=1)
    event = Event(
        id=f"{report.outcome}:{report.pipeline_url}",
        type=_HAPPENED[report.outcome],
        at=now,
        actor="pipeline",
        detail=detail,
    )
    request = ledger.record(request.id, event, now)
    logger.info("applied", request_id=request.id, outcome=report.outcome, state=request.progress.state)
    if request.follow_up and request.progress.state is State.DONE:
        settings.service(now).follow_up(request)
    _outcome_comment(request, report)
    return _accepted(f"request {request.id} is {request.progress.state}")


def _outcome_comment(request: Request, report: ApplyReport) -> None:
    """Say it on the pull request too; the ledger has it already, so GitHub's absence loses nothing."""
    number = request.progress.pull_request
    if number is None:
        return
    text = comments.outcome_comment(
        outcome=report.outcome,
        place=f"{report.environment}/{report.database_name}",
        result=report.result,
        cause=report.cause,
        retryable=report.retryable,
        pipeline_url=report.pipeline_url,
    )
    try:
        _comment(settings.github(), number, comments.OUTCOME, text)
    except Exception:
        logger.exception("the comment was not written", request_id=request.id)


def _of_branch(branch: str) -> Request | None:
    match = pull_request.BRANCH.fullmatch(branch)
    if not match:
        return None
    return settings.ledger().request_for_branch(match["environment"], match["database_name"], match["id8"])


def _of_apply(report: ApplyReport) -> Request | None:
    """The request that an apply carries out: the one its root names, or the database's active one.

    A removal has no root left to name it.
    """
    ledger = settings.ledger()
    request = ledger.request(report.request_id) if report.request_id else None
    if request is None:
        database = ledger.database(report.environment, report.database_name)
        request = ledger.request(database.active) if database and database.active else None
    if request and (request.environment, request.database_name) != (report.environment, report.database_name):
        return None
    return request


def _comment(github: GitHub, number: int, marker: str, text: str) -> None:
    """Update the comment under a marker, or write it."""
    known = github.marked_comment(number, marker)
    if known is None or not github.update_comment(known, text):
        github.comment(number, text)


def _drift(report: DriftReport) -> dict[str, Any]:
    if not report.drifted:
        return _accepted("no drift")
    metrics.add_metric(name="DriftedDatabases", unit=MetricUnit.Count, value=1)
    logger.warning("drift", environment=report.environment, database_name=report.database_name)
    database = settings.ledger().database(report.environment, report.database_name)
    if database and database.pull_request:
        text = comments.drift_comment(
            place=f"{report.environment}/{report.database_name}",
            plan_text=report.plan_text,
            pipeline_url=report.pipeline_url,
        )
        _comment(settings.github(), database.pull_request, comments.DRIFT, text)
    return _accepted("noted")


def _accepted(reason: str) -> dict[str, Any]:
    return {"accepted": True, "reason": reason}


def _later(reason: str) -> dict[str, Any]:
    return {"accepted": False, "retry": True, "reason": reason}
