"""The notifier as Lambda runs it: events through a queue, Slack on this machine, SES and secrets by moto."""

import dataclasses
import datetime as dt
import json
import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from unittest import mock

import boto3
import pytest
from moto.ses.models import ses_backends
from moto.sqs.models import sqs_backends
from provisioner import settings
from provisioner.core import database_events
from provisioner.core.models import Database
from provisioner.handlers import notifier
from provisioner.notifier.courier import LEASE
from provisioner.notify import cloudevents

from tests.core.examples import CATALOG_TEXT, ROOMY, charge
from tests.core.examples import request as new_request
from tests.handlers.chain import Context
from tests.handlers.conftest import Cloud
from tests.notifier.receiver import Receiver, receiving
from tests.notifier.test_recipients import TEAMS

SECRET = "rds-provisioner/notify/alpha"
SENDER = "rds@acme.example"


@dataclass
class Notified:
    """A database that drifts, and what its team gets to know."""

    cloud: Cloud
    slack: Receiver
    queue: str

    def database(self) -> Database:
        now = dt.datetime.now(dt.UTC)
        one = new_request(now=now, owner="jane@acme.example")
        self.cloud.ledger.open_create(one, charge(one.root), ROOMY)
        found = self.cloud.ledger.database(one.place)
        assert found is not None
        return found

    def drifts(self) -> None:
        """The event of a drift, through the queue."""
        database = self.database()
        event = database_events.drifted(
            dt.datetime.now(dt.UTC), pipeline_url="https://ci", link="https://github.com/a/b/issues/9"
        )
        self.cloud.ledger.add_database_event(database.place, event)
        self.send(cloudevents.of_database(event, database, source="urn:x"))

    def send(self, content: Any) -> None:
        self.cloud.sqs.send_message(QueueUrl=self.queue, MessageBody=json.dumps(content))

    def run(self, context: Context | None = None) -> int:
        """Run the function on what the queue shows; how many messages stay."""
        answer = self.cloud.sqs.receive_message(
            QueueUrl=self.queue, MaxNumberOfMessages=10, MessageSystemAttributeNames=["All"]
        )
        records = [
            {
                "messageId": message["MessageId"],
                "receiptHandle": message["ReceiptHandle"],
                "body": message["Body"],
                "attributes": message["Attributes"],
            }
            for message in answer.get("Messages", [])
        ]
        given = context or Context(left_milliseconds=120_000, function_name="notifier")
        stay = notifier.handler({"Records": records}, given)["batchItemFailures"]
        kept = {failure["itemIdentifier"] for failure in stay}
        for record in records:
            if record["messageId"] not in kept:
                self.cloud.sqs.delete_message(QueueUrl=self.queue, ReceiptHandle=str(record["receiptHandle"]))
        return len(kept)

    def time_passes(self, length: dt.timedelta) -> None:
        """What waits in the queue shows again, and every lease and wait is so much older."""
        queue = held()
        for message in queue._messages:
            message.visible_at = message.delayed_until = 0
        queue.pending_messages.clear()
        for key, rows in self.cloud.dynamodb.rows.items():
            for row in rows.values() if key.startswith("SAID#") else ():
                until = dt.datetime.fromisoformat(row["until"]["S"])
                row["until"]["S"] = (until - length).strftime("%Y-%m-%dT%H:%M:%S.%fZ")

    def waits(self) -> list[int]:
        """For how many seconds each message of the queue stays hidden."""
        queue = held()
        present = dt.datetime.now().timestamp() * 1000  # noqa: DTZ005 - moto counts in milliseconds
        return [round((message.visible_at - present) / 1000) for message in queue._messages]

    def mails(self) -> list[str]:
        sent = ses_backends["123456789012"]["us-east-1"].sent_messages
        return [address for mail in sent for address in mail.destinations["ToAddresses"]]


def held() -> Any:
    """The queue as moto holds it."""
    return sqs_backends["123456789012"]["us-east-1"].queues["notifier"]


@pytest.fixture
def notified(cloud: Cloud, tmp_path: Path) -> Iterator[Notified]:
    catalog = tmp_path / "catalog.yaml"
    catalog.write_text(CATALOG_TEXT.replace("teams: {}", TEAMS))
    queue = cloud.sqs.create_queue(QueueName="notifier")["QueueUrl"]
    boto3.client("sesv2").create_email_identity(EmailIdentity=SENDER)
    with receiving() as slack:
        boto3.client("secretsmanager").create_secret(Name=SECRET, SecretString=f"{slack.url}\n")
        variables = {
            "CATALOG_PATH": str(catalog),
            "API_URL": "https://rds.acme.example",
            "HAS_CONSOLE": "true",
            "NOTIFY_FROM": SENDER,
            "NOTIFY_DOMAINS": "acme.example,acme.test",
            "NOTIFIER_QUEUE_URL": queue,
            "SLACK_WEBHOOKS": f"http://127.0.0.1:{slack.server_port}/",
        }
        with mock.patch.dict(os.environ, variables):
            settings.forget()
            yield Notified(cloud, slack, queue)


