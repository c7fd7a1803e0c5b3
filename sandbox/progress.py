"""Writes a line for each step of the start that is done, and in a long silence the steps under way."""

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

SILENCE = 10.0


class Progress:
    """Lines in a file that whoever waits for the start prints."""

    def __init__(self, file: Path, silence: float = SILENCE) -> None:
        self._file = file
        self._silence = silence
        self._under_way: dict[str, float] = {}
        self._change = threading.Condition()
        self._closed = False
        self._thread = threading.Thread(target=self._speak_up, daemon=True)
        self._thread.start()

    @contextmanager
    def step(self, doing: str, done: str) -> Iterator[None]:
        """One step: `doing` while it is under way, `done` as the line at its end."""
        with self._change:
            self._under_way[doing] = time.monotonic()
        try:
            yield
        finally:
            with self._change:
                del self._under_way[doing]
        self.say(done)

    def say(self, text: str) -> None:
        with self._change:
            self._write(text)
            self._change.notify_all()

    def close(self) -> None:
        with self._change:
            self._closed = True
            self._change.notify_all()
        self._thread.join()

    def _speak_up(self) -> None:
        with self._change:
            while not self._closed:
                interrupted = self._change.wait(self._silence)
                if not interrupted and self._under_way:
                    now = time.monotonic()
                    steps = [f"{name} ({now - since:.0f} s)" for name, since in self._under_way.items()]
                    self._write(f"  still under way: {', '.join(steps)}")

    def _write(self, text: str) -> None:
        with self._file.open("a") as file:
            file.write(text + "\n")
