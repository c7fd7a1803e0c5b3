"""A run of the reaper over databases that are due: what it takes for each, and that one run comes to all."""

import datetime as dt
import time
from collections.abc import Callable, Iterator
from typing import Any
from uuid import UUID

from provisioner.ledger.ledger import Ledger
from provisioner.reaper.outcome import Outcome

from bench.figures import Figure
from tests.ledger.memory_table import MemoryTable
from tests.reaper.world import FakeGitHub, World

PART = "A run of the reaper"
DUE = 10_000
# A function lives for 15 minutes at most: https://docs.aws.amazon.com/lambda/latest/dg/configuration-timeout.html
LIMIT = 900.0


class Counting(MemoryTable):
    """Counts the calls, each of which takes DynamoDB some milliseconds."""

    calls = 0

    def get_item(self, **call: Any) -> dict[str, Any]:
        self.calls += 1
        return super().get_item(**call)

    def query(self, **call: Any) -> dict[str, Any]:
        self.calls += 1
        return super().query(**call)

    def update_item(self, **call: Any) -> dict[str, Any]:
        self.calls += 1
        return super().update_item(**call)

    def transact_write_items(self, **call: Any) -> dict[str, Any]:
        self.calls += 1
        return super().transact_write_items(**call)


def measure(full: bool) -> Iterator[Figure]:
    """All at their first warning, then at their last, then at their end."""
    count = DUE if full else DUE // 10
    numbers, table = iter(range(1, 10 * DUE)), Counting()
    world = World(
        Ledger(table, "ledger"), FakeGitHub(), new_id=lambda: UUID(int=next(numbers) << 96, version=4)
    )
    for number in range(count):
        world.database(f"db{number}", number=number + 1, ttl="14d")
    phases: tuple[tuple[str, dt.timedelta, Callable[[Outcome], int]], ...] = (
        ("first warnings", dt.timedelta(days=8), lambda outcome: outcome.warned),
        ("last warnings", dt.timedelta(days=5), lambda outcome: outcome.warned),
        ("removals", dt.timedelta(days=2), lambda outcome: outcome.expired),
    )
    for name, after, counted in phases:
        table.calls = 0
        began = time.process_time()
        outcome = world.reap(after)
        took = time.process_time() - began
        if counted(outcome) != count or outcome.errors:
            raise SystemExit(f"{name}: {counted(outcome)} of {count}, {outcome.errors[:3]}")
        each, scaled = table.calls / count, took / count * DUE
        yield Figure(PART, f"{DUE:,} {name}: processor time", scaled, "s", at_most=LIMIT / 10)
        yield Figure(PART, f"{name}: calls to DynamoDB for each", each, "calls")
