"""Which tests run which lines of a module, so that a mutant is tried on those alone, the quickest first."""

import sys
import threading
import time
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from types import FrameType
from typing import Any


@dataclass(frozen=True, slots=True)
class Ran:
    """One test: how many seconds it took, and the lines of the module that it ran."""

    seconds: float
    lines: frozenset[int]


def recorded(path: str, run: Callable[[], object]) -> Ran:
    """Run a test, in whichever thread its code is, and see what it runs of a file."""
    lines: set[int] = set()
    began = time.monotonic()
    with _tracing(path, lines):
        run()
    return Ran(time.monotonic() - began, frozenset(lines))


def chosen(tests: Sequence[Ran], lines: Collection[int]) -> list[int]:
    """The positions of the tests that run one of these lines, the quickest first; of all, where none does."""
    order = sorted(range(len(tests)), key=lambda position: tests[position].seconds)
    return [position for position in order if not tests[position].lines.isdisjoint(lines)] or order


@contextmanager
def _tracing(path: str, lines: set[int]) -> Iterator[None]:
    def of_call(frame: FrameType, event: str, argument: Any) -> Any:  # noqa: ARG001 - the hook's signature
        return of_line if frame.f_code.co_filename == path else None

    def of_line(frame: FrameType, event: str, argument: Any) -> Any:  # noqa: ARG001
        lines.add(frame.f_lineno)
        return of_line

    before = sys.gettrace()
    threading.settrace(of_call)
    sys.settrace(of_call)
    try:
        yield
    finally:
        sys.settrace(before)
        threading.settrace(before)
