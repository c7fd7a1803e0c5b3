"""HTTP in and out: REST for the product, git for the pipeline, pages for people, /_sandbox for tests."""

import json
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from sandbox.github import browser, git_http, page, sandbox_calls
from sandbox.github.refused import Refused
from sandbox.github.rest.call import Answer, Call
from sandbox.github.rest.routes import answer
from sandbox.github.site import Site

JSON = {"Content-Type": "application/json; charset=utf-8"}
LIMITS = {"x-ratelimit-limit": "5000", "x-ratelimit-remaining": "4999", "x-ratelimit-reset": "0"}


class HttpServer(ThreadingHTTPServer):
    """Serves a site, which it is given before it starts: the site's addresses carry its port."""

    daemon_threads = True
    site: Site

    def __init__(self, port: int) -> None:
        super().__init__(("127.0.0.1", port), Handler)


class Handler(BaseHTTPRequestHandler):
    server: HttpServer
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True  # or each answer's body waits 40 ms for its head to be acknowledged

    def _serve(self) -> None:
        parts = urlsplit(self.path)
        query = dict(parse_qsl(parts.query))
        data = self._data()
        if ".git/" in parts.path:
            inside = "/" + parts.path.partition(".git/")[2]
            repository = self.server.site.hub.repository.path
            self._send(*git_http.serve(repository, self.command, inside, parts.query, self._headers(), data))
        elif parts.path.startswith("/_sandbox/"):
            self._sandbox(parts.path, data)
        elif self.command == "GET" and page.is_page(parts.path, self.server.site.hub):
            self._send(*browser.get(self.server.site, parts.path, query, self._headers()))
        elif self.command == "POST" and browser.is_form(parts.path, self.server.site):
            self._send(*browser.post(self.server.site, parts.path, self._headers(), data))
        else:
            self._rest(parts.path, query, data)

    do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = _serve  # noqa: N815 - the names that http.server calls

    def _rest(self, path: str, query: dict[str, str], data: bytes) -> None:
        site = self.server.site
        call = Call(self.command, path, query, _json(data), self.headers.get("authorization", ""))
        fault = site.faults.take(call)
        status, content = (0, None) if fault and not fault.after_effect else self._answer(call)
        status = fault.status if fault else status
        site.calls.append({"method": call.method, "path": call.unquoted_path, "status": status})
        if fault and fault.drop:
            self.close_connection = True
        elif fault:
            self._send(status, fault.body.encode(), {**LIMITS, **fault.headers})
        else:
            self._send(status, b"" if content is None else json.dumps(content).encode(), LIMITS | JSON)

    def _answer(self, call: Call) -> Answer:
        try:
            return answer(self.server.site.hub, call)
        except Refused as refused:
            return refused.status, refused.body
        except (KeyError, ValueError) as error:
            return 400, {"message": f"Problems parsing JSON: {error}"}

    def _sandbox(self, path: str, data: bytes) -> None:
        try:
            content = sandbox_calls.answer(self.server.site, path, _json(data))
        except Refused as refused:
            self._send(refused.status, json.dumps(refused.body).encode(), JSON)
        else:
            self._send(200, json.dumps(content).encode(), JSON)

    def _headers(self) -> dict[str, str]:
        return {name.lower(): value for name, value in self.headers.items()}

    def _data(self) -> bytes:
        if self.headers.get("transfer-encoding") != "chunked":
            return self.rfile.read(int(self.headers.get("content-length") or 0))
        data = b""
        while size := int(self.rfile.readline().strip() or b"0", 16):
            data += self.rfile.read(size)
            self.rfile.readline()
        self.rfile.readline()
        return data

    def _send(self, status: int, body: bytes, headers: dict[str, str]) -> None:
        self.send_response(status)
        for name, value in headers.items():
            if name.lower() != "content-length":
                self.send_header(name, value)
        if status != 204:
            self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if status != 204:
            self.wfile.write(body)

    def log_message(self, format: str, *arguments: Any) -> None:  # noqa: A002 - http.server's own name
        """The list of calls says enough."""


def _json(data: bytes) -> dict[str, Any]:
    """A call's body; what is no JSON object counts as an empty one, which no call accepts."""
    try:
        body = json.loads(data) if data else {}
    except ValueError:
        return {}
    return body if isinstance(body, dict) else {}
