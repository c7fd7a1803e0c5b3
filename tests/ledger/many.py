"""Many databases of one team, quickly: the rows of one, as the ledger writes them, under other names."""

import json
from dataclasses import dataclass
from typing import Any

from provisioner.core import events
from provisioner.core.database_events import removed_in_git
from provisioner.ledger.ledger import Ledger

from tests.core.examples import NOW, ROOMY, charge, request
from tests.ledger.memory_table import MemoryTable, key_of
from tests.ledger.moto_table import TABLE

_URL, _COMMIT = "https://ci.example/1", "c"


@dataclass
class Counting(MemoryTable):
    """Counts the rows that DynamoDB would read: those that a filter leaves out included."""

    read: int = 0
    calls: int = 0

    def get_item(self, **call: Any) -> dict[str, Any]:
        return self._counted(super().get_item(**call), 1)

    def batch_get_item(self, **call: Any) -> dict[str, Any]:
        (wanted,) = call["RequestItems"].values()
        return self._counted(super().batch_get_item(**call), len(wanted["Keys"]))

    def query(self, **call: Any) -> dict[str, Any]:
        whole = super().query(**{name: value for name, value in call.items() if name != "FilterExpression"})
        return self._counted(super().query(**call), len(whole["Items"]))

    def _counted(self, answer: dict[str, Any], rows: int) -> dict[str, Any]:
        self.read += rows
        self.calls += 1
        return answer

    def forget(self) -> None:
        """Count from here."""
        self.read = self.calls = 0


def fill(table: MemoryTable, databases: int, *, removed: int = 0, team: str = "alpha") -> None:
    """Add as many databases of a team that are there, and as many that were removed, each with requests."""
    for text, count, name in (
        (_rows(removed=False), databases, "db"),
        (_rows(removed=True), removed, "gone"),
    ):
        for number in range(count):
            for row in text:
                new = row.replace("name000", f"{name}-{number:04}").replace("team000", team)
                new = new.replace("00000000-", f"{number:07x}{name[0]}-").replace("00000000", f"{number:08x}")
                item = json.loads(new)
                table._write(key_of(item), item)


def _rows(*, removed: bool) -> list[str]:
    """The rows of one database and of its requests, as texts."""
    table = MemoryTable()
    ledger = Ledger(table, TABLE)
    first = "00000000-8f5e-4c1d-9a70-1c2d3e4f5a6b"
    made = request(first, team="team000", database_name="name000", environment="dev")
    ledger.open_create(made, charge(made.root), ROOMY)
    for event in (
        events.opened(1, NOW, url="https://github.com/acme/databases/pull/1", commit=_COMMIT),
        events.merged(1, NOW, "octocat", commit=_COMMIT),
        events.started(NOW, pipeline_url=_URL, commit=_COMMIT),
        events.succeeded(NOW, pipeline_url=_URL, commit=_COMMIT, result={"endpoint": "h", "port": 3306}),
    ):
        ledger.add_event(first, event, NOW)
    if removed:
        ledger.mark_removed(made.place, removed_in_git(NOW, pipeline_url=_URL, commit=_COMMIT))
    found = [row for rows in table.rows.values() for row in rows.values()]
    return [json.dumps(row) for row in found if row["sk"]["S"] not in ("STAT",)]
