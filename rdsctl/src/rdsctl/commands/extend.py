"""`rdsctl extend`: a later end."""

import click

from rdsctl import asking, previews
from rdsctl.command import command as make
from rdsctl.failures import Exit
from rdsctl.places import Place, PlaceType
from rdsctl.session import Session


@make(name="extend", short_help="Give a database a later end.")
@click.argument("place", type=PlaceType(), metavar="ENV/NAME")
@click.argument("ttl", metavar="TTL")
@click.option("--reason", help="Why; the reviewer reads it.")
@click.option("--dry-run", is_flag=True, help="Show what would happen, and write nothing.")
@asking.wait_options
def command(
    session: Session,
    place: Place,
    ttl: str,
    reason: str | None,
    dry_run: bool,
    wait: bool,
    timeout: str | None,
) -> int:
    """Let a database live for TTL (8h, 14d), counted from now; `never` where its environment allows it."""
    body = {"ttl": ttl} | ({"reason": reason} if reason else {})
    if dry_run:
        before = session.api.get(place.path).document
        previews.show(session, "PATCH", place.path, body, before=before)
        return Exit.OK
    return asking.send(session, "PATCH", place.path, body, wait=wait, timeout=timeout)
