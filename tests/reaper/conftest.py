from collections.abc import Iterator

import pytest

from tests.ledger.moto_table import ledger_beside_moto
from tests.reaper.world import World


@pytest.fixture
def world() -> Iterator[World]:
    with ledger_beside_moto() as ledger:
        yield World(ledger)
