"""③④ GitHub's webhooks: what people do to pull requests becomes events, and a review a look at the merge."""

import base64
import binascii
import datetime as dt
import json
from collections.abc import Mapping
from typing import Any, Final

from aws_lambda_powertools import Logger, Metrics
from aws_lambda_powertools.metrics import MetricUnit
from aws_lambda_powertools.utilities.typing import LambdaContext

from provisioner import settings
from provisioner.core.errors import TryLater
from provisioner.core.lifecycle import State
from provisioner.core.models import Request
from provisioner.core.names import MAIN
from provisioner.github.webhook_signature import signed
from provisioner.intake.message import Message
from provisioner.ledger.ledger import Ledger
from provisioner.pull_requests.events import PullRequestEvent, is_of, of_delivery, to_event
from provisioner.wiring import messages

# GitHub caps payloads at 25 MB, API Gateway at 10 MB; those of pull requests are far smaller.
MAX_BODY: Final = 2_000_000

logger = Logger()
metrics = Metrics()


@logger.inject_lambda_context(clear_state=True)
@metrics.log_metrics
def handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:  # noqa: ARG001
    """The Lambda function: checks the signature before it reads anything."""
    headers = {name.lower(): value for name, value in (event.get("headers") or {}).items()}
    try:
        body = _body(event)
    except (binascii.Error, ValueError):
        return _answer(400, "The body is not what the header says", "Send the body as GitHub does.")
    if len(body) > MAX_BODY:
        return _answer(413, "The body is too long", f"Send at most {MAX_BODY} bytes.")
    if not signed(body, headers.get("x-hub-signature-256", ""), settings.secret("GITHUB_WEBHOOK_SECRET_ARN")):
        metrics.add_metric(name="WebhooksRefused", unit=MetricUnit.Count, value=1)
        return _answer(
            401, "The signature is wrong", "Set the webhook's secret to the one in Secrets Manager."
        )
    logger.append_keys(delivery=headers.get("x-github-delivery"), github_event=headers.get("x-github-event"))
    try:
        payload = json.loads(body)
        delivered = of_delivery(
            headers.get("x-github-event", ""),
            payload,
            repository=settings.setting("GITHUB_REPOSITORY"),
            base=MAIN,
        )
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        logger.exception("unreadable")
        return _answer(400, "The payload cannot be read", "Send GitHub's JSON payload.")
    if delivered is None:
        return _answer(200, "Ignored", "Nothing here concerns a request.")
    try:
        return _record(settings.ledger(), delivered)
    except TryLater:
        return _answer(503, "Busy", "Deliver it again; the reaper also looks at GitHub.")


def _record(ledger: Ledger, delivered: PullRequestEvent) -> dict[str, Any]:
    branch = delivered.branch
    request = ledger.request_for_branch(branch.place, branch.id8)
    if request is None:
        logger.warning("no request has this branch", subject=str(branch.place))
        return _answer(200, "Ignored", "No request has this branch.")
    if not is_of(delivered, request):
        logger.warning("not the request's own pull request", request_id=request.id, number=delivered.number)
        return _answer(200, "Ignored", "This is not the request's own pull request.")
    now = dt.datetime.now(dt.UTC)
    event = to_event(delivered, request.progress.commit, now)
    if event is None:
        return _answer(200, "Ignored", "This changes nothing.")
    request = ledger.add_event(request.id, event, now)
    logger.info("recorded", request_id=request.id, happened=event.type, state=request.progress.state)
    if delivered.is_review and request.progress.state is State.PULL_REQUEST_OPEN:
        _queue(ledger, request, now)
    return _answer(200, "Recorded", f"Request {request.id} is {request.progress.state}.")


def _queue(ledger: Ledger, request: Request, now: dt.datetime) -> None:
    """Have the worker look at the merge; where that fails, the reaper does at its next run."""
    message = Message(
        request_id=request.id,
        kind=request.kind.value,
        environment=request.environment,
        database_name=request.database_name,
    )
    try:
        messages.send(message)
    except Exception:
        logger.exception("the message was not sent; the reaper looks", request_id=request.id)
        metrics.add_metric(name="MessagesLeftToSweeper", unit=MetricUnit.Count, value=1)
        ledger.schedule_check(request, now)


def _body(event: Mapping[str, Any]) -> bytes:
    text = event.get("body") or ""
    return base64.b64decode(text, validate=True) if event.get("isBase64Encoded") else text.encode()


def _answer(status: int, title: str, detail: str) -> dict[str, Any]:
    content: dict[str, Any] = {"title": title, "detail": detail}
    if status >= 400:
        content |= {
            "type": "urn:rds-provisioner:problem:webhook",
            "status": status,
            "retryable": status == 503,
        }
    kind = "application/problem+json" if status >= 400 else "application/json"
    return {"statusCode": status, "headers": {"Content-Type": kind}, "body": json.dumps(content)}
