"""Sends a write, or shows what it would do; then says where to follow it, or waits for its end."""

import functools
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import click

from rdsctl import endings, previews, times, waiting, words
from rdsctl.failures import Exit, Failure
from rdsctl.session import Session

_OPTIONS: dict[str, Callable[[Callable[..., Any]], Callable[..., Any]]] = {
    "wait": click.option(
        "--wait", is_flag=True, help="Wait until it is done; Ctrl-C leaves the request alone."
    ),
    "timeout": click.option("--timeout", metavar="30m", help="Wait no longer than this, and end with 8."),
    "dry_run": click.option("--dry-run", is_flag=True, help="Show what would happen, and write nothing."),
    "reason": click.option("--reason", help="Why; the reviewer reads it."),
}


@dataclass(frozen=True, slots=True)
class How:
    """How a write is asked for: with which reason, as a trial, and whether its end is waited for."""

    wait: bool = False
    timeout: str | None = None
    dry_run: bool = False
    reason: str | None = None

    @property
    def waits(self) -> bool:
        """Whether the command stays until the request's end."""
        return self.wait or self.timeout is not None

    def with_reason(self, body: Mapping[str, Any]) -> dict[str, Any]:
        """A body's fields that were given, with the reason where there is one."""
        wanted = {"reason": self.reason, **body}
        return {name: value for name, value in wanted.items() if value is not None}


def options(*, without: str = "") -> Callable[[Callable[..., int]], Callable[..., int]]:
    """The options of a write, all but `without`; the command gets them as `how`."""
    names = [name for name in _OPTIONS if name != without]

    def made(function: Callable[..., int]) -> Callable[..., int]:
        @functools.wraps(function)
        def run(*args: Any, **values: Any) -> int:
            how = How(**{name: values.pop(name) for name in names})
            return function(*args, how=how, **values)

        found: Callable[..., int] = run
        for name in names:
            found = _OPTIONS[name](found)
        return found

    return made


def reason(session: Session, preview: Mapping[str, Any], how: How) -> str | None:
    """Why it is asked for: as given, else from the terminal where a reviewer reads it."""
    if how.reason is not None or preview["approval"] != "review":
        return how.reason
    if not session.can_ask or session.options.yes:
        return None
    return session.ask("Reason (the reviewer reads it)", "--reason TEXT") or None


def seconds(timeout: str | None) -> float | None:
    """A --timeout in seconds."""
    if timeout is None:
        return None
    try:
        return times.duration(timeout).total_seconds()
    except ValueError as error:
        raise Failure(f"--timeout: {error}.", Exit.USAGE) from None


def ask(
    session: Session,
    method: str,
    path: str,
    how: How,
    body: Any = None,
    *,
    query: Mapping[str, str | None] | None = None,
) -> int:
    """Show what it would do, or ask for it, as `how` says; the exit status."""
    if not how.dry_run:
        return send(session, method, path, how, body, query=query)
    previews.show(session, method, path, body, query=query)
    return Exit.OK


def send(
    session: Session,
    method: str,
    path: str,
    how: How,
    body: Any = None,
    *,
    query: Mapping[str, str | None] | None = None,
) -> int:
    """Ask for it; the exit status. Without --wait, 0 means that it is accepted."""
    limit = seconds(how.timeout)
    answer = session.api.call(method, path, body, query=query)
    session.remember("requests", [str(answer.document["id"])[:8]], whole=False)
    session.remember("databases", [words.place(answer.document)], whole=False)
    if not how.waits:
        replayed = "idempotency-replayed" in answer.headers
        request = answer.document
        session.show(request, lambda looks: endings.asked(request, looks, replayed=replayed), request["id"])
        return Exit.OK
    if session.err.live:
        session.note(f"request {answer.document['id'][:8]}   Ctrl-C stops watching, not the request")
    return finish(session, answer.document, timeout=limit)


def finish(
    session: Session,
    request: dict[str, Any],
    *,
    goal: str = "done",
    timeout: float | None,
    bell: bool = False,
) -> int:
    """Wait for a request's end and print it; the exit status."""
    waited = waiting.follow(session, request, goal=goal, timeout=timeout)
    users, away = "", None
    if waited.document["kind"] == "create" and waited.document["state"] == "done":
        users = waiting.users(session, waited.document)
        away = waiting.away(waited.document) if session.for_people else None
    if bell and session.err.live:
        sys.stderr.write("\a")
    if session.for_people and waited.code is not Exit.OK:
        session.say(endings.text(waited, goal, times.now(), session.err).rstrip("\n"))
    else:
        session.show(
            waited.document,
            lambda looks: endings.text(waited, goal, times.now(), looks, users, away=away),
            str(waited.document["id"]),
        )
    return waited.code