def test_an_event_reaches_the_team_and_the_owner_on_each_of_their_channels(notified: Notified) -> None:
    notified.drifts()
    assert notified.run() == 0
    assert notified.slack.titles() == ["dev/mydb123 differs from git"]
    assert sorted(notified.mails()) == ["alpha@acme.example", "jane@acme.example"]
    (body,) = notified.slack.got
    assert "https://rds.acme.example/console/#/databases/dev/mydb123" in json.dumps(body)


def test_an_event_that_comes_twice_is_said_once(notified: Notified) -> None:
    notified.drifts()
    answer = notified.cloud.sqs.receive_message(QueueUrl=notified.queue, VisibilityTimeout=0)
    notified.send(json.loads(answer["Messages"][0]["Body"]))
    assert notified.run() == 0
    assert (len(notified.slack.got), len(notified.mails())) == (1, 2)


def test_slack_is_asked_again_when_it_says_and_mail_is_not_sent_again(notified: Notified) -> None:
    notified.slack.answers = [(429, "", {"Retry-After": "90"}), (200, "ok", {})]
    notified.drifts()
    assert notified.run() == 1
    (wait,) = notified.waits()
    assert 85 <= wait <= 91
    assert len(notified.mails()) == 2
    notified.time_passes(dt.timedelta(seconds=95))
    assert notified.run() == 0
    assert (len(notified.slack.got), len(notified.mails())) == (2, 2)


def test_a_function_that_is_killed_says_it_at_most_twice(notified: Notified) -> None:
    notified.drifts()
    for _ in range(4):
        with (
            mock.patch("provisioner.ledger.deliveries.Deliveries.ended", side_effect=KeyboardInterrupt),
            pytest.raises(KeyboardInterrupt),
        ):
            notified.run()
        if len(notified.slack.got) == 2:
            break
        notified.time_passes(LEASE)
    notified.time_passes(LEASE)
    notified.run()
    assert len(notified.slack.got) == 2


@pytest.mark.parametrize("gone", ["secret", "webhook"])
def test_a_channel_that_was_removed_is_on_the_board_and_the_mails_go_out(
    notified: Notified, gone: str, capsys: pytest.CaptureFixture[str]
) -> None:
    if gone == "secret":
        boto3.client("secretsmanager").delete_secret(SecretId=SECRET, ForceDeleteWithoutRecovery=True)
    else:
        notified.slack.answer(404, "no_service")
    notified.drifts()
    assert notified.run() == 0
    assert len(notified.mails()) == 2
    (failing,) = notified.cloud.ledger.deliveries.failing()
    assert (failing.channel, failing.team) == (f"slack:{SECRET}", "alpha")
    missing = f"secret {SECRET}: ResourceNotFoundException"
    assert failing.cause == (missing if gone == "secret" else "Slack answered 404 no_service")
    said = capsys.readouterr().out
    assert "NotificationsFailed" in said
    assert "hidden" not in said  # the webhook's address is in no log


def test_a_look_says_what_time_alone_brings_and_leaves_the_queue(notified: Notified) -> None:
    long_ago = dt.datetime.now(dt.UTC) - dt.timedelta(hours=3)
    one = new_request(now=long_ago)
    notified.cloud.ledger.open_create(one, charge(one.root), ROOMY)
    for _ in range(2):
        notified.send({"look": True})
        assert notified.run() == 0
    slow = [title for title in notified.slack.titles() if "longer" in title]
    assert slow == ["dev/mydb123: the creation takes longer than usual"]


def test_a_look_whose_channel_fails_is_done_and_the_next_one_says_it(notified: Notified) -> None:
    one = new_request(now=dt.datetime.now(dt.UTC) - dt.timedelta(hours=3))
    notified.cloud.ledger.open_create(one, charge(one.root), ROOMY)
    notified.slack.answer(500, "rollup_error")
    notified.send({"look": True})
    assert notified.run() == 0
    notified.slack.answer(200, "ok")
    before = len(notified.slack.got)
    notified.time_passes(dt.timedelta(minutes=10))
    notified.send({"look": True})
    assert notified.run() == 0
    assert len(notified.slack.got) > before


@pytest.mark.parametrize("body", ["no json", "[]", "{}", '{"data": {}}'])
def test_what_is_no_event_stays_for_the_dead_letters(notified: Notified, body: str) -> None:
    notified.cloud.sqs.send_message(QueueUrl=notified.queue, MessageBody=body)
    assert notified.run() == 1


def test_where_no_time_is_left_nothing_is_begun(notified: Notified) -> None:
    notified.drifts()
    context = dataclasses.replace(Context(), left_milliseconds=5_000)
    assert notified.run(context) == 1
    assert (notified.slack.got, notified.mails()) == ([], [])
