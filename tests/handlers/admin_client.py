"""Call the admin handler as API Gateway does."""

from typing import Any

from provisioner.handlers import admin

from tests.handlers.api_client import Answer, Context


def call(
    method: str, path: str, *, key: str | None = "key-paul", query: dict[str, str] | None = None
) -> Answer:
    """One call with a key of this id."""
    event: dict[str, Any] = {
        "resource": path,
        "path": path,
        "httpMethod": method,
        "headers": {},
        "multiValueHeaders": {},
        "queryStringParameters": query,
        "multiValueQueryStringParameters": {name: [value] for name, value in (query or {}).items()},
        "pathParameters": None,
        "requestContext": {
            "requestId": "call-1",
            "identity": {"apiKeyId": key, "sourceIp": "192.0.2.1"},
            "path": path,
            "stage": "v1",
            "httpMethod": method,
        },
        "body": None,
        "isBase64Encoded": False,
    }
    answer = admin.handler(event, Context(function_name="admin"))
    headers = {name.lower(): values[0] for name, values in answer["multiValueHeaders"].items()}
    return Answer(answer["statusCode"], headers, answer["body"])
