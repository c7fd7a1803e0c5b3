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
_LATER: Final = 120.0  # seconds by which an estimate has moved when that is said
STEPS: Final = {
    "pull_request": "pull request",
    "review": "review",
    "plan": "plan",
    "approval": "approval",
    "queue": "queue",
    "apply": "apply",
    "users": "users",
}
_SPINNER: Final = "⠋⠙⠹⠸⠼⠴⠦⠧⠇⠏"
_ASCII_SPINNER: Final = "|/-\\"
_READY_AT: Final = 44  # the column of what is said of the end
_LINK: Final = {
    "pull_request": "pull_request",
    "review": "pull_request",
    "approval": "pull_request",
    "apply": "pipeline",
}
_OF_A_REVIEW: Final = ("plan", "approval")


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


class Promises:
    """When each request was first said to be ready, so that a wait says by how much that has moved."""

    def __init__(self) -> None:
        self._first: dict[str, dt.datetime] = {}

    def ready_about(self, request: dict[str, Any], present: dt.datetime) -> str:
        """As the estimate has it; once that is later than was said first, with how much later."""
        said = ready_about(request, present)
        ready = (request.get("estimate") or {}).get("ready_at")
        if not ready:
            return said
        likely = times.parse(ready["likely"])
        later = (likely - self._first.setdefault(request["id"], likely)).total_seconds()
        if later < _LATER:
            return said
        return f"{said.partition(',')[0]}, {times.about(later)} later than first said"


class Lines:
    """A line a change, and a sign of life every five minutes."""

    def __init__(self, say: Callable[[str], None]) -> None:
        self._say = say
        self._promises = Promises()
        self._last: tuple[str, str, bool] | None = None
        self._said_at: dt.datetime | None = None
        self._request: dict[str, Any] | None = None
        self._read_at: dt.datetime | None = None

    def show(self, request: dict[str, Any], present: dt.datetime) -> None:
        """A line where the step is another than before, or slower than usual."""
        self._request, self._read_at = request, present
        self._promises.ready_about(request, present)
        name, slow = _step(request), bool(request.get("slower_than_usual"))
        if (request["id"], name, slow) == self._last:
            return
        if self._last is None or self._last[0] != request["id"]:
            self._line(present, "requested", f"{words.place(request)} request {request['id']}")
        if self._last == (request["id"], name, False):
            self._line(present, name, "slower than usual; it goes on")
        elif name != "pull_request":
            self._line(present, name, _said(request, name, self._promises.ready_about(request, present)))
        self._last = (request["id"], name, slow)

    def tick(self, present: dt.datetime) -> None:
        """The sign of life."""
        if self._request is None or self._said_at is None or self._read_at is None:
            return
        if _running(self._request) is None:
            return
        if (present - self._said_at).total_seconds() >= SIGN_OF_LIFE:
            seconds = _seconds(self._request, self._read_at, present)
            ready = self._promises.ready_about(self._request, present)
            so_far = f"{times.span(seconds)} so far"
            self._line(present, _step(self._request), f"{so_far}; {ready}" if ready else so_far)

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
        self._read_at: dt.datetime | None = None
        self._promises = Promises()

    def show(self, request: dict[str, Any], present: dt.datetime) -> None:
        """Print what has finished since, and draw the rest."""
        self._request, self._trouble, self._read_at = request, "", present
        self._erase()
        for step in shown_steps(request):
            key = (request["id"], step["step"])
            if not step.get("running") and step["step"] in STEPS and key not in self._finished:
                of = "review" if step["step"] == "approval" else step["step"]
                failed = request["error"] is not None and request["error"]["step"] == of
                if not failed:
                    self._finished.add(key)
                    self._print(finished_line(request, step, self._looks))
        self.tick(present)

    def tick(self, present: dt.datetime) -> None:
        """Draw what runs again."""
        self._erase()
        if self._request is None or self._read_at is None:
            return
        seconds = _seconds(self._request, self._read_at, present)
        ready = self._promises.ready_about(self._request, present)
        for line in running_lines(
            self._request, seconds, ready, next(self._spin), self._looks, self._trouble
        ):
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


def shown_steps(request: dict[str, Any]) -> list[dict[str, Any]]:
    """The steps as a wait shows them: a review where someone has to approve is its plan, and the approval."""
    plan, waits = request.get("plan"), request.get("waiting_for") or {}
    awaited = any(entry["event"] == "approval_awaited" for entry in request["timeline"])
    if not plan or not (awaited or waits.get("what") == "approval"):
        return list(request["steps"])
    found: list[dict[str, Any]] = []
    for step in request["steps"]:
        if step["step"] != "review":
            found.append(step)
            continue
        taken = (times.parse(plan["at"]) - times.parse(step["started_at"])).total_seconds()
        taken = min(max(taken, 0.0), step["seconds"])
        found.append({"step": "plan", "seconds": taken, "said": plan["sentence"]})
        left = {"step": "approval", "seconds": step["seconds"] - taken, "running": step.get("running", False)}
        found.append(left)
    return found


