"""The users of a MySQL database, and their rights."""

import re
from collections.abc import Sequence
from typing import Final

from provisioner.access.login import Run, Statement
from provisioner.access.sql import checked, quoted, run_allowed
from provisioner.core.models import User

_APPLICATION: Final = (
    "SELECT, INSERT, UPDATE, DELETE, CREATE, DROP, REFERENCES, INDEX, ALTER, CREATE TEMPORARY TABLES, "
    "LOCK TABLES, EXECUTE, CREATE VIEW, SHOW VIEW, CREATE ROUTINE, ALTER ROUTINE, EVENT, TRIGGER"
)
_READ_ONLY: Final = "SELECT, SHOW VIEW"


def users(passwords: Sequence[tuple[str, str]], salt: bytes) -> list[Statement]:
    """What makes both users, as far as they are missing, and gives them these (user, password)."""
    made = [
        Statement(
            f"making the user {user}",
            f"CREATE USER IF NOT EXISTS '{user}'@'%' IDENTIFIED BY '{checked(password)}' REQUIRE SSL",
        )
        for user, password in passwords
    ]
    return made + [new_password(user, password, salt) for user, password in passwords]


def new_password(user: str, password: str, salt: bytes) -> Statement:  # noqa: ARG001 - the server makes its own
    """What gives a user that exists another password."""
    text = f"ALTER USER '{user}'@'%' IDENTIFIED BY '{checked(password)}' REQUIRE SSL"
    return Statement(f"setting the password of {user}", text)


def grant(run: Run, database: str, master: str) -> list[str]:  # noqa: ARG001 - a database has no owner here
    """Give both users their rights; what the master user may not give, as texts."""
    asked = Statement("asking for partial_revokes", "SHOW GLOBAL VARIABLES LIKE 'partial_revokes'")
    literal = any(value == "ON" for _, value in run(asked))
    place = quoted(database, "`") if literal else pattern(database)
    return run_allowed(
        run,
        [
            Statement(f"granting {user} the database", f"GRANT {rights} ON {place}.* TO '{user}'@'%'")
            for user, rights in ((User.APPLICATION, _APPLICATION), (User.READ_ONLY, _READ_ONLY))
        ],
    )


def pattern(database: str) -> str:
    """A name as a grant reads it while partial_revokes is off, where `_` and `%` stand for any characters.

    With partial_revokes the name is compared as it is, and an escaped one matches nothing:
    https://dev.mysql.com/doc/refman/8.4/en/partial-revokes.html
    """
    return re.sub(r"([_%\\])", r"\\\1", quoted(database, "`"))
