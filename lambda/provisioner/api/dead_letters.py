"""② Dead letters: messages that were received five times and never done, and the way back for them.

They are seen without being taken. Sent back, a message is in its queue before it leaves this one: a crash in
between leaves it in both, which the receivers are made for.
"""

import datetime as dt
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from provisioner.core.errors import Problem
from provisioner.core.times import instant

SHOWN: Final = 10  # of a queue, and what one call sends back; SQS gives no more at once
_KNOWN: Final = ("request_id", "kind", "environment", "database_name", "type", "subject")


@dataclass(frozen=True, slots=True)
class DeadLetters:
    """The queues of dead letters, by name: where they are, and where they came from ("": nowhere to send)."""

    sqs: Any
    queues: Mapping[str, tuple[str, str]]

    def document(self) -> list[dict[str, Any]]:
        """Every queue with how many messages it holds, and the first of them."""
        return [self._queue(name, dead, origin) for name, (dead, origin) in self.queues.items()]

    def send_back(self, name: str) -> dict[str, Any]:
        """Put at most SHOWN messages into the queue that they came from; raises Problem (404)."""
        dead, origin = self.queues.get(name, ("", ""))
        if not dead or not origin:
            raise Problem(
                404, "Not found", "There is no such queue whose messages go back.", slug="not-found"
            )
        sent = 0
        for message in self._receive(dead, seconds=60):
            self.sqs.send_message(QueueUrl=origin, MessageBody=message["Body"])
            self.sqs.delete_message(QueueUrl=dead, ReceiptHandle=message["ReceiptHandle"])
            sent += 1
        return {"queue": name, "sent_back": sent, "left": self._count(dead)}

    def _queue(self, name: str, dead: str, origin: str) -> dict[str, Any]:
        count = self._count(dead)
        return {
            "queue": name,
            "count": count,
            "can_send_back": bool(origin),
            "messages": [_message(each) for each in self._receive(dead, seconds=0)] if count else [],
        }

    def _count(self, url: str) -> int:
        name = "ApproximateNumberOfMessages"
        answer = self.sqs.get_queue_attributes(QueueUrl=url, AttributeNames=[name])
        return int(answer["Attributes"][name])

    def _receive(self, url: str, *, seconds: int) -> list[dict[str, Any]]:
        """Some messages, hidden from others for so long."""
        answer = self.sqs.receive_message(
            QueueUrl=url,
            MaxNumberOfMessages=SHOWN,
            VisibilityTimeout=seconds,
            AttributeNames=["SentTimestamp"],
        )
        found: list[dict[str, Any]] = answer.get("Messages", [])
        return found


def _message(message: Mapping[str, Any]) -> dict[str, Any]:
    """What a message is about, as far as it says so; never the whole of it."""
    try:
        content = json.loads(message["Body"])
    except ValueError:
        content = {}
    known = content if isinstance(content, dict) else {}
    about = {name: str(known[name])[:128] for name in _KNOWN if isinstance(known.get(name), str)}
    sent = dt.datetime.fromtimestamp(int(message["Attributes"]["SentTimestamp"]) / 1000, dt.UTC)
    return {"since": instant(sent), "about": about}
