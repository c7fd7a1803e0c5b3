"""How long each function's imports take, as a ratio to boto3 with two clients, the floor in the same run.

`make bench`, or `.venv/bin/python bench/cold_start.py [rounds]`: fresh processes in turn, medians.
"""

import os
import statistics
import subprocess
import sys
import time
from pathlib import Path

PROJECT = Path(__file__).resolve().parent.parent
FLOOR = "import boto3; [boto3.client(name, region_name='us-east-1') for name in ('sns', 'dynamodb')]"
HANDLERS = ("api", "worker", "webhook", "report", "reaper", "events", "event_webhook", "access")


def seconds(code: str) -> float:
    """One fresh process, from its start to its end."""
    environment = {
        **os.environ,
        "PYTHONPATH": str(PROJECT / "lambda"),
        "POWERTOOLS_SERVICE_NAME": "bench",
        "POWERTOOLS_METRICS_NAMESPACE": "bench",
    }
    began = time.perf_counter()
    subprocess.run([sys.executable, "-c", code], check=True, env=environment, cwd=PROJECT)
    return time.perf_counter() - began


def main(rounds: int) -> None:
    """Print a table; rounds interleave the candidates, so that noise meets all of them alike."""
    codes = {"floor": FLOOR} | {name: f"{FLOOR}; import provisioner.handlers.{name}" for name in HANDLERS}
    times: dict[str, list[float]] = {name: [] for name in codes}
    for _ in range(rounds):
        for name, code in codes.items():
            times[name].append(seconds(code))
    floor = statistics.median(times["floor"])
    print(f"{'imports':<10} {'median ms':>10} {'x floor':>8}   ({rounds} rounds)")
    for name, values in times.items():
        middle = statistics.median(values)
        print(f"{name:<10} {middle * 1000:>10.0f} {middle / floor:>8.2f}")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 15)
