"""① What an API answers where a call cannot be served: a problem document each, and a line in the log."""

from aws_lambda_powertools import Logger, Metrics
from aws_lambda_powertools.event_handler import APIGatewayRestResolver, Response
from aws_lambda_powertools.event_handler.exceptions import NotFoundError
from aws_lambda_powertools.metrics import MetricUnit

from provisioner.api import problems
from provisioner.core.errors import NeedsPerson, Problem, TryLater


def answer_faults(app: APIGatewayRestResolver, logger: Logger, metrics: Metrics) -> None:
    """Let an API answer whatever its calls raise; what nobody expected counts as UnexpectedErrors."""

    def answer(problem: Problem) -> Response[str]:
        event = app.current_event
        logger.info("problem", status=problem.status, slug=problem.slug, detail=problem.detail)
        return problems.answer(problem, instance=event.path, request_id=event.request_context.request_id)

    def busy(error: TryLater) -> Response[str]:
        logger.warning("try later", reason=str(error))
        return answer(problems.busy())

    def no_route(_: NotFoundError) -> Response[str]:
        return answer(problems.no_route(app.current_event.http_method, app.current_event.path))

    def broken(error: Exception) -> Response[str]:
        fix = error.fix if isinstance(error, NeedsPerson) else None
        logger.exception("needs an operator" if fix else "unexpected", fix=fix)
        metrics.add_metric(name="UnexpectedErrors", unit=MetricUnit.Count, value=1)
        return answer(problems.broken())

    app.exception_handler(Problem)(answer)
    app.exception_handler(TryLater)(busy)
    app.exception_handler(NotFoundError)(no_route)
    app.exception_handler(Exception)(broken)
