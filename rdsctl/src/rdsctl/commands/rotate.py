"""`rdsctl rotate`: another password."""

import click

from rdsctl import completing
from rdsctl.client import path
from rdsctl.command import command as make
from rdsctl.places import Place, PlaceType
from rdsctl.session import Session
from rdsctl.suggestions import OneOf


@make(name="rotate", short_help="Give a user of a database another password.")
@click.argument("place", type=PlaceType(), metavar="ENV/NAME", shell_complete=completing.databases)
@click.option(
    "--user",
    type=OneOf(["application", "read_only", "master"]),
    default="application",
    help="Whose password.",
)
@click.option("--reason", help="Why; the database's events have it.")
@click.option("--dry-run", is_flag=True, help="Show what would happen, and write nothing.")
def command(session: Session, place: Place, user: str, reason: str | None, dry_run: bool) -> int:
    """Give a user another password, seconds later; the old one is refused from then on."""
    where = path("databases", place.environment, place.name, "rotate")
    query = {"dry_run": "true"} if dry_run else None
    body = {"user": user} | ({"reason": reason} if reason else {})
    document = session.api.call("POST", where, body, query=query).document
    would = "would get another password; nothing is written" if dry_run else "gets another password"
    session.show(document, lambda _: f"{user} of {place} {would}.\n", document["secret_arn"])
    return 0
