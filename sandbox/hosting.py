"""Starts the local GitHub on the work tree, and lets a person act on its pull requests."""

import json
import sys
import time
import urllib.request
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from sandbox.client import get_json
from sandbox.cloud import Cloud
from sandbox.place import PROJECT
from sandbox.processes import Processes
from sandbox.seed import seed


@dataclass(frozen=True, slots=True, kw_only=True)
class GitHub:
    """Where the local GitHub is, and the App that is installed there."""

    url: str
    repository: str
    clone_url: str
    app_id: str
    installation_id: str
    private_key_pem: str = field(repr=False)
    webhook_secret: str = field(repr=False)


def start(processes: Processes, directory: Path, *, port: int, repository: str, secret: str) -> GitHub:
    """Seed a repository from the work tree and serve it."""
    bare, state = directory / "github.git", directory / "github.json"
    seed(PROJECT, bare)
    state.touch(mode=0o600)
    command = [sys.executable, "-m", "sandbox.github", "--bare", str(bare), "--port", str(port)]
    command += ["--repository", repository, "--secret", secret, "--state", str(state)]
    processes.start("github", command, Cloud(0).environment())
    processes.wait_for("github", f"http://localhost:{port}")
    # It serves a moment before it says where.
    while not state.read_text().endswith("}\n"):
        processes.check("github")
        time.sleep(0.05)
    return GitHub(**json.loads(state.read_text()))


def register_webhook(github: GitHub, url: str, secret: str) -> None:
    post(f"{github.url}/_sandbox/webhooks", {"url": url, "secret": secret})


def approve_and_merge(url: str, number: int) -> None:
    """What a code owner does in the browser. Raises urllib.error.HTTPError."""
    post(f"{url}/_sandbox/pulls/{number}/approve", {})
    post(f"{url}/_sandbox/pulls/{number}/merge", {})


def pulls(url: str) -> list[dict[str, Any]]:
    """Every pull request that there ever was, with its comments and reviews."""
    found: list[dict[str, Any]] = get_json(f"{url}/_sandbox/pulls")
    return found


def deliveries(url: str) -> list[dict[str, Any]]:
    """The webhooks that were sent, with what their targets answered."""
    found: list[dict[str, Any]] = get_json(f"{url}/_sandbox/deliveries")
    return found


def post(url: str, body: dict[str, Any]) -> None:
    data = json.dumps(body).encode()
    urllib.request.urlopen(urllib.request.Request(url, data=data, method="POST"), timeout=60).close()
