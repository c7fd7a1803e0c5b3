"""`rdsctl resize`: another size, more storage."""

import click

from rdsctl import asking, completing, previews, times
from rdsctl.command import command as make
from rdsctl.failures import Exit, Failure
from rdsctl.places import Place, PlaceType
from rdsctl.screens import label
from rdsctl.session import Session


@make(name="resize", short_help="Change a database's size or storage.")
@click.argument("place", type=PlaceType(), metavar="ENV/NAME", shell_complete=completing.databases)
@click.argument("size", required=False, shell_complete=completing.sizes)
@click.option("--storage", type=click.IntRange(min=1), metavar="GB", help="Storage in GB; it only grows.")
@asking.options()
def command(session: Session, /, place: Place, size: str | None, storage: int | None, how: asking.How) -> int:
    """Change a database's size (see rdsctl catalog) or storage in place.

    Another size restarts the instance; what changes and what it costs is shown before it is asked for.
    """
    if size is None and storage is None:
        raise Failure("resize wants a SIZE, or --storage GB.", Exit.USAGE)
    body = how.with_reason({"size": size, "storage_gb": storage})
    if how.dry_run:
        return asking.ask(session, "PATCH", place.path, how, body)
    preview = session.api.call("PATCH", place.path, body, query={"dry_run": "true"}).document
    for name, said in previews.effects(preview, times.now()):
        session.note(label(name, said))
    body = how.with_reason(body | {"reason": asking.reason(session, preview, how)})
    session.confirm("Ask for it?")
    return asking.send(session, "PATCH", place.path, how, body)
