"""`rdsctl retry`: the failed step once more."""

import click

from rdsctl import asking, completing
from rdsctl.command import command as make
from rdsctl.commands.cancel import move
from rdsctl.session import Session


@make(name="retry", short_help="Try the failed step of a request again.")
@click.argument("target", metavar="REQUEST|ENV/NAME", shell_complete=completing.either)
@asking.options()
def command(session: Session, /, target: str, how: asking.How) -> int:
    """Try the failed step of a request again; name and quota stay the team's meanwhile."""
    return move(session, target, "retry", how)
