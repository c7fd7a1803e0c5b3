"""Runs the stand-in for CircleCI: python -m sandbox.circleci SETTINGS.json."""

import json
import logging
import signal
import sys
import threading
from pathlib import Path
from typing import Any

from sandbox.circleci.oidc import Issuer
from sandbox.circleci.pipelines import Pipelines
from sandbox.circleci.runs import Project
from sandbox.circleci.server import Server


def main(settings: dict[str, Any]) -> None:
    """Serve until SIGTERM. `variables` are the project's; jobs in `left_out` are not run."""
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(message)s")
    project = Project(
        repository=settings["repository"],
        default_branch=settings["default_branch"],
        variables=settings["variables"],
        left_out=frozenset(settings["left_out"]),
        directory=Path(settings["directory"]),
        url=settings["url"],
    )
    project.directory.mkdir(parents=True, exist_ok=True)
    issuer = Issuer(organization_id=settings["organization_id"], project_id=settings["project_id"])
    pipelines = Pipelines(project, issuer)
    server = Server(
        settings["port"],
        pipelines,
        secret=settings["webhook_secret"].encode(),
        clone_url=settings["clone_url"],
    )
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: threading.Thread(target=server.shutdown).start())
    server.serve_forever(poll_interval=0.2)
    pipelines.stop()


if __name__ == "__main__":
    main(json.loads(Path(sys.argv[1]).read_text()))
