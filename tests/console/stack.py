"""The API and the console, on a ledger in memory: what a browser needs, and starts in no time."""

import contextlib
import datetime as dt
import io
import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from unittest import mock

from provisioner import settings
from provisioner.handlers import admin, api
from provisioner.ledger.codecs import when
from provisioner.ledger.ledger import Ledger

from tests.console.queues import Queues
from tests.console.served import Served, serving
from tests.ledger.memory_table import MemoryTable

TABLE = "ledger"
SETTINGS = {
    "CATALOG_PATH": str(Path(__file__).parents[2] / "catalog.yaml"),
    "LEDGER_TABLE": TABLE,
    "REQUEST_TOPIC_ARN": "arn:aws:sns:us-east-1:123456789012:requests",
    "AWS_DEFAULT_REGION": "us-east-1",
    "MAKES_USERS": "true",
    "STATE_BUCKET": "states",
}


class Topic:
    """The request topic; the tests bring requests on by hand."""

    def publish(self, **_: Any) -> dict[str, str]:
        return {"MessageId": "1"}


class Logs:
    """The state bucket's logs, by key."""

    def __init__(self) -> None:
        self.texts: dict[str, str] = {}

    def list_objects_v2(self, *, Prefix: str, **_: Any) -> dict[str, Any]:  # noqa: N803 - as S3 names it
        at = dt.datetime(2026, 11, 23, tzinfo=dt.UTC)
        return {
            "Contents": [
                {"Key": key, "LastModified": at, "Size": len(text), "ETag": '"1"'}
                for key, text in self.texts.items()
                if key.startswith(Prefix)
            ]
        }

    def get_object(self, *, Key: str, **_: Any) -> dict[str, Any]:  # noqa: N803 - as S3 names it
        return {"Body": io.BytesIO(self.texts[Key].encode())}


@dataclass(frozen=True, slots=True)
class Stack:
    """The server that browsers see, and the ledger, the logs and the queues behind it."""

    served: Served
    ledger: Ledger
    logs: Logs
    queues: Queues


@contextlib.contextmanager
def running(table: MemoryTable | None = None) -> Iterator[Stack]:
    """Serve until the end of the block; key-alpha and key-beta belong to teams, key-paul to an operator."""
    table, logs, queues = table or MemoryTable(), Logs(), Queues()
    clients: dict[str, Any] = {"dynamodb": table, "sns": Topic(), "s3": logs, "sqs": queues}
    session = mock.Mock(create_client=lambda service, **_: clients[service])
    made = mock.patch.object(settings, "_session", return_value=session)
    with mock.patch.dict(os.environ, SETTINGS | queues.variables()), made:
        settings.forget()
        api._key_of.cache_clear()
        admin._key_of.cache_clear()
        for team in ("alpha", "beta"):
            key = {"pk": {"S": f"KEY#key-{team}"}, "sk": {"S": "KEY"}}
            table.put_item(Item=key | {"team": {"S": team}, "actor": {"S": f"{team}-ci"}})
        end = when(dt.datetime.now(dt.UTC) + dt.timedelta(days=20))
        paul = {"team": "operators", "actor": "paul.novak", "person": "paul.novak", "scope": "operator"}
        row = {"pk": "KEY#key-paul", "sk": "KEY", "name": "operators-1", "expires_at": end, **paul}
        table.put_item(Item={name: {"S": text} for name, text in row.items()})
        with serving() as served:
            yield Stack(served, Ledger(table, TABLE), logs, queues)
        settings.forget()
