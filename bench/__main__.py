"""Measure what the product promises about speed and scale: one table, ratios within the same run.

`make bench` takes the parts that need less than ten minutes together, `make bench-full` all of them, and
keeps the figures in bench/results. `python -m bench PART ...` takes these parts alone.
"""

import argparse
import datetime as dt
import importlib
import json
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Final

from bench.figures import Figure, document, table

PROJECT: Final = Path(__file__).resolve().parent.parent
RESULTS: Final = Path(__file__).with_name("results")
QUICK: Final = (
    "starts",
    "zips",
    "github",
    "finding",
    "ledger",
    "reaper",
    "providers",
    "memory",
    "shared_state",
    "rdsctl",
    "console",
)
LONG: Final = ("waiters", "burst")


def measure(part: str, *, full: bool) -> list[Figure]:
    """Run one part; what it found."""
    run: Callable[[bool], Iterator[Figure]] = importlib.import_module(f"bench.parts.{part}").measure
    return list(run(full))


def main(arguments: Sequence[str] | None = None) -> int:
    """Print the table and write the JSON; the exit status is 1 where a target is missed without a reason."""
    parser = argparse.ArgumentParser(prog="bench", description=__doc__.partition("\n")[0])
    parser.add_argument("parts", nargs="*", metavar="PART", help=", ".join((*QUICK, *LONG)))
    parser.add_argument("--full", action="store_true", help="all parts, at their largest")
    parser.add_argument(
        "--into", type=Path, help="the JSON file (default: .cache/bench.json, or a dated one)"
    )
    chosen = parser.parse_args(arguments)
    if unknown := set(chosen.parts) - {*QUICK, *LONG}:
        parser.error(f"no part {', '.join(sorted(unknown))}; there are {', '.join((*QUICK, *LONG))}")
    began, now, found = time.monotonic(), dt.datetime.now(dt.UTC), list[Figure]()
    for part in chosen.parts or (*QUICK, *(LONG if chosen.full else ())):
        new = measure(part, full=chosen.full)
        print("\n".join(table(new)), flush=True)
        found += new
    commit = subprocess.run(
        ["git", "rev-parse", "--short", "HEAD"], cwd=PROJECT, check=True, capture_output=True, text=True
    ).stdout.strip()
    kept = RESULTS / f"{now:%Y-%m-%d}.json" if chosen.full else PROJECT / ".cache" / "bench.json"
    path = chosen.into or kept
    path.parent.mkdir(parents=True, exist_ok=True)
    content = document(found, now, commit, time.monotonic() - began)
    path.write_text(json.dumps(content, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    missed = [figure for figure in found if figure.met is False]
    print(f"\n{len(found)} figures in {content['seconds']} s, {len(missed)} targets missed: {path}")
    return 1 if any(not figure.why for figure in missed) else 0


if __name__ == "__main__":
    sys.exit(main())
