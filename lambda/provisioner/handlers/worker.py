"""②③ The worker: each message of the queue names a request, which it carries to GitHub.

A message that cannot be worked on now goes back with the visibility timeout that the cause asks for, and the
rest of the batch with it. A deferral must not spend the redrive budget, which is there for broken messages:
since each receive counts, a message that nears the limit is replaced by a fresh copy.
"""

import datetime as dt
from collections.abc import Mapping
from typing import Any, Final

from aws_lambda_powertools import Logger, Metrics
from aws_lambda_powertools.metrics import MetricUnit
from aws_lambda_powertools.utilities.typing import LambdaContext

from provisioner import settings
from provisioner.errors import RateLimited, TryLater
from provisioner.fulfil import Worker
from provisioner.message import MessageError, decode

# SQS allows 12 hours of visibility, and 15 minutes of delay for a new message:
# https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/quotas-messages.html
MAX_VISIBILITY: Final = 12 * 3600
MAX_DELAY: Final = 900
FIRST_WAIT: Final = 30

logger = Logger()
metrics = Metrics()


@logger.inject_lambda_context
@metrics.log_metrics
def handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:  # noqa: ARG001
    """The Lambda function: answers with the messages that stay in the queue."""
    failures: list[str] = []
    quiet: float | None = None  # GitHub asked for it: no further call in this batch
    for record in event["Records"]:
        try:
            if quiet is not None:
                raise RateLimited("working on the queue", "GitHub asks for quiet", quiet)
            _work(record)
        except TryLater as error:
            logger.warning("later", message_id=record["messageId"], reason=str(error))
            if isinstance(error, RateLimited):
                metrics.add_metric(name="RateLimited", unit=MetricUnit.Count, value=1)
                quiet = error.retry_after
            if _defer(record, error.retry_after):
                failures.append(record["messageId"])
        except MessageError as error:
            logger.error("unreadable message", message_id=record["messageId"], reason=str(error))
            metrics.add_metric(name="UnreadableMessages", unit=MetricUnit.Count, value=1)
            failures.append(record["messageId"])
        except Exception:
            logger.exception("unexpected", message_id=record["messageId"])
            failures.append(record["messageId"])
    return {"batchItemFailures": [{"itemIdentifier": message_id} for message_id in failures]}


def _work(record: Mapping[str, Any]) -> None:
    message = decode(record["body"])
    worker = Worker(settings.ledger(), settings.the_catalog(), settings.github(), settings.base_branch())
    request = worker.fulfil(message.request_id, dt.datetime.now(dt.UTC))
    logger.info("fulfilled", request_id=request.id, state=request.progress.state)
    if request.progress.failure:
        metrics.add_metric(name="RequestFailed", unit=MetricUnit.Count, value=1)


def _defer(record: Mapping[str, Any], wait: float | None) -> bool:
    """Hide the message for a while; False where a fresh copy took its place and this one may go."""
    received = int(record["attributes"]["ApproximateReceiveCount"])
    seconds = int(wait) + 1 if wait else min(FIRST_WAIT * 2 ** (received - 1), MAX_DELAY)
    sqs, queue = settings.client("sqs"), settings.setting("REQUEST_QUEUE_URL")
    if received + 1 < int(settings.setting("MAX_RECEIVE_COUNT", "5")):
        sqs.change_message_visibility(
            QueueUrl=queue,
            ReceiptHandle=record["receiptHandle"],
            VisibilityTimeout=min(seconds, MAX_VISIBILITY),
        )
        return True
    sqs.send_message(QueueUrl=queue, MessageBody=record["body"], DelaySeconds=min(seconds, MAX_DELAY))
    return False
