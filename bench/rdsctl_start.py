"""How long `rdsctl --version` and `rdsctl ls` take, as ratios to the bare interpreter of the same round.

`python -m bench.rdsctl_start`, or `measure()` for a table. Budget: 60 and 200 ms where the interpreter takes
11 ms on two shared cores; other loads move all of them alike, so that the ratios are what counts.
"""

import json
import os
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Final

ROUNDS: Final = 9
BARE_MS: Final = 11
BUDGET_MS: Final = {"--version": 60, "ls": 200}
ROWS: Final = 25
DATABASE: Final = {
    "environment": "dev",
    "database_name": "orders",
    "state": "available",
    "database_engine": "postgres",
    "engine_version": "17",
    "size": "small",
    "storage_gb": 20,
    "monthly_cost_usd": 13.98,
    "expires_at": "never",
    "created_at": "2026-11-25T22:58:41Z",
    "links": {},
}


@dataclass(frozen=True, slots=True)
class Start:
    """One command: seconds are medians, `ratio` the median of the rounds' ratios to the interpreter alone."""

    name: str
    seconds: float
    bare_seconds: float
    ratio: float

    @property
    def at_most(self) -> float:
        """The budget as a ratio."""
        return BUDGET_MS[self.name] / BARE_MS

    @property
    def met(self) -> bool:
        """Whether it is within the budget."""
        return self.ratio <= self.at_most


def measure(rounds: int = ROUNDS) -> list[Start]:
    """Both commands, in fresh processes that take turns with the interpreter."""
    with tempfile.TemporaryDirectory() as home, serving() as url:
        environment = os.environ | {
            "RDSCTL_URL": url,
            "RDSCTL_API_KEY": "none",
            "XDG_CONFIG_HOME": home,
            "XDG_CACHE_HOME": home,
        }

        def took(*arguments: str) -> float:
            began = time.perf_counter()
            subprocess.run([sys.executable, *arguments], env=environment, check=True, capture_output=True)
            return time.perf_counter() - began

        return [_of(name, took, rounds) for name in BUDGET_MS]


def _of(name: str, took: Callable[..., float], rounds: int) -> Start:
    took("-m", "rdsctl", name)  # writes the bytecode
    pairs = [(took("-c", "pass"), took("-m", "rdsctl", name)) for _ in range(rounds)]
    return Start(
        name,
        statistics.median(whole for _, whole in pairs),
        statistics.median(bare for bare, _ in pairs),
        statistics.median(whole / bare for bare, whole in pairs),
    )


@contextmanager
def serving() -> Iterator[str]:
    """A local API with one page of databases."""
    page = json.dumps({"databases": [DATABASE] * ROWS, "next_page_token": None}).encode()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            self.send_response(200)
            self.send_header("content-length", str(len(page)))
            self.end_headers()
            self.wfile.write(page)

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - http.server's own name
            """Nothing reads it."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        server.server_close()


def main() -> int:
    """Print the table; 1 where a command is over its budget."""
    found = measure()
    print(f"{'rdsctl':<12} {'ms':>6} {'bare ms':>8} {'ratio':>6} {'at most':>8}")
    for start in found:
        numbers = f"{start.seconds * 1000:>6.0f} {start.bare_seconds * 1000:>8.0f} {start.ratio:>6.1f}"
        print(f"{start.name:<12} {numbers} {start.at_most:>8.1f}{'' if start.met else '  over its budget'}")
    return 0 if all(start.met for start in found) else 1


if __name__ == "__main__":
    sys.exit(main())
