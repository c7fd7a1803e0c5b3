"""`rdsctl cancel`: stop a request before its merge."""

import click

from rdsctl import asking, completing
from rdsctl.client import path
from rdsctl.command import command as make
from rdsctl.places import find_either
from rdsctl.session import Session


@make(name="cancel", short_help="Stop a request before it is merged.")
@click.argument("target", metavar="REQUEST|ENV/NAME", shell_complete=completing.either)
@click.option("--reason", help="Why; the request's timeline has it.")
@click.option("--dry-run", is_flag=True, help="Show what would happen, and write nothing.")
def command(session: Session, target: str, reason: str | None, dry_run: bool) -> int:
    """Stop a request before it is merged; its pull request is closed and nothing is changed."""
    return move(session, target, "cancel", asking.How(dry_run=dry_run, reason=reason))


def move(session: Session, target: str, verb: str, how: asking.How) -> int:
    """Cancel or retry a request: the one of this id, or the newest of a database."""
    request = find_either(session.api, target)
    where = path("requests", request["id"], verb)
    if not how.dry_run:
        return asking.send(session, "POST", where, how, query={"reason": how.reason})
    document = session.api.call("POST", where, query={"dry_run": "true", "reason": how.reason}).document
    # One that was cancelled before is answered with the request itself.
    said = document.get("next_state", document["state"])
    session.show(document, lambda _: f"Would be {said}: {document['message']} Nothing is written.\n", said)
    return 0
