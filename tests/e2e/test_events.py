"""What happens to a request is published: to a queue that subscribes, and to the webhook, signed."""

import json
from pathlib import Path
from typing import Any

import pytest

from sandbox.stack import outputs
from tests.e2e.conftest import Sandbox, until

pytestmark = [pytest.mark.e2e, pytest.mark.xdist_group("e2e")]

BODY = {"database_name": "published", "database_engine": "mysql", "environment": "staging"}


def test_a_request_that_is_cancelled_is_published_from_begin_to_end(sandbox: Sandbox) -> None:
    sqs, sns = sandbox.cloud.client("sqs"), sandbox.cloud.client("sns")
    queue = sqs.create_queue(QueueName="subscriber")["QueueUrl"]
    arn = sqs.get_queue_attributes(QueueUrl=queue, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    sns.subscribe(
        TopicArn=outputs(sandbox.cloud)["EventsTopicArn"],
        Protocol="sqs",
        Endpoint=arn,
        Attributes={
            "RawMessageDelivery": "true",
            "FilterPolicy": json.dumps({"event": ["opened", "cancelled"], "environment": ["staging"]}),
        },
    )

    request_id = sandbox.alpha.call("POST", "/provision-rds", BODY).body["id"]
    sandbox.wait(request_id, "pull_request_open")
    sandbox.alpha.call("POST", f"/requests/{request_id}/cancel")
    sandbox.wait(request_id, "cancelled")

    received: dict[str, dict[str, Any]] = {}  # by id: a subscriber may receive the same event twice

    def subscriber() -> list[dict[str, Any]] | None:
        for message in sqs.receive_message(QueueUrl=queue, WaitTimeSeconds=1).get("Messages", []):
            published = json.loads(message["Body"])
            if published["data"]["request"]["id"] == request_id:  # others are under way in this environment
                received.setdefault(published["id"], published)
            sqs.delete_message(QueueUrl=queue, ReceiptHandle=message["ReceiptHandle"])
        return list(received.values()) if len(received) >= 2 else None

    found = until(subscriber, "two events in the queue")
    assert [event["data"]["event"] for event in found] == ["opened", "cancelled"]
    assert found[0]["data"]["pull_request_url"].endswith("/pull/" + found[0]["id"].rpartition(":")[2])

    def webhook() -> list[str] | None:
        lines = Path(sandbox.state["events"]).read_text().splitlines()
        published = {
            event["id"]: event for event in map(json.loads, lines) if event["subject"] == "staging/published"
        }
        events = sorted(event["data"]["event"] for event in published.values())
        return events if len(events) >= 3 else None

    assert until(webhook, "three events at the webhook") == ["cancelled", "opened", "requested"]
