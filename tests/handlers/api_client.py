"""Call the API handler as API Gateway does, on a ledger in moto."""

import base64
import json
from dataclasses import dataclass, field
from typing import Any
from uuid import uuid4

from provisioner.handlers import api


@dataclass
class Answer:
    status: int
    headers: dict[str, str]
    text: str

    @property
    def json(self) -> Any:
        return json.loads(self.text)


@dataclass
class Context:
    function_name: str = "api"
    memory_limit_in_mb: int = 512
    invoked_function_arn: str = "arn:aws:lambda:us-east-1:123456789012:function:api"
    aws_request_id: str = field(default_factory=lambda: str(uuid4()))


@dataclass
class Client:
    """One API key's view of the API."""

    api_key_id: str | None = "key-alpha"

    def call(
        self,
        method: str,
        path: str,
        body: Any = None,
        *,
        query: dict[str, str] | None = None,
        headers: dict[str, str] | None = None,
        encoded: bool = False,
    ) -> Answer:
        text = body if isinstance(body, str) or body is None else json.dumps(body)
        sent = {"content-type": "application/json"} if text is not None else {}
        sent |= headers or {}
        if encoded and text is not None:
            text = base64.b64encode(text.encode()).decode()
        event = {
            "resource": path,
            "path": path,
            "httpMethod": method,
            "headers": sent,
            "multiValueHeaders": {name: [value] for name, value in sent.items()},
            "queryStringParameters": query,
            "multiValueQueryStringParameters": {name: [value] for name, value in (query or {}).items()},
            "pathParameters": None,
            "stageVariables": None,
            "requestContext": {
                "requestId": "call-1",
                "identity": {"apiKeyId": self.api_key_id, "sourceIp": "192.0.2.1"},
                "path": path,
                "stage": "v1",
                "httpMethod": method,
            },
            "body": text,
            "isBase64Encoded": encoded,
        }
        answer = api.handler(event, Context())
        headers_out = {name.lower(): values[0] for name, values in answer["multiValueHeaders"].items()}
        return Answer(answer["statusCode"], headers_out, answer["body"])
