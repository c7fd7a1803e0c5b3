from pathlib import Path

import pytest

from tests.pipeline.repository import Repository
from tests.pipeline.setting import Setting


@pytest.fixture
def repository(tmp_path: Path) -> Repository:
    return Repository(tmp_path)


@pytest.fixture
def setting(repository: Repository) -> Setting:
    return Setting(repository)
