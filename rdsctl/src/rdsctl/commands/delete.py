"""`rdsctl delete`: remove a database, after what goes with it was shown."""

from collections.abc import Iterator
from typing import Any

import click

from rdsctl import asking, completing, previews, times
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
    # A preview needs no reason of its own.
    would = session.api.call(
        "DELETE", place.path, query={"dry_run": "true", "reason": how.reason or "preview"}
    ).document
    reason = how.reason
    protected = len(would["steps"]) > 1
    if not how.dry_run:
        for name, said in consequences(would):
            session.note(label(name, said))
        _ask(session, place, confirm, protected=protected, has_reason=bool(reason))
        reason = asking.reason(session, would, how)
    return asking.ask(session, "DELETE", place.path, how, query={"reason": reason})


def consequences(would: dict[str, Any]) -> Iterator[tuple[str, str]]:
    """(what, sentence) for each thing that a removal does, from its dry run."""
    for effect in would["effects"]:
        yield "!", effect["sentence"]
    yield from previews.removal(would["removal"], times.now())


def _ask(session: Session, place: Place, confirm: str | None, *, protected: bool, has_reason: bool) -> None:
    if confirm is not None:
        return
    if not protected:
        session.confirm(f"Remove {place}?")
        return
    reason = "" if has_reason else " --reason TEXT"
    typed = session.ask(f"Type {place} to ask for it", f"--confirm {place}{reason}")
    if typed != str(place):
        raise Failure("That is another name; nothing was asked for.")
