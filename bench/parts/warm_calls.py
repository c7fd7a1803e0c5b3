"""Times warm calls of the API on a table in memory; prints seconds as JSON on standard error.

`python -m bench.parts.warm_calls`, in a process that does nothing else: the function logs to standard output.
"""

import json
import os
import statistics
import sys
import time
from collections.abc import Callable
from typing import Any, Final

from bench.cold_start import PROJECT

ROUNDS: Final = 200
os.environ |= {
    "AWS_DEFAULT_REGION": "us-east-1",
    "LEDGER_TABLE": "ledger",
    "REQUEST_TOPIC_ARN": "arn:aws:sns:us-east-1:123456789012:requests",
    "CATALOG_PATH": str(PROJECT / "catalog.yaml"),
}

from provisioner import settings  # noqa: E402 - the environment first
from provisioner.ledger.ledger import Ledger  # noqa: E402

from tests.core.examples import ROOMY, charge, request  # noqa: E402
from tests.handlers.api_client import Client  # noqa: E402
from tests.ledger.memory_table import MemoryTable  # noqa: E402


def median(act: Callable[[], Any]) -> float:
    """The processor time of one call, after some that warm it up."""
    for _ in range(20):
        act()
    times = []
    for _ in range(ROUNDS):
        began = time.process_time()
        act()
        times.append(time.process_time() - began)
    return statistics.median(times)


def bare(_event: Any, _context: Any) -> dict[str, Any]:
    """What any function has to do: make JSON of what it answers."""
    return {"statusCode": 200, "headers": {}, "body": json.dumps({"status": "ok"})}


def main() -> None:
    """Time the calls that clients make most."""
    table = MemoryTable()
    ledger = Ledger(table, "ledger")
    settings.client = lambda _service: table  # type: ignore[assignment] # it takes no time
    key = {"pk": "KEY#key-alpha", "sk": "KEY", "team": "alpha", "actor": "alpha-ci"}
    table.put_item(Item={name: {"S": value} for name, value in key.items()})
    one, client = request(), Client()
    ledger.open_create(one, charge(one.root), ROOMY)
    body = {"database_name": "another", "database_engine": "postgres", "environment": "dev"}
    calls: dict[str, Callable[[], Any]] = {
        "GET /requests/{id}": lambda: client.call("GET", f"/requests/{one.id}"),
        "GET /databases": lambda: client.call("GET", "/databases"),
        "POST /provision-rds?dry_run=true": lambda: client.call(
            "POST", "/provision-rds", body, query={"dry_run": "true"}
        ),
    }
    for name, act in calls.items():
        answer = act()
        if answer.status != 200:
            raise SystemExit(f"{name} answers {answer.status}: {answer.text}")
    found = {"bare": median(lambda: bare({}, None))} | {name: median(act) for name, act in calls.items()}
    print(json.dumps(found), file=sys.stderr)


if __name__ == "__main__":
    main()
