"""⑤ Logs in to a database and runs statements there: over TLS, with the server's certificate checked.

The drivers are pure Python and small, and nothing but the access function loads them.
"""

import ssl
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Final

import pg8000.exceptions
import pg8000.native
import pymysql

from provisioner.access.login import Connect, Login, NotAllowed, Rows, Run, Statement
from provisioner.core.errors import TryLater

# A cluster that sleeps takes 15 seconds to wake, and 30 and more after a day asleep:
# https://docs.aws.amazon.com/AmazonRDS/latest/AuroraUserGuide/aurora-serverless-v2-auto-pause.html
_SECONDS: Final = 45
_ERRORS: Final = (pg8000.exceptions.Error, pymysql.err.Error, OSError)
# https://www.postgresql.org/docs/current/errcodes-appendix.html
_POSTGRES_NOT_ALLOWED: Final = "42501"
# Access denied to a database, to a user, for a command on a table or a column, and for lack of a privilege:
# https://dev.mysql.com/doc/mysql-errors/8.4/en/server-error-reference.html
_MYSQL_NOT_ALLOWED: Final = (1044, 1045, 1142, 1143, 1227)

_Open = tuple[Callable[[str], Rows], Callable[[], object]]  # what runs a text, and what closes


def connector(roots: str) -> Connect:
    """What logs in to a server whose certificate descends from one of the roots in this PEM file."""

    @contextmanager
    def connect(login: Login) -> Iterator[Run]:
        try:
            context = ssl.create_default_context(cafile=roots)
            execute, close = _OPEN[login.engine](login, context)
        except _ERRORS as error:
            raise TryLater(f"logging in to {login.host} as {login.user}", _words(error)) from None

        def run(statement: Statement) -> Rows:
            try:
                return execute(statement.text)
            except _ERRORS as error:
                failed = NotAllowed if _is_not_allowed(error) else TryLater
                doing = f"{statement.doing}, in {login.host} as {login.user}"
                raise failed(doing, _words(error)) from None  # a statement may hold a password

        try:
            yield run
        finally:
            with suppress(*_ERRORS):  # of a connection that broke before
                close()

    return connect


def _postgres(login: Login, context: ssl.SSLContext) -> _Open:
    connection = pg8000.native.Connection(
        login.user,
        host=login.host,
        port=login.port,
        database=login.database,
        password=login.password,
        ssl_context=context,
        timeout=_SECONDS,
    )
    return lambda text: [tuple(row) for row in connection.run(text) or []], connection.close


def _mysql(login: Login, context: ssl.SSLContext) -> _Open:
    connection = pymysql.connect(
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
    )

    def execute(text: str) -> Rows:
        with connection.cursor() as cursor:
            cursor.execute(text)
            return list(cursor.fetchall())

    return execute, connection.close


_OPEN: Final[dict[str, Callable[[Login, ssl.SSLContext], _Open]]] = {"postgres": _postgres, "mysql": _mysql}


def _is_not_allowed(error: Exception) -> bool:
    first = error.args[0] if error.args else None
    if isinstance(first, dict):
        return first.get("C") == _POSTGRES_NOT_ALLOWED
    return first in _MYSQL_NOT_ALLOWED


def _words(error: Exception) -> str:
    """The server's own words: PostgreSQL's message and code, MySQL's number and message."""
    first = error.args[0] if error.args else ""
    if isinstance(first, dict):
        return f"{first.get('M', '')} ({first.get('C', '')})"
    return f"{type(error).__name__}: {' '.join(map(str, error.args))}"[:500]
