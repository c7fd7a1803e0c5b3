"""`make histories`: play many histories, and say what happened in them.

`python -m tests.pipeline.play_histories 1000` plays as many with accidents, and as many without. The exit
status is 1 where one of them ends otherwise than main says, or does what no run may.
"""

import os
import sys
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from typing import Final

from tests.pipeline.histories import History

_ROW: Final = "  {:<42} {:>9,}"


def play(seed: int, *, accidents: bool) -> tuple[Counter[str], list[str]]:
    """One history: what happened how often, and what is wrong with it."""
    world = History(seed, accidents=accidents).play()
    wrong = [f"history {seed}: {fault}" for fault in world.faults]
    if world.reality != world.main:
        wrong.append(f"history {seed}: main says {world.main}, applied is {world.reality}")
    return world.counts, wrong


def _with(seed: int) -> tuple[Counter[str], list[str]]:
    return play(seed, accidents=True)


def _without(seed: int) -> tuple[Counter[str], list[str]]:
    return play(seed, accidents=False)


def _quiet() -> None:
    """What the runs themselves say is left out."""
    sys.stdout = Path(os.devnull).open("w", encoding="utf-8")  # noqa: SIM115 - open while the process is


def main(arguments: Sequence[str]) -> int:
    """Play them all and print the sums; the exit status."""
    count, began = int(arguments[0]), time.monotonic()
    failed = False
    with ProcessPoolExecutor(initializer=_quiet) as processes:
        for title, one in (("with accidents", _with), ("without", _without)):
            counts, wrong = Counter[str](), list[str]()
            for happened, found in processes.map(one, range(count), chunksize=10):
                counts += happened
                wrong += found
            print("\n".join(table(f"{count:,} histories {title}", counts, wrong)), flush=True)
            failed = failed or bool(wrong)
    print(f"\n{time.monotonic() - began:.0f} s")
    return 1 if failed else 0


def table(title: str, counts: Counter[str], wrong: Sequence[str]) -> Iterator[str]:
    """What happened in all of them, and the first ten things that are wrong."""
    yield f"\n{title}"
    yield from (_ROW.format(what, number) for what, number in sorted(counts.items()))
    yield _ROW.format("ended otherwise than main, or did wrong", len(wrong))
    yield from wrong[:10]


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
