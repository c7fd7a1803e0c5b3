"""What the statements of both engines share: quoted names, passwords that are safe in a text, refused grants.

`application` reads, writes and changes the tables of its database; `read_only` reads them, those included
that are made later. Both have to use TLS: the parameter group sees to that for everybody, in MySQL the user
too. All statements can run again and again. RDS's master user is no superuser, and these need none.
"""

import re
from collections.abc import Sequence
from typing import Final, Protocol

from provisioner.access.login import NotAllowed, Run, Statement

_PASSWORD: Final = re.compile(r"[A-Za-z0-9]{24,128}")


class Engine(Protocol):
    """What an engine's module offers; `database` and `master` are the names inside the engine."""

    def users(self, passwords: Sequence[tuple[str, str]], salt: bytes) -> list[Statement]:
        """What makes both users, as far as they are missing, and gives them these (user, password)."""

    def new_password(self, user: str, password: str, salt: bytes) -> Statement:
        """What gives a user that exists another password."""

    def grant(self, run: Run, database: str, master: str) -> list[str]:
        """Give both users their rights; what the master user may not give, as texts."""


def quoted(name: str, quote: str) -> str:
    """A name for an engine that quotes with this; raises ValueError for one that no engine takes."""
    if not name or "\x00" in name:
        raise ValueError(f"not a name: {name!r}")
    return quote + name.replace(quote, quote * 2) + quote


def checked(password: str) -> str:
    """A password that can stand in a statement; raises ValueError for any other."""
    if not _PASSWORD.fullmatch(password):
        raise ValueError("a password has to be 24 to 128 letters and digits")
    return password


def run_allowed(run: Run, statements: Sequence[Statement]) -> list[str]:
    """Run each statement; what the server does not allow is passed over, and reported in its words."""
    refused = []
    for statement in statements:
        try:
            run(statement)
        except NotAllowed as error:
            refused.append(f"{statement.doing}: {error.reason}")
    return refused
