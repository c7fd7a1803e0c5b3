"""A local HTTP server in front of the API's handler: what API Gateway is on AWS, keys included."""

import contextlib
import json
import re
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from tests.handlers.api_client import Client

REQUEST = re.compile(r"/requests/[0-9a-f]{8}-")
OPEN = ("/health", "/openapi.json", "/certificates.pem")  # as the template has them
KEYS = {"key-alpha": "key-alpha", "key-beta": "key-beta"}
NO_KEY = {
    "type": "urn:rds-provisioner:problem:no-key",
    "title": "The API key is missing or wrong",
    "status": 403,
    "detail": "Send your team's key in the x-api-key header; ask the platform team for one.",
    "instance": "/",
    "request_id": "call-0",
    "retryable": False,
    "errors": [],
}


@dataclass
class Fault:
    """An answer instead of the handler's; `after` lets the handler run first, as a broken gateway does.

    Status 0 closes the connection without an answer.
    """

    status: int
    document: Any = None
    headers: dict[str, str] = field(default_factory=dict)
    after: bool = False
    text: str = ""


@dataclass
class Call:
    """What reached the server."""

    method: str
    path: str
    headers: dict[str, str]


@dataclass
class Server:
    """Where it listens, what was called, and the faults that the next calls meet."""

    url: str = ""
    calls: list[Call] = field(default_factory=list)
    faults: list[Fault] = field(default_factory=list)
    before: list[Callable[[], None]] = field(default_factory=list)  # each runs before one look at a request
    lock: threading.Lock = field(default_factory=threading.Lock)
    closed: bool = False


class _Listening(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A caller that hung up is no news."""


class _Handler(BaseHTTPRequestHandler):
    """Answers for `made`, which each server's own subclass has."""

    protocol_version = "HTTP/1.1"
    made: Server

    def _answer(self) -> None:
        made, size = self.made, int(self.headers.get("content-length") or 0)
        body = self.rfile.read(size).decode() if size else None
        sent = {name.lower(): value for name, value in self.headers.items()}
        made.calls.append(Call(self.command, self.path, sent))
        fault = made.faults.pop(0) if made.faults else None
        if fault and not fault.after:
            return self._fault(fault)
        if made.before and self.command == "GET" and REQUEST.match(self.path):
            made.before.pop(0)()
        with made.lock:  # Powertools keeps the call at hand in the module, one at a time as in Lambda
            if made.closed:
                return None
            status, headers, text = _handled(self.command, self.path, sent, body)
        if fault:
            return self._fault(fault)
        headers = {name: "0" if name == "retry-after" else value for name, value in headers.items()}
        return self._send(status, headers, text.encode())

    do_GET = do_POST = do_PATCH = do_DELETE = _answer  # noqa: N815 - http.server's own names

    def _fault(self, fault: Fault) -> None:
        if fault.status == 0:
            self.close_connection = True
            return
        text = fault.text if fault.document is None else json.dumps(fault.document)
        self._send(fault.status, fault.headers, text.encode())

    def _send(self, status: int, headers: dict[str, str], text: bytes) -> None:
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("content-length", str(len(text)))
        self.end_headers()
        self.wfile.write(text)

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - http.server's own name
        return


@contextlib.contextmanager
def serve() -> Iterator[Server]:
    """Listen on a free port until the block ends."""
    made = Server()
    server = _Listening(("127.0.0.1", 0), type("Handler", (_Handler,), {"made": made}))
    made.url = f"http://127.0.0.1:{server.server_address[1]}"
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    try:
        yield made
    finally:
        server.shutdown()
        server.server_close()
        with made.lock:  # a call that waits for a change ends before its ledger does
            made.closed = True


def _handled(
    method: str, path: str, headers: dict[str, str], body: str | None
) -> tuple[int, dict[str, str], str]:
    parts = urlsplit(path)
    key = KEYS.get(headers.get("x-api-key", ""))
    if key is None and parts.path not in OPEN:
        return 403, {"content-type": "application/problem+json"}, json.dumps(NO_KEY)
    query = dict(parse_qsl(parts.query))
    if "wait" in query:
        query["wait"] = str(min(int(query["wait"]), 1))
    answer = Client(key).call(method, parts.path, body, query=query or None, headers=headers)
    return answer.status, answer.headers, answer.text or ""
