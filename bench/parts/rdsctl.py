"""How soon `rdsctl` answers: its version, and a list from a local API, against the bare interpreter."""

from collections.abc import Iterator

from bench.figures import Figure
from bench.rdsctl_start import ROUNDS
from bench.rdsctl_start import measure as starts

PART = "rdsctl"


def measure(full: bool) -> Iterator[Figure]:
    """Both commands."""
    for start in starts(ROUNDS * 2 if full else ROUNDS):
        milliseconds, what = start.seconds * 1000, f"rdsctl {start.name}"
        yield Figure(PART, what, milliseconds, "ms", start.ratio, "the interpreter", start.at_most)
