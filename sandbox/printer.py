"""Prints what happens, each line with its time."""

import json
import os
import sys
import time
from typing import Any, TextIO


class Printer:
    """A stream with a clock. Colour only on a terminal, and never when NO_COLOR is set."""

    def __init__(self, stream: TextIO = sys.stdout, started: float | None = None) -> None:
        self._stream = stream
        self._started = time.monotonic() if started is None else started
        self._coloured = stream.isatty() and not os.environ.get("NO_COLOR")

    def title(self, text: str) -> None:
        self._write(f"\n{self._styled('1', text)}")

    def line(self, text: str, *, at: float | None = None) -> None:
        """One thing that happened, `at` seconds after the start, or just now."""
        moment = time.monotonic() - self._started if at is None else at
        self._write(f"{self._styled('2', f'{moment:7.1f} s')}  {text}")

    def more(self, text: str) -> None:
        """What belongs to the line before."""
        self._write(f"{'':11}{text}")

    def plain(self, text: str) -> None:
        """A line without a time."""
        self._write(text)

    def document(self, content: Any) -> None:
        self._write(json.dumps(content, indent=2, default=str, ensure_ascii=False))

    def good(self, text: str) -> None:
        self._write(self._styled("32", text))

    def bad(self, text: str) -> None:
        self._write(self._styled("31", text))

    @property
    def seconds(self) -> float:
        return time.monotonic() - self._started

    def _styled(self, code: str, text: str) -> str:
        return f"\033[{code}m{text}\033[0m" if self._coloured else text

    def _write(self, text: str) -> None:
        print(text, file=self._stream, flush=True)
