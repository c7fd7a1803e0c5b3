"""The receiver gets each event signed, and what it does not take comes again later."""

import datetime as dt
import json
import os
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from unittest import mock

import boto3
import pytest
from moto.sqs.models import sqs_backends
from provisioner.handlers import event_webhook
from provisioner.notify import cloudevents
from standardwebhooks.webhooks import Webhook

from tests.handlers.chain import Context
from tests.handlers.conftest import Cloud
from tests.notify.documents import DOCUMENT, SECRET


class Receiver(ThreadingHTTPServer):
    """Answers with the status that it is given, and keeps what it got."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.status, self.got = 204, list[tuple[dict[str, str], bytes]]()


class Handler(BaseHTTPRequestHandler):
    server: Receiver

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.server.got.append(({name.lower(): value for name, value in self.headers.items()}, body))
        self.send_response(self.server.status)
        if 300 <= self.server.status < 400:
            self.send_header("Location", f"http://127.0.0.1:{self.server.server_port}/elsewhere")
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_: Any) -> None:
        """Quiet."""


@pytest.fixture
def receiver(cloud: Cloud) -> Iterator[Receiver]:
    with Receiver() as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        secret = boto3.client("secretsmanager").create_secret(Name="webhook", SecretString=SECRET)["ARN"]
        variables = {
            "EVENTS_WEBHOOK_URL": f"http://127.0.0.1:{server.server_port}/hook",
            "EVENTS_WEBHOOK_SECRET_ARN": secret,
            "EVENTS_WEBHOOK_QUEUE_URL": cloud.queue,
        }
        with mock.patch.dict(os.environ, variables):
            yield server
        server.shutdown()


def deliver(cloud: Cloud) -> list[dict[str, Any]]:
    """Send the document through the queue as Lambda would."""
    cloud.sqs.send_message(QueueUrl=cloud.queue, MessageBody=cloudevents.encode(DOCUMENT))
    return receive(cloud)


def receive(cloud: Cloud) -> list[dict[str, Any]]:
    answer = cloud.sqs.receive_message(
        QueueUrl=cloud.queue, MaxNumberOfMessages=10, MessageSystemAttributeNames=["All"]
    )
    return [
        {
            "messageId": message["MessageId"],
            "receiptHandle": message["ReceiptHandle"],
            "body": message["Body"],
            "attributes": message["Attributes"],
        }
        for message in answer.get("Messages", [])
    ]


def run(records: list[dict[str, Any]]) -> list[str]:
    answer = event_webhook.handler({"Records": records}, Context())
    return [failure["itemIdentifier"] for failure in answer["batchItemFailures"]]


def test_the_receiver_can_verify_what_it_gets(cloud: Cloud, receiver: Receiver) -> None:
    assert run(deliver(cloud)) == []

    ((headers, body),) = receiver.got
    assert Webhook(SECRET).verify(body, headers) == DOCUMENT
    assert headers["content-type"] == "application/cloudevents+json"


@pytest.mark.parametrize("status", [301, 400, 401, 404, 410, 429, 500, 503])
def test_what_is_not_taken_stays_in_the_queue(cloud: Cloud, receiver: Receiver, status: int) -> None:
    receiver.status = status
    records = deliver(cloud)
    assert run(records) == [records[0]["messageId"]]
    assert len(receiver.got) == 1  # a redirect is not followed


def test_a_receiver_that_is_not_there_gets_it_later_under_the_same_id(
    cloud: Cloud, receiver: Receiver
) -> None:
    records, there = deliver(cloud), os.environ["EVENTS_WEBHOOK_URL"]
    os.environ["EVENTS_WEBHOOK_URL"] = "http://127.0.0.1:9/nobody"
    assert run(records) == [records[0]["messageId"]]
    os.environ["EVENTS_WEBHOOK_URL"] = there
    receiver.status = 500
    assert run(records) == [records[0]["messageId"]]
    receiver.status = 200
    assert run(records) == []
    assert len({headers["webhook-id"] for headers, _ in receiver.got}) == 1


@pytest.mark.parametrize(
    ("received", "seconds"), [(1, 30), (2, 60), (5, 480), (9, 7680), (10, 14400), (14, 14400)]
)
def test_the_wait_doubles_up_to_four_hours(
    cloud: Cloud, receiver: Receiver, received: int, seconds: int
) -> None:
    receiver.status = 500
    (record,) = deliver(cloud)
    record["attributes"]["ApproximateReceiveCount"] = str(received)
    run([record])
    (queue,) = sqs_backends["123456789012"]["us-east-1"].queues.values()
    (message,) = queue._messages
    present = dt.datetime.now().timestamp() * 1000  # noqa: DTZ005 - moto counts in milliseconds
    assert round((message.visible_at - present) / 1000) == seconds


def test_one_message_that_is_no_event_does_not_keep_the_others_waiting(
    cloud: Cloud, receiver: Receiver
) -> None:
    cloud.sqs.send_message(QueueUrl=cloud.queue, MessageBody="not JSON")
    records = deliver(cloud)
    if len(records) < 2:
        records += receive(cloud)
    broken = next(record["messageId"] for record in records if record["body"] == "not JSON")
    assert run(records) == [broken]
    assert json.loads(receiver.got[0][1]) == DOCUMENT
