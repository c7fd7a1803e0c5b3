"""The use cases, and the topic through which a request goes to the worker."""

import datetime as dt
from uuid import uuid4

from provisioner.intake.message import Message, encode
from provisioner.intake.use_cases import Service
from provisioner.settings import client, ledger, setting
from provisioner.wiring.deployed import catalog


def service(now: dt.datetime) -> Service:
    """The use cases, as of now."""
    return Service(ledger=ledger(), catalog=catalog(), publish=send, now=now, new_id=uuid4)


def send(message: Message) -> None:
    """Send a message to the worker's topic."""
    client("sns").publish(
        TopicArn=setting("REQUEST_TOPIC_ARN"),
        Message=encode(message),
        MessageAttributes={"kind": {"DataType": "String", "StringValue": message.kind}},
    )
