"""`rdsctl restore`: a new database out of a snapshot."""

import click

from rdsctl import asking
from rdsctl.command import command as make
from rdsctl.commands.clone import make_new
from rdsctl.failures import Exit, Failure
from rdsctl.places import Place, PlaceType
from rdsctl.session import Session
from rdsctl.suggestions import OneOf


@make(name="restore", short_help="Make a database of a snapshot.")
@click.argument("snapshot")
@click.argument("new", type=PlaceType(), metavar="ENV/NEW")
@click.option("--engine", type=OneOf(["mysql", "postgres"]), help="The snapshot's, where it is not known.")
@click.option("--size", help="Size of the new one; the environment's default without it.")
@click.option("--ttl", metavar="7d", help="How long the new one lives.")
@click.option("--dry-run", is_flag=True, help="Show what would happen, and write nothing.")
@asking.wait_options
def command(
    session: Session,
    snapshot: str,
    new: Place,
    engine: str | None,
    size: str | None,
    ttl: str | None,
    dry_run: bool,
    wait: bool,
    timeout: str | None,
) -> int:
    """Make NEW out of a snapshot; `rdsctl snapshots` lists those that removed databases left."""
    given = {
        "engine": engine or _engine_of(session, snapshot),
        "size": size,
        "ttl": ttl,
        "restore_from": {"snapshot": snapshot},
    }
    return make_new(session, new, given, dry_run=dry_run, wait=wait, timeout=timeout)


def _engine_of(session: Session, snapshot: str) -> str:
    """The engine of the database that left this snapshot; an automated one names its database."""
    for item in session.api.items("/databases", "databases"):
        identifier = f"{item['environment']}-{item['database_name']}"
        ours = snapshot == item.get("final_snapshot_id") or snapshot.startswith(
            (f"rds:{identifier}-2", f"{identifier}-final-")
        )
        if ours:
            return str(item["database_engine"])
    raise Failure(
        f"No database of this team left a snapshot {snapshot!r}.",
        Exit.NOT_FOUND,
        hints=["rdsctl snapshots", "or say what it holds: --engine postgres"],
    )
