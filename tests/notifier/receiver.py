"""An HTTP server on this machine that plays Slack: answers as it is set, and keeps what it got."""

import contextlib
import json
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


class Receiver(ThreadingHTTPServer):
    """`answers` are given one after the other, the last one for ever; None hangs up without an answer."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.answers: list[tuple[int, str, dict[str, str]] | None] = [(200, "ok", {})]
        self.seconds = 0.0
        self.got: list[dict[str, Any]] = []

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}/services/T0/B0/hidden"

    def answer(self, status: int, text: str = "", **headers: str) -> None:
        """Answer like this from now on."""
        self.answers = [(status, text, {name.replace("_", "-"): value for name, value in headers.items()})]

    def titles(self) -> list[str]:
        return [body["blocks"][0]["text"]["text"] for body in self.got]


class Handler(BaseHTTPRequestHandler):
    server: Receiver

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.server.got.append(json.loads(body))
        time.sleep(self.server.seconds)
        answers = self.server.answers
        answer = answers.pop(0) if len(answers) > 1 else answers[0]
        if answer is None:
            self.close_connection = True
            return
        status, text, headers = answer
        self.send_response(status)
        for name, value in ({"Content-Length": str(len(text))} | headers).items():
            self.send_header(name, value)
        self.end_headers()
        with contextlib.suppress(BrokenPipeError):
            self.wfile.write(text.encode())

    def log_message(self, *_: Any) -> None:
        """Quiet."""


@contextlib.contextmanager
def receiving() -> Iterator[Receiver]:
    with Receiver() as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield server
        server.shutdown()
