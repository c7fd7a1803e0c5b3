"""The ledger at 100,000 databases: how many items are read for each one that is returned.

DynamoDB bills and takes time by the item read, so a count on a table in memory says what AWS would do; the
table knows the ledger's own calls and indexes (tests/ledger/memory_table.py).
"""

import datetime as dt
import json
import time
from collections.abc import Callable, Iterator, Sequence

from provisioner.core.times import instant
from provisioner.ledger.codecs import when
from provisioner.ledger.ledger import Ledger
from provisioner.ledger.table import Filters

from bench.figures import Figure
from tests.core.examples import NOW, ROOMY, charge, request
from tests.ledger.many import Counting
from tests.ledger.memory_table import key_of

PART = "The ledger at 100,000 databases"
DATABASES, TEAMS, DUE, PROD_ONE_IN = 100_000, 200, 50, 20
PROD = Filters(among={"environment": ("prod",)})


def measure(full: bool) -> Iterator[Figure]:  # noqa: ARG001 - the same in both
    """Lists and due scans over a table that holds them all."""
    table = filled()
    ledger = Ledger(table, "ledger")
    team = "team007"
    calls: dict[str, Callable[[], Sequence[object]]] = {
        "GET /databases, a page of 100": lambda: ledger.databases(team, page_size=100, page_token=None).items,
        "GET /databases?environment=prod": lambda: (
            ledger.databases(team, kept=PROD, page_size=100, page_token=None).items
        ),
        "GET /requests, a page of 100": lambda: ledger.requests(team, page_size=100, page_token=None).items,
        f"the reaper's look at {DUE} databases that are due": lambda: list(ledger.due_databases(NOW)),
        "the reaper's look at requests, none of them due": lambda: list(ledger.due_requests(NOW)),
    }
    for name, act in calls.items():
        table.read = table.calls = 0
        began = time.perf_counter()
        found = act()
        took = time.perf_counter() - began
        each = table.read / max(1, len(found))
        bound = None if "?" in name else 1.1  # a filter reads what it leaves out
        note = (
            f"{len(found)} returned of {table.read} read, in {table.calls} calls, {took * 1000:.0f} ms here"
        )
        yield Figure(PART, f"{name}: items read for each", each, "items", at_most=bound, note=note)


def filled() -> Counting:
    """The rows of one database, as the ledger writes them, under 100,000 names."""
    model = Counting()
    one = request(team="team000", database_name="db000000")
    Ledger(model, "ledger").open_create(one, charge(one.root), ROOMY)
    texts = [json.dumps(row) for rows in model.rows.values() for row in rows.values()]
    later = NOW + dt.timedelta(days=30)
    table = Counting()
    for number in range(DATABASES):
        at = NOW - dt.timedelta(minutes=DATABASES - number)
        new = {
            "db000000": f"db{number:06}",
            "team000": f"team{number % TEAMS:03}",
            one.id: f"{number:08x}{one.id[8:]}",
            one.id[:8]: f"{number:08x}",
            instant(NOW): instant(at),
        }
        for text in texts:
            for old, replacement in new.items():
                text = text.replace(old, replacement)  # noqa: PLW2901
            row = json.loads(text)
            if "due_at" in row:
                row["due_at"] = {"S": when(later)}
            if "environment" in row and number // TEAMS % PROD_ONE_IN == 0:
                row["environment"] = {"S": "prod"}
            if row["sk"]["S"] == "DB":
                row["due_kind"] = {"S": "database"}
                row["due_at"] = {"S": when(NOW if number < DUE else later)}
            table._write(key_of(row), row)
    return table
