import pytest
from provisioner.ledger.ledger import Ledger

from tests.reaper.world import World


@pytest.fixture
def world(ledger: Ledger) -> World:
    return World(ledger)
