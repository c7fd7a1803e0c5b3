"""The HTTP server: REST for the product, git for the pipeline, pages for people, /_sandbox for tests."""

import dataclasses
import json
import os
import re
import subprocess
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

from sandbox.github.auth import App, Refused
from sandbox.github.hub import Call, Hub
from sandbox.github.page import page
from sandbox.github.pulls import Shapes
from sandbox.github.repository import Repository
from sandbox.github.webhooks import Target, Webhooks

EVENTS = ("pull_request", "pull_request_review", "push")


class GitHubServer:
    """A local GitHub for one bare repository."""

    def __init__(
        self,
        bare: Path,
        *,
        port: int = 0,
        owner: str = "acme",
        name: str = "databases",
        secret: str = "sandbox",
    ) -> None:
        self._http = ThreadingHTTPServer(("127.0.0.1", port), _handler(self))
        self._http.daemon_threads = True
        self.port = int(self._http.server_address[1])
        self.url = f"http://localhost:{self.port}"
        self.app = App()
        self.webhooks = Webhooks()
        self.webhook_secret = secret
        self.git = Repository(bare)
        self.git.git("config", "http.receivepack", "false")
        self.git.git("config", "uploadpack.allowAnySHA1InWant", "true")
        self.hub = Hub(self.git, self.app, self.webhooks, Shapes(self.url, owner, name))
        self.repository = f"{owner}/{name}"
        self.clone_url = f"{self.url}/{self.repository}.git"
        self.calls: list[dict[str, Any]] = []
        self.faults: list[dict[str, Any]] = []
        self._thread = threading.Thread(target=self._http.serve_forever, args=(0.02,), daemon=True)

    @property
    def app_id(self) -> str:
        return self.app.app_id

    @property
    def installation_id(self) -> str:
        return self.app.installation_id

    @property
    def private_key_pem(self) -> str:
        return self.app.private_key_pem

    def add_webhook(self, url: str, secret: str | None = None, events: tuple[str, ...] = EVENTS) -> None:
        """Send webhooks to an address."""
        self.webhooks.targets.append(Target(url, secret or self.webhook_secret, events))

    def fault(
        self,
        match: str,
        *,
        status: int = 502,
        headers: dict[str, str] | None = None,
        body: str = '{"message": "Server Error"}',
        times: int = 1,
        after_effect: bool = False,
        drop: bool = False,
    ) -> None:
        """Let the next calls that match ("METHOD path") fail, before or after they took effect."""
        self.faults.append(
            {
                "match": match,
                "status": status,
                "headers": headers or {},
                "body": body,
                "times": times,
                "after_effect": after_effect,
                "drop": drop,
            }
        )

    def start(self) -> "GitHubServer":
        self._thread.start()
        return self

    def stop(self) -> None:
        self._http.shutdown()
        self._http.server_close()
        self.webhooks.stop()

    def __enter__(self) -> "GitHubServer":
        return self.start()

    def __exit__(self, *_: object) -> None:
        self.stop()

    def take_fault(self, line: str) -> dict[str, Any] | None:
        """The fault that is due for a call."""
        for fault in self.faults:
            if fault["times"] > 0 and re.search(fault["match"], line):
                fault["times"] -= 1
                return fault
        return None


