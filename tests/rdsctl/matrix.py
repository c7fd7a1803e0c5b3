"""How each command is called in the matrix: with what, what refuses it, and how it ends without a network."""

from dataclasses import dataclass
from typing import Final

KEY = "key-alpha\n"


@dataclass(frozen=True, slots=True)
class Row:
    """One command. `typed` is a valid call that writes nothing; `refused` is refused with the status `code`.

    `ended` is the status of `typed` where the API answers and AWS does not, `alone` the status without a
    network. `key` is the key of the refused call. `waits` is False where there is nothing to interrupt.
    """

    typed: str
    refused: str
    code: int
    ended: int = 0
    alone: int = 1
    key: str = "key-alpha"
    waits: bool = True


NOTHING: Final = "dev/nothing"
ROWS: Final = {
    "admin": Row("queue", "queue", 5, ended=5),  # a team's key
    "api": Row("GET /quota", "GET /nothing", 5),
    "cancel": Row("dev/shop --dry-run", NOTHING, 5),
    "catalog": Row("", "dve", 2),
    "clone": Row("dev/ledger dev/copy --dry-run", f"{NOTHING} dev/copy", 5),
    "completion": Row("bash", "tcsh", 2, alone=0, waits=False),
    "connect": Row("dev/ledger --dry-run", NOTHING, 5),
    "cost": Row("", "--by moon", 2),
    "create": Row("dev/new --engine postgres --dry-run", "dev/new --engine oracle", 2),
    "delete": Row("dev/ledger --dry-run", "dev/ledger", 2),  # there is no terminal to answer on
    "doctor": Row("dev/ledger", "--output moon", 2, ended=1),
    "edit": Row("dev/ledger --tag A=b --dry-run", "dev/ledger", 2),
    "extend": Row("dev/ledger 14d --dry-run", "dev/ledger 400d", 2),
    "get": Row("dev/ledger", NOTHING, 5),
    "login": Row("URL --key-stdin --store file", "http://rds.example.com --key-stdin", 2),
    "logout": Row("", "--profile nobody", 2, ended=2, alone=2, waits=False),  # there is no profile
    "logs": Row("REQUEST", NOTHING, 5),
    "ls": Row("", "--engine oracle", 2),
    "mcp": Row("", "--output moon", 2, alone=0, waits=False),  # its client's end is its own
    "open": Row("dev/ledger --print", NOTHING, 5),
    "profiles": Row("", "use nobody", 2, alone=0, waits=False),
    "quota": Row("", "", 4, key="key-nobody"),
    "requests": Row("", "--state moon", 2),
    "resize": Row("dev/ledger medium --dry-run", "dev/ledger", 2),
    "restore": Row(
        "dev-ledger-final-779a8818 dev/back --engine postgres --dry-run", "nothing dev/back", 5, ended=5
    ),
    "retry": Row("dev/sparks --dry-run", "dev/ledger", 6),
    "rotate": Row("dev/ledger --dry-run", NOTHING, 5),
    "run": Row("dev/ledger -- true", f"{NOTHING} -- true", 5, ended=1),
    "snapshots": Row("", "", 4, key="key-nobody"),
    "url": Row("dev/ledger", NOTHING, 5),
    "wait": Row("dev/ledger", NOTHING, 5),
    "whoami": Row("", "", 4, key="key-nobody"),
}
