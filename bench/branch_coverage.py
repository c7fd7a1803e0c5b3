"""How much of each package the tests without tests/e2e reach, next to what they reached before the packages.

`make coverage` measures and compares. `bench/coverage.json` holds the figures of before: statements and
branches of that commit, each module counted in the package that it went to.
"""

import json
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

BEFORE: Final = Path(__file__).with_name("coverage.json")
FUNCTIONS: Final = ("lambda", "provisioner")


@dataclass(frozen=True, slots=True)
class Figure:
    """Statements and branches that the tests reached, of all that there are."""

    reached: int = 0
    total: int = 0

    def __add__(self, other: "Figure") -> "Figure":
        return Figure(self.reached + other.reached, self.total + other.total)

    @property
    def percent(self) -> float:
        """Coverage as coverage.py counts it with branches, to a tenth: 100 where there is nothing."""
        return round(100 * self.reached / self.total, 1) if self.total else 100.0


def package_of(path: str) -> str:
    """The package of a file: below `lambda/provisioner` its folder, elsewhere the first one."""
    parts = Path(path).parts
    if parts[:2] == FUNCTIONS:
        return parts[2] if len(parts) > 3 else FUNCTIONS[1]
    return parts[0]


def measured(report: Mapping[str, Any]) -> dict[str, Figure]:
    """The figure of each package in a report of coverage.py (its JSON, with branches)."""
    found: dict[str, Figure] = {}
    for path, content in report["files"].items():
        summary = content["summary"]
        figure = Figure(
            summary["covered_lines"] + summary["covered_branches"],
            summary["num_statements"] + summary["num_branches"],
        )
        found[package_of(path)] = found.get(package_of(path), Figure()) + figure
    return found


def stored(text: str) -> dict[str, Figure]:
    """The figures of before."""
    return {
        package: Figure(statements[0] + branches[0], statements[1] + branches[1])
        for package, counts in json.loads(text)["packages"].items()
        for statements, branches in [(counts["statements"], counts["branches"])]
    }


def lower(before: Mapping[str, Figure], now: Mapping[str, Figure]) -> set[str]:
    """The packages of which less is reached than before; of one that is missing nothing is."""
    return {name for name, was in before.items() if now.get(name, Figure(0, was.total)).percent < was.percent}


def table(before: Mapping[str, Figure], now: Mapping[str, Figure]) -> Iterator[str]:
    """A line for each package: percent before, percent now, and what is not reached."""
    fallen = lower(before, now)
    yield f"{'package':<15} {'before':>7} {'now':>7} {'not reached':>12}"
    for name in [*before, *sorted(set(now) - set(before))]:
        percent = [figures[name].percent if name in figures else "" for figures in (before, now)]
        left = now[name].total - now[name].reached if name in now else ""
        note = "  lower" if name in fallen else ""
        yield f"{name:<15} {percent[0]:>7} {percent[1]:>7} {left:>12}{note}"


def main(report: Path) -> int:
    """Print the table; the exit status is 1 where a package's figure is lower than before."""
    before = stored(BEFORE.read_text(encoding="utf-8"))
    now = measured(json.loads(report.read_text(encoding="utf-8")))
    print("\n".join(table(before, now)))
    return 1 if lower(before, now) else 0


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
