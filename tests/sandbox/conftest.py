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
    # The servers step down from root, and have no way into pytest's private directories.
    databases = Path(tempfile.mkdtemp(prefix="rds-"))
    found = Cloud(free_port())
    processes = Processes(tmp_path_factory.mktemp("aws"))
    start(found, processes, databases)
    yield found
    processes.stop()
    assert not databases.exists()
