"""A file that one child reads and nobody else: in memory on Linux, elsewhere in a folder of its owner.

libpq and the mysql clients refuse a pipe, and libpq a file that others may read.
"""

import contextlib
import os
import tempfile
from collections.abc import Iterator
from pathlib import Path


def in_memory(name: str, text: str) -> str | None:
    """The path by which a child reads it, gone with the last process that has it open; None without memfd."""
    if not hasattr(os, "memfd_create"):
        return None
    number = os.memfd_create(name, 0)
    os.fchmod(number, 0o600)
    os.write(number, text.encode())
    os.set_inheritable(number, True)
    return f"/proc/self/fd/{number}"


@contextlib.contextmanager
def on_disk(name: str, text: str) -> Iterator[str]:
    """A file in a private folder, removed at the end."""
    with tempfile.TemporaryDirectory(prefix="rdsctl-") as folder:  # mode 0700
        path = Path(folder) / name
        with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as opened:
            opened.write(text)
        yield str(path)
