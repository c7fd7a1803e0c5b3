"""The statements that make, mend and re-key a database's two users; text only.

`application` reads, writes and changes the tables of its database; `read_only` reads them, those included
that are made later. Both have to use TLS: the parameter group sees to that for everybody, in MySQL the user
too.
All statements can run again and again. RDS's master user is no superuser, and these need none.
"""

import base64
import hashlib
import hmac
import re
from collections.abc import Callable, Sequence
from typing import Final

from provisioner.core.models import User

# The iterations that PostgreSQL itself takes: https://www.postgresql.org/docs/current/runtime-config-connection.html
_ITERATIONS: Final = 4096
_PASSWORD: Final = re.compile(r"[A-Za-z0-9]{24,128}")
_SALT_BYTES: Final = 16


def statements(
    engine: str, database: str, master: str, passwords: Sequence[tuple[str, str]], salt: bytes
) -> list[str]:
    """What makes both users, as far as they are missing, and gives them these (user, password).

    `database` is the name inside the engine. Raises ValueError for a password that is not made of letters
    and digits.
    """
    for _, password in passwords:
        if not _PASSWORD.fullmatch(password):
            raise ValueError("a password has to be 24 to 128 letters and digits")
    make = {"postgres": _postgres, "mysql": _mysql}[engine]
    return make(database, master, passwords, salt)


def new_password(engine: str, user: str, password: str, salt: bytes) -> list[str]:
    """What gives a user that exists another password."""
    if not _PASSWORD.fullmatch(password):
        raise ValueError("a password has to be 24 to 128 letters and digits")
    return [_KEYS[engine](user, password, salt)]


def identifier(engine: str, name: str) -> str:
    """A name quoted for an engine; raises ValueError for one that no engine takes."""
    if not name or "\x00" in name:
        raise ValueError(f"not a name: {name!r}")
    quote = {"postgres": '"', "mysql": "`"}[engine]
    return quote + name.replace(quote, quote * 2) + quote


def scram(password: str, salt: bytes) -> str:
    """What PostgreSQL keeps of a password (RFC 5803), so that no statement and no log holds it."""
    salted = hashlib.pbkdf2_hmac("sha256", password.encode(), salt, _ITERATIONS)
    client = hmac.digest(salted, b"Client Key", "sha256")
    server = hmac.digest(salted, b"Server Key", "sha256")
    stored = hashlib.sha256(client).digest()
    text = {name: base64.b64encode(value).decode() for name, value in
            (("salt", salt), ("stored", stored), ("server", server))}  # fmt: skip
    return f"SCRAM-SHA-256${_ITERATIONS}:{text['salt']}${text['stored']}:{text['server']}"


def _postgres_key(user: str, password: str, salt: bytes) -> str:
    return f"ALTER ROLE {identifier('postgres', user)} LOGIN PASSWORD '{scram(password, salt)}'"


def _postgres(database: str, master: str, passwords: Sequence[tuple[str, str]], salt: bytes) -> list[str]:
    place, owner = identifier("postgres", database), identifier("postgres", master)
    made = [
        # There is no CREATE ROLE IF NOT EXISTS, and the names below are ours.
        f"DO $$ BEGIN CREATE ROLE {user} LOGIN NOCREATEDB NOCREATEROLE; "
        "EXCEPTION WHEN duplicate_object THEN NULL; WHEN unique_violation THEN NULL; END $$"
        for user in (User.APPLICATION, User.READ_ONLY)
    ]
    return [
        *made,
        *(_postgres_key(user, password, salt) for user, password in passwords),
        # What the application makes is the master's too, who may then pass on the right to read it.
        f"GRANT {User.APPLICATION} TO {owner}",
        f"GRANT CONNECT, TEMPORARY, CREATE ON DATABASE {place} TO {User.APPLICATION}",
        f"GRANT USAGE, CREATE ON SCHEMA public TO {User.APPLICATION}",
        f"GRANT ALL ON ALL TABLES IN SCHEMA public TO {User.APPLICATION}",
        f"GRANT ALL ON ALL SEQUENCES IN SCHEMA public TO {User.APPLICATION}",
        f"ALTER DEFAULT PRIVILEGES FOR ROLE {owner} GRANT ALL ON TABLES TO {User.APPLICATION}",
        f"ALTER DEFAULT PRIVILEGES FOR ROLE {owner} GRANT ALL ON SEQUENCES TO {User.APPLICATION}",
        f"GRANT CONNECT ON DATABASE {place} TO {User.READ_ONLY}",
        f"GRANT USAGE ON SCHEMA public TO {User.READ_ONLY}",
        f"GRANT SELECT ON ALL TABLES IN SCHEMA public TO {User.READ_ONLY}",
        *(
            f"ALTER DEFAULT PRIVILEGES FOR ROLE {maker} GRANT {right} TO {User.READ_ONLY}"
            for maker in (owner, User.APPLICATION)
            for right in ("SELECT ON TABLES", "USAGE ON SCHEMAS")
        ),
    ]


def _mysql_key(user: str, password: str, _salt: bytes) -> str:
    return f"ALTER USER '{user}'@'%' IDENTIFIED BY '{password}' REQUIRE SSL"


def _mysql(database: str, _master: str, passwords: Sequence[tuple[str, str]], salt: bytes) -> list[str]:
    # In a grant `_` and `%` stand for any characters: https://dev.mysql.com/doc/refman/8.4/en/grant.html
    place = re.sub(r"([_%\\])", r"\\\1", identifier("mysql", database))
    made = [
        f"CREATE USER IF NOT EXISTS '{user}'@'%' IDENTIFIED BY '{password}' REQUIRE SSL"
        for user, password in passwords
    ]
    return [
        *made,
        *(_mysql_key(user, password, salt) for user, password in passwords),
        "GRANT SELECT, INSERT, UPDATE, DELETE, CREATE, DROP, REFERENCES, INDEX, ALTER, "
        "CREATE TEMPORARY TABLES, LOCK TABLES, EXECUTE, CREATE VIEW, SHOW VIEW, CREATE ROUTINE, "
        "ALTER ROUTINE, EVENT, TRIGGER "
        f"ON {place}.* TO '{User.APPLICATION}'@'%'",
        f"GRANT SELECT, SHOW VIEW ON {place}.* TO '{User.READ_ONLY}'@'%'",
    ]


_KEYS: Final[dict[str, Callable[[str, str, bytes], str]]] = {"postgres": _postgres_key, "mysql": _mysql_key}
