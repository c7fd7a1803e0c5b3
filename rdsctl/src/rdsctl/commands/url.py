"""`rdsctl url`: how a program names a database."""

import click

from rdsctl import completing
from rdsctl.command import command as make
from rdsctl.connection import login, mysql, postgres
from rdsctl.connection.login import Login
from rdsctl.session import Session
from rdsctl.suggestions import OneOf


@make(name="url", short_help="Print a database's URL.")
@click.argument("target", metavar="DB", shell_complete=completing.databases)
@click.option("--as", "user", type=OneOf(list(login.USERS)), help="Which user.")
@click.option(
    "--format",
    "form",
    type=OneOf(["url", "jdbc", "dotenv", "json"]),
    default="url",
    help="For which program.",
)
@click.option("--with-password", is_flag=True, help="Read the password and print it: mind where it goes.")
@click.option("--reader", is_flag=True, help="A cluster's reader, for queries alone, in place of its writer.")
def command(
    session: Session, target: str, user: str | None, form: str, with_password: bool, reader: bool
) -> None:
    """Print a database's URL, with verified TLS and without the password unless it is asked for."""
    found = login.find(session, target, user=user, password=with_password, reader=reader)
    if form == "json" or not session.for_people:
        session.show(document(found), lambda _: "", address(found))
        if session.for_people:
            import json  # noqa: PLC0415

            session.line(json.dumps(document(found), indent=2))
        return
    if form == "jdbc":
        session.line(mysql.jdbc(found) if found.engine == "mysql" else postgres.jdbc(found))
    elif form == "dotenv":
        for name, value in variables(found).items():
            session.line(f'{name}="{_escaped(value)}"')
    else:
        session.line(address(found))


def address(found: Login) -> str:
    """The URL of a login."""
    return mysql.url(found) if found.engine == "mysql" else postgres.url(found)


def variables(found: Login) -> dict[str, str]:
    """The variables that programs read: DATABASE_URL, and those of the engine's own clients."""
    if found.engine == "mysql":
        own = mysql.variables(found) | ({"MYSQL_PASSWORD": found.password} if found.password else {})
    else:
        own = postgres.variables(found) | ({"PGPASSWORD": found.password} if found.password else {})
        own.pop("PGAPPNAME")
        own.pop("PGGSSENCMODE")
    return {"DATABASE_URL": address(found), **own}


def document(found: Login) -> dict[str, object]:
    """The parts of a login."""
    parts: dict[str, object] = {
        "url": address(found),
        "engine": found.engine,
        "host": found.host,
        "port": found.port,
        "dbname": found.dbname,
        "user": found.user,
        "sslrootcert": found.roots,
        "secret_arn": found.arn,
    }
    return parts | ({"password": found.password} if found.password else {})


def _escaped(value: str) -> str:
    return value.replace("\\", "\\\\").replace('"', '\\"').replace("$", "\\$").replace("`", "\\`")
