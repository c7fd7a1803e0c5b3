"""How long each function's imports and two clients take, next to an earlier commit and to boto3's, the floor.

`make bench`, or `.venv/bin/python bench/cold_start.py --rounds 21 --against COMMIT`. Fresh processes in turn,
so that noise meets all of them alike. What counts is processor time, and of it the least of the rounds: other
work on the machine makes a process dearer (its caches are shared), and never cheaper.
"""

import argparse
import os
import resource
import subprocess
import sys
import tarfile
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import Final

PROJECT: Final = Path(__file__).resolve().parent.parent
# The last commit before the packages by step: what is measured against, unless asked otherwise.
BEFORE: Final = "8825753"
CLIENTS: Final = ("sns", "dynamodb")
FLOOR: Final = f"import boto3; [boto3.client(name) for name in {CLIENTS}]"
# A function makes its clients with `settings.client`, of this and of every earlier commit.
FUNCTION: Final = (
    "import provisioner.handlers.{name}, provisioner.settings as s; [s.client(c) for c in {clients}]"
)
HANDLERS: Final = ("api", "worker", "webhook", "report", "reaper", "events", "event_webhook", "access")
# Newer than the commit that is compared with; loads nothing that takes long (tests/handlers/test_imports.py).
NEWER: Final = ("admin", "console", "notifier")
# More than this is slower, and no noise.
LIMIT: Final = 1.03


@dataclass(frozen=True, slots=True)
class Line:
    """One function in the table; seconds are the least of the rounds, `ratio` is that of the two."""

    name: str
    before: float
    now: float
    ratio: float
    floor: float

    @property
    def is_slower(self) -> bool:
        """Whether it takes longer than before."""
        return self.ratio > LIMIT

    def __str__(self) -> str:
        note = "  slower" if self.is_slower else ""
        numbers = f"{self.before * 1000:>10.0f} {self.now * 1000:>8.0f} {self.ratio:>8.3f}"
        return f"{self.name:<14} {numbers} {self.now / self.floor:>8.2f}{note}"


def lines(floor: Sequence[float], times: Mapping[str, Sequence[tuple[float, float]]]) -> list[Line]:
    """The table, from (before, now) of each round."""
    table = []
    for name, pairs in times.items():
        before, now = (min(taken) for taken in zip(*pairs, strict=True))
        table.append(Line(name, before, now, now / before, min(floor)))
    return table


def seconds(code: str, project: Path) -> float:
    """The processor time of one fresh process with that project's functions on its path."""
    environment = {
        **os.environ,
        "PYTHONPATH": str(project / "lambda"),
        "AWS_DEFAULT_REGION": "us-east-1",
        "POWERTOOLS_SERVICE_NAME": "bench",
        "POWERTOOLS_METRICS_NAMESPACE": "bench",
    }
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run([sys.executable, "-c", code], check=True, env=environment, cwd=project)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def measure(before: Path, rounds: int) -> list[Line]:
    """Run all candidates once to compile them, then in turn; old and new change places every round."""
    codes = {name: FUNCTION.format(name=name, clients=CLIENTS) for name in HANDLERS}
    for code in codes.values():
        seconds(code, before), seconds(code, PROJECT)
    floor: list[float] = []
    times: dict[str, list[tuple[float, float]]] = {name: [] for name in codes}
    for round_ in range(rounds):
        floor.append(seconds(FLOOR, PROJECT))
        for name, code in codes.items():
            if round_ % 2:
                now = seconds(code, PROJECT)
                times[name].append((seconds(code, before), now))
            else:
                times[name].append((seconds(code, before), seconds(code, PROJECT)))
    return lines(floor, times)


def main(arguments: Sequence[str] | None = None) -> int:
    """Print the table; the exit status is 1 where a function is slower than before."""
    parser = argparse.ArgumentParser(prog="cold_start", description="Measures the functions' imports.")
    parser.add_argument("--rounds", type=int, default=21)
    parser.add_argument("--against", default=BEFORE, help=f"the commit to compare with (default: {BEFORE})")
    chosen = parser.parse_args(arguments)
    archive = subprocess.run(
        ["git", "archive", chosen.against, "lambda", "catalog.yaml"],
        check=True,
        cwd=PROJECT,
        capture_output=True,
    ).stdout
    with tempfile.TemporaryDirectory(prefix="bench-") as directory:
        with tarfile.open(fileobj=BytesIO(archive)) as tar:
            tar.extractall(directory, filter="data")
        table = measure(Path(directory), chosen.rounds)
    print(f"{'imports':<14} {chosen.against[:10]:>10} {'now':>8} {'now/old':>8} {'x floor':>8}")
    print(f"{'floor':<14} {'':>10} {table[0].floor * 1000:>8.0f} ms   ({chosen.rounds} rounds, the least)")
    for line in table:
        print(line)
    return 1 if any(line.is_slower for line in table) else 0


if __name__ == "__main__":
    sys.exit(main())
