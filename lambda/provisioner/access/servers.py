"""⑤ Logs in to a database and runs statements there: over TLS, with the server's certificate checked.

The drivers are pure Python and small, and nothing but the access function loads them.
"""

import ssl
from collections.abc import Callable, Sequence
from typing import Final

import pg8000.exceptions
import pg8000.native
import pymysql

from provisioner.access.users import Login
from provisioner.core.errors import TryLater

_SECONDS: Final = 10


def runner(roots: str) -> Callable[[Login, Sequence[str]], None]:
    """What runs statements on a server whose certificate descends from one of the roots in this PEM file."""

    def run(login: Login, statements: Sequence[str]) -> None:
        """Each statement by itself. Raises TryLater, with the server's words but never a statement's."""
        doing = f"logging in to {login.host} as {login.user}"
        try:
            context = ssl.create_default_context(cafile=roots)
            _RUN[login.engine](login, statements, context)
        except (pg8000.exceptions.Error, pymysql.err.Error, OSError) as error:
            raise TryLater(doing, _words(error)) from None  # a statement may hold a password

    return run


def _postgres(login: Login, statements: Sequence[str], context: ssl.SSLContext) -> None:
    connection = pg8000.native.Connection(
        login.user,
        host=login.host,
        port=login.port,
        database=login.database,
        password=login.password,
        ssl_context=context,
        timeout=_SECONDS,
    )
    try:
        for statement in statements:
            connection.run(statement)
    finally:
        connection.close()


def _mysql(login: Login, statements: Sequence[str], context: ssl.SSLContext) -> None:
    with (
        pymysql.connect(
            host=login.host,
            port=login.port,
            user=login.user,
            password=login.password,
            database=login.database,
            ssl=context,
            connect_timeout=_SECONDS,
            read_timeout=_SECONDS,
            write_timeout=_SECONDS,
            autocommit=True,
        ) as connection,
        connection.cursor() as cursor,
    ):
        for statement in statements:
            cursor.execute(statement)


def _words(error: Exception) -> str:
    """The server's own words: PostgreSQL's message and code, MySQL's number and message."""
    first = error.args[0] if error.args else ""
    if isinstance(first, dict):
        return f"{first.get('M', '')} ({first.get('C', '')})"
    return f"{type(error).__name__}: {' '.join(map(str, error.args))}"[:500]


_RUN: Final[dict[str, Callable[[Login, Sequence[str], ssl.SSLContext], None]]] = {
    "postgres": _postgres,
    "mysql": _mysql,
}
