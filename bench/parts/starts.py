"""Cold and warm calls: imports against boto3 with its two clients, a warm call against a bare handler.

Processor time in fresh processes, in turn, so that noise meets all of them alike; medians.
"""

import json
import statistics
import subprocess
import sys
from collections.abc import Iterator

from bench.cold_start import FLOOR, HANDLERS, NEWER, PROJECT, seconds
from bench.figures import Figure

PART = "Cold and warm calls"
COLD_RATIO, WARM_MS = 1.3, 3.0
DISTANCE = "half of the distance is Powertools, a third pydantic (ADR 5); docs/performance.md says the rest"


def measure(full: bool) -> Iterator[Figure]:
    """Each function's imports, then warm calls of the API."""
    codes = {"floor": FLOOR} | {
        name: f"import provisioner.handlers.{name}"
        if name in NEWER
        else f"{FLOOR}; import provisioner.handlers.{name}"
        for name in (*HANDLERS, *NEWER)
    }
    for code in codes.values():
        seconds(code, PROJECT)
    times: dict[str, list[float]] = {name: [] for name in codes}
    for _ in range(21 if full else 7):
        for name, code in codes.items():
            times[name].append(seconds(code, PROJECT))
    floor = statistics.median(times["floor"])
    yield Figure(PART, "boto3 with sns and dynamodb, the floor", floor * 1000, "ms")
    for name in (*HANDLERS, *NEWER):
        ratio = statistics.median(now / then for now, then in zip(times[name], times["floor"], strict=True))
        middle = statistics.median(times[name]) * 1000
        bound = COLD_RATIO if name == "api" else None
        yield Figure(PART, f"cold: {name}", middle, "ms", ratio, "the floor", bound, why=DISTANCE)
    yield from warm()


def warm() -> Iterator[Figure]:
    """What a warm call takes more than a handler that only answers; AWS takes no time here."""
    command = [sys.executable, "-m", "bench.parts.warm_calls"]
    done = subprocess.run(command, cwd=PROJECT, check=True, capture_output=True, text=True)
    found: dict[str, float] = json.loads(done.stderr.splitlines()[-1])
    bare = found.pop("bare")
    for name, time in found.items():
        yield Figure(PART, f"warm: {name}, over a bare handler", (time - bare) * 1000, "ms", at_most=WARM_MS)
