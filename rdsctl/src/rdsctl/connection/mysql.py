"""mysql and mariadb: the password in an option file, TLS by the flag of the client that is found.

Not --defaults-extra-file: the user's file is read after it, and its password wins. Not MYSQL_PWD: deprecated
since MySQL 8.0. Never a `loose-` option: a client that does not know it skips it, unverified.
"""

from pathlib import Path
from typing import Final
from urllib.parse import quote, urlencode

from rdsctl import kinds
from rdsctl.connection.login import Login
from rdsctl.connection.postgres import credentials
from rdsctl.failures import Failure

MARIADB: Final = "MariaDB"


def options(login: Login, home: Path) -> str:
    """The option file: the user's own first, so that what connects is ours."""
    own = home / ".my.cnf"
    lines = [f"!include {own}"] if own.is_file() else []
    lines += [
        "[client]",
        f"host={_quoted(login.address or login.host)}",
        f"port={login.port}",
        f"user={_quoted(login.user)}",
        f"password={_quoted(login.password)}",
        f"ssl-ca={_quoted(login.roots)}",
        "protocol=tcp",
        *([f"connect-timeout={kinds.WAKING_SECONDS:.0f}"] if login.sleeps else []),
        "[mysql]",
        f"database={_quoted(login.dbname)}",
        "[mariadb-client]",
        f"database={_quoted(login.dbname)}",
    ]
    return "\n".join(lines) + "\n"


def flags(login: Login, version: str, *, iam: bool) -> list[str]:
    """The flags that verify the server, for the client of this `--version`.

    Raises Failure where the client cannot: through a tunnel the certificate has another name than 127.0.0.1.
    """
    if MARIADB in version:
        if login.address:
            raise Failure(
                "MariaDB's client cannot verify a server through a tunnel: it knows no other name for it.",
                hints=["install Oracle's mysql client, which checks the authority: --ssl-mode=VERIFY_CA"],
            )
        return ["--ssl-verify-server-cert"]
    mode = "VERIFY_CA" if login.address else "VERIFY_IDENTITY"
    return [f"--ssl-mode={mode}", *(["--enable-cleartext-plugin"] if iam else [])]


def variables(login: Login) -> dict[str, str]:
    """What programs commonly read, without the password."""
    return {
        "MYSQL_HOST": login.address or login.host,
        "MYSQL_PORT": str(login.port),
        "MYSQL_USER": login.user,
        "MYSQL_DATABASE": login.dbname,
        "MYSQL_SSL_CA": login.roots,
    }


def url(login: Login) -> str:
    """A URL, with the password where the login has one."""
    mode = "VERIFY_CA" if login.address else "VERIFY_IDENTITY"
    query = urlencode({"ssl-mode": mode, "ssl-ca": login.roots})
    host = login.address or login.host
    return f"mysql://{credentials(login)}@{host}:{login.port}/{quote(login.dbname)}?{query}"


def jdbc(login: Login) -> str:
    """A URL of MySQL's JDBC driver; its trust store is the program's own."""
    query = {"user": login.user, "sslMode": "VERIFY_IDENTITY"}
    if login.password:
        query["password"] = login.password
    return f"jdbc:mysql://{login.host}:{login.port}/{quote(login.dbname)}?{urlencode(query)}"


def _quoted(value: str) -> str:
    """A value of an option file: quoted, since # begins a comment and a backslash an escape."""
    return '"' + value.replace("\\", "\\\\").replace('"', '\\"') + '"'
