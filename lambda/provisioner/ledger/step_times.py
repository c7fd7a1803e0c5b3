"""How long the steps of requests took, in one row for each sort of request.

Rows of earlier releases, one for each sort, engine and class, are read where a newer one says nothing.
"""

import json
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Final

from provisioner.core import durations
from provisioner.core.errors import Contention
from provisioner.core.events import Event, Step
from provisioner.core.models import Request
from provisioner.ledger.codecs import Row
from provisioner.ledger.table import Table, put

_TRIES: Final = 3


@dataclass(frozen=True, slots=True)
class StepTimes:
    """The times of requests that were done."""

    table: Table

    def kept(self, request: Request) -> Mapping[str, list[float]]:
        """The seconds of each measure, oldest first, of requests of this sort."""
        newer = _seconds(self.table.get(_key(request), "STAT") or {})
        narrow = durations.measures(Step.APPLY, request)[0]
        if narrow in newer or request.source:
            return newer
        older = _seconds(self.table.get(f"STAT#{durations.narrowest(request)}", "STAT") or {})
        if "apply" in older:
            older[narrow] = older.pop("apply")
        return older | newer

    def learn(self, request: Request, events: Collection[Event]) -> None:
        """Keep how long a request took; where others keep writing the same row, its times are left out."""
        new = durations.seconds(request, events)
        for _ in range(_TRIES):
            row = self.table.get(_key(request), "STAT")
            known = _seconds(row or {})
            known |= {name: durations.extended(known.get(name, []), time) for name, time in new.items()}
            version = int(row["version"]) if row else None
            learned: Row = {
                "pk": _key(request),
                "sk": "STAT",
                "seconds": json.dumps(known, sort_keys=True),
                "version": (version or 0) + 1,
            }
            try:
                if not self.table.write([put("times", learned, replaces=version)]):
                    return
            except Contention:
                return  # what is worth a statistic is worth no second try of the request's own event


def _key(request: Request) -> str:
    return f"STAT#{durations.sort(request)}"


def _seconds(row: Row) -> dict[str, list[float]]:
    known: dict[str, list[float]] = json.loads(str(row.get("seconds", "{}")))
    return known
