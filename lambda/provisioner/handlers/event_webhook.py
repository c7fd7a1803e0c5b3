"""⑦ Publishes events to one HTTPS address: each as a signed POST (see notify/signature.py).

What the receiver does not take with a 2xx stays in the queue, and is sent again later and later; after a day
it is in the dead-letter queue.
"""

import functools
import json
import time
from collections.abc import Mapping
from typing import Any, Final

import urllib3
from aws_lambda_powertools import Logger, Metrics
from aws_lambda_powertools.metrics import MetricUnit
from aws_lambda_powertools.utilities.typing import LambdaContext

from provisioner import settings
from provisioner.handlers.batch import remaining, wait
from provisioner.notify import signature

_TIMEOUT: Final = urllib3.Timeout(connect=3, read=10)
FIRST_WAIT: Final = 30

logger = Logger()
metrics = Metrics()


@logger.inject_lambda_context
@metrics.log_metrics
def handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:  # noqa: ARG001
    """The Lambda function: answers with the messages that stay in the queue."""
    return remaining(event, _is_done)


def _is_done(record: Mapping[str, Any]) -> bool:
    """Whether the receiver took it; else it waits in the queue, longer each time."""
    if _is_taken(record):
        return True
    received = int(record["attributes"]["ApproximateReceiveCount"])
    wait(record, "EVENTS_WEBHOOK_QUEUE_URL", FIRST_WAIT * 2 ** (received - 1), logger)
    return False


def _is_taken(record: Mapping[str, Any]) -> bool:
    try:
        body = record["body"].encode()
        signed = _signed(body)
        answer = _post(body, signed)
    except urllib3.exceptions.HTTPError as error:
        return _refused(record, type(error).__name__)
    except Exception:
        logger.exception("not sent", message_id=record["messageId"])
        return _refused(record, "see the exception")
    if 200 <= answer.status < 300:
        logger.info("sent", id=signed["webhook-id"], status=answer.status)
        return True
    return _refused(record, f"status {answer.status}")


def _signed(body: bytes) -> dict[str, str]:
    secret = settings.secret("EVENTS_WEBHOOK_SECRET_ARN")
    return signature.headers(secret, json.loads(body), body, int(time.time()))


def _post(body: bytes, signed: Mapping[str, str]) -> urllib3.BaseHTTPResponse:
    return _pool().request(
        "POST",
        settings.setting("EVENTS_WEBHOOK_URL"),
        body=body,
        headers={
            "Content-Type": "application/cloudevents+json",
            "User-Agent": "rds-provisioner",
            **signed,
        },
        redirect=False,  # the address is the one that an operator deployed, and no other
    )


def _refused(record: Mapping[str, Any], reason: str) -> bool:
    logger.warning("the webhook's receiver did not take it", message_id=record["messageId"], reason=reason)
    metrics.add_metric(name="EventWebhooksRefused", unit=MetricUnit.Count, value=1)
    return False


@functools.cache
def _pool() -> urllib3.PoolManager:
    return urllib3.PoolManager(timeout=_TIMEOUT, retries=False)
