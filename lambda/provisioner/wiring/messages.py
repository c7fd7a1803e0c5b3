"""The topic through which a request goes to the worker."""

from provisioner.intake.message import Message, encode
from provisioner.settings import client, setting


def send(message: Message) -> None:
    """Send a message to the worker's topic."""
    client("sns").publish(
        TopicArn=setting("REQUEST_TOPIC_ARN"),
        Message=encode(message),
        MessageAttributes={"kind": {"DataType": "String", "StringValue": message.kind}},
    )
