"""The API and the console behind a local server, as API Gateway has them: the real handlers, a stage, keys.

What API Gateway does and the handlers rely on is done here too: it refuses unknown keys with the template's
own document, and compresses what is long enough. Faults are put into the API's answers, never into a page.
"""

import contextlib
import gzip
import json
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from provisioner.handlers import admin, api, console

from tests.handlers.api_client import Context
from tests.template.stack import resource

STAGE = "/v1"
KEYS = {name: name for name in ("key-alpha", "key-beta", "key-paul")}
SMALLEST = resource("Api")["MinimumCompressionSize"]


@dataclass
class Fault:
    """What the API does instead of an answer to calls whose path begins so."""

    path: str
    status: int = 0
    document: dict[str, Any] = field(default_factory=dict)
    headers: dict[str, str] = field(default_factory=dict)
    seconds: float = 0
    hangs_up: bool = False
    method: str = ""


@dataclass
class Served:
    """A running server; `calls` holds each call to the API."""

    port: int
    faults: list[Fault] = field(default_factory=list)
    calls: list[tuple[str, str]] = field(default_factory=list)
    keys: dict[str, str] = field(default_factory=lambda: dict(KEYS))
    lock: threading.Lock = field(default_factory=threading.Lock)

    @property
    def origin(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def console(self) -> str:
        return f"{self.origin}{STAGE}/console/"

    def fault(self, method: str, path: str) -> Fault | None:
        fits = (
            fault for fault in self.faults if path.startswith(fault.path) and fault.method in ("", method)
        )
        return next(fits, None)


@contextlib.contextmanager
def serving() -> Iterator[Served]:
    """Serve until the end of the block."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def answer(self) -> None:
            with contextlib.suppress(BrokenPipeError, ConnectionResetError):
                _answer(self, served)

        do_GET = do_POST = do_PATCH = do_DELETE = answer  # noqa: N815 - http.server looks for these names

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    served = Served(server.server_address[1])
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield served
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def _answer(call: BaseHTTPRequestHandler, served: Served) -> None:
    split = urlsplit(call.path)
    body = call.rfile.read(int(call.headers.get("content-length", 0))).decode() or None
    path = split.path.removeprefix(STAGE)
    if not split.path.startswith(STAGE + "/"):
        return _send(call, 404, {}, "no such stage")
    if path == "/console" or path.startswith("/console/"):
        event = _event(call, path, split.query, None) | {
            "pathParameters": {"proxy": path.removeprefix("/console/")} if path[len("/console/") :] else None
        }
        found = console.handler(event, None)
        return _send(call, found["statusCode"], found["headers"], found["body"])
    served.calls.append((call.command, call.path.removeprefix(STAGE)))
    if fault := served.fault(call.command, path):
        time.sleep(fault.seconds)
        if fault.hangs_up:
            call.close_connection = True
            call.connection.close()
            return None
        if fault.status:
            return _send(call, fault.status, fault.headers, json.dumps(fault.document))
    key = call.headers.get("x-api-key", "")
    if key not in served.keys and path not in ("/health", "/openapi.json"):
        refusal = resource("Api")["GatewayResponses"]["INVALID_API_KEY"]
        text = refusal["ResponseTemplates"]["application/json"].replace("$context.requestId", "call-1")
        return _send(call, 403, {"Content-Type": "application/problem+json"}, text)
    with served.lock:
        handler = admin.handler if path.startswith("/admin/") else api.handler
        found = handler(_event(call, path, split.query, body, served.keys.get(key)), Context())
    return _send(
        call,
        found["statusCode"],
        {name: values[0] for name, values in found["multiValueHeaders"].items()},
        found["body"],
    )


def _event(
    call: BaseHTTPRequestHandler, path: str, query: str, body: str | None, key: str | None = None
) -> dict[str, Any]:
    sent = {name.lower(): value for name, value in call.headers.items()}
    given = dict(parse_qsl(query, keep_blank_values=True))
    return {
        "resource": path,
        "path": path,
        "httpMethod": call.command,
        "headers": sent,
        "multiValueHeaders": {name: [value] for name, value in sent.items()},
        "queryStringParameters": given or None,
        "multiValueQueryStringParameters": {name: [value] for name, value in given.items()},
        "pathParameters": None,
        "stageVariables": None,
        "requestContext": {
            "requestId": "call-1",
            "identity": {"apiKeyId": key, "sourceIp": "127.0.0.1"},
            "path": STAGE + path,
            "stage": STAGE[1:],
            "httpMethod": call.command,
        },
        "body": body,
        "isBase64Encoded": False,
    }


def _send(call: BaseHTTPRequestHandler, status: int, headers: dict[str, str], body: str | None) -> None:
    content = (body or "").encode()
    call.send_response(status)
    if len(content) >= SMALLEST and "gzip" in call.headers.get("accept-encoding", ""):
        content = gzip.compress(content)
        call.send_header("Content-Encoding", "gzip")
    for name, value in headers.items():
        call.send_header(name, value)
    if status != 304:
        call.send_header("Content-Length", str(len(content)))
    call.end_headers()
    if status != 304:
        call.wfile.write(content)
