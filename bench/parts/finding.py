"""Finding what to apply at 10,000 roots: time, and memory where the roots' text is ten times as long."""

import functools
import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from provisioner.core.hcl import content_hash, render
from provisioner.core.names import Place

from bench.cold_start import PROJECT
from bench.figures import Figure
from pipeline.git import Checkout
from pipeline.pending import Main
from pipeline.store import Store
from tests.core.examples import root

PART = "Finding what to apply at 10,000 databases"
COUNT, SECONDS, PAGE = 10_000, 2.0, 1000


def measure(full: bool) -> Iterator[Figure]:  # noqa: ARG001 - the same in both
    """In fresh processes, since memory is measured."""
    with tempfile.TemporaryDirectory(prefix="bench-") as directory:
        usual, long = (_run(Path(directory) / name, times) for name, times in (("1", 1), ("10", 10)))
    yield Figure(PART, "first look: git, markers, comparison", usual["first"], "s", at_most=SECONDS)
    yield Figure(PART, "next look of the same run", usual["next"], "s", at_most=SECONDS)
    yield Figure(PART, "calls that list the markers", usual["calls"], "calls")
    yield Figure(PART, "memory", usual["memory"], "MB")
    ratio = long["memory"] / usual["memory"]
    yield Figure(PART, "memory at ten times the text", long["memory"], "MB", ratio, "the usual text", 1.1)


def _run(directory: Path, times: int) -> dict[str, float]:
    command = [sys.executable, "-m", "bench.parts.finding", str(directory), str(times)]
    make(directory, times)
    done = subprocess.run(command, cwd=PROJECT, check=True, capture_output=True, text=True)
    found: dict[str, float] = json.loads(done.stdout)
    return found


@functools.cache
def template() -> str:
    """A root, as the provisioner writes it."""
    return render(root())


def text_of(number: int, times: int) -> str:
    """One root's text; longer by comments."""
    text = template().replace("mydb123", f"db{number}")
    return text + "".join(f"# {line}\n" for line in text.splitlines()) * (times - 1)


def make(directory: Path, times: int) -> None:
    """A repository with all roots in one commit."""
    subprocess.run(["git", "init", "--quiet", "--bare", str(directory)], check=True)
    parts = [b"commit refs/heads/main\ncommitter B <b@example.com> 0 +0000\ndata 1\nx\n"]
    for number in range(COUNT):
        text = text_of(number, times).encode()
        path = Place("dev", f"db{number}").root_path
        parts.append(f"M 100644 inline {path}\ndata {len(text)}\n".encode() + text + b"\n")
    command = ["git", "-C", str(directory), "fast-import", "--quiet"]
    subprocess.run(command, input=b"".join(parts), check=True)
    subprocess.run(["git", "-C", str(directory), "symbolic-ref", "HEAD", "refs/heads/main"], check=True)


class Markers:
    """S3 as far as it lists: a thousand keys in each answer."""

    def __init__(self, keys: list[str]) -> None:
        self.keys, self.calls = keys, 0

    def get_paginator(self, _name: str) -> "Markers":
        return self

    def paginate(self, **_: Any) -> Iterator[dict[str, Any]]:
        for start in range(0, len(self.keys), PAGE):
            self.calls += 1
            yield {"Contents": [{"Key": key} for key in self.keys[start : start + PAGE]]}


def main(directory: Path, times: int) -> None:
    """Look twice, as a run does; print what it took."""
    hashes = (content_hash(text_of(number, times)) for number in range(COUNT))
    markers = Markers([f"applied/dev/db{number}/{digest}.json" for number, digest in enumerate(hashes)])
    checkout, store, main = Checkout(directory), Store(markers, "states"), Main("dev")
    taken = []
    for _ in range(2):
        began = time.perf_counter()
        work = main.pending(checkout, store.applied("dev"))
        taken.append(time.perf_counter() - began)
        if work:
            raise SystemExit(f"{len(work)} databases differ, and none should")
    # The most that this program had; getrusage would count the parent's before the program began.
    status = Path("/proc/self/status").read_text(encoding="utf-8")
    memory = int(status.partition("VmHWM:")[2].split()[0]) / 1024
    found = {"first": taken[0], "next": taken[1], "memory": memory, "calls": markers.calls / 2}
    print(json.dumps(found))


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]))
