from collections.abc import Iterator

import pytest

from tests.ledger.memory_table import MemoryTable
from tests.ledger.moto_table import ledger_beside_moto
from tests.reaper.world import World


@pytest.fixture
def table() -> MemoryTable:
    """The rows of the ledger of `world`."""
    return MemoryTable()


@pytest.fixture
def world(table: MemoryTable) -> Iterator[World]:
    with ledger_beside_moto(table) as ledger:
        yield World(ledger)
