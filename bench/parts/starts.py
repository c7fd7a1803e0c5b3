"""Cold and warm calls: imports against boto3 with its two clients, a warm call against a bare handler.

Processor time in fresh processes, in turn, and of it the least of the rounds, as bench/cold_start.py says.
"""

import json
import subprocess
import sys
from collections.abc import Iterator

from bench.cold_start import CLIENTS, FLOOR, FUNCTION, HANDLERS, NEWER, PROJECT, seconds
from bench.figures import Figure

PART = "Cold and warm calls"
COLD_RATIO, WARM_MS = 1.3, 3.0
IMPORTS = "import provisioner.handlers.{name}"
DISTANCE = "half of the distance is Powertools, a third pydantic (ADR 5); docs/performance.md says the rest"


def measure(full: bool) -> Iterator[Figure]:
    """Each function's imports, then warm calls of the API."""
    codes = {"floor": FLOOR} | {
        name: FUNCTION.format(name=name, clients=CLIENTS) if name in HANDLERS else IMPORTS.format(name=name)
        for name in (*HANDLERS, *NEWER)
    }
    for code in codes.values():
        seconds(code, PROJECT)
    times: dict[str, list[float]] = {name: [] for name in codes}
    for _ in range(21 if full else 7):
        for name, code in codes.items():
            times[name].append(seconds(code, PROJECT))
    floor = min(times["floor"])
    yield Figure(PART, "boto3 with sns and dynamodb, the floor", floor * 1000, "ms")
    for name in (*HANDLERS, *NEWER):
        least = min(times[name])
        bound = COLD_RATIO if name == "api" else None
        what = f"cold: {name}"
        yield Figure(PART, what, least * 1000, "ms", least / floor, "the floor", bound, why=DISTANCE)
    yield from warm()


def warm() -> Iterator[Figure]:
    """What a warm call takes more than a handler that only answers; AWS takes no time here."""
    command = [sys.executable, "-m", "bench.parts.warm_calls"]
    done = subprocess.run(command, cwd=PROJECT, check=True, capture_output=True, text=True)
    found: dict[str, float] = json.loads(done.stderr.splitlines()[-1])
    bare = found.pop("bare")
    for name, time in found.items():
        yield Figure(PART, f"warm: {name}, over a bare handler", (time - bare) * 1000, "ms", at_most=WARM_MS)
