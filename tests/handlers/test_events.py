"""Every event of the ledger is published once the stream shows it; a fault publishes it later, not never."""

import json
import os
from collections.abc import Iterator
from typing import Any
from uuid import uuid4

import boto3
import pytest
from provisioner.core.database_events import DatabaseEvent, DatabaseEventType
from provisioner.core.events import Detail, Event, EventType, Step
from provisioner.core.names import Place
from provisioner.handlers import events
from provisioner.ledger.codecs import to_item

from tests.core.examples import NOW, ROOMY, charge, request
from tests.handlers.chain import Context
from tests.handlers.conftest import Cloud
from tests.ledger.moto_table import TABLE


class Subscriber:
    """A queue that receives everything that is published to the topic."""

    def __init__(self, cloud: Cloud) -> None:
        sns = boto3.client("sns")
        self.cloud, self.topic = cloud, sns.create_topic(Name="events")["TopicArn"]
        self.queue = cloud.sqs.create_queue(QueueName="events")["QueueUrl"]
        found = cloud.sqs.get_queue_attributes(QueueUrl=self.queue, AttributeNames=["QueueArn"])
        arn, raw = found["Attributes"]["QueueArn"], {"RawMessageDelivery": "true"}
        sns.subscribe(TopicArn=self.topic, Protocol="sqs", Endpoint=arn, Attributes=raw)
        os.environ["EVENTS_TOPIC_ARN"] = self.topic

    def received(self) -> list[dict[str, Any]]:
        """The documents since the last look."""
        answer = self.cloud.sqs.receive_message(QueueUrl=self.queue, MaxNumberOfMessages=10)
        return [json.loads(message["Body"]) for message in answer.get("Messages", [])]

    def stream(self) -> list[dict[str, Any]]:
        """All rows of the ledger, as a stream shows new ones."""
        items = self.cloud.dynamodb.scan(TableName=TABLE)["Items"]
        return [record(item, str(number)) for number, item in enumerate(items)]


def record(item: dict[str, Any], position: str, name: str = "INSERT") -> dict[str, Any]:
    return {"eventName": name, "dynamodb": {"SequenceNumber": position, "NewImage": item}}


def publish(*records: dict[str, Any]) -> list[dict[str, str]]:
    failures: list[dict[str, str]] = events.handler({"Records": list(records)}, Context())[
        "batchItemFailures"
    ]
    return failures


@pytest.fixture
def subscriber(cloud: Cloud) -> Iterator[Subscriber]:
    subscribed = Subscriber(cloud)
    yield subscribed
    del os.environ["EVENTS_TOPIC_ARN"]


def test_the_rows_of_events_are_published_and_no_others(cloud: Cloud, subscriber: Subscriber) -> None:
    asked = request()
    cloud.ledger.open_create(asked, charge(asked.root), ROOMY)
    cloud.ledger.add_database_event(
        Place("dev", "mydb123"),
        DatabaseEvent(id="n", type=DatabaseEventType.EXPIRING, at=NOW, actor="rds-provisioner"),
    )

    assert publish(*subscriber.stream()) == []

    received = {document["type"]: document for document in subscriber.received()}
    assert sorted(received) == ["rds-provisioner.expiring.v1", "rds-provisioner.requested.v1"]
    assert received["rds-provisioner.requested.v1"]["id"] == f"{asked.id}/requested"
    assert received["rds-provisioner.expiring.v1"]["id"] == "dev/mydb123/n"


