"""`rdsctl snapshots`: what removed databases left."""

import datetime as dt

import click

from rdsctl import completing, times, words
from rdsctl.command import command as make
from rdsctl.places import parse
from rdsctl.session import Session
from rdsctl.table import Column


@make(name="snapshots", short_help="List the final snapshots of removed databases.")
@click.argument("database", metavar="[DB]", required=False, shell_complete=completing.databases)
def command(session: Session, database: str | None) -> None:
    """List the snapshots that removals and upgrades of the team's databases left."""
    place = parse(database) if database else None
    name = place.name if place else database
    query = {"environment": place.environment if place else None, "database_name": name}
    found = session.api.get("/snapshots", **query).document["snapshots"]
    session.show_list(found, columns(times.now()), name=lambda item: str(item["name"]))
    if session.for_people and not found:
        session.note("No final snapshots.")


def columns(present: dt.datetime) -> list[Column]:
    """The columns, the least needed on the right."""
    return [
        Column("SNAPSHOT", lambda item: str(item["name"])),
        Column("DATABASE", words.place),
        Column("ENGINE", words.engine),
        Column("GB", words.storage, right=True),
        Column("TAKEN", lambda item: _moment(item["taken_at"], present)),
        Column("KEPT UNTIL", lambda item: _moment(item["kept_until"], present) or "removed by hand"),
        Column("RESTORES TO", lambda item: ", ".join(item["restore_to"])),
    ]


def _moment(at: str | None, present: dt.datetime) -> str:
    return times.clock(times.parse(at), present) if at else ""
