"""The job's end, asked for from outside: what runs ends in good order, and nothing more begins.

CircleCI cancels a job with SIGTERM. Terraform that receives SIGINT once saves its state and releases its
lock; one that receives it twice drops everything, so a second request is not passed on.
https://developer.hashicorp.com/terraform/cli/commands/apply
"""

import contextlib
import signal
import subprocess
from collections.abc import Iterator
from typing import Any


class Interruption:
    """Whether the job has to end; knows the command that runs now."""

    def __init__(self) -> None:
        self.requested = False
        self._running: subprocess.Popen[str] | None = None

    def listen(self) -> None:
        """Take the signals that end a job."""
        signal.signal(signal.SIGTERM, self.request)
        signal.signal(signal.SIGINT, self.request)

    def request(self, *_: Any) -> None:
        """Ask for the end, at most once."""
        if not self.requested:
            self.requested = True
            if self._running:
                self._running.send_signal(signal.SIGINT)

    @contextlib.contextmanager
    def covers(self, process: subprocess.Popen[str]) -> Iterator[None]:
        """Pass a request on to this process while it runs."""
        self._running = process
        if self.requested:  # it came between the start and this line
            process.send_signal(signal.SIGINT)
        try:
            yield
        finally:
            self._running = None
