"""A local GitHub for one bare repository, as tests and the sandbox start it."""

import threading
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from sandbox.github.accounts import App
from sandbox.github.faults import Fault
from sandbox.github.handler import HttpServer
from sandbox.github.hub import Hub
from sandbox.github.repository import Repository
from sandbox.github.shapes import Shapes
from sandbox.github.site import EVENTS, Site
from sandbox.github.users import Users
from sandbox.github.webhooks import Webhooks


class GitHubServer:
    """The server, and what tests look at and steer without a call."""

    def __init__(
        self,
        bare: Path,
        *,
        port: int = 0,
        owner: str = "acme",
        name: str = "databases",
        secret: str = "sandbox",
    ) -> None:
        self._http = HttpServer(port)
        self.port = int(self._http.server_address[1])
        self.url = f"http://localhost:{self.port}"
        self.repository = f"{owner}/{name}"
        self.clone_url = f"{self.url}/{self.repository}.git"
        self.webhook_secret = secret
        self.app = App()
        self.webhooks = Webhooks()
        self.git = Repository(bare)
        self.git.git("config", "http.receivepack", "false")
        self.git.git("config", "uploadpack.allowAnySHA1InWant", "true")
        self.hub = Hub(self.git, self.app, self.webhooks, Shapes(self.url, owner, name))
        self.users = Users(self.hub)
        self._site = self._http.site = Site(self.hub, self.users, secret)
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

    @property
    def calls(self) -> list[dict[str, Any]]:
        """Every REST call, with its status."""
        return self._site.calls

    def add_webhook(self, url: str, secret: str | None = None, events: tuple[str, ...] = EVENTS) -> None:
        """Send webhooks to an address."""
        self._site.add_webhook(url, secret, events)

    def fault(
        self,
        match: str,
        *,
        status: int = 502,
        headers: Mapping[str, str] | None = None,
        body: str = '{"message": "Server Error"}',
        times: int = 1,
        after_effect: bool = False,
        drop: bool = False,
    ) -> None:
        """Let the next calls that match ("METHOD path") fail, before or after they took effect."""
        self._site.faults.add(Fault(match, status, headers or {}, body, times, after_effect, drop))

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
