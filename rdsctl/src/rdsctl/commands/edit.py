"""`rdsctl edit`: the tags of a database."""

import click

from rdsctl import asking, previews
from rdsctl.command import command as make
from rdsctl.commands.create import pairs
from rdsctl.failures import Exit, Failure
from rdsctl.places import Place, PlaceType
from rdsctl.session import Session


@make(name="edit", short_help="Change a database's tags.")
@click.argument("place", type=PlaceType(), metavar="ENV/NAME")
@click.option("--tag", "tags", multiple=True, metavar="K=V", help="Set a tag; repeatable.")
@click.option("--untag", multiple=True, metavar="K", help="Remove a tag; repeatable.")
@click.option("--dry-run", is_flag=True, help="Show what would happen, and write nothing.")
@asking.wait_options
def command(
    session: Session,
    place: Place,
    tags: tuple[str, ...],
    untag: tuple[str, ...],
    dry_run: bool,
    wait: bool,
    timeout: str | None,
) -> int:
    """Change a database's tags; those that are not named stay."""
    if not tags and not untag:
        raise Failure("edit wants --tag K=V or --untag K.", Exit.USAGE)
    before = session.api.get(place.path).document
    held = dict(before.get("tags") or {})
    if lost := [key for key in untag if key not in held]:
        raise Failure(
            f"{place} has no tag {lost[0]!r}; it has {', '.join(sorted(held)) or 'none'}.", Exit.USAGE
        )
    body = {"tags": {key: value for key, value in held.items() if key not in untag} | pairs(tags)}
    if dry_run:
        previews.show(session, "PATCH", place.path, body, before=before)
        return Exit.OK
    return asking.send(session, "PATCH", place.path, body, wait=wait, timeout=timeout)
