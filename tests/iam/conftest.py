"""The simulator of IAM, installed once."""

from pathlib import Path

import pytest

from tests.iam.simulation import install


@pytest.fixture(scope="session")
def simulator(tmp_path_factory: pytest.TempPathFactory) -> Path:
    directory = tmp_path_factory.mktemp("iam-simulate")
    install(directory)
    return directory
