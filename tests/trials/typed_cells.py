"""What each command of rdsctl is typed as where it goes well, and which cells are empty for a reason.

How it is refused, loses its network, is piped and is interrupted stands in tests/rdsctl/matrix.py.
"""

from dataclasses import dataclass
from typing import Final

LEDGER: Final = "dev/ledger"
COLUMNS: Final = ("ok", "refused", "gone", "piped", "interrupted")


@dataclass(frozen=True, slots=True)
class Cells:
    """One command: what it is typed as, and in which scene.

    `piped` is the status of the row's `typed` here. `never_waits` is why there is nothing to interrupt.
    """

    scene: str
    ok: str
    piped: int = 0
    never_waits: str = ""


# In this order within a scene.
CELLS: Final = {
    "create": Cells("born", f"{LEDGER} --engine postgres --purpose first-steps --wait"),
    "get": Cells("born", LEDGER),
    "wait": Cells("born", LEDGER),
    "ls": Cells("born", "--env dev"),
    "requests": Cells("born", f"--db {LEDGER}"),
    "connect": Cells("born", f"{LEDGER} -- -c 'CREATE TABLE notes AS SELECT 42 AS answer'"),
    "run": Cells("born", f"""{LEDGER} -- sh -c 'psql "$DATABASE_URL" -Atc "SELECT answer FROM notes"'"""),
    "url": Cells("born", f"{LEDGER} --format dotenv"),
    "logs": Cells("born", "REQUEST"),
    "open": Cells("born", f"{LEDGER} --print"),
    "doctor": Cells("born", LEDGER),
    "catalog": Cells("born", "dev"),
    "quota": Cells("born", ""),
    "cost": Cells("born", "--by database"),
    "whoami": Cells("born", ""),
    "admin": Cells("born", "queue"),
    "completion": Cells("born", "bash", never_waits="it calls nothing"),
    "api": Cells("born", "GET /quota"),
    "mcp": Cells("born", "", never_waits="its client ends it"),
    "rotate": Cells("born", LEDGER),
    "login": Cells("born", "URL --key-stdin --store file"),
    "profiles": Cells("born", "", never_waits="it calls nothing"),
    "logout": Cells("born", "", piped=2, never_waits="it calls nothing"),  # there is no profile to leave
    "retry": Cells("tried_again", "dev/sparks --wait"),
    "edit": Cells("grown", "dev/sparks --tag Service=typed --wait"),
    "extend": Cells("grown", "dev/sparks 8d --wait"),
    "resize": Cells("grown", "dev/sparks medium --yes --wait"),
    "cancel": Cells("cloned", "staging/shop"),
    "clone": Cells("cloned", f"{LEDGER} dev/copy --wait"),
    "delete": Cells("kept", "staging/kept --yes --wait"),
    "snapshots": Cells("kept", "staging/kept"),
    "restore": Cells("kept", "SNAPSHOT staging/back --wait", piped=5),  # of a snapshot that is not there
}


def of_scene(name: str) -> dict[str, str]:
    """What a scene types, in its order."""
    return {command: cells.ok for command, cells in CELLS.items() if cells.scene == name}
