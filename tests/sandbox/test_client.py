"""The client of demos and tests asks again where a busy machine answers too late."""

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from sandbox import client
from sandbox.client import Client


class Late(BaseHTTPRequestHandler):
    """Answers no call before it has had some; closes the others."""

    calls = 0
    answers_from = 2
    waits = threading.Event()

    def do_GET(self) -> None:
        type(self).calls += 1
        if self.calls < self.answers_from:
            self.waits.wait(5)
            return
        self.send_response(200)
        self.end_headers()
        self.wfile.write(b"{}")

    do_POST = do_GET  # noqa: N815 - named by the library

    def log_message(self, *_: object) -> None:
        """Nothing."""


@pytest.fixture
def url(monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    monkeypatch.setattr(client, "PATIENCE_SECONDS", 0.3)
    monkeypatch.setattr(Late, "calls", 0)
    Late.waits.clear()
    server = ThreadingHTTPServer(("127.0.0.1", 0), Late)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    Late.waits.set()
    server.shutdown()
    server.server_close()


def test_an_answer_that_comes_too_late_is_asked_for_again(url: str) -> None:
    assert Client(url, "").call("GET", "/").status == 200


def test_what_may_change_something_is_asked_again_only_patiently(url: str) -> None:
    with pytest.raises(TimeoutError):
        Client(url, "").call("POST", "/", {})
    assert Late.calls == 1
    assert Client(url, "").call_patiently("POST", "/", {}).status == 200


def test_after_some_tries_it_is_a_failure(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Late, "answers_from", 99)
    with pytest.raises(TimeoutError):
        Client(url, "").call("GET", "/")
    assert Late.calls == client.TRIES
