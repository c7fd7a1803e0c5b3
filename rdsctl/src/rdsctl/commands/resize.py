"""`rdsctl resize`: another size, more storage."""

from typing import Any

import click

from rdsctl import asking, previews, times
from rdsctl.command import command as make
from rdsctl.failures import Exit, Failure
from rdsctl.places import Place, PlaceType
from rdsctl.screens import label
from rdsctl.session import Session


@make(name="resize", short_help="Change a database's size or storage.")
@click.argument("place", type=PlaceType(), metavar="ENV/NAME")
@click.argument("size", required=False)
@click.option("--storage", type=click.IntRange(min=1), metavar="GB", help="Storage in GB; it only grows.")
@click.option("--reason", help="Why; the reviewer reads it.")
@click.option("--dry-run", is_flag=True, help="Show what would happen, and write nothing.")
@asking.wait_options
def command(
    session: Session,
    place: Place,
    size: str | None,
    storage: int | None,
    reason: str | None,
    dry_run: bool,
    wait: bool,
    timeout: str | None,
) -> int:
    """Change a database's size (see rdsctl catalog) or storage in place.

    Another size restarts the instance; what changes and what it costs is shown before it is asked for.
    """
    if size is None and storage is None:
        raise Failure("resize wants a SIZE, or --storage GB.", Exit.USAGE)
    wanted: dict[str, Any] = {"size": size, "storage_gb": storage, "reason": reason}
    body = {name: value for name, value in wanted.items() if value is not None}
    before = session.api.get(place.path).document
    if dry_run:
        previews.show(session, "PATCH", place.path, body, before=before)
        return Exit.OK
    preview = session.api.call("PATCH", place.path, body, query={"dry_run": "true"}).document
    for name, said in previews.effects(preview, before, times.now()):
        session.note(label(name, said))
    session.confirm("Ask for it?")
    return asking.send(session, "PATCH", place.path, body, wait=wait, timeout=timeout)
