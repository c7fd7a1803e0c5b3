"""How much memory Terraform takes with the AWS provider: what bounds concurrent applies.

`make bench` measures it, as does `.venv/bin/python -m bench.terraform_memory`. The provider's binary is
mapped once for all, so that each further one takes its private memory; pipeline/at_once.py has the figures.
"""

import contextlib
import math
import os
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from bench.emulator import emulated, terraform, write
from bench.figures import Figure, table
from bench.parts.shared_state import arguments
from pipeline.at_once import PROCESS_MIB, SPARE_MIB

PART: Final = "Memory of Terraform"
AT_ONCE: Final = 3
WAITS: Final = 8.0  # seconds of an apply that waits for RDS


@dataclass(frozen=True, slots=True)
class Peak:
    """The most that some processes took together, in MiB: private to them, and with what they share."""

    private: float = 0
    together: float = 0

    def most(self, other: "Peak") -> "Peak":
        return Peak(max(self.private, other.private), max(self.together, other.together))


def measure(full: bool) -> Iterator[Figure]:  # noqa: ARG001 - the same in both
    """One alone, then some at once: plans of a new database, and applies until RDS makes it."""
    found: dict[str, tuple[Peak, Peak]] = {}
    with tempfile.TemporaryDirectory(prefix="bench-") as name, emulated(Path(name)) as cloud:
        roots = [Path(name) / f"root{number}" for number in range(1 + AT_ONCE)]
        for number, root in enumerate(roots):
            write(root, {"aws_db_instance": {"this": arguments(number)}})
            terraform(root, cloud.environment(), "init", "-input=false", "-lockfile=readonly")
        for verb in ("plan", "apply"):
            alone, several = (watched(some, cloud.environment(), verb) for some in (roots[:1], roots[1:]))
            found[verb] = alone, several
    for verb, (alone, several) in found.items():
        yield Figure(PART, f"one {verb}", alone.together, "MiB", note=f"{alone.private:.0f} MiB private")
        yield Figure(PART, f"{AT_ONCE} at once", several.together, "MiB")
        each = (several.together - alone.together) / (AT_ONCE - 1)
        besides = alone.together - each
        yield _bound("each further one", each, PROCESS_MIB, "PROCESS_MIB in at_once.py")
        yield _bound("besides, once", besides, SPARE_MIB, "SPARE_MIB in at_once.py")


def _bound(what: str, value: float, most: int, against: str) -> Figure:
    return Figure(PART, what, value, "MiB", value / most, against, at_most=1)


def watched(roots: list[Path], environment: Mapping[str, str], verb: str) -> Peak:
    """Plan or apply all at once; the most memory that all of them took at one moment.

    An apply is ended some seconds after RDS began: from then on it only waits.
    """
    approved = ["-auto-approve"] if verb == "apply" else []
    running, said = [], [root / f"{verb}.txt" for root in roots]
    for root, path in zip(roots, said, strict=True):
        with path.open("wb") as output:
            command = ["terraform", f"-chdir={root}", verb, "-input=false", "-no-color", *approved]
            running.append(
                subprocess.Popen(
                    command,
                    env={**environment, "TF_IN_AUTOMATION": "1"},
                    stdout=output,
                    stderr=subprocess.STDOUT,
                )
            )
    peak, until = Peak(), math.inf
    while any(process.poll() is None for process in running) and time.monotonic() < until:
        peak = peak.most(_of(family({process.pid for process in running})))
        if until == math.inf and all(b"Creating..." in path.read_bytes() for path in said):
            until = time.monotonic() + WAITS
        time.sleep(0.2)  # a look walks the pages of all
    if until == math.inf and any(process.returncode for process in running):
        raise SystemExit(f"{verb} failed while its memory was measured:\n{said[0].read_text()[-2000:]}")
    for child in family({process.pid for process in running if process.poll() is None}):
        with contextlib.suppress(ProcessLookupError):
            os.kill(child, signal.SIGKILL)
    for process in running:
        process.wait()
    return peak


def family(first: set[int]) -> set[int]:
    """Processes and all that they started."""
    parents = {}
    for entry in os.scandir("/proc"):
        if entry.name.isdigit():
            with contextlib.suppress(OSError):
                fields = Path(entry.path, "stat").read_text().rpartition(") ")[2].split()
                parents[int(entry.name)] = int(fields[1])
    found, grown = set(first), True
    while grown:
        more = {process for process, parent in parents.items() if parent in found} - found
        found, grown = found | more, bool(more)
    return found


def _of(processes: set[int]) -> Peak:
    """What they take at this moment; shared pages count once, split among those that share them."""
    private = together = 0
    for process in processes:
        with contextlib.suppress(OSError):
            for line in Path(f"/proc/{process}/smaps_rollup").read_text().splitlines():
                name, _, value = line.partition(":")
                kib = int(value.split()[0]) if value.split()[:1] and value.split()[0].isdigit() else 0
                together += kib if name == "Pss" else 0
                private += kib if name.startswith("Private_") else 0
    return Peak(private / 1024, together / 1024)


if __name__ == "__main__":
    print("\n".join(table(measure(full=False))))
