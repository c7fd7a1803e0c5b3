"""Tells a function which API key a call came with, as API Gateway does and MiniStack's does not."""

from collections.abc import Callable
from typing import Any

from ministack.services import apigateway_v1

Event = dict[str, Any]


def fill() -> None:
    build: Callable[..., Event] = apigateway_v1._build_lambda_event_v1

    def build_with_key(*arguments: Any, **options: Any) -> Event:
        return with_api_key(build(*arguments, **options))

    apigateway_v1._build_lambda_event_v1 = build_with_key


def with_api_key(event: Event) -> Event:
    """The event with `identity.apiKey` and `apiKeyId`; MiniStack has already let the call pass."""
    value = apigateway_v1._api_key_from_request(event["headers"])
    key = apigateway_v1._resolve_api_key(value) if value else None
    if key:
        event["requestContext"]["identity"].update(apiKey=value, apiKeyId=key["id"])
    return event
