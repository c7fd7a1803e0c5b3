"""Sends a write, and either says where to follow it or waits for its end."""

import sys
from collections.abc import Callable, Mapping
from typing import Any, TypeVar

import click

from rdsctl import endings, times, waiting
from rdsctl.failures import Exit, Failure
from rdsctl.session import Session

Function = TypeVar("Function", bound=Callable[..., Any])


def wait_options(function: Function) -> Function:
    """--wait, --timeout."""
    options = [
        click.option("--wait", is_flag=True, help="Wait until it is done; Ctrl-C leaves the request alone."),
        click.option("--timeout", metavar="30m", help="Wait no longer than this, and end with 8."),
    ]
    for option in options:
        function = option(function)
    return function


def seconds(timeout: str | None) -> float | None:
    """A --timeout in seconds."""
    if timeout is None:
        return None
    try:
        return times.duration(timeout).total_seconds()
    except ValueError as error:
        raise Failure(f"--timeout: {error}.", Exit.USAGE) from None


def send(
    session: Session,
    method: str,
    path: str,
    body: Any = None,
    *,
    query: Mapping[str, str | None] | None = None,
    wait: bool = False,
    timeout: str | None = None,
) -> int:
    """Ask for it; the exit status. Without --wait, 0 means that it is accepted."""
    limit = seconds(timeout)
    answer = session.api.call(method, path, body, query=query)
    if not (wait or timeout):
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
    users = ""
    if waited.document["kind"] == "create" and waited.document["state"] == "done":
        users = waiting.users(session, waited.document)
    if bell and session.err.live:
        sys.stderr.write("\a")
    if session.for_people and waited.code is not Exit.OK:
        session.say(endings.text(waited, goal, times.now(), session.err).rstrip("\n"))
    else:
        session.show(
            waited.document,
            lambda looks: endings.text(waited, goal, times.now(), looks, users),
            str(waited.document["id"]),
        )
    return waited.code