def _handler(server: GitHubServer) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True  # or each answer's body waits 40 ms for its head to be acknowledged

        def _serve(self) -> None:
            parts = urlsplit(self.path)
            length = int(self.headers.get("content-length") or 0)
            data = self.rfile.read(length) if length else b""
            if self.headers.get("transfer-encoding") == "chunked":
                data = self._chunks()
            if ".git/" in parts.path:
                self._git(parts.path, parts.query, data)
            elif parts.path.startswith("/_sandbox/"):
                self._control(parts.path, data)
            elif match := re.fullmatch(r"/[^/]+/[^/]+/pull/(\d+)", parts.path):
                pull = server.hub.pulls.get(int(match[1]))
                text = page(pull, server.git, server.repository) if pull else "There is no such pull request."
                self._send(200 if pull else 404, text.encode(), {"Content-Type": "text/html; charset=utf-8"})
            else:
                self._rest(parts.path, parts.query, data)

        do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = _serve  # noqa: N815 - the names that http.server calls

        def _rest(self, path: str, query: str, data: bytes) -> None:
            line = f"{self.command} {unquote(path)}"
            fault = server.take_fault(line)
            status, content = 0, None
            if fault is None or fault["after_effect"]:
                status, content = self._answer(path, query, data)
            if fault:
                status = fault["status"]
            server.calls.append({"method": self.command, "path": unquote(path), "status": status})
            if fault and fault["drop"]:
                self.close_connection = True
                return
            limits = {"x-ratelimit-limit": "5000", "x-ratelimit-remaining": "4999", "x-ratelimit-reset": "0"}
            if fault:
                self._send(status, fault["body"].encode(), limits | fault["headers"])
            else:
                body = b"" if content is None else json.dumps(content).encode()
                self._send(status, body, limits | {"Content-Type": "application/json; charset=utf-8"})

        def _answer(self, path: str, query: str, data: bytes) -> tuple[int, Any]:
            try:
                body = json.loads(data) if data else {}
                call = Call(
                    self.command, path, dict(parse_qsl(query)), body, self.headers.get("authorization", "")
                )
                return server.hub.answer(call)
            except Refused as refused:
                return refused.status, refused.body
            except (KeyError, ValueError) as error:
                return 400, {"message": f"Problems parsing JSON: {error}"}

        def _control(self, path: str, data: bytes) -> None:
            body = json.loads(data) if data else {}
            try:
                content = self._controlled(path, body)
            except Refused as refused:
                self._send(refused.status, json.dumps(refused.body).encode(), {})
                return
            self._send(200, json.dumps(content).encode(), {"Content-Type": "application/json"})

        def _controlled(self, path: str, body: dict[str, Any]) -> Any:
            if path == "/_sandbox/calls":
                return server.calls
            if path == "/_sandbox/deliveries":
                return server.webhooks.deliveries
            if path == "/_sandbox/webhooks":
                server.add_webhook(body["url"], body.get("secret"), tuple(body.get("events", EVENTS)))
                return {"added": body["url"]}
            if path == "/_sandbox/faults":
                server.fault(**body)
                return {"faults": len(server.faults)}
            if path == "/_sandbox/pulls":
                return [dataclasses.asdict(pull) for _, pull in sorted(server.hub.pulls.items())]
            if match := re.fullmatch(r"/_sandbox/deliveries/([0-9a-f-]+)/redeliver", path):
                return {"redelivered": server.webhooks.redeliver(match[1])}
            if match := re.fullmatch(r"/_sandbox/pulls/(\d+)/(approve|merge|close)", path):
                number = int(match[1])
                if match[2] == "approve":
                    server.hub.approve(number)
                elif match[2] == "merge":
                    server.hub.merge_as_person(number)
                else:
                    server.hub.close_as_person(number)
                return {match[2]: number}
            raise Refused(404, "Not Found")

        def _git(self, path: str, query: str, data: bytes) -> None:
            """git's own CGI program serves clones and fetches."""
            inside = "/" + path.partition(".git/")[2]
            environment = {
                "PATH": os.environ["PATH"],
                "GIT_PROJECT_ROOT": str(server.git.path),
                "GIT_HTTP_EXPORT_ALL": "1",
                "PATH_INFO": inside,
                "QUERY_STRING": query,
                "REQUEST_METHOD": self.command,
                "CONTENT_TYPE": self.headers.get("content-type", ""),
                "CONTENT_LENGTH": str(len(data)),
                "HTTP_CONTENT_ENCODING": self.headers.get("content-encoding", ""),
                "GIT_PROTOCOL": self.headers.get("git-protocol", ""),
            }
            done = subprocess.run(
                ["git", "http-backend"], input=data, env=environment, capture_output=True, check=False
            )
            head, _, body = done.stdout.partition(b"\r\n\r\n")
            headers = dict(line.split(": ", 1) for line in head.decode().split("\r\n") if ": " in line)
            status = int(headers.pop("Status", "200 OK").split()[0])
            self._send(status, body, headers)

        def _chunks(self) -> bytes:
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

        def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - http.server's own name
            return

    return Handler
