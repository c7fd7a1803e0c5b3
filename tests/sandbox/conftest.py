import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from sandbox.aws.servers import free_port
from sandbox.aws.start import start
from sandbox.cloud import Cloud
from sandbox.processes import Processes


@pytest.fixture(scope="module")
def cloud(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cloud]:
    yield from emulated(tmp_path_factory, servers=True)


@pytest.fixture(scope="module")
def bare_cloud(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cloud]:
    """An emulated AWS without a database behind its endpoints."""
    yield from emulated(tmp_path_factory, servers=False)


def emulated(tmp_path_factory: pytest.TempPathFactory, *, servers: bool) -> Iterator[Cloud]:
    # The servers step down from root, and have no way into pytest's private directories.
    databases = Path(tempfile.mkdtemp(prefix="rds-"))
    found = Cloud(free_port())
    processes = Processes(tmp_path_factory.mktemp("aws"))
    start(found, processes, databases, servers=servers)
    yield found
    processes.stop()
    assert not databases.exists()
