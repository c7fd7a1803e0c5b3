"""The job's end, asked for from outside: what runs ends in good order, and nothing more begins.

CircleCI cancels a job with SIGTERM. Terraform that receives SIGINT once saves its state and releases its
lock; one that receives it twice drops everything, so a second request is not passed on.
https://developer.hashicorp.com/terraform/cli/commands/apply
"""

import contextlib
import signal
import subprocess
import threading
from collections.abc import Iterator
from typing import Any


class Interruption:
    """Whether the job has to end; knows the commands that run now, one for each root at most."""

    def __init__(self) -> None:
        self.requested = False
        self._running: list[subprocess.Popen[str]] = []
        self._ended: list[subprocess.Popen[str]] = []
        self._guard = threading.RLock()  # a signal may come while its own thread holds it

    def listen(self) -> None:
        """Take the signals that end a job."""
        signal.signal(signal.SIGTERM, self.request)
        signal.signal(signal.SIGINT, self.request)

    def request(self, *_: Any) -> None:
        """Ask for the end, at most once."""
        with self._guard:
            self.requested = True
            for process in list(self._running):
                self._end(process)

    @contextlib.contextmanager
    def covers(self, process: subprocess.Popen[str]) -> Iterator[None]:
        """Pass a request on to this process while it runs."""
        with self._guard:
            self._running.append(process)
            if self.requested:  # it came between the start and this line
                self._end(process)
        try:
            yield
        finally:
            with self._guard:
                self._running.remove(process)

    def _end(self, process: subprocess.Popen[str]) -> None:
        if process not in self._ended:
            self._ended.append(process)
            process.send_signal(signal.SIGINT)
