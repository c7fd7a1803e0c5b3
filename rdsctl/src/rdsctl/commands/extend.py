"""`rdsctl extend`: a later end."""

import click

from rdsctl import asking, completing
from rdsctl.command import command as make
from rdsctl.places import Place, PlaceType
from rdsctl.session import Session


@make(name="extend", short_help="Give a database a later end.")
@click.argument("place", type=PlaceType(), metavar="ENV/NAME", shell_complete=completing.databases)
@click.argument("ttl", metavar="TTL")
@asking.options()
def command(session: Session, /, place: Place, ttl: str, how: asking.How) -> int:
    """Let a database live for TTL (8h, 14d), counted from now; `never` where its environment allows it."""
    return asking.ask(session, "PATCH", place.path, how, how.with_reason({"ttl": ttl}))
