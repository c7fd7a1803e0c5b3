"""① The forms of an answer."""

import json
from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

from aws_lambda_powertools.event_handler import Response


def json_answer(
    status: int,
    content: Any,
    headers: Mapping[str, str] | None = None,
    *,
    content_type: str = "application/json",
) -> Response[str]:
    """A document."""
    return Response(
        status_code=int(status),
        content_type=content_type,
        body=json.dumps(content, ensure_ascii=False),
        headers={"Cache-Control": "no-store", **(headers or {})},
    )


def not_modified(headers: Mapping[str, str]) -> Response[str]:
    """The caller has it already; API Gateway wants a body all the same."""
    return Response(status_code=int(HTTPStatus.NOT_MODIFIED), body="", headers=dict(headers))
