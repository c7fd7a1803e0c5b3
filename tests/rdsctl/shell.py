"""Runs the program as a shell does, so that it may become another."""

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from moto.server import ThreadedMotoServer
from provisioner import settings

from tests.rdsctl.databases import Started, keep
from tests.rdsctl.life import Life
from tests.rdsctl.running import Ran, Run


class Shell:
    """A shell's environment and folder, in which commands run one after the other."""

    def __init__(self, environment: dict[str, str], folder: Path) -> None:
        self.environment = environment
        self.folder = folder

    def __call__(self, *arguments: str, **variables: str) -> Ran:
        ran = subprocess.run(
            [sys.executable, "-m", "rdsctl", *arguments],
            env=self.environment | variables,
            cwd=self.folder,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        return Ran(ran.returncode, ran.stdout, ran.stderr)


@pytest.fixture
def shell(
    rdsctl: Run, life: Life, database: Started, home: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Shell]:
    """A shell with AWS credentials, where dev/orders is the server that the module calls `database`."""
    monkeypatch.setenv("DATABASE_ROOTS", database.roots)
    settings.forget()
    keep(rdsctl, life, database)
    aws = ThreadedMotoServer(port=0)
    aws.start()
    host, port = aws.get_host_and_port()
    environment = {
        "PATH": os.environ["PATH"],
        "HOME": str(home),
        "XDG_CONFIG_HOME": str(home / "config"),
        "RDSCTL_URL": os.environ["RDSCTL_URL"],
        "RDSCTL_API_KEY": "key-alpha",
        "AWS_ENDPOINT_URL": f"http://{host}:{port}",
        "AWS_ACCESS_KEY_ID": "made-up",
        "AWS_SECRET_ACCESS_KEY": "made-up",
    }
    yield Shell(environment, home)
    aws.stop()
