"""Fills gaps of MiniStack's API Gateway: a call's key and address, the template's errors, compression.

SAM writes gateway responses into the API's OpenAPI document, where MiniStack does not look for them, and
their templates name the path of the call, which MiniStack does not know.
"""

import gzip
import json
import re
from collections.abc import Callable, Mapping
from typing import Any, Final

from ministack.services import apigateway_v1

Event = dict[str, Any]
Response = tuple[int, dict[str, str], bytes]
GATEWAY_RESPONSES: Final = "x-amazon-apigateway-gateway-responses"
_OWN: Final = ("localhost", "127.0.0.1")
_PATH: Final = re.compile(rb"\$\{context\.path\}|\$context\.path(?![.\w])")


def fill() -> None:
    build: Callable[..., Event] = apigateway_v1._build_lambda_event_v1
    import_api: Callable[..., str] = apigateway_v1._import_rest_api
    execute: Callable[..., Any] = apigateway_v1._execute_in_scope
    handle: Callable[..., Any] = apigateway_v1._handle_execute_in_scope
    answer: Callable[..., Response] = apigateway_v1._gateway_error_response

    def build_with_key(*arguments: Any, **options: Any) -> Event:
        return with_address(with_api_key(build(*arguments, **options)))

    def import_with_responses(document: Mapping[str, Any], *arguments: Any) -> str:
        api_id = import_api(document, *arguments)
        put_responses(api_id, document)
        return api_id

    def execute_with_path(request: Event, api_id: str, stage: str, method: str, path: str, *rest: Any) -> Any:
        request["path"] = f"/{stage}{path}"
        return execute(request, api_id, stage, method, path, *rest)

    async def handle_compressed(
        api_id: str, stage: str, method: str, path: str, headers: Mapping[str, str], *rest: Any
    ) -> Response:
        answered: Response = await handle(api_id, stage, method, path, headers, *rest)
        smallest = (apigateway_v1._rest_apis.get(api_id) or {}).get("minimumCompressionSize")
        return compressed(answered, headers, smallest)

    def answer_with_path(error: Any, request: Event) -> Response:
        status, headers, body = answer(error, request)
        return status, headers, with_path(body, request.get("path", ""))

    apigateway_v1._build_lambda_event_v1 = build_with_key
    apigateway_v1._import_rest_api = import_with_responses
    apigateway_v1._execute_in_scope = execute_with_path
    apigateway_v1._gateway_error_response = answer_with_path
    apigateway_v1._handle_execute_in_scope = handle_compressed


def with_api_key(event: Event) -> Event:
    """The event with `identity.apiKey` and `apiKeyId`; MiniStack has already let the call pass."""
    value = apigateway_v1._api_key_from_request(event["headers"])
    key = apigateway_v1._resolve_api_key(value) if value else None
    if key:
        event["requestContext"]["identity"].update(apiKey=value, apiKeyId=key["id"])
    return event


def with_address(event: Event) -> Event:
    """The event with the domain that was called, and the path as it was called."""
    context = event["requestContext"]
    headers = {name.lower(): value for name, value in event["headers"].items()}
    domain = str(headers.get("host", ""))
    context["domainName"] = domain
    if domain.partition(":")[0] in _OWN:  # no domain of the stack's, so that the path names the API
        context["path"] = f"/restapis/{context['apiId']}/{context['stage']}/_user_request_{event['path']}"
        event["headers"]["X-Forwarded-Proto"] = "http"
    else:
        context["path"] = event["path"]
    return event


def compressed(answered: Response, asked: Mapping[str, str], smallest: Any) -> Response:
    """The answer in gzip where the caller takes it, and it is as long as the API's minimumCompressionSize."""
    status, headers, body = answered
    encodings = next((text for name, text in asked.items() if name.lower() == "accept-encoding"), "")
    named = {name.lower() for name in headers}
    content = body.encode() if isinstance(body, str) else body
    takes = "gzip" in encodings and smallest is not None and "content-encoding" not in named
    if not takes or len(content) < int(smallest):
        return answered
    kept = {name: value for name, value in headers.items() if name.lower() != "content-length"}
    return status, kept | {"Content-Encoding": "gzip"}, gzip.compress(content, mtime=0)


def put_responses(api_id: str, document: Mapping[str, Any]) -> None:
    """Give an API the gateway responses of its OpenAPI document; raises ValueError for an impossible one."""
    for response_type, response in (document.get(GATEWAY_RESPONSES) or {}).items():
        status, _headers, body = apigateway_v1._put_gateway_response(api_id, response_type, response)
        if status >= 400:
            raise ValueError(f"the gateway response {response_type} cannot be made: {body.decode()}")


def with_path(body: bytes, path: str) -> bytes:
    """The body with `$context.path` filled in, as text that stands in a JSON string."""
    text = json.dumps(path)[1:-1].encode()
    return _PATH.sub(lambda _: text, body)
