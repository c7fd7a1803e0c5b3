"""Starts the local GitHub on a copy of the work tree."""

import json
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path

from sandbox.cloud import Cloud
from sandbox.github.seed import seed
from sandbox.processes import Processes
from sandbox.state_directory import PRODUCT, PROJECT


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
    administrator_token: str = field(repr=False)


def start(processes: Processes, directory: Path, *, port: int, repository: str, secret: str) -> GitHub:
    """Seed a repository from the product and serve it."""
    bare, state = directory / "github.git", directory / "github.json"
    seed(PRODUCT, bare)
    state.touch(mode=0o600)
    command = [sys.executable, "-m", "sandbox.github", "--bare", str(bare), "--port", str(port)]
    command += ["--repository", repository, "--secret", secret, "--state", str(state)]
    processes.start("github", command, Cloud(0).environment())
    processes.wait_for("github", f"http://localhost:{port}")
    # It serves a moment before it says where.
    while not state.read_text().endswith("}\n"):
        processes.check("github")
        time.sleep(0.05)
    github = GitHub(**json.loads(state.read_text()))
    guard(processes, github)
    return github


def guard(processes: Processes, github: GitHub) -> None:
    """Apply the rulesets as docs/deploy.md does."""
    command = [sys.executable, "-m", "ops.rulesets", github.repository]
    command += ["--app", github.app_id, "--team", "platform"]
    administrator = {"GITHUB_TOKEN": github.administrator_token, "GITHUB_API_URL": github.url}
    processes.run("rulesets", command, Cloud(0).environment() | administrator, PROJECT)
