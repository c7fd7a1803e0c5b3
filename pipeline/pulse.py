"""What one run works on, and its word of it: with each beat logs are written, with each third it reports.

A run that dies sends no word any more, and the request says so within minutes. What goes wrong here stops no
apply: it is said once.
"""

import datetime as dt
import threading
from collections.abc import Callable
from dataclasses import dataclass, field

from provisioner.core.names import Place
from provisioner.reports.schema import MOST_REQUESTS, Heartbeat

from pipeline.logs import Log
from pipeline.output import say
from pipeline.pace import BEATS_OF_REPORT, Pace
from pipeline.reporter import Reporter


@dataclass(slots=True)
class Pulse:
    """One run's; the threads of its roots share it."""

    reporter: Reporter
    environment: str
    pipeline_url: str
    clock: Callable[[], dt.datetime]
    pace: Pace = field(default_factory=Pace)
    _logs: dict[Place, Log] = field(default_factory=dict)
    _requests: dict[Place, str] = field(default_factory=dict)
    _beats: int = 0
    _said: set[str] = field(default_factory=set)
    _guard: threading.Lock = field(default_factory=threading.Lock)

    def begin(self, place: Place, log: Log | None) -> None:
        """Work on this root begins."""
        with self._guard:
            if log:
                self._logs[place] = log

    def belongs_to(self, place: Place, request_id: str) -> None:
        """It is known which request it is for: from here on its log is kept, and it is reported."""
        with self._guard:
            self._requests[place] = request_id
            log = self._logs.get(place)
        if log:
            log.belongs_to(request_id)
            self.write(place)

    def trouble(self, place: Place) -> str:
        """Why a root's log is not kept, "" where it is."""
        with self._guard:
            log = self._logs.get(place)
        return log.trouble if log else ""

    def end(self, place: Place) -> None:
        """Work on this root is over: its log is written for the last time."""
        self.write(place)
        with self._guard:
            self._requests.pop(place, None)
            self._logs.pop(place, None)

    def write(self, place: Place) -> None:
        """Write what is new in a root's log."""
        with self._guard:
            log = self._logs.get(place)
        if log:
            log.flush()
            self._say_once(log.trouble)

    def beat(self) -> None:
        """After each renewal of the claims; raises nothing."""
        try:
            self._beats += 1
            if self._beats % BEATS_OF_REPORT == 0:
                self.report()
            until = self.clock() + dt.timedelta(seconds=self.pace.seconds)
            with self._guard:
                places = list(self._logs)
            for place in places:
                if self.clock() < until:  # where the bucket is slow, claims are renewed before logs
                    self.write(place)
        except Exception as error:
            self._say_once(f"a heartbeat failed: {type(error).__name__}: {error}")

    def report(self) -> None:
        """Say that the run is at work for these requests; raises nothing."""
        with self._guard:
            requests = tuple(sorted(self._requests.values()))[:MOST_REQUESTS]
        if not requests:
            return
        try:
            self.reporter.send_once(
                Heartbeat(
                    version=1,
                    environment=self.environment,
                    pipeline_url=self.pipeline_url,
                    requests=requests,
                    seconds=self.pace.report_seconds,
                )
            )
        except Exception as error:  # whatever it is: the apply does not depend on it
            self._say_once(f"a heartbeat was not taken: {error}")

    def _say_once(self, trouble: str) -> None:
        with self._guard:
            new = bool(trouble) and trouble not in self._said
            self._said.add(trouble)
        if new:
            say(f"Note: {trouble}.")
