"""Receives the events that the stack publishes to its webhook, and writes each to a file, one a line."""

import json
import threading
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from standardwebhooks.webhooks import Webhook, WebhookVerificationError


class EventReceiver(ThreadingHTTPServer):
    """Takes what carries the secret's signature; nothing before `secret` is set, so that it comes again."""

    daemon_threads = True

    def __init__(self, file: Path) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.file, self.secret = file, ""
        file.touch()
        self._lock = threading.Lock()
        threading.Thread(target=self.serve_forever, args=(0.05,), daemon=True).start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}/events"

    def stop(self) -> None:
        self.shutdown()
        self.server_close()

    def keep(self, document: Any) -> None:
        with self._lock, self.file.open("a") as file:
            file.write(json.dumps(document) + "\n")


class Handler(BaseHTTPRequestHandler):
    server: EventReceiver

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        headers = {name.lower(): value for name, value in self.headers.items()}
        try:
            document = Webhook(self.server.secret or "unset").verify(body, headers)
        except (WebhookVerificationError, ValueError):
            self._answer(HTTPStatus.UNAUTHORIZED)
            return
        self.server.keep(document)
        self._answer(HTTPStatus.NO_CONTENT)

    def _answer(self, status: HTTPStatus) -> None:
        self.send_response(status)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, format: str, *arguments: Any) -> None:  # noqa: A002
        """The file says enough."""
