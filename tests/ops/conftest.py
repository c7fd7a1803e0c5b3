"""The commands of `ops` make separate clients, so that their ledger is moto's."""

from collections.abc import Iterator
from typing import Any

import boto3
import pytest

from tests.handlers.conftest import Cloud, cloud_with
from tests.ledger.moto_table import create_table


@pytest.fixture
def cloud() -> Iterator[Cloud]:
    with cloud_with(table) as made:
        yield made


def table() -> Any:
    """The ledger's table in moto."""
    client = boto3.client("dynamodb", region_name="us-east-1")
    create_table(client)
    return client
