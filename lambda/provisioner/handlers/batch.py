"""The loop that the functions of an SQS queue share: each message is done, or stays in the queue."""

from collections.abc import Callable, Mapping
from typing import Any


def remaining(event: Mapping[str, Any], is_done: Callable[[Mapping[str, Any]], bool]) -> dict[str, Any]:
    """The partial batch response: the messages that `is_done` leaves in the queue.

    https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-errorhandling.html
    """
    stay = [record["messageId"] for record in event["Records"] if not is_done(record)]
    return {"batchItemFailures": [{"itemIdentifier": message_id} for message_id in stay]}
