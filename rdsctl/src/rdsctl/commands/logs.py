"""`rdsctl logs`: what a database wrote, or where a request's apply was carried out."""

import datetime as dt
import time
from collections.abc import Callable, Iterator
from typing import Any, Final

import click

from rdsctl import completing, times
from rdsctl.command import command as make
from rdsctl.failures import Exit, Failure
from rdsctl.places import find_database, find_request, is_request, place_of
from rdsctl.session import Session

_STREAMS: Final = {"postgres": "postgresql", "mysql": "error"}
_LOOK: Final = 2.0


@make(name="logs", short_help="Print a database's log, or where a request's log is.")
@click.argument("target", metavar="DB|REQUEST", shell_complete=completing.either)
@click.option("--since", default="1h", metavar="1h", help="From so long ago on.")
@click.option("--grep", metavar="TEXT", help="Lines with this text alone.")
@click.option("--follow", is_flag=True, help="Go on with what is written next; Ctrl-C ends it.")
def command(session: Session, target: str, since: str, grep: str | None, follow: bool) -> None:
    """Print the engine's own log of a database, from CloudWatch with your AWS credentials.

    Of a request it prints the address of the pipeline's job, whose log has the apply.
    """
    if is_request(target):
        request = find_request(session.api, target)
        link = request["links"].get("pipeline")
        if not link:
            raise Failure(f"Request {target[:8]} has no pipeline yet: {request['message']}", Exit.NOT_FOUND)
        session.line(link)
        return
    database = find_database(session.api, target)
    result = database.get("result") or {}
    if not result.get("arn"):
        raise Failure(f"{place_of(database)} is {database['state']}: it has no log yet.", Exit.CONFLICT)
    try:
        start = times.now() - times.duration(since)
    except ValueError as error:
        raise Failure(f"--since: {error}.", Exit.USAGE) from None
    group = f"/aws/rds/instance/{result['identifier']}/{_STREAMS[database['database_engine']]}"
    for event in events(group, str(result["arn"]), start, grep, follow=follow, sleep=time.sleep):
        session.line(line(event))


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
