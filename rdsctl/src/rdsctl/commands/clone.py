"""`rdsctl clone`: a new database with another one's data."""

import datetime as dt
import re
from collections.abc import Mapping
from typing import Any

import click

from rdsctl import asking, completing, times
from rdsctl.command import command as make
from rdsctl.commands.create import body_of
from rdsctl.failures import Exit, Failure
from rdsctl.places import Place, PlaceType
from rdsctl.session import Session


@make(name="clone", short_help="Make a database of another one's data.")
@click.argument("place", type=PlaceType(), metavar="ENV/NAME", shell_complete=completing.databases)
@click.argument("new", type=PlaceType(), metavar="ENV/NEW", shell_complete=completing.place_or_environment)
@click.option(
    "--at", metavar="TIME", help="As it was then: '2h ago' or 2026-11-25T12:00:00Z; now without it."
)
@click.option(
    "--size",
    shell_complete=completing.sizes,
    help="Size of the new one; the environment's default without it.",
)
@click.option("--ttl", metavar="7d", help="How long the new one lives.")
@asking.options()
def command(
    session: Session,
    /,
    place: Place,
    new: Place,
    at: str | None,
    size: str | None,
    ttl: str | None,
    how: asking.How,
) -> int:
    """Make NEW out of the backups of a database: its data, its users and grants, with new passwords."""
    source = session.api.get(place.path).document
    restore = {"database": str(place), "point_in_time": moment(at, times.now()) if at else "latest"}
    given = {"engine": source["database_engine"], "size": size, "ttl": ttl, "restore_from": restore}
    return make_new(session, new, given, how)


def make_new(session: Session, new: Place, given: Mapping[str, Any], how: asking.How) -> int:
    """Ask for a database with another one's data."""
    return asking.ask(session, "POST", "/provision-rds", how, how.with_reason(body_of(new, given)))


def moment(text: str, present: dt.datetime) -> str:
    """A time in UTC (RFC 3339) of `2h ago`, or of a time with its offset; raises Failure for another text."""
    at: dt.datetime | None
    if match := re.fullmatch(r"(\S+) ago", text.strip()):
        try:
            at = present - times.duration(match[1])
        except ValueError as error:
            raise Failure(f"--at: {error}.", Exit.USAGE) from None
    else:
        try:
            at = times.parse(text)
        except ValueError:
            at = None
        if at is None or at.tzinfo is None:
            raise Failure(
                f"--at {text!r} is no time: write '2h ago', or 2026-11-25T12:00:00Z with its offset.",
                Exit.USAGE,
            )
    return at.astimezone(dt.UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
