"""`rdsctl admin`: what an operator sees of all teams, and the little that an operator does."""

from typing import Final

import click

from rdsctl import boards, overview, times
from rdsctl.command import command as make
from rdsctl.failures import Exit, Failure
from rdsctl.looks import Looks
from rdsctl.session import Session
from rdsctl.suggestions import OneOf

VIEWS: Final = (
    *("board", "queue", "approvals", "failed", "expiring", "spend", "drift", "times", "channels"),
    *("dead-letters", "keys"),
)
ACTS: Final = {"send-back": "a queue", "end-key": "a key's id"}


@make(name="admin", short_help="What operators see of all teams.")
@click.argument("what", type=OneOf([*VIEWS, *ACTS]), default="board")
@click.argument("name", required=False)
@click.option("--days", type=click.IntRange(1, 90), help="Times of so many days; 30 without it.")
def command(session: Session, what: str, name: str | None, days: int | None) -> None:
    """Show what all teams have, and what waits, failed or ends; it takes an operator's key.

    WHAT is board (all of it in a line or two each; with -o wide in its tables), queue, approvals, failed,
    expiring, spend, drift, times, channels (those that take no messages), dead-letters or keys.
    send-back QUEUE puts dead letters into their queue again, end-key ID ends a key.
    """
    if what in ACTS:
        _act(session, what, name)
        return
    if name is not None:
        raise Failure(f"{what} takes no name.", Exit.USAGE)
    asked = str(days) if days and what in ("board", "times") else None
    document = session.api.get(f"/admin/{what}", days=asked).document
    present = times.parse(document["as_of"])

    def text(looks: Looks) -> str:
        if what == "board" and session.format != "wide":
            return overview.drawn(document, session.access.url, present, looks.width)
        return boards.drawn(document, present, looks.width)

    session.show(document, text)


def _act(session: Session, what: str, name: str | None) -> None:
    if name is None:
        raise Failure(f"Say {ACTS[what]}: rdsctl admin {what} NAME.", Exit.USAGE)
    if what == "send-back":
        session.confirm(f"Send dead letters of {name} back into their queue?")
        document = session.api.call("POST", f"/admin/dead-letters/{name}/send-back").document
        said = f"{document['sent_back']} sent back, {document['left']} left.\n"
    else:
        session.confirm(f"End the key {name}?")
        document = session.api.call("DELETE", f"/admin/keys/{name}").document
        said = f"{document['key']['name']} is refused within a minute.\n"
    session.show(document, lambda _: said)
