"""A GitHub of a test's own, on a repository with one commit."""

import atexit
import contextlib
import functools
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

import urllib3
from cryptography.hazmat.primitives.asymmetric import rsa
from provisioner.github.app import GitHubApp
from provisioner.github.client import GitHub

from sandbox.github import GitHubServer

_KEY = rsa.generate_private_key(65537, 2048)  # takes longer than everything else that a server needs


@functools.cache
def _first_commit() -> Path:
    """A bare repository with one commit, to be copied: making one takes five processes."""
    directory = Path(tempfile.mkdtemp(prefix="first-commit-"))
    atexit.register(shutil.rmtree, directory, ignore_errors=True)
    work, bare = directory / "work", directory / "repository.git"
    work.mkdir()
    (work / "README.md").write_text("# Databases\n")
    (work / ".github").mkdir()
    (work / ".github" / "CODEOWNERS").write_text("* @acme/platform\n/terraform/databases/dev/\n")
    for command in (
        ["git", "init", "-q", "-b", "main", "."],
        ["git", "add", "."],
        ["git", "-c", "user.name=T", "-c", "user.email=t@example.com", "commit", "-qm", "First"],
        ["git", "clone", "-q", "--bare", ".", str(bare)],
    ):
        subprocess.run(command, cwd=work, check=True)
    return bare


@contextlib.contextmanager
def github_server(directory: Path) -> Iterator[GitHubServer]:
    """Serve until the end of the block."""
    bare = directory / "repository.git"
    shutil.copytree(_first_commit(), bare)
    server = GitHubServer(bare)
    server.app.key = _KEY
    with server:
        yield server


def client_of(server: GitHubServer) -> GitHub:
    """A client that has not signed in yet."""
    app = GitHubApp(server.app_id, server.installation_id, lambda: server.private_key_pem)
    return GitHub(server.url, server.repository, app, urllib3.PoolManager(timeout=5, retries=False))


def calls(server: GitHubServer) -> list[str]:
    """The calls since the last look, without the repository's name."""
    made = [
        f"{call['method']} {call['path']}".replace(f"/repos/{server.repository}", "") for call in server.calls
    ]
    server.calls.clear()
    return made
