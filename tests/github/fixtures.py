"""The local GitHub and a client of it, for every test that asks for them."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from provisioner.github.client import GitHub

from sandbox.github import GitHubServer
from tests.github.github_server import client_of, github_server


@pytest.fixture
def server(tmp_path: Path) -> Iterator[GitHubServer]:
    with github_server(tmp_path) as one:
        yield one


@pytest.fixture
def github(server: GitHubServer) -> GitHub:
    return client_of(server)
