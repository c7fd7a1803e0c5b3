"""How much memory Terraform takes with the AWS provider: what bounds concurrent applies.

`make bench` measures it, as does `.venv/bin/python -m bench.terraform_memory`. The provider's binary is
mapped once for all, so that each further one takes its private memory; pipeline/at_once.py has the figures.
"""

import contextlib
import os
import subprocess
import tempfile
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from bench.emulator import emulated, write
from bench.figures import Figure, table
from bench.parts.shared_state import create, imported, prepare, resources
from pipeline.at_once import PROCESS_MIB, SPARE_MIB

PART: Final = "Memory of Terraform"
AT_ONCE: Final = 3


@dataclass(frozen=True, slots=True)
class Peak:
    """The most that some processes took together, in MiB: private to them, and with what they share."""

    private: float = 0
    together: float = 0

    def most(self, other: "Peak") -> "Peak":
        return Peak(max(self.private, other.private), max(self.together, other.together))


def measure(full: bool) -> Iterator[Figure]:  # noqa: ARG001 - the same in both
    """One alone, then some at once: plans, and applies of one change."""
    found: dict[str, tuple[Peak, Peak]] = {}
    with tempfile.TemporaryDirectory(prefix="bench-") as name, emulated(Path(name)) as cloud:
        described = create(cloud, 0)
        model = imported(Path(name) / "model", cloud)
        roots = [Path(name) / f"root{number}" for number in range(AT_ONCE)]
        for root in roots:
            prepare(root, cloud, model, [described])
        for verb in ("plan", "apply"):
            peaks = []
            for count in (1, AT_ONCE):
                for root in roots[:count]:
                    write(root, {"aws_db_instance": owned_by(f"team{count}")})
                peaks.append(watched(roots[:count], cloud.environment(), verb))
            found[verb] = peaks[0], peaks[1]
    for verb, (alone, several) in found.items():
        yield Figure(PART, f"one {verb}", alone.together, "MiB", note=f"{alone.private:.0f} MiB private")
        yield Figure(PART, f"{AT_ONCE} at once", several.together, "MiB")
        each = (several.together - alone.together) / (AT_ONCE - 1)
        besides = alone.together - each
        yield _bound("each further one", each, PROCESS_MIB, "PROCESS_MIB in at_once.py")
        yield _bound("besides, once", besides, SPARE_MIB, "SPARE_MIB in at_once.py")


def _bound(what: str, value: float, most: int, against: str) -> Figure:
    return Figure(PART, what, value, "MiB", value / most, against, at_most=1)


def owned_by(team: str) -> dict[str, Any]:
    """The one database of a root, with another tag."""
    found = resources(1)
    found["db0"]["tags"] = {"Owner": team}
    return found


def watched(roots: list[Path], environment: Mapping[str, str], verb: str) -> Peak:
    """Plan or apply all at once; the most memory that all of them took at one moment."""
    approved = ["-auto-approve"] if verb == "apply" else []
    running = [
        subprocess.Popen(
            ["terraform", f"-chdir={root}", verb, "-input=false", "-no-color", *approved],
            env={**environment, "TF_IN_AUTOMATION": "1"},
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        for root in roots
    ]
    peak = Peak()
    while any(process.poll() is None for process in running):
        peak = peak.most(_of(family({process.pid for process in running})))
        time.sleep(0.05)
    if any(process.returncode for process in running):
        raise SystemExit(f"{verb} failed while its memory was measured")
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
