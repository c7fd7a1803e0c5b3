"""`rdsctl logs`: what a database wrote, or what the pipeline said of a request."""

import datetime as dt
import time
from collections.abc import Callable, Iterator
from typing import Any, Final

import click

from rdsctl import completing, kinds, times
from rdsctl.client import path
from rdsctl.command import command as make
from rdsctl.failures import Exit, Failure
from rdsctl.places import find_database, find_request, is_request, place_of
from rdsctl.problems import slug_of
from rdsctl.session import Session

_STREAMS: Final = {"postgres": "postgresql", "mysql": "error"}
_LOOK: Final = 2.0
# There is none (yet), they cannot be read here, or the API is older than logs.
_NONE: Final = ("no-log", "no-logs", "not-found")


@make(name="logs", short_help="Print a database's log, or what the pipeline said of a request.")
@click.argument("target", metavar="DB|REQUEST", shell_complete=completing.either)
@click.option("--since", default="1h", metavar="1h", help="From so long ago on.")
@click.option("--grep", metavar="TEXT", help="Lines with this text alone.")
@click.option("--follow", is_flag=True, help="Go on with what is written next; Ctrl-C ends it.")
def command(session: Session, target: str, since: str, grep: str | None, follow: bool) -> None:
    """Print the engine's own log of a database, from CloudWatch with your AWS credentials.

    Of a request it prints what the pipeline said in its newest try, or the job's address without a log.
    """
    if is_request(target):
        of_request(session, target, grep, follow=follow, sleep=time.sleep)
        return
    database = find_database(session.api, target)
    result = database.get("result") or {}
    if not result.get("arn"):
        raise Failure(f"{place_of(database)} is {database['state']}: it has no log yet.", Exit.CONFLICT)
    try:
        start = times.now() - times.duration(since)
    except ValueError as error:
        raise Failure(f"--since: {error}.", Exit.USAGE) from None
    group = f"/aws/rds/{kinds.of(database)}/{result['identifier']}/{stream(database)}"
    for event in events(group, str(result["arn"]), start, grep, follow=follow, sleep=time.sleep):
        session.line(line(event))


def stream(database: dict[str, Any]) -> str:
    """The log of an engine that says most; an unknown engine's own name."""
    spoken = kinds.dialect(database["database_engine"])
    return _STREAMS.get(spoken, spoken)


def of_request(
    session: Session, target: str, grep: str | None, *, follow: bool, sleep: Callable[[float], None]
) -> None:
    """A request's own log of its newest try; with `follow` until the request has come to an end."""
    request = find_request(session.api, target)
    where, known, offset = path("requests", request["id"], "log"), ("", ""), 0
    while True:
        try:
            answer = session.api.call("GET", where, query={"offset": str(offset)}, raw=True)
        except Failure as failure:
            if slug_of(failure.problem) not in _NONE:
                raise
            _elsewhere(session, request, failure)
            return
        tried = answer.headers.get("x-log-step", ""), answer.headers.get("x-log-attempt", "")
        if offset and tried != known:  # another try began
            known, offset = tried, 0
            continue
        known, offset = tried, int(answer.headers.get("x-log-next-offset", 0))
        for text in answer.text.splitlines():
            if grep is None or grep in text:
                session.line(text)
        if not follow or (not answer.text and is_over(request)):
            return
        sleep(_LOOK)
        request = find_request(session.api, request["id"])


def is_over(request: dict[str, Any]) -> bool:
    """Whether no job goes on with it."""
    return request["state"] in ("done", "rejected", "failed", "cancelled")


def _elsewhere(session: Session, request: dict[str, Any], failure: Failure) -> None:
    """No log was kept: where the job's page is, if there is one."""
    link = request["links"].get("pipeline")
    if not link:
        raise Failure(
            f"Request {request['id'][:8]} has no pipeline yet: {request['message']}", Exit.NOT_FOUND
        ) from failure
    session.note(failure.message)
    session.line(link)


def events(
    group: str,
    arn: str,
    start: dt.datetime,
    grep: str | None,
    *,
    follow: bool,
    sleep: Callable[[float], None],
) -> Iterator[dict[str, Any]]:
    """The log's events in order, each once; with `follow` without an end."""
    from rdsctl.connection import aws  # noqa: PLC0415  (botocore, for a database's log alone)

    begin = int(start.timestamp() * 1000)
    seen: set[str] = set()
    while True:
        given: dict[str, Any] = {"logGroupName": group, "startTime": begin}
        if grep:
            given["filterPattern"] = '"' + grep.replace("\\", "\\\\").replace('"', '\\"') + '"'
        token: str | None = None
        while True:
            more: dict[str, Any] = {"nextToken": token} if token else {}
            doing = f"reading {group}"
            page = aws.call(doing, "logs", aws.region_of(arn), "filter_log_events", **given, **more)
            for event in page.get("events", []):
                if event["eventId"] not in seen:
                    seen.add(event["eventId"])
                    begin = max(begin, int(event["timestamp"]))
                    yield event
            token = page.get("nextToken")
            if not token:
                break
        if not follow:
            return
        sleep(_LOOK)


def line(event: dict[str, Any]) -> str:
    """A line as the engine wrote it, with its time where it has none."""
    text = str(event["message"]).rstrip("\n")
    if text[:4].isdigit():
        return text
    at = dt.datetime.fromtimestamp(event["timestamp"] / 1000, dt.UTC)
    return f"{at:%Y-%m-%dT%H:%M:%SZ} {text}"
