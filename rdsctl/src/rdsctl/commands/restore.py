"""`rdsctl restore`: a new database out of a snapshot."""

import click

from rdsctl import asking, completing
from rdsctl.command import command as make
from rdsctl.commands.clone import make_new
from rdsctl.failures import Exit, Failure
from rdsctl.places import Place, PlaceType
from rdsctl.session import Session


@make(name="restore", short_help="Make a database of a snapshot.")
@click.argument("snapshot")
@click.argument("new", type=PlaceType(), metavar="ENV/NEW", shell_complete=completing.place_or_environment)
@click.option(
    "--engine",
    shell_complete=completing.engines,
    help="Engine of the new one; the snapshot's without it. An Aurora engine makes a cluster of it.",
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
    snapshot: str,
    new: Place,
    engine: str | None,
    size: str | None,
    ttl: str | None,
    how: asking.How,
) -> int:
    """Make NEW out of a snapshot; `rdsctl snapshots` lists what removals and upgrades left."""
    given = {
        "engine": engine or _engine_of(session, snapshot),
        "size": size,
        "ttl": ttl,
        "restore_from": {"snapshot": snapshot},
    }
    return make_new(session, new, given, how)


def _engine_of(session: Session, snapshot: str) -> str:
    """The engine of the database that left this snapshot; an automated one names its database."""
    for item in session.api.get("/snapshots").document["snapshots"]:
        if snapshot == item["name"]:
            return str(item["database_engine"])
    for item in session.api.items("/databases", "databases", removed="true"):
        if snapshot.startswith(f"rds:{item['environment']}-{item['database_name']}-2"):
            return str(item["database_engine"])
    raise Failure(
        f"No database of this team left a snapshot {snapshot!r}.",
        Exit.NOT_FOUND,
        hints=["rdsctl snapshots", "or say what it holds: --engine postgres"],
    )
