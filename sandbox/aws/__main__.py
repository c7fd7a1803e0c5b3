"""Runs MiniStack in this process, with the gaps filled: python -m sandbox.aws DIRECTORY [--without-servers].

The port comes from GATEWAY_PORT. SANDBOX_PAUSE_SCALE is by how much shorter than on AWS the time is after
which an Aurora cluster sleeps: 0.01 makes three seconds of five minutes. DIRECTORY takes the databases' data
and goes when the process ends. Without servers the endpoints answer nothing, and an instance is there at
once.
"""

import os
import shutil
import sys
from pathlib import Path

from ministack.app import main

from sandbox.aws import api_gateway, cloudformation
from sandbox.aws.clusters import Clusters
from sandbox.aws.fleet import ENGINES, Fleet
from sandbox.aws.rds import Gaps
from sandbox.aws.rds_offers import Offers
from sandbox.aws.refusing import Refusing


def run(directory: Path, *, servers: bool) -> None:
    databases = directory / "databases"
    databases.mkdir(parents=True)
    # A database server runs as another user when the sandbox runs as root.
    for path in (directory, databases):
        path.chmod(0o711)
    fleet = Fleet(databases, ENGINES if servers else {})
    clusters = Clusters(fleet, float(os.environ.get("SANDBOX_PAUSE_SCALE", "1")))
    Gaps(fleet).fill()
    clusters.fill()
    Refusing().fill()
    Offers().fill()
    cloudformation.fill()
    api_gateway.fill()
    sys.argv = sys.argv[:1]
    try:
        main()
    finally:
        fleet.stop()
        shutil.rmtree(directory, ignore_errors=True)


if __name__ == "__main__":
    run(Path(sys.argv[1]), servers="--without-servers" not in sys.argv)
