"""Waits for a request: a lost network does not end it, and Ctrl-C leaves the request alone."""

import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

from rdsctl import times, watching
from rdsctl.client import path
from rdsctl.failures import Exit, Failure, NoAnswer
from rdsctl.session import Session

ENDED: Final = ("done", "rejected", "failed", "cancelled")
PIPED_TIMEOUT: Final = 3600.0
GOALS: Final = ("done", "planned", "merged", "removed")
_POLL: Final = 5.0
_TICK: Final = 0.2


@dataclass(frozen=True, slots=True)
class Waited:
    """The newest document, and how the wait ended."""

    document: dict[str, Any]
    code: Exit


class Interrupted(Failure):
    """Ctrl-C: the watching stopped, and the request goes on."""


def follow(
    session: Session,
    request: dict[str, Any],
    *,
    goal: str = "done",
    timeout: float | None = None,
    sleep: Callable[[float], None] = time.sleep,
) -> Waited:
    """Wait until the request is at its goal, or ended; a removal in two steps is followed through both.

    On a terminal there is no limit without `timeout`, since the API bounds each step; elsewhere an hour.
    """
    live = session.err.live and not session.options.quiet
    watch: watching.Watch = watching.Lines(session.note)
    if live:
        watch = watching.Live(sys.stderr, session.err)
    limit = timeout if timeout is not None else None if live else PIPED_TIMEOUT
    deadline = None if limit is None else time.monotonic() + limit
    pause = _POLL
    try:
        while True:
            watch.show(request, times.now())
            if following := _following(request):
                request, pause = _ask(session, following, request, watch, pause)
                continue
            if (code := ended(request, goal)) is not None:
                return Waited(request, code)
            if deadline is not None and time.monotonic() >= deadline:
                return Waited(request, Exit.PENDING)
            left = pause if deadline is None else max(min(pause, deadline - time.monotonic()), 0)
            _pause(left, watch, live=live, sleep=sleep)
            request, pause = _ask(session, path("requests", request["id"]), request, watch, pause)
    except KeyboardInterrupt:
        watch.close()
        raise Interrupted(
            f"Stopped watching; it goes on ({str(request['step']).replace('_', ' ')}).",
            Exit.INTERRUPTED,
            hints=[f"rdsctl wait {request['id'][:8]}      rdsctl cancel {request['id'][:8]}"],
        ) from None
    finally:
        watch.close()


def ended(request: dict[str, Any], goal: str) -> Exit | None:
    """The exit status where the request is at its goal or can no longer get there; None while it may."""
    state = request["state"]
    if state == "done" or _reached(request, goal):
        return Exit.OK
    return {"rejected": Exit.REFUSED, "failed": Exit.FAILED, "cancelled": Exit.FAILED}.get(state)


def _reached(request: dict[str, Any], goal: str) -> bool:
    if goal == "merged":
        return request["state"] in ("merged", "applying")
    return goal == "planned" and any(entry["event"] == "planned" for entry in request["timeline"])


def _following(request: dict[str, Any]) -> str | None:
    """The request that goes on where this one is done: the removal after its disarm."""
    return request["links"].get("next_request") if request["state"] == "done" else None


def _ask(
    session: Session, where: str, last: dict[str, Any], watch: watching.Watch, pause: float
) -> tuple[dict[str, Any], float]:
    try:
        answer = session.api.get(where)
    except NoAnswer as lost:
        watch.trouble(f"{lost.message} Still waiting.")
        return last, pause
    except Failure as failure:
        status = (failure.problem or {}).get("status")
        if isinstance(status, int) and status < 500:
            raise
        watch.trouble(f"{failure.message} Still waiting.")
        return last, pause
    return answer.document, _POLL if answer.retry_after is None else max(answer.retry_after, _TICK)


def _pause(seconds: float, watch: watching.Watch, *, live: bool, sleep: Callable[[float], None]) -> None:
    """Wait; on a terminal the running step's clock goes on."""
    if not live:
        sleep(seconds)
        watch.tick(times.now())
        return
    end = time.monotonic() + seconds
    while (left := end - time.monotonic()) > 0:
        sleep(min(_TICK, left))
        watch.tick(times.now())
