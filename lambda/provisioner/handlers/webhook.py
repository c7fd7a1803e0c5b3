"""③ GitHub's webhooks: what people do to pull requests becomes events of their requests."""

import base64
import binascii
import datetime as dt
import hashlib
import hmac
import json
from collections.abc import Mapping
from typing import Any, Final

from aws_lambda_powertools import Logger, Metrics
from aws_lambda_powertools.metrics import MetricUnit
from aws_lambda_powertools.utilities.typing import LambdaContext

from provisioner import settings
from provisioner.core.errors import TryLater
from provisioner.core.lifecycle import Event, EventType
from provisioner.ledger.ledger import Ledger
from provisioner.pull_requests.content import BRANCH

# GitHub caps payloads at 25 MB, API Gateway at 10 MB; those of pull requests are far smaller.
MAX_BODY: Final = 2_000_000
OURSELVES: Final = "rds-provisioner"

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
        found = event_of(
            headers.get("x-github-event", ""),
            payload,
            repository=settings.setting("GITHUB_REPOSITORY"),
            base=settings.base_branch(),
        )
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        logger.exception("unreadable")
        return _answer(400, "The payload cannot be read", "Send GitHub's JSON payload.")
    if found is None:
        return _answer(200, "Ignored", "Nothing here concerns a request.")
    try:
        return _record(settings.ledger(), *found)
    except TryLater:
        return _answer(503, "Busy", "Deliver it again; the sweeper also looks at GitHub.")


def signed(body: bytes, signature: str, secret: str) -> bool:
    """Whether the body carries the secret's signature; takes the same time for every wrong one.

    https://docs.github.com/en/webhooks/using-webhooks/validating-webhook-deliveries
    """
    if not secret:  # anybody could sign with an empty one
        return False
    expected = "sha256=" + hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()
    return hmac.compare_digest(expected.encode(), signature.encode("utf-8", "replace"))


def event_of(
    name: str, payload: Mapping[str, Any], *, repository: str, base: str
) -> tuple[str, str, str, dict[str, Any]] | None:
    """(environment, database_name, first 8 of the request id, what happened), where it concerns one.

    A pull request from a fork may carry any branch name, and is nobody's request. One that was merged into
    another branch than `base` was closed, as far as a request is concerned.
    """
    if name not in ("pull_request", "pull_request_review"):
        return None
    pull = payload["pull_request"]
    head = pull["head"]
    source = (head.get("repo") or {}).get("full_name")
    if payload["repository"]["full_name"] != repository or source != repository:
        return None
    match = BRANCH.fullmatch(str(head["ref"]))
    if not match:
        return None
    action = str(payload["action"])
    happened: dict[str, Any] = {
        "name": f"{name}.{action}",
        "number": int(pull["number"]),
        "actor": _actor(payload),
        "head": str(head["sha"]),
        "merged": bool(pull.get("merged")) and pull["base"]["ref"] == base,
        "merged_at": _time(pull.get("merged_at")),
        "closed_at": _time(pull.get("closed_at")),
        "updated_at": _time(pull.get("updated_at")),
        "merge_commit": pull.get("merge_commit_sha"),
    }
    if name == "pull_request_review":
        happened["review"] = {
            "id": payload["review"]["id"],
            "state": str(payload["review"]["state"]).lower(),
            "at": _time(payload["review"].get("submitted_at")),
        }
    return match["environment"], match["database_name"], match["id8"], happened


def _actor(payload: Mapping[str, Any]) -> str:
    """Who did it; the App, which opened the pull request, has one name however it is heard of."""
    login = str((payload.get("sender") or {}).get("login", "github"))
    opener = payload["pull_request"].get("user") or {}
    return OURSELVES if opener.get("type") == "Bot" and opener.get("login") == login else login


def to_event(happened: Mapping[str, Any], commit: str | None, now: dt.datetime) -> Event | None:
    """The event, if it is one that moves or marks a request; `commit` is the head that the worker made."""
    number, actor = happened["number"], happened["actor"]
    match happened["name"]:
        case "pull_request.closed" if happened["merged"]:
            at = happened["merged_at"] or now
            detail = {"commit": happened["merge_commit"]}
            return Event(id=f"merged:{number}", type=EventType.MERGED, at=at, actor=actor, detail=detail)
        case "pull_request.closed":
            at = happened["closed_at"] or now
            return Event(id=f"closed:{number}:{_stamp(at)}", type=EventType.CLOSED, at=at, actor=actor)
        case "pull_request.reopened":
            at = happened["updated_at"] or now
            return Event(id=f"reopened:{number}:{_stamp(at)}", type=EventType.REOPENED, at=at, actor=actor)
        case "pull_request.synchronize" if happened["head"] != commit:
            detail = {"commit": happened["head"]}
            return Event(
                id=f"edited:{happened['head']}", type=EventType.EDITED, at=now, actor=actor, detail=detail
            )
        case "pull_request_review.submitted" if happened["review"]["state"] == "approved":
            review = happened["review"]
            at = review["at"] or now
            return Event(id=f"approved:{review['id']}", type=EventType.APPROVED, at=at, actor=actor)
    return None


def _record(
    ledger: Ledger, environment: str, database_name: str, id8: str, happened: dict[str, Any]
) -> dict[str, Any]:
    request = ledger.request_for_branch(environment, database_name, id8)
    if request is None:
        logger.warning("no request has this branch", environment=environment, database_name=database_name)
        return _answer(200, "Ignored", "No request has this branch.")
    now = dt.datetime.now(dt.UTC)
    event = to_event(happened, request.progress.commit, now)
    if event is None:
        return _answer(200, "Ignored", "This changes nothing.")
    request = ledger.add_event(request.id, event, now)
    logger.info("recorded", request_id=request.id, happened=event.type, state=request.progress.state)
    return _answer(200, "Recorded", f"Request {request.id} is {request.progress.state}.")


def _body(event: Mapping[str, Any]) -> bytes:
    text = event.get("body") or ""
    return base64.b64decode(text, validate=True) if event.get("isBase64Encoded") else text.encode()


def _time(text: str | None) -> dt.datetime | None:
    return dt.datetime.fromisoformat(text) if text else None


def _stamp(at: dt.datetime) -> str:
    return at.astimezone(dt.UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


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
