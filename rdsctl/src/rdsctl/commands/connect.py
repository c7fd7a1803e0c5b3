"""`rdsctl connect`: psql or mysql, verified, logged in."""

import contextlib
import os
import shlex
import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path
from typing import Final

import click

from rdsctl import completing, kinds, times
from rdsctl.command import command as make
from rdsctl.connection import child, login, mysql, network, postgres, secret_file, tunnel
from rdsctl.connection.login import Login
from rdsctl.failures import Failure
from rdsctl.session import Session

_INSTALL: Final = {
    "postgres": "apt install postgresql-client, brew install libpq",
    "mysql": "apt install mysql-client (or mariadb-client), brew install mysql-client",
}


@make(name="connect", short_help="Open psql or mysql on a database, verified and logged in.")
@click.argument("target", metavar="DB", shell_complete=completing.databases)
@click.argument("arguments", nargs=-1, type=click.UNPROCESSED, metavar="[-- ARGS]")
@click.option("--as", "user", metavar="USER", help="application, read_only, master, or a name with --iam.")
@click.option(
    "--iam", is_flag=True, help="Log in with a token of your AWS credentials in place of a password."
)
@click.option("--via", default="direct", metavar="WAY", help="direct, ssm[:TARGET] or ssh:HOST.")
@click.option("--dry-run", is_flag=True, help="Print the command that would run, and read no password.")
def command(
    session: Session,
    target: str,
    arguments: tuple[str, ...],
    user: str | None,
    iam: bool,
    via: str,
    dry_run: bool,
) -> int:
    """Open psql or mysql on a database: as application, or read_only where a reviewer approves each change.

    TLS is always verified. The password is read from Secrets Manager with your AWS credentials and given to
    the client in memory: it is in no argument, history or log. What follows -- goes to the client, whose exit
    status is this command's.
    """
    via = tunnel.checked(via)
    found = login.find(session, target, user=user, password=not dry_run, iam=iam and not dry_run)
    program, version = find_client(found.engine)
    if dry_run:
        session.line(shown(found, program, version, arguments, iam=iam))
        return 0
    if found.sleeps:
        session.note(kinds.WAKING)
    with contextlib.ExitStack() as stack:
        if via == "direct":
            network.reach(found)
        else:
            found = stack.enter_context(tunnel.opened(found, via))
        session.note(headline(found, via))
        path, command_line, environment = prepared(stack, found, program, version, arguments, iam=iam)
        if via == "direct" and path.startswith("/proc/"):
            child.replace_this(command_line, environment)
        return child.run(command_line, environment)


def prepared(
    stack: contextlib.ExitStack,
    found: Login,
    program: str,
    version: str,
    arguments: Sequence[str],
    *,
    iam: bool = False,
) -> tuple[str, list[str], dict[str, str]]:
    """The password's file, the command and its environment; what is on disk goes when the stack ends."""
    if found.engine == "postgres":
        path = _file(stack, "pgpass", postgres.passfile(found))
        environment = postgres.environment(found, os.environ) | {"PGPASSFILE": path}
        return path, [program, *arguments], environment
    flags = mysql.flags(found, version, iam=iam)
    path = _file(stack, "my.cnf", mysql.options(found, Path.home()))
    kept = {name: value for name, value in os.environ.items() if name not in ("MYSQL_PWD", "MYSQL_HOST")}
    return path, [program, f"--defaults-file={path}", *flags, *arguments], kept


def shown(found: Login, program: str, version: str, arguments: Sequence[str], *, iam: bool) -> str:
    """The command as a shell would take it; … stands for the password's file."""
    if found.engine == "mysql":
        words = [program, "--defaults-file=…", *mysql.flags(found, version, iam=iam), *arguments]
        return " ".join(words)
    named = postgres.environment(found, {}) | {"PGPASSFILE": "…"}
    return " ".join([*(f"{name}={shlex.quote(value)}" for name, value in named.items()), program, *arguments])


def find_client(engine: str) -> tuple[str, str]:
    """The client of an engine and what its --version says; raises Failure that says how to install one."""
    for name in ("psql",) if engine == "postgres" else ("mysql", "mariadb"):
        if program := shutil.which(name):
            ran = subprocess.run([program, "--version"], capture_output=True, text=True, check=False)
            return program, ran.stdout.strip()
    name = "psql" if engine == "postgres" else "mysql"
    raise Failure(f"{name} is not installed.", hints=[_INSTALL[engine]])


def headline(found: Login, via: str) -> str:
    """`dev/ledger as application (reads and writes), TLS verified, ends in 6 days`."""
    rights = {
        "application": " (reads and writes)",
        "read_only": " (only reads)",
        "master": " (the master user)",
    }
    name = "read_only" if found.user == "read_only" else found.user
    ends = times.ends(found.expires_at, times.now())
    verified = "TLS verified"
    if found.engine == "mysql" and found.address:
        verified = "TLS verified by its authority alone, since the tunnel has another name"
    return (
        f"{found.place} as {name}{rights.get(name, '')}, {verified}, "
        f"{'never ends' if ends == times.NEVER else f'ends {ends}'}"
        f"{'' if via == 'direct' else f', via {via}'}"
    )


def _file(stack: contextlib.ExitStack, name: str, text: str) -> str:
    return secret_file.in_memory(name, text) or stack.enter_context(secret_file.on_disk(name, text))
