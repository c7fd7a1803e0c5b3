"""SQS as far as dead letters need it, in memory."""

# ruff: noqa: N803 - SQS's own names

import time
from dataclasses import dataclass, field
from typing import Any, Final

NAMES: Final = ("requests", "access", "event-webhook", "notifier", "events", "schedule")


@dataclass
class Queues:
    """A client that holds messages by the queue's address."""

    held: dict[str, list[str]] = field(default_factory=dict)

    def variables(self) -> dict[str, str]:
        """What the admin function reads of its environment."""
        found = {}
        for name in NAMES:
            upper = {"requests": "REQUEST", "events": "EVENTS", "schedule": "SCHEDULE"}.get(
                name, name.upper()
            )
            found[f"{upper.replace('-', '_')}_DEAD_LETTERS_URL"] = f"dead/{name}"
            found[f"{upper.replace('-', '_')}_QUEUE_URL"] = f"live/{name}"
        return found

    def get_queue_attributes(self, *, QueueUrl: str, **_: Any) -> dict[str, Any]:
        return {"Attributes": {"ApproximateNumberOfMessages": str(len(self.held.get(QueueUrl, [])))}}

    def receive_message(self, *, QueueUrl: str, MaxNumberOfMessages: int, **_: Any) -> dict[str, Any]:
        sent = str(int((time.time() - 3 * 3600) * 1000))
        return {
            "Messages": [
                {"Body": body, "ReceiptHandle": body, "Attributes": {"SentTimestamp": sent}}
                for body in self.held.get(QueueUrl, [])[:MaxNumberOfMessages]
            ]
        }

    def send_message(self, *, QueueUrl: str, MessageBody: str) -> None:
        self.held.setdefault(QueueUrl, []).append(MessageBody)

    def delete_message(self, *, QueueUrl: str, ReceiptHandle: str) -> None:
        self.held[QueueUrl].remove(ReceiptHandle)
