import contextlib
import json
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NoReturn
from unittest import mock

import boto3
import pytest
from botocore.exceptions import ClientError
from moto import mock_aws
from provisioner import settings
from provisioner.handlers import api
from provisioner.ledger.ledger import Ledger

from tests.github.github_server import github_server
from tests.handlers.both import Both
from tests.handlers.chain import Chain
from tests.ledger.memory_table import MemoryTable
from tests.ledger.moto_table import FAKE_ACCOUNT, TABLE


class Cloud:
    """The ledger, the request topic and what was sent to it."""

    def __init__(self, table: Any) -> None:
        self.dynamodb = table
        self.ledger = Ledger(self.dynamodb, TABLE)
        sns, self.sqs = boto3.client("sns"), boto3.client("sqs")
        self.topic = sns.create_topic(Name="requests")["TopicArn"]
        self.queue = self.sqs.create_queue(QueueName="requests")["QueueUrl"]
        arn = self.sqs.get_queue_attributes(QueueUrl=self.queue, AttributeNames=["QueueArn"])["Attributes"][
            "QueueArn"
        ]
        sns.subscribe(
            TopicArn=self.topic, Protocol="sqs", Endpoint=arn, Attributes={"RawMessageDelivery": "true"}
        )
        for team in ("alpha", "beta"):
            self.dynamodb.put_item(
                TableName=TABLE,
                Item={
                    "pk": {"S": f"KEY#key-{team}"},
                    "sk": {"S": "KEY"},
                    "team": {"S": team},
                    "actor": {"S": f"{team}-ci"},
                },
            )

    def messages(self) -> list[dict[str, Any]]:
        """Everything that was sent to the worker since the last look."""
        answer = self.sqs.receive_message(QueueUrl=self.queue, MaxNumberOfMessages=10)
        return [json.loads(message["Body"]) for message in answer.get("Messages", [])]

    def rows(self) -> int:
        """How many rows the ledger has besides the keys."""
        items = self.dynamodb.scan(TableName=TABLE)["Items"]
        return sum(item["sk"]["S"] != "KEY" for item in items)


@pytest.fixture
def cloud() -> Iterator[Cloud]:
    with cloud_with(MemoryTable) as made:
        yield made


@contextlib.contextmanager
def cloud_with(make_table: Callable[[], Any]) -> Iterator[Cloud]:
    """A cloud whose DynamoDB is what `make_table` makes; moto plays all other services."""
    names = {"LEDGER_TABLE": TABLE}
    places = {"CATALOG_PATH": str(Path(__file__).parents[2] / "catalog.yaml")}
    with mock.patch.dict(os.environ, FAKE_ACCOUNT | names | places), mock_aws():
        settings.forget()
        api._key_of.cache_clear()
        made = Cloud(make_table())
        os.environ["REQUEST_TOPIC_ARN"] = made.topic
        with ledger_client(made.dynamodb):
            yield made
        settings.forget()


def no_table(**_: Any) -> NoReturn:
    """A call of a table that was removed."""
    error: Any = {"Error": {"Code": "ResourceNotFoundException", "Message": "Table: gone not found"}}
    raise ClientError(error, "GetItem")


@contextlib.contextmanager
def ledger_client(table: Any) -> Iterator[None]:
    """The functions' client of DynamoDB is `table`; their others are as ever."""
    real = settings._session()

    def create_client(service: str, **options: Any) -> Any:
        return table if service == "dynamodb" else real.create_client(service, **options)

    session = mock.Mock(create_client=create_client)
    with mock.patch.object(settings, "_session", return_value=session):
        yield


@pytest.fixture
def chain(cloud: Cloud, tmp_path: Path) -> Iterator[Chain]:
    with github_server(tmp_path) as server:
        secrets = boto3.client("secretsmanager")
        for name, text in {
            "GITHUB_APP_KEY_SECRET_ARN": server.private_key_pem,
            "GITHUB_WEBHOOK_SECRET_ARN": server.webhook_secret,
        }.items():
            os.environ[name] = secrets.create_secret(Name=name, SecretString=text)["ARN"]
        os.environ |= {
            "GITHUB_API_URL": server.url,
            "GITHUB_REPOSITORY": server.repository,
            "GITHUB_APP_ID": server.app_id,
            "GITHUB_INSTALLATION_ID": server.installation_id,
            "REQUEST_QUEUE_URL": cloud.queue,
            "MAX_RECEIVE_COUNT": "5",
            "CIRCLECI_URL": "https://ci.example",
        }
        yield Chain(cloud.ledger, cloud.sqs, cloud.queue, server)


@pytest.fixture
def both(chain: Chain, tmp_path: Path) -> Both:
    (tmp_path / "pipeline").mkdir()
    return Both(chain, tmp_path / "pipeline")
