from collections.abc import Iterator

import pytest
from provisioner.ledger import Ledger

from tests.core.ledger_table import ledger_on_moto


@pytest.fixture
def ledger() -> Iterator[Ledger]:
    with ledger_on_moto() as one:
        yield one
