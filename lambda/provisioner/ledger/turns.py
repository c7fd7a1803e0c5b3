"""Who does the work that is done once in a while: a lease on a row, for one reaper at a time."""

import datetime as dt
from dataclasses import dataclass

from provisioner.ledger.codecs import Row, when
from provisioner.ledger.table import Table, put


@dataclass(frozen=True, slots=True)
class Turns:
    """The turns, each with a separate name."""

    table: Table

    def acquire(self, name: str, now: dt.datetime, until: dt.datetime) -> bool:
        """Take a turn; False where it is not due, or taken.

        Nobody else has it before `until`; `schedule` says when it is due again.
        """
        row = self._row(name)
        if row and str(row["next_at"]) > when(now):
            return False
        return self._move(name, row, until)

    def schedule(self, name: str, at: dt.datetime) -> None:
        """Say when a turn is due again; whoever has it does."""
        self._move(name, self._row(name), at)

    def _row(self, name: str) -> Row | None:
        return self.table.get(f"TURN#{name}", "TURN")

    def _move(self, name: str, row: Row | None, at: dt.datetime) -> bool:
        version = int(row["version"]) if row else None
        turn: Row = {
            "pk": f"TURN#{name}",
            "sk": "TURN",
            "next_at": when(at),
            "version": (version or 0) + 1,
        }
        return not self.table.write([put("turn", turn, replaces=version)])
