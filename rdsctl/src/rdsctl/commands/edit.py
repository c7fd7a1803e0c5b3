"""`rdsctl edit`: tags, owner and purpose of a database."""

from typing import Any

import click

from rdsctl import asking, completing
from rdsctl.command import command as make
from rdsctl.commands.create import pairs
from rdsctl.failures import Exit, Failure
from rdsctl.places import Place, PlaceType
from rdsctl.session import Session


@make(name="edit", short_help="Change a database's tags, owner or purpose.")
@click.argument("place", type=PlaceType(), metavar="ENV/NAME", shell_complete=completing.databases)
@click.option("--tag", "tags", multiple=True, metavar="K=V", help="Set a tag; repeatable.")
@click.option("--untag", multiple=True, metavar="K", help="Remove a tag; repeatable.")
@click.option("--owner", help="Whom to write to.")
@click.option("--purpose", help="What it is for.")
@asking.options()
def command(
    session: Session,
    /,
    place: Place,
    tags: tuple[str, ...],
    untag: tuple[str, ...],
    owner: str | None,
    purpose: str | None,
    how: asking.How,
) -> int:
    """Change a database's tags, owner or purpose; what is not named stays."""
    if not tags and not untag and owner is None and purpose is None:
        raise Failure("edit wants --tag K=V, --untag K, --owner or --purpose.", Exit.USAGE)
    before = session.api.get(place.path).document
    held = dict(before.get("tags") or {})
    if lost := [key for key in untag if key not in held]:
        raise Failure(
            f"{place} has no tag {lost[0]!r}; it has {', '.join(sorted(held)) or 'none'}.", Exit.USAGE
        )
    wanted: dict[str, Any] = {"owner": owner, "purpose": purpose}
    if tags or untag:
        wanted["tags"] = {key: value for key, value in held.items() if key not in untag} | pairs(tags)
    return asking.ask(session, "PATCH", place.path, how, how.with_reason(wanted))
