"""`rdsctl run`: a program with DATABASE_URL."""

import os

import click

from rdsctl import completing, kinds
from rdsctl.command import command as make
from rdsctl.commands.url import variables
from rdsctl.connection import child, login, network, tunnel
from rdsctl.failures import Exit, Failure
from rdsctl.session import Session


@make(name="run", short_help="Run a program that gets DATABASE_URL.")
@click.argument("target", metavar="DB", shell_complete=completing.databases)
@click.argument("program", nargs=-1, type=click.UNPROCESSED, metavar="-- PROGRAM [ARGS]")
@click.option("--as", "user", metavar="USER", help="application, read_only, master, or a name with --iam.")
@click.option("--prefix", default="", metavar="ORDERS_", help="Put this before each variable's name.")
@click.option("--iam", is_flag=True, help="A token of your AWS credentials in place of a password.")
@click.option("--via", default="direct", metavar="WAY", help="direct, ssm[:TARGET] or ssh:HOST.")
def command(
    session: Session,
    target: str,
    program: tuple[str, ...],
    user: str | None,
    prefix: str,
    iam: bool,
    via: str,
) -> int:
    """Run a program with DATABASE_URL and the engine's variables (PG… or MYSQL_…) in its environment.

    The password is in the environment of that program, and nowhere else: no file is written. The program
    takes this one's place, so that signals and exit status are its own.
    """
    if not program:
        raise Failure("run wants a program: rdsctl run DB -- ./app", Exit.USAGE)
    if prefix and not prefix.replace("_", "a").isalnum():
        raise Failure(f"--prefix {prefix!r} is no part of a variable's name.", Exit.USAGE)
    via = tunnel.checked(via)
    found = login.find(session, target, user=user, iam=iam)
    if found.sleeps:
        session.note(kinds.WAKING)
    if via == "direct":
        network.reach(found)
        environment = os.environ | _prefixed(variables(found), prefix)
        child.replace_this(program, environment)
        return child.run(program, environment)
    with tunnel.opened(found, via) as led:
        return child.run(program, os.environ | _prefixed(variables(led), prefix))


def _prefixed(names: dict[str, str], prefix: str) -> dict[str, str]:
    return {f"{prefix}{name}": value for name, value in names.items()}
