"""What opens changes, and the topic through which a request goes to the worker."""

import datetime as dt

from provisioner.intake.message import Message, encode
from provisioner.intake.opening import Opening, Publish
from provisioner.settings import client, ledger, setting
from provisioner.wiring.deployed import catalog


def send(message: Message) -> None:
    """Send a message to the worker's topic."""
    client("sns").publish(
        TopicArn=setting("REQUEST_TOPIC_ARN"),
        Message=encode(message),
        MessageAttributes={"kind": {"DataType": "String", "StringValue": message.kind}},
    )


def opening(now: dt.datetime, publish: Publish = send) -> Opening:
    """What opens changes, as of now."""
    return Opening(ledger(), catalog(), publish, now)
