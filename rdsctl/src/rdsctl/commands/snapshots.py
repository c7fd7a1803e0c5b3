"""`rdsctl snapshots`: what removed databases left."""

from typing import Any, Final

import click

from rdsctl import completing, words
from rdsctl.command import command as make
from rdsctl.places import parse
from rdsctl.session import Session
from rdsctl.table import Column


@make(name="snapshots", short_help="List the final snapshots of removed databases.")
@click.argument("database", metavar="[DB]", required=False, shell_complete=completing.databases)
def command(session: Session, database: str | None) -> None:
    """List the final snapshots that the team's removed databases left, for rdsctl restore."""
    place = parse(database) if database else None
    name = place.name if place else database
    found = [
        item
        for item in session.api.items(
            "/databases", "databases", state="removed", environment=place.environment if place else None
        )
        if item.get("final_snapshot_id") and name in (None, item["database_name"])
    ]
    session.show_list(found, COLUMNS, name=lambda item: str(item["final_snapshot_id"]))
    if session.for_people and not found:
        session.note("No final snapshots.")


def _size(item: dict[str, Any]) -> str:
    return str(item["storage_gb"])


COLUMNS: Final = [
    Column("SNAPSHOT", lambda item: str(item["final_snapshot_id"])),
    Column("DATABASE", words.place),
    Column("ENGINE", words.engine),
    Column("GB", _size, right=True),
]
