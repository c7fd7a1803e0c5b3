"""④⑤ The pipeline's reports. The pipeline holds no GitHub credential: it reports here, and these act.

Each of its roles may call one: a branch's own pipeline `plan_handler`, the pipeline of main `apply_handler`.
"""

import datetime as dt
from typing import Any

from aws_lambda_powertools import Logger, Metrics
from aws_lambda_powertools.metrics import MetricUnit
from aws_lambda_powertools.utilities.typing import LambdaContext

from provisioner import settings
from provisioner.core.errors import MayPass, NeedsPerson, TryLater
from provisioner.core.models import Beat
from provisioner.core.names import MAIN
from provisioner.core.shown import shown
from provisioner.reports.apply import ApplyReceiver
from provisioner.reports.drift import DriftReceiver
from provisioner.reports.may_apply import ApplyGuard
from provisioner.reports.origin import CLOUD, is_job_address
from provisioner.reports.plan import PlanReceiver
from provisioner.reports.schema import (
    Answer,
    ApplyQuestion,
    ApplyReport,
    DriftReport,
    Heartbeat,
    JobQuestion,
    PlanReport,
    Report,
    ReportError,
    encode_answer,
    parse,
    unknown_fields,
)
from provisioner.wiring import changes, deployed, repository

logger = Logger()
metrics = Metrics()


@logger.inject_lambda_context(clear_state=True)
@metrics.log_metrics
def plan_handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:  # noqa: ARG001
    """The Lambda function that pull requests' pipelines may call: it takes no report of an apply."""
    return _answer(event, (PlanReport, DriftReport))


@logger.inject_lambda_context(clear_state=True)
@metrics.log_metrics
def apply_handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:  # noqa: ARG001
    """The Lambda function that main's pipeline may call."""
    return _answer(event, (ApplyReport, DriftReport, ApplyQuestion, Heartbeat, JobQuestion))


def _answer(event: dict[str, Any], taken: tuple[type, ...]) -> dict[str, Any]:
    return encode_answer(_answered(event, taken))


def _answered(event: dict[str, Any], taken: tuple[type, ...]) -> Answer:
    """What became of a report, and where it was not taken, whether the pipeline should send it again."""
    try:
        report = parse(event)
        if not isinstance(report, taken):
            raise ReportError(f"this function takes no report of type {report.type}")
        _check_address(report)
        logger.append_keys(environment=report.environment, database_name=report.database_name)
        if ignored := unknown_fields(event):
            logger.warning("the report has fields that only a newer release reads", fields=ignored)
        answer = _receive(report)
    except (TryLater, MayPass) as error:
        logger.warning("later", reason=str(error))
        return Answer(accepted=False, retry=True, reason=str(error))
    except (ReportError, NeedsPerson) as error:
        logger.error("refused", reason=str(error))
        metrics.add_metric(name="ReportsRefused", unit=MetricUnit.Count, value=1)
        return Answer(accepted=False, retry=False, reason=str(error))
    logger.info("received", type=report.type, reason=answer.reason)
    return answer


def _check_address(report: Report) -> None:
    circleci = settings.setting("CIRCLECI_URL", CLOUD)
    if not is_job_address(report.pipeline_url, circleci):
        raise ReportError(
            f"pipeline_url {shown(report.pipeline_url)} is no job's address below {circleci}; where CircleCI "
            "has another one, deploy with it as CircleCiUrl"
        )


def _receive(report: Report) -> Answer:
    """Act on a report; what became of it."""
    match report:
        case PlanReport():
            return _receive_plan(report)
        case ApplyReport():
            return Answer(accepted=True, reason=_receive_apply(report))
        case DriftReport():
            return Answer(accepted=True, reason=_receive_drift(report))
        case ApplyQuestion():
            return _receive_question(report)
        case Heartbeat():
            return _receive_heartbeat(report)
        case JobQuestion():
            return _receive_job_question(report)


def _receive_plan(report: PlanReport) -> Answer:
    github, base = repository.github(), MAIN
    answer = PlanReceiver(settings.ledger(), deployed.catalog(), github, base, _now).receive(report)
    if answer.break_glass:
        _broken_glass(answer.reason)
    return answer


def _receive_question(question: ApplyQuestion) -> Answer:
    """Whether main's root of a database may be applied.

    What no request asked for is shown, and the alarm rings.
    """
    guard = ApplyGuard(settings.ledger(), deployed.catalog(), repository.github, MAIN)
    found = guard.answer(question, _now())
    if found.glass:
        _broken_glass(found.reason)
    if not found.may_apply and not found.held:
        metrics.add_metric(name="RootsNotApplied", unit=MetricUnit.Count, value=1)
        logger.error("not applied", commit=question.commit, reason=found.reason)
        try:
            guard.comment(question, found)
        except Exception:  # the ledger has it already, so that GitHub's absence loses nothing
            logger.exception("the comment was not written")
    return Answer(
        accepted=True,
        may_apply=found.may_apply,
        reason=found.reason,
        fix=found.fix,
        request_id=found.request_id,
    )


def _receive_heartbeat(report: Heartbeat) -> Answer:
    beat = Beat(at=_now(), seconds=report.seconds, pipeline_url=report.pipeline_url)
    kept = [settings.ledger().keep_beat(found, report.environment, beat) for found in report.requests]
    return Answer(accepted=True, reason=f"{sum(kept)} requests are at work")


def _receive_job_question(question: JobQuestion) -> Answer:
    """Whether a job has ended, as CircleCI says; nothing where the stack has no token for it."""
    circleci = repository.circleci()
    ended = circleci.has_ended(question.job) if circleci else None
    return Answer(accepted=True, ended=ended, reason="asked CircleCI" if circleci else "there is no token")


def _broken_glass(reason: str) -> None:
    """A root passes without a request: the alarm rings."""
    metrics.add_metric(name="BreakGlass", unit=MetricUnit.Count, value=1)
    logger.warning("the glass is broken", reason=reason)


def _receive_apply(report: ApplyReport) -> str:
    if report.outcome == "failed":
        metrics.add_metric(name="RequestFailed", unit=MetricUnit.Count, value=1)
    now = _now()
    opening = changes.opening(now)
    receiver = ApplyReceiver(settings.ledger(), opening.catalog, repository.github, opening.follow_up)
    request = receiver.receive(report, now)
    if request is None:
        return "no request asked for this; the change was made in git alone"
    if report.notes:
        logger.warning("notes", request_id=request.id, notes=list(report.notes))
    try:
        receiver.comment(request, report, now)
    except Exception:  # the ledger has it already, so that GitHub's absence loses nothing
        logger.exception("the comment was not written", request_id=request.id)
    return f"request {request.id} is {request.progress.state}"


def _receive_drift(report: DriftReport) -> str:
    if report.module_newer:
        metrics.add_metric(name="OlderModules", unit=MetricUnit.Count, value=1)
    if report.drifted:
        metrics.add_metric(name="DriftedDatabases", unit=MetricUnit.Count, value=1)
    issues = settings.setting("DRIFT_ISSUES", "false") == "true"
    receiver = DriftReceiver(settings.ledger(), repository.github, issues, logger.warning)
    return receiver.receive(report, _now())


def _now() -> dt.datetime:
    return dt.datetime.now(dt.UTC)
