"""`rdsctl open`: the pull request or the pipeline in a browser."""

import webbrowser

import click

from rdsctl import completing
from rdsctl.command import command as make
from rdsctl.failures import Exit, Failure
from rdsctl.places import find_either
from rdsctl.session import Session


@make(name="open", short_help="Open a pull request or a pipeline in the browser.")
@click.argument("target", metavar="DB|REQUEST", shell_complete=completing.either)
@click.option(
    "--pr", "what", flag_value="pull_request", default=True, help="The pull request (as without it)."
)
@click.option("--pipeline", "what", flag_value="pipeline", help="The pipeline's newest job.")
@click.option("--console", "what", flag_value="console", help="The database's page in the console.")
@click.option("--print", "only_print", is_flag=True, help="Print the address alone.")
def command(session: Session, target: str, what: str, only_print: bool) -> None:
    """Open the pull request of a request, or of a database's newest one; --pipeline for its job."""
    request = find_either(session.api, target)
    link = request["links"].get(what)
    if not link:
        raise Failure(
            f"Request {request['id'][:8]} has no {what.replace('_', ' ')} yet: {request['message']}",
            Exit.NOT_FOUND,
            hints=[f"rdsctl wait {request['id'][:8]}"],
        )
    session.line(link)
    if not only_print and session.err.live:
        webbrowser.open(link)
