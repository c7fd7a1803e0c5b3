"""How large the functions are that `sam build` makes, zipped as `sam deploy` uploads them.

Lambda takes 50 MB zipped; what a function loads is unpacked at each cold start.
https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html
"""

import io
import zipfile
from collections.abc import Iterator
from pathlib import Path

from bench.figures import Figure
from sandbox import stack
from sandbox.processes import Processes
from sandbox.state_directory import CACHE

PART = "Size of the functions"
LARGEST_MB = 12


def measure(full: bool) -> Iterator[Figure]:  # noqa: ARG001 - the same in both
    """The zip of each function that differs."""
    stack.build(Processes(CACHE / "bench-logs"))
    for directory in sorted(path for path in stack.BUILT.iterdir() if path.is_dir()):
        size = zipped(directory)
        yield Figure(PART, f"{directory.name}, zipped", size / 1e6, "MB", at_most=LARGEST_MB)


def zipped(directory: Path) -> int:
    """The bytes of a directory's zip."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for path in sorted(directory.rglob("*")):
            if path.is_file():
                archive.write(path, path.relative_to(directory))
    return buffer.getbuffer().nbytes