def finished_line(request: dict[str, Any], step: dict[str, Any], looks: Looks) -> str:
    """` ✓ pull request   0:03  https://…`."""
    where = _LINK.get(step["step"], "") if step["step"] not in ("review", "approval") else ""
    more = request["links"].get(where) or step.get("said")
    text = f" {STEPS[step['step']]:14} {times.span(step['seconds']):>5}"
    return f" {looks.mark('✓')}{looks.plain(text)}{f'  {more}' if more else ''}"


def running_lines(
    request: dict[str, Any], seconds: float, ready: str, spin: str, looks: Looks, trouble: str
) -> list[str]:
    """The running step, and the steps after it; a line never wraps, but a link is never cut."""
    running = _running(request)
    if running is None:
        return []
    name = running["step"]
    usual = running.get("typical_seconds")
    text = f" {spin} {STEPS.get(name, name):14} {times.span(seconds):>5}"
    if request.get("slower_than_usual"):
        text += "  slower than usual"
    elif usual:
        text += f"  usually {times.span(usual)}"
    for said in (trouble or _waits_for(request), _link(request, name)):
        if said and len(text) + 3 + len(said) <= looks.width:
            text += f"   {said}"
    order = [step for step in STEPS if step != "users" or request.get("users", "none") != "none"]
    later = order[order.index(name) + 1 :] if name in STEPS else []
    rest = [STEPS[step] for step in later if step not in _OF_A_REVIEW]
    after = f" · {' · '.join(rest)}" if rest else ""
    lines = [text, f"{after:{_READY_AT}}{ready}"] if ready else [text, after]
    if len(lines[1]) > looks.width:
        lines = [text, after, f"   {ready.partition(',')[0]}"]
    return [looks.plain(line) for line in lines if line]


def ready_about(request: dict[str, Any], present: dt.datetime) -> str:
    """`ready about 23:11, at the latest 23:19`; empty where nothing says when."""
    estimate = request.get("estimate") or {}
    if ready := estimate.get("ready_at"):
        likely, latest = times.parse(ready["likely"]), times.parse(ready["latest"])
        return f"ready about {times.hour(likely, present)}, at the latest {times.hour(latest, present)}"
    if after := estimate.get("after_approval_seconds"):
        return f"ready about {max(round(after['likely'] / 60), 1)} min after the approval"
    return ""


def _waits_for(request: dict[str, Any]) -> str:
    sentence, waits = words.waits_for(request), request.get("waiting_for") or {}
    if _step(request) != "approval":
        return sentence
    people = " or ".join(waits.get("approvers") or [])
    # The plan has a line of its own.
    said = sentence.partition(", and not merged: ")[2].removeprefix("it ") or sentence
    return f"{said.rstrip('.')} ({people})" if people else said


def _link(request: dict[str, Any], name: str) -> str:
    waits = request.get("waiting_for") or {}
    return str(waits.get("link") or request["links"].get(_LINK.get(name, "")) or "")


def _step(request: dict[str, Any]) -> str:
    state = str(request["state"])
    if state in ("done", "failed", "rejected", "cancelled"):
        return state
    running = _running(request)
    return "approval" if running and running["step"] == "approval" else str(request["step"])


def _running(request: dict[str, Any]) -> dict[str, Any] | None:
    return next((step for step in shown_steps(request) if step.get("running")), None)


def _seconds(request: dict[str, Any], read_at: dt.datetime, present: dt.datetime) -> float:
    """How long the running step runs: what the API said, and the time since; no clock is compared with it."""
    running = _running(request)
    return 0.0 if running is None else float(running["seconds"]) + (present - read_at).total_seconds()


def _said(request: dict[str, Any], name: str, ready: str) -> str:
    if name == "done":
        return f"after {times.span(total_seconds(request))}"
    if name == "failed" and request["error"]:
        return words.cause(request["error"]["cause"])
    link = request["links"].get(_LINK.get(name, ""))
    said = [str(link or _waits_for(request)), ready]
    if name == "approval":
        said.insert(0, _waits_for(request))
    return "; ".join(part.rstrip(".") for part in said if part)


def total_seconds(request: dict[str, Any]) -> float:
    """From the request to its last event."""
    return float(request["timeline"][-1]["seconds"]) if request["timeline"] else 0.0
