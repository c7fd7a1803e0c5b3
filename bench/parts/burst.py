"""Twelve databases asked for in the same second, against one: the stories of the demo, on a sandbox each."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bench.cold_start import PROJECT
from bench.figures import Figure
from sandbox.client import Client
from sandbox.demo.burst import COUNT, Asked, times_of
from sandbox.state_directory import HOME

PART = f"A burst of {COUNT}, against one"
MOST = 2.5


@dataclass(frozen=True, slots=True)
class Run:
    """One story: its requests' documents, and how busy the machine was meanwhile."""

    documents: list[dict[str, Any]]
    busy: float

    @property
    def seconds(self) -> float:
        """From the first request to the last database."""
        whole = {str(document["id"]): document for document in self.documents}
        one = Asked("", "", Client("", ""), "")
        return max(times_of(one, document, whole).ready for document in self.documents)


def measure(full: bool) -> Iterator[Figure]:  # noqa: ARG001 - the same in both
    """One, then twelve."""
    one, many = (story(name) for name in ("create", "burst"))
    ratio = many.seconds / one.seconds
    yield Figure(PART, "one database", one.seconds, "s", note=f"processors {one.busy:.0%} busy")
    note = f"processors {many.busy:.0%} busy, {os.cpu_count()} of them"
    why = f"{os.cpu_count()} processors do the work of {COUNT}: outside they are CircleCI's and AWS's"
    yield Figure(PART, f"{COUNT} at once, until the last", many.seconds, "s", ratio, "one", MOST, note, why)


def story(name: str) -> Run:
    """Play a story of the demo. Raises CalledProcessError where something in it is not true."""
    before = _processor()
    command = [sys.executable, "-m", "sandbox", "demo", "--story", name]
    subprocess.run(command, cwd=PROJECT, check=True, stdout=sys.stderr)
    after = _processor()
    content = json.loads((HOME / "demo.json").read_text(encoding="utf-8"))
    documents = [content] if name == "create" else list(content.values())
    return Run(documents, (after[0] - before[0]) / (after[1] - before[1]))


def _processor() -> tuple[float, float]:
    """(busy, all) ticks of all processors since the machine started."""
    fields = Path("/proc/stat").read_text(encoding="ascii").splitlines()[0].split()[1:9]
    ticks = [int(field) for field in fields]
    return sum(ticks) - ticks[3] - ticks[4], sum(ticks)
