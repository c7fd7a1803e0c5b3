"""① Problem documents (RFC 9457), and the problems that are the API's own."""

from typing import Any

from aws_lambda_powertools.event_handler import Response

from provisioner.api.answers import json_answer
from provisioner.core.errors import FieldError, Problem


def document(problem: Problem, *, instance: str, request_id: str) -> dict[str, Any]:
    """The document of a problem; `request_id` is that of the call, under which the log has it."""
    return {
        "type": f"urn:rds-provisioner:problem:{problem.slug}",
        "title": problem.title,
        "status": problem.status,
        "detail": problem.detail,
        "instance": instance,
        "request_id": request_id,
        "retryable": problem.status in (429, 503),
        "errors": [_error(error) for error in problem.errors],
        **problem.extra,
    }


def answer(problem: Problem, *, instance: str, request_id: str) -> Response[str]:
    """A problem as an answer."""
    headers = {} if problem.retry_after is None else {"Retry-After": str(problem.retry_after)}
    content = document(problem, instance=instance, request_id=request_id)
    return json_answer(problem.status, content, headers, content_type="application/problem+json")


def _error(error: FieldError) -> dict[str, Any]:
    """One wrong field; `parameter` stands only where it is none of the body's."""
    return {
        "pointer": error.pointer,
        **({"parameter": error.parameter} if error.parameter else {}),
        "detail": error.detail,
        "given": error.given,
        "allowed": error.allowed
        if error.allowed is None or isinstance(error.allowed, str)
        else [*error.allowed],
        "suggestion": error.suggestion,
    }


def busy() -> Problem:
    """The same call works in a moment."""
    return Problem(
        503,
        "Busy, try again",
        "Others changed the same thing at the same moment. Send the same call again.",
        slug="busy",
        retry_after=2,
    )


def no_route(method: str, path: str) -> Problem:
    """There is no such call."""
    return Problem(404, "Not found", f"There is no {method} {path}; see /openapi.json.", slug="not-found")


def broken() -> Problem:
    """A fault of the product; the caller learns how to name it, and no more."""
    return Problem(
        500,
        "Something broke on our side",
        "The same call is safe to send again. If it stays, tell the platform team this request_id.",
        slug="internal",
    )
