"""Waits for a request: a lost network does not end it, and Ctrl-C leaves the request alone."""

import sys
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final, TypeVar

from rdsctl import times, watching, words
from rdsctl.client import path
from rdsctl.failures import Exit, Failure, NoAnswer
from rdsctl.problems import slug_of
from rdsctl.session import Session

ENDED: Final = ("done", "rejected", "failed", "cancelled")
PIPED_TIMEOUT: Final = 3600.0
GOALS: Final = ("done", "planned", "merged", "removed")
_POLL: Final = 5.0
_LONG_POLL: Final = 20
_USERS_POLL: Final = 3.0
USERS_LOOKS: Final = 60  # three minutes
_TICK: Final = 0.2


Result = TypeVar("Result")


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
    polls = _Polls(session, watch, sleep)
    try:
        watch.show(request, times.now())
        while True:
            left = None if deadline is None else deadline - time.monotonic()
            if following := _following(request):
                request = polls.first(following)
            elif (code := ended(request, goal)) is not None:
                return Waited(request, code)
            elif left is not None and left <= 0:
                return Waited(request, Exit.PENDING)
            else:
                request = polls.next(request, left)
    except KeyboardInterrupt:
        watch.close()
        raise Interrupted(
            f"Stopped watching; it goes on ({str(request['step']).replace('_', ' ')}).",
            Exit.INTERRUPTED,
            hints=[f"rdsctl wait {request['id'][:8]}      rdsctl cancel {request['id'][:8]}"],
        ) from None
    finally:
        watch.close()


def users(session: Session, request: dict[str, Any], *, sleep: Callable[[float], None] = time.sleep) -> str:
    """The users of a database that was just made, once they can log in; where the stack makes none, that."""
    where = path("databases", request["environment"], request["database_name"])
    connection: dict[str, Any] = {}
    for look in range(USERS_LOOKS):
        connection = session.api.get(where).document.get("connection") or {}
        if connection.get("users_state") != "pending":
            break
        if not look:
            session.note(f"{times.now().astimezone():%H:%M:%S} {'users':13} are being made, a few seconds")
        sleep(_USERS_POLL)
    names = ", ".join(str(user["name"]) for user in connection.get("users", []))
    if connection.get("users_state") in ("pending", "failed"):
        return f"{names}; application is not there yet: rdsctl get {words.place(request)}"
    return names


def away(request: dict[str, Any]) -> str | None:
    """Why nothing answers at a new database's address from here; empty where something does."""
    from rdsctl.connection import network  # noqa: PLC0415  (it brings AWS's library along)

    result = request.get("result") or {}
    if not result.get("endpoint"):
        return None
    return network.unreachable(str(result["endpoint"]), int(result["port"]), network.SECONDS) or ""


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
    link = str(request["links"].get("next_request") or "")
    return f"/requests/{link.rpartition('/')[2]}" if link and request["state"] == "done" else None


class _Polls:
    """Looks at a request. The API answers when it changes, or after a while that it has not."""

    def __init__(self, session: Session, watch: watching.Watch, sleep: Callable[[float], None]) -> None:
        self._session = session
        self._watch = watch
        self._sleep = sleep
        self._etag: str | None = None
        self._waits = True

    def first(self, where: str) -> dict[str, Any]:
        """A request as it is now."""
        answer = self._session.api.get(where)
        self._etag = None
        self._watch.show(answer.document, times.now())
        return dict(answer.document)

    def next(self, request: dict[str, Any], left: float | None) -> dict[str, Any]:
        """The request as it is after its next change, or as it was where that takes longer; a lost network
        and a server that is not well are passed over."""
        seconds = int(_LONG_POLL if left is None else min(_LONG_POLL, max(left, 1)))
        query = {"wait": str(seconds)} if self._waits else {}
        where = path("requests", request["id"])
        try:
            answer = self._meanwhile(
                lambda: self._session.api.call("GET", where, query=query, etag=self._etag)
            )
        except NoAnswer as lost:
            return self._passed_over(lost, request)
        except Failure as failure:
            if self._waits and slug_of(failure.problem) == "bad-query":
                self._waits = False  # an API of before
                return request
            status = (failure.problem or {}).get("status")
            if isinstance(status, int) and status < 500:
                raise
            return self._passed_over(failure, request)
        self._etag = answer.headers.get("etag") or self._etag
        if answer.status == 304:
            self._watch.tick(times.now())
            return request
        self._watch.show(answer.document, times.now())
        if not self._waits or "etag" not in answer.headers:
            self._pause(answer.retry_after or _POLL)
        return dict(answer.document)

    def _passed_over(self, failure: Failure, request: dict[str, Any]) -> dict[str, Any]:
        self._watch.trouble(f"{failure.message} Still waiting.")
        self._pause(_POLL)
        return request

    def _pause(self, seconds: float) -> None:
        self._meanwhile(lambda: self._sleep(seconds))

    def _meanwhile(self, call: Callable[[], Result]) -> Result:
        """Let it run in a thread, while the running step's clock goes on, and Ctrl-C is heeded at once."""
        outcome: list[Result | BaseException] = []

        def run() -> None:
            try:
                outcome.append(call())
            except BaseException as error:
                outcome.append(error)

        thread = threading.Thread(target=run, daemon=True)
        thread.start()
        while thread.is_alive():
            thread.join(_TICK)
            self._watch.tick(times.now())
        found = outcome[0]
        if isinstance(found, BaseException):
            raise found
        return found
