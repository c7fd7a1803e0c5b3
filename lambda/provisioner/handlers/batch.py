"""The loop that the functions of an SQS queue share: each message is done, or stays in the queue."""

from collections.abc import Callable, Mapping
from typing import Any, Final

from aws_lambda_powertools import Logger

from provisioner import settings

LONGEST_WAIT: Final = 4 * 3600  # seconds


def remaining(event: Mapping[str, Any], is_done: Callable[[Mapping[str, Any]], bool]) -> dict[str, Any]:
    """The partial batch response: the messages that `is_done` leaves in the queue.

    https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-errorhandling.html
    """
    stay = [record["messageId"] for record in event["Records"] if not is_done(record)]
    return {"batchItemFailures": [{"itemIdentifier": message_id} for message_id in stay]}


def wait(record: Mapping[str, Any], queue: str, seconds: float, logger: Logger) -> None:
    """Hide a message that stays for so long, at most LONGEST_WAIT; `queue` is the setting with its address.

    Where that is refused it comes again after the queue's own time.
    """
    try:
        settings.client("sqs").change_message_visibility(
            QueueUrl=settings.setting(queue),
            ReceiptHandle=record["receiptHandle"],
            VisibilityTimeout=round(min(max(1, seconds), LONGEST_WAIT)),
        )
    except Exception:
        logger.exception("the wait was not set", message_id=record["messageId"])