def test_subscribers_can_choose_by_event_environment_and_team(cloud: Cloud, subscriber: Subscriber) -> None:
    own = cloud.sqs.create_queue(QueueName="failures")["QueueUrl"]
    arn = cloud.sqs.get_queue_attributes(QueueUrl=own, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    policy = json.dumps({"event": ["failed"], "environment": ["dev"], "team": ["alpha"]})
    boto3.client("sns").subscribe(
        TopicArn=subscriber.topic,
        Protocol="sqs",
        Endpoint=arn,
        Attributes={"FilterPolicy": policy, "RawMessageDelivery": "true"},
    )
    asked = request()
    cloud.ledger.open_create(asked, charge(asked.root), ROOMY)
    failure: Detail = {"step": Step.APPLY, "cause": "c", "fix": "f", "retryable": False}
    event = Event(id="failed:1", type=EventType.FAILED, at=NOW, actor="pipeline", detail=failure)
    cloud.ledger.add_event(asked.id, event, NOW)

    publish(*subscriber.stream())

    messages = cloud.sqs.receive_message(QueueUrl=own, MaxNumberOfMessages=10)["Messages"]
    assert [json.loads(message["Body"])["data"]["event"] for message in messages] == ["failed"]


def test_a_changed_row_is_no_news(cloud: Cloud, subscriber: Subscriber) -> None:
    asked = request()
    cloud.ledger.open_create(asked, charge(asked.root), ROOMY)
    again = [
        record(each["dynamodb"]["NewImage"], each["dynamodb"]["SequenceNumber"], "MODIFY")
        for each in subscriber.stream()
    ]
    assert publish(*again, {"eventName": "REMOVE", "dynamodb": {"SequenceNumber": "9"}}) == []
    assert subscriber.received() == []


def test_a_topic_that_does_not_answer_gets_it_later_and_in_order(
    cloud: Cloud, subscriber: Subscriber
) -> None:
    asked = request()
    cloud.ledger.open_create(asked, charge(asked.root), ROOMY)
    os.environ["EVENTS_TOPIC_ARN"] = "arn:aws:sns:us-east-1:123456789012:gone"
    stream = subscriber.stream()
    first = next(each for each in stream if each["dynamodb"]["NewImage"]["sk"]["S"].startswith("EVT#"))

    assert publish(*stream) == [{"itemIdentifier": first["dynamodb"]["SequenceNumber"]}]

    os.environ["EVENTS_TOPIC_ARN"] = subscriber.topic
    assert publish(*stream) == []
    assert [document["data"]["event"] for document in subscriber.received()] == ["requested"]


def test_the_batch_stops_at_its_first_failure_so_that_a_requests_events_stay_in_order(
    cloud: Cloud, subscriber: Subscriber
) -> None:
    asked = request()
    cloud.ledger.open_create(asked, charge(asked.root), ROOMY)
    refused: Detail = {"step": Step.APPLY, "cause": "c", "fix": "x" * 300_000, "retryable": False}
    for event in (  # more than SNS takes, in the middle of the batch
        Event(id="a", type=EventType.FAILED, at=NOW, actor="pipeline", detail=refused),
        Event(id="b", type=EventType.APPROVED, at=NOW, actor="someone"),
    ):
        cloud.ledger.add_event(asked.id, event, NOW)
    by_id = {
        each["dynamodb"]["NewImage"]["event_id"]["S"]: each["dynamodb"]["NewImage"]
        for each in subscriber.stream()
        if "event_id" in each["dynamodb"]["NewImage"]
    }
    batch = [record(by_id[name], name) for name in ("requested", "a", "b")]

    assert publish(*batch) == [{"itemIdentifier": "a"}]

    assert [document["data"]["event"] for document in subscriber.received()] == ["requested"]


@pytest.mark.parametrize(
    "row",
    [
        {"type": "invented"},
        {"at": "yesterday"},
        {"detail": "{"},
        {"pk": f"REQ#{uuid4()}"},
        {"pk": "DB#dev#nobody", "type": "expiring"},
        {"pk": "DB#dev"},
    ],
    ids=["type", "time", "detail", "request", "database", "key"],
)
def test_a_row_that_this_code_cannot_read_holds_nothing_up(
    cloud: Cloud, subscriber: Subscriber, row: dict[str, str], capsys: pytest.CaptureFixture[str]
) -> None:
    asked = request()
    cloud.ledger.open_create(asked, charge(asked.root), ROOMY)
    known = {
        "pk": f"REQ#{asked.id}",
        "sk": "EVT#x",
        "event_id": "x",
        "type": "approved",
        "at": "2026-11-23T12:00:00.000000Z",
        "actor": "someone",
        "detail": "{}",
    }
    assert publish(record(to_item(known | row), "1")) == []
    assert subscriber.received() == []
