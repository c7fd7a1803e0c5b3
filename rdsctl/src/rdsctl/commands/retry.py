"""`rdsctl retry`: the failed step once more."""

import click

from rdsctl import asking
from rdsctl.command import command as make
from rdsctl.commands.cancel import move
from rdsctl.session import Session


@make(name="retry", short_help="Try the failed step of a request again.")
@click.argument("target", metavar="REQUEST|ENV/NAME")
@click.option("--dry-run", is_flag=True, help="Show what would happen, and write nothing.")
@asking.wait_options
def command(session: Session, target: str, dry_run: bool, wait: bool, timeout: str | None) -> int:
    """Try the failed step of a request again; name and quota stay the team's meanwhile."""
    return move(session, target, "retry", dry_run=dry_run, wait=wait, timeout=timeout)
