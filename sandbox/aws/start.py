"""Starts the emulated AWS."""

import sys
from pathlib import Path

from sandbox.aws.certificates import ROOT
from sandbox.cloud import REGION, Cloud
from sandbox.processes import Processes


def start(cloud: Cloud, processes: Processes, directory: Path, *, servers: bool = True) -> None:
    """Start MiniStack. It writes below `directory` alone, and removes that at its end.

    Without `servers` no database stands behind the endpoints.
    """
    environment = {
        **cloud.environment(),
        "GATEWAY_PORT": str(cloud.port),
        "BIND_HOST": "127.0.0.1",
        "MINISTACK_REGION": REGION,
        "IOT_MTLS_ENABLED": "0",
        "SFTP_ENABLED": "0",
        "TMPDIR": str(temporary(directory)),
    }
    # Its functions inherit all of this, and trust the roots of the databases here in place of Amazon's.
    environment["DATABASE_ROOTS"] = str(directory / "databases" / ROOT)
    # This one they get from MiniStack itself.
    del environment["AWS_ENDPOINT_URL"]
    options = [] if servers else ["--without-servers"]
    processes.start("aws", [sys.executable, "-m", "sandbox.aws", str(directory), *options], environment)
    processes.wait_for("aws", f"{cloud.endpoint}/_ministack/health")


def temporary(directory: Path) -> Path:
    """Where programs put temporary files: private, unlike the databases' directory next to it."""
    path = directory / "temporary"
    path.mkdir(mode=0o700, parents=True, exist_ok=True)
    return path
