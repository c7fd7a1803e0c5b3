"""`rdsctl delete`: remove a database, after what goes with it was shown."""

from collections.abc import Iterator
from typing import Any

import click

from rdsctl import asking, completing, times
from rdsctl.command import command as make
from rdsctl.failures import Exit, Failure
from rdsctl.places import Place, PlaceType
from rdsctl.screens import label
from rdsctl.session import Session


@make(name="delete", short_help="Remove a database.")
@click.argument("place", type=PlaceType(), metavar="ENV/NAME", shell_complete=completing.databases)
@click.option("--confirm", metavar="ENV/NAME", help="The name once more: wanted where it is protected.")
@asking.options()
def command(session: Session, /, place: Place, confirm: str | None, how: asking.How) -> int:
    """Remove a database.

    Where it is protected, a first request takes the protection off; --wait follows both.
    """
    if confirm is not None and confirm != str(place):
        raise Failure(f"--confirm says {confirm!r}, and the database is {place}.", Exit.USAGE)
    reason = how.reason
    database = session.api.get(place.path).document
    if database["state"] != "removed":  # the API refuses that in its own words
        for name, said in consequences(database):
            session.note(label(name, said))
        if not how.dry_run:
            _ask(session, place, database, confirm, has_reason=bool(reason))
    if not how.dry_run and reason is None and database.get("deletion_protection") and session.can_ask:
        reason = session.ask("Reason (the reviewer reads it)", "--reason TEXT") or None
    return asking.ask(session, "DELETE", place.path, how, query={"reason": reason}, before=database)


def consequences(database: dict[str, Any]) -> Iterator[tuple[str, str]]:
    """(what, sentence) for each thing that a removal does."""
    place = f"{database['environment']}/{database['database_name']}"
    seen = database.get("last_connection_at")
    last = f"; last connection {times.clock(times.parse(seen), times.now())}" if seen else ""
    yield "!", f"all data of {place} goes{last}"
    yield (
        "kept",
        "a final snapshot" if database.get("final_snapshot") else "nothing: there is no final snapshot",
    )
    if database.get("deletion_protection"):
        yield "steps", "1 protection off, 2 removal; each is approved"


def _ask(
    session: Session, place: Place, database: dict[str, Any], confirm: str | None, *, has_reason: bool
) -> None:
    if confirm is not None:
        return
    if not database.get("deletion_protection"):
        session.confirm(f"Remove {place}?")
        return
    reason = "" if has_reason else " --reason TEXT"
    typed = session.ask(f"Type {place} to ask for it", f"--confirm {place}{reason}")
    if typed != str(place):
        raise Failure("That is another name; nothing was asked for.")
