"""The setting of every test of the doctor."""

from pathlib import Path

import pytest

from tests.ops.doctor.healthy import Setting, clone


@pytest.fixture
def setting(tmp_path: Path) -> Setting:
    """A deployment in which all is well."""
    return Setting(clone(tmp_path / "clone"))
