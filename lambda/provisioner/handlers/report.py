"""④⑤ The pipeline's reports. It holds no GitHub credential, so that it tells these functions, and they act.

Each of its roles may call one: a branch's own pipeline `plan_handler`, the pipeline of main `apply_handler`.
"""

import datetime as dt
from typing import Any

from aws_lambda_powertools import Logger, Metrics
from aws_lambda_powertools.metrics import MetricUnit
from aws_lambda_powertools.utilities.typing import LambdaContext

from provisioner import settings
from provisioner.core.errors import NeedsPerson, TryLater
from provisioner.reports.apply import ApplyReceiver
from provisioner.reports.plan import PlanReceiver
from provisioner.reports.schema import ApplyReport, DriftReport, PlanReport, ReportError, parse
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
    return _answer(event, (ApplyReport, DriftReport))


def _answer(event: dict[str, Any], taken: tuple[type, ...]) -> dict[str, Any]:
    """What became of a report, and where it was not taken, whether the pipeline should send it again."""
    try:
        report = parse(event)
        if not isinstance(report, taken):
            raise ReportError(f"this function takes no report of type {report.type}")
        logger.append_keys(environment=report.environment, database_name=report.database_name)
        reason = _hear(report)
    except TryLater as error:
        logger.warning("later", reason=str(error))
        return {"accepted": False, "retry": True, "reason": str(error)}
    except (ReportError, NeedsPerson) as error:
        logger.error("refused", reason=str(error))
        metrics.add_metric(name="ReportsRefused", unit=MetricUnit.Count, value=1)
        return {"accepted": False, "retry": False, "reason": str(error)}
    logger.info("heard", type=report.type, reason=reason)
    return {"accepted": True, "reason": reason}


def _hear(report: PlanReport | ApplyReport | DriftReport) -> str:
    if isinstance(report, PlanReport):
        reviewer = PlanReceiver(
            settings.ledger(), deployed.catalog(), repository.github(), settings.base_branch(), _now
        )
        return reviewer.planned(report)
    now = _now()
    listener = ApplyReceiver(settings.ledger(), repository.github, changes.opening(now).follow_up)
    if isinstance(report, DriftReport):
        if not report.drifted:
            return "no drift"
        metrics.add_metric(name="DriftedDatabases", unit=MetricUnit.Count, value=1)
        listener.drifted(report)
        return "drift noted"
    if report.outcome == "failed":
        metrics.add_metric(name="RequestFailed", unit=MetricUnit.Count, value=1)
    request = listener.applied(report, now)
    if request is None:
        return "no request asked for this; the change was made in git alone"
    try:
        listener.say(request, report)
    except Exception:  # the ledger has it already, so that GitHub's absence loses nothing
        logger.exception("the comment was not written", request_id=request.id)
    return f"request {request.id} is {request.progress.state}"


def _now() -> dt.datetime:
    return dt.datetime.now(dt.UTC)
