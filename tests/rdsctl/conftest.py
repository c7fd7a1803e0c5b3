"""The command line against a local HTTP server that runs the API's own handler."""

import logging
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.handlers.conftest import Cloud, chain, cloud  # noqa: F401 - fixtures
from tests.rdsctl.life import Life
from tests.rdsctl.running import Run
from tests.rdsctl.server import Server, serve
from tests.rdsctl.shell import shell  # noqa: F401 - a fixture


@pytest.fixture(autouse=True)
def no_log() -> Iterator[None]:
    """The API's log would go to the streams that are the program's here."""
    logging.disable(logging.CRITICAL)
    yield
    logging.disable(logging.NOTSET)


@pytest.fixture
def server(cloud: Cloud) -> Iterator[Server]:  # noqa: F811 - a fixture's own name
    """The API over HTTP, with a ledger in moto."""
    with serve() as made:
        yield made


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty home, and an environment that names no API."""
    for name in ("RDSCTL_URL", "RDSCTL_API_KEY", "RDSCTL_PROFILE", "COLUMNS", "NO_COLOR", "CI"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setenv("TZ", "UTC")
    monkeypatch.setenv(
        "POWERTOOLS_METRICS_DISABLED", "true"
    )  # they go to stdout, which is the program's here
    return tmp_path


@pytest.fixture
def rdsctl(
    server: Server, home: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> Run:
    """The program with alpha's key in the environment; each call is one command."""
    monkeypatch.setenv("RDSCTL_URL", server.url)
    monkeypatch.setenv("RDSCTL_API_KEY", "key-alpha")
    return Run(capfd)


@pytest.fixture
def life(cloud: Cloud) -> Life:  # noqa: F811
    """The steps of the requests that the program asks for."""
    return Life(cloud)
