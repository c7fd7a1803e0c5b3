"""`rdsctl wait`: until requests are done."""

import click

from rdsctl import asking, completing, waiting
from rdsctl.command import command as make
from rdsctl.failures import Exit
from rdsctl.places import find_either
from rdsctl.session import Session
from rdsctl.suggestions import OneOf


@make(name="wait", short_help="Wait until a request is done.")
@click.argument("targets", metavar="DB|REQUEST...", nargs=-1, required=True, shell_complete=completing.either)
@click.option("--for", "goal", type=OneOf(waiting.GOALS), default="done", help="What to wait for.")
@click.option("--timeout", metavar="30m", help="Wait no longer than this for each, and end with 8.")
@click.option("--bell", is_flag=True, help="Ring the terminal's bell at the end.")
def command(session: Session, targets: tuple[str, ...], goal: str, timeout: str | None, bell: bool) -> int:
    """Wait for requests, or for the newest request of databases.

    Ends with 0 when done, 1 when failed or cancelled, 7 when a reviewer refused, 8 at the timeout.
    """
    limit = asking.seconds(timeout)
    codes = [
        asking.finish(session, find_either(session.api, target), goal=goal, timeout=limit, bell=bell)
        for target in targets
    ]
    return next((code for code in codes if code != Exit.OK), Exit.OK)
