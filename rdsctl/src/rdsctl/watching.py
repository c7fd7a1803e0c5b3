"""What a wait shows on stderr: on a terminal the running step, redrawn; elsewhere a line a change.

Finished lines stay; only what runs is drawn again.
"""

import datetime as dt
import itertools
from collections.abc import Callable
from typing import Any, Final, Protocol, TextIO

from rdsctl import times, words
from rdsctl.looks import Looks

SIGN_OF_LIFE: Final = 300.0
STEPS: Final = {"pull_request": "pull request", "review": "review", "queue": "queue", "apply": "apply"}
_SPINNER: Final = "⠋⠙⠹⠸⠼⠴⠦⠧⠇⠏"
_ASCII_SPINNER: Final = "|/-\\"
_LINK: Final = {"pull_request": "pull_request", "review": "pull_request", "apply": "pipeline"}


class Watch(Protocol):
    """Follows a request's documents."""

    def show(self, request: dict[str, Any], present: dt.datetime) -> None:
        """A document as it came from the API."""

    def tick(self, present: dt.datetime) -> None:
        """Time went by."""

    def trouble(self, why: str) -> None:
        """The API did not answer; the wait goes on."""

    def close(self) -> None:
        """Nothing more comes."""


class Lines:
    """A line a change, and a sign of life every five minutes."""

    def __init__(self, say: Callable[[str], None]) -> None:
        self._say = say
        self._last: tuple[str, str] | None = None
        self._said_at: dt.datetime | None = None
        self._request: dict[str, Any] | None = None

    def show(self, request: dict[str, Any], present: dt.datetime) -> None:
        """A line where the step is another than before."""
        self._request = request
        name = _step(request)
        if (request["id"], name) == self._last:
            self.tick(present)
            return
        if self._last is None or self._last[0] != request["id"]:
            self._line(present, "requested", f"{words.place(request)} request {request['id']}")
        if name != "pull_request":
            self._line(present, name, _told(request, name))
        self._last = (request["id"], name)

    def tick(self, present: dt.datetime) -> None:
        """The sign of life."""
        if self._request is None or self._said_at is None:
            return
        if (present - self._said_at).total_seconds() >= SIGN_OF_LIFE:
            name = _step(self._request)
            self._line(present, name, f"{times.span(_seconds(self._request, present))} so far")

    def trouble(self, why: str) -> None:
        """A line."""
        self._say(why)

    def close(self) -> None:
        """Each line was whole."""

    def _line(self, present: dt.datetime, name: str, text: str) -> None:
        self._said_at = present
        self._say(f"{present.astimezone():%H:%M:%S} {name:13} {text}".rstrip())


class Live:
    """The finished steps in the scrollback, and below them the running one, redrawn."""

    def __init__(self, stream: TextIO, looks: Looks) -> None:
        self._stream = stream
        self._looks = looks
        self._spin = itertools.cycle(_SPINNER if looks.unicode else _ASCII_SPINNER)
        self._finished: set[tuple[str, str]] = set()
        self._drawn = 0
        self._request: dict[str, Any] | None = None
        self._trouble = ""

    def show(self, request: dict[str, Any], present: dt.datetime) -> None:
        """Print what has finished since, and draw the rest."""
        self._request, self._trouble = request, ""
        self._erase()
        for step in request["steps"]:
            key = (request["id"], step["step"])
            if not step.get("running") and step["step"] in STEPS and key not in self._finished:
                failed = request["error"] is not None and request["error"]["step"] == step["step"]
                if not failed:
                    self._finished.add(key)
                    self._print(finished_line(request, step, self._looks))
        self.tick(present)

    def tick(self, present: dt.datetime) -> None:
        """Draw what runs again."""
        self._erase()
        if self._request is None:
            return
        for line in running_lines(self._request, present, next(self._spin), self._looks, self._trouble):
            self._print(line)
            self._drawn += 1

    def trouble(self, why: str) -> None:
        """Shown with what runs, until an answer comes."""
        self._trouble = why

    def close(self) -> None:
        """Take away what was drawn to be redrawn."""
        self._erase()

    def _erase(self) -> None:
        if self._drawn:
            self._stream.write(f"\x1b[{self._drawn}A\x1b[J")
            self._stream.flush()
        self._drawn = 0

    def _print(self, line: str) -> None:
        self._stream.write(f"{line}\n")
        self._stream.flush()


def finished_line(request: dict[str, Any], step: dict[str, Any], looks: Looks) -> str:
    """` ✓ pull request   0:03  https://…`."""
    link = request["links"].get(_LINK.get(step["step"], "")) if step["step"] != "review" else None
    text = f" {STEPS[step['step']]:14} {times.span(step['seconds']):>5}"
    return f" {looks.mark('✓')}{looks.plain(text)}{f'  {link}' if link else ''}"


def running_lines(
    request: dict[str, Any], present: dt.datetime, spin: str, looks: Looks, trouble: str
) -> list[str]:
    """The running step, and the steps after it; a line never wraps, but a link is never cut."""
    running = next((step for step in request["steps"] if step.get("running")), None)
    if running is None:
        return []
    name = running["step"]
    usual = running.get("typical_seconds")
    text = f" {spin} {STEPS.get(name, name):14} {times.span(_seconds(request, present)):>5}"
    if usual:
        text += f"  usually {times.span(usual)}"
    said = trouble or str(request["message"])
    if len(text) + 3 + len(said) <= looks.width:
        text += f"   {said}"
    lines = [looks.plain(text)]
    order = list(STEPS)
    rest = [STEPS[step] for step in order[order.index(name) + 1 :]] if name in STEPS else []
    if rest:
        lines.append(looks.plain(f" · {' · '.join(rest)}"))
    return lines


def _step(request: dict[str, Any]) -> str:
    state = str(request["state"])
    return state if state in ("done", "failed", "rejected", "cancelled") else str(request["step"])


def _seconds(request: dict[str, Any], present: dt.datetime) -> float:
    """How long the running step runs, by this machine's clock and the API's start of it."""
    running = next((step for step in request["steps"] if step.get("running")), None)
    if running is None:
        return 0.0
    since_start = (present - times.parse(running["started_at"])).total_seconds()
    return max(since_start, float(running["seconds"]))


def _told(request: dict[str, Any], name: str) -> str:
    link = request["links"].get(_LINK.get(name, ""))
    if name == "done":
        return f"after {times.span(total_seconds(request))}"
    if name == "failed" and request["error"]:
        return str(request["error"]["cause"])
    return str(link or request["message"])


def total_seconds(request: dict[str, Any]) -> float:
    """From the request to its last event."""
    return float(request["timeline"][-1]["seconds"]) if request["timeline"] else 0.0
