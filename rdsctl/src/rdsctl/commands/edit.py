"""`rdsctl edit`: tags, owner, purpose and major version of a database."""

from typing import Any

import click

from rdsctl import asking, completing
from rdsctl.command import command as make
from rdsctl.commands.create import pairs
from rdsctl.commands.resize import shown_first
from rdsctl.failures import Exit, Failure
from rdsctl.places import Place, PlaceType
from rdsctl.session import Session


@make(name="edit", short_help="Change a database's tags, owner, purpose or major version.")
@click.argument("place", type=PlaceType(), metavar="ENV/NAME", shell_complete=completing.databases)
@click.option("--tag", "tags", multiple=True, metavar="K=V", help="Set a tag; repeatable.")
@click.option("--untag", multiple=True, metavar="K", help="Remove a tag; repeatable.")
@click.option("--owner", help="Whom to write to.")
@click.option("--purpose", help="What it is for.")
@click.option("--engine-version", metavar="MAJOR", help="Upgrade to a later major version.")
@asking.options()
def command(
    session: Session,
    /,
    place: Place,
    tags: tuple[str, ...],
    untag: tuple[str, ...],
    owner: str | None,
    purpose: str | None,
    engine_version: str | None,
    how: asking.How,
) -> int:
    """Change a database's tags, owner, purpose or major version; what is not named stays.

    An upgrade takes a snapshot first and then shuts the database down; what it does is shown before.
    """
    if not tags and not untag and owner is None and purpose is None and engine_version is None:
        raise Failure("edit wants --tag K=V, --untag K, --owner, --purpose or --engine-version.", Exit.USAGE)
    before = session.api.get(place.path).document
    held = dict(before.get("tags") or {})
    if lost := [key for key in untag if key not in held]:
        raise Failure(
            f"{place} has no tag {lost[0]!r}; it has {', '.join(sorted(held)) or 'none'}.", Exit.USAGE
        )
    wanted: dict[str, Any] = {"owner": owner, "purpose": purpose, "engine_version": engine_version}
    if tags or untag:
        wanted["tags"] = {key: value for key, value in held.items() if key not in untag} | pairs(tags)
    if engine_version is not None:
        return shown_first(session, place, how, how.with_reason(wanted))
    return asking.ask(session, "PATCH", place.path, how, how.with_reason(wanted))
