"""Where a database is, as whom to log in, and what is run there."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from typing import Any

from provisioner.core.errors import TryLater


@dataclass(frozen=True, slots=True, kw_only=True)
class Login:
    """Where a database is, and as whom to log in."""

    engine: str
    host: str
    port: int
    database: str
    user: str
    password: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Statement:
    """One statement, and what it does as a text that may be shown: its text may hold a password."""

    doing: str
    text: str = field(repr=False)


class NotAllowed(TryLater):
    """The server does not let this user do that."""


Rows = list[tuple[Any, ...]]
# Runs one statement alone; raises NotAllowed, or TryLater with the server's words.
Run = Callable[[Statement], Rows]
# Logs in, and ends with the connection closed; raises TryLater where nobody answers or the login is refused.
Connect = Callable[[Login], AbstractContextManager[Run]]
