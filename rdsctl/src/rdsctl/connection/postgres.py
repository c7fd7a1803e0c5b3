"""psql: everything by environment, the password in a passfile that fits one host, port and user.

PGPASSWORD would be given to whatever host `\\c` goes to next, and to each child of psql.
"""

from collections.abc import Mapping
from typing import Final
from urllib.parse import quote, urlencode

from rdsctl.connection.login import Login

# What has no part in where and how to connect stays the caller's own.
_KEPT: Final = (
    "PGTZ",
    "PGDATESTYLE",
    "PGCLIENTENCODING",
    "PGOPTIONS",
    "PGGEQO",
    "PGCONNECT_TIMEOUT",
    "PG_COLOR",
    "PG_COLORS",
)


def passfile(login: Login) -> str:
    """One line of https://www.postgresql.org/docs/current/libpq-pgpass.html."""
    parts = (login.host, str(login.port), "*", login.user, login.password)
    return ":".join(part if part == "*" else _escaped(part) for part in parts) + "\n"


def environment(login: Login, environ: Mapping[str, str]) -> dict[str, str]:
    """The caller's environment with this login in the place of any other; no password is in it."""
    kept = {name: value for name, value in environ.items() if not name.startswith("PG") or name in _KEPT}
    if login.sleeps:  # libpq waits without an end where nothing is said
        kept.pop("PGCONNECT_TIMEOUT", None)
    return kept | variables(login)


def variables(login: Login) -> dict[str, str]:
    """libpq's variables of a login, without its password."""
    found = {
        "PGHOST": login.host,
        "PGPORT": str(login.port),
        "PGDATABASE": login.dbname,
        "PGUSER": login.user,
        "PGSSLMODE": "verify-full",
        "PGSSLROOTCERT": login.roots,
        "PGGSSENCMODE": "disable",
        "PGAPPNAME": "rdsctl",
    }
    return found | ({"PGHOSTADDR": login.address} if login.address else {})


def url(login: Login) -> str:
    """A URI of libpq's, with the password where the login has one."""
    query = {"sslmode": "verify-full", "sslrootcert": login.roots}
    if login.address:
        query["hostaddr"] = login.address
    return f"postgresql://{credentials(login)}@{login.host}:{login.port}/{quote(login.dbname)}?{urlencode(query)}"


def jdbc(login: Login) -> str:
    """A URL of PostgreSQL's JDBC driver."""
    query = {"user": login.user, "sslmode": "verify-full", "sslrootcert": login.roots}
    if login.password:
        query["password"] = login.password
    return f"jdbc:postgresql://{login.host}:{login.port}/{quote(login.dbname)}?{urlencode(query)}"


def credentials(login: Login) -> str:
    """user, or user:password, as a URI has them."""
    user = quote(login.user, safe="")
    return f"{user}:{quote(login.password, safe='')}" if login.password else user


def _escaped(part: str) -> str:
    return part.replace("\\", "\\\\").replace(":", "\\:")
