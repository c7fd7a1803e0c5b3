import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
import urllib3
from provisioner.github import GitHub
from provisioner.github_app import GitHubApp

from sandbox.github import GitHubServer


@pytest.fixture
def server(tmp_path: Path) -> Iterator[GitHubServer]:
    work, bare = tmp_path / "work", tmp_path / "repository.git"
    work.mkdir()
    (work / "README.md").write_text("# Databases\n")
    for command in (
        ["git", "init", "-q", "-b", "main", "."],
        ["git", "add", "."],
        ["git", "-c", "user.name=T", "-c", "user.email=t@example.com", "commit", "-qm", "First"],
        ["git", "clone", "-q", "--bare", ".", str(bare)],
    ):
        subprocess.run(command, cwd=work, check=True)
    with GitHubServer(bare) as one:
        yield one


def client_of(server: GitHubServer) -> GitHub:
    """A client that has not signed in yet."""
    app = GitHubApp(server.app_id, server.installation_id, server.private_key_pem)
    return GitHub(server.url, server.repository, app, urllib3.PoolManager(timeout=5, retries=False))


@pytest.fixture
def github(server: GitHubServer) -> GitHub:
    return client_of(server)
