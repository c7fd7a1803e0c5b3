"""The ledger on moto, for every test that asks for it."""

from collections.abc import Iterator

import pytest
from provisioner.ledger.ledger import Ledger

from tests.ledger.moto_table import ledger_on_moto


@pytest.fixture
def ledger() -> Iterator[Ledger]:
    with ledger_on_moto() as one:
        yield one
