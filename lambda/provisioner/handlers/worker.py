"""②③ The worker: each message of the queue names a request, which it carries to GitHub.

A message that cannot be worked on now goes back with the visibility timeout that the cause asks for; while
GitHub wants quiet, the others go back unopened. A deferral must not spend the redrive budget, which is there
for broken messages: each receive counts, so that a message near the limit is replaced by a fresh copy.
"""

import datetime as dt
from collections.abc import Mapping
from typing import Any, Final

from aws_lambda_powertools import Logger, Metrics
from aws_lambda_powertools.metrics import MetricUnit
from aws_lambda_powertools.utilities.typing import LambdaContext

from provisioner import settings
from provisioner.core.errors import RateLimited, TryLater
from provisioner.core.names import MAIN
from provisioner.handlers.batch import remaining
from provisioner.intake.message import MessageError, decode
from provisioner.pull_requests.worker import Worker
from provisioner.wiring import deployed, repository

# SQS allows 12 hours of visibility counted from the receive, and 15 minutes of delay for a new message:
# https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/quotas-messages.html
MAX_VISIBILITY: Final = 11 * 3600
MAX_DELAY: Final = 900
FIRST_WAIT: Final = 30
# Two calls that run into their time limit (github/calls.py), and a little.
ENOUGH_MILLISECONDS: Final = 30_000

logger = Logger()
metrics = Metrics()


@logger.inject_lambda_context
@metrics.log_metrics
def handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    """The Lambda function: answers with the messages that stay in the queue."""
    return remaining(event, lambda record: _is_done(record, context))


def _is_done(record: Mapping[str, Any], context: LambdaContext) -> bool:
    """Work on one message; False where it stays in the queue. One message's trouble is its own."""
    message_id = record["messageId"]
    try:
        try:
            _check_time(context)
            _work(record)
        except TryLater as error:
            logger.warning("later", message_id=message_id, reason=str(error))
            if isinstance(error, RateLimited):
                metrics.add_metric(name="RateLimited", unit=MetricUnit.Count, value=1)
            return _is_replaced(record, error.retry_after)
    except MessageError as error:
        logger.error("unreadable message", message_id=message_id, reason=str(error))
        metrics.add_metric(name="UnreadableMessages", unit=MetricUnit.Count, value=1)
        return False
    except Exception:
        logger.exception("unexpected", message_id=message_id)
        return False
    return True


def _check_time(context: LambdaContext) -> None:
    """Begin only what can be finished: a function that runs out of time defers nothing."""
    if context.get_remaining_time_in_millis() < ENOUGH_MILLISECONDS:
        raise TryLater("working on the queue", "this invocation's time is nearly up", 1)


def _work(record: Mapping[str, Any]) -> None:
    message = decode(record["body"])
    github = repository.github()
    if github.rate_limited_for:
        raise RateLimited("working on the queue", "GitHub asked for quiet", github.rate_limited_for)
    worker = Worker(
        settings.ledger(),
        deployed.catalog(),
        github,
        MAIN,
        repository.circleci,
        logger.warning,
    )
    request = worker.process(message.request_id, dt.datetime.now(dt.UTC))
    logger.info("processed", request_id=request.id, state=request.progress.state)
    if request.progress.failure:
        metrics.add_metric(name="RequestFailed", unit=MetricUnit.Count, value=1)


def _is_replaced(record: Mapping[str, Any], wait: float | None) -> bool:
    """Hide the message for a while; True where a fresh copy took its place, so that this one may go."""
    received = int(record["attributes"]["ApproximateReceiveCount"])
    seconds = int(wait) + 1 if wait else min(FIRST_WAIT * 2 ** (received - 1), MAX_DELAY)
    sqs, queue = settings.client("sqs"), settings.setting("REQUEST_QUEUE_URL")
    if received + 1 < int(settings.setting("MAX_RECEIVE_COUNT", "5")):
        sqs.change_message_visibility(
            QueueUrl=queue,
            ReceiptHandle=record["receiptHandle"],
            VisibilityTimeout=min(seconds, MAX_VISIBILITY),
        )
        return False
    sqs.send_message(QueueUrl=queue, MessageBody=record["body"], DelaySeconds=min(seconds, MAX_DELAY))
    return True
