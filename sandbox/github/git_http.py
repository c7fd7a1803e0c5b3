"""Serves clones and fetches with git's own CGI program."""

import os
import subprocess
from collections.abc import Mapping
from pathlib import Path

Response = tuple[int, bytes, dict[str, str]]


def serve(
    repository: Path, method: str, path: str, query: str, headers: Mapping[str, str], data: bytes
) -> Response:
    """The answer to one of git's requests; `path` is what follows `.git`."""
    environment = {
        "PATH": os.environ["PATH"],
        "GIT_PROJECT_ROOT": str(repository),
        "GIT_HTTP_EXPORT_ALL": "1",
        "PATH_INFO": path,
        "QUERY_STRING": query,
        "REQUEST_METHOD": method,
        "CONTENT_TYPE": headers.get("content-type", ""),
        "CONTENT_LENGTH": str(len(data)),
        "HTTP_CONTENT_ENCODING": headers.get("content-encoding", ""),
        "GIT_PROTOCOL": headers.get("git-protocol", ""),
    }
    done = subprocess.run(
        ["git", "http-backend"], input=data, env=environment, capture_output=True, check=False
    )
    head, _, body = done.stdout.partition(b"\r\n\r\n")
    found = dict(line.split(": ", 1) for line in head.decode().split("\r\n") if ": " in line)
    return int(found.pop("Status", "200 OK").split()[0]), body, found
