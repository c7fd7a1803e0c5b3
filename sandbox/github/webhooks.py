"""Signed webhooks, delivered in order by one thread; a failed one is not tried again, as on GitHub."""

import hashlib
import hmac
import json
import queue
import threading
import urllib.error
import urllib.request
import uuid
from dataclasses import dataclass
from typing import Any

from sandbox.github.pulls import now


@dataclass(frozen=True, slots=True)
class Target:
    """Where webhooks go."""

    url: str
    secret: str
    events: tuple[str, ...]


class Webhooks:
    """The delivery thread and its log."""

    def __init__(self) -> None:
        self.targets: list[Target] = []
        self.deliveries: list[dict[str, Any]] = []
        self._queue: queue.Queue[tuple[Target, str, str, bytes] | None] = queue.Queue()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def send(self, event: str, payload: dict[str, Any]) -> None:
        """Queue an event for every target that wants it."""
        body = json.dumps(payload).encode()
        for target in list(self.targets):
            if event in target.events:
                self._queue.put((target, event, str(uuid.uuid4()), body))

    def redeliver(self, delivery_id: str) -> bool:
        """Send an earlier delivery once more, under the same id."""
        for delivery in list(self.deliveries):
            if delivery["id"] == delivery_id:
                target = next(target for target in self.targets if target.url == delivery["url"])
                self._queue.put((target, delivery["event"], delivery_id, delivery["body"].encode()))
                return True
        return False

    def settle(self) -> None:
        """Wait until everything that is queued was delivered."""
        self._queue.join()

    def stop(self) -> None:
        self._queue.put(None)
        self._thread.join(timeout=5)

    def _run(self) -> None:
        while (item := self._queue.get()) is not None:
            try:
                self._deliver(*item)
            finally:
                self._queue.task_done()

    def _deliver(self, target: Target, event: str, delivery_id: str, body: bytes) -> None:
        signature = hmac.new(target.secret.encode(), body, hashlib.sha256).hexdigest()
        request = urllib.request.Request(
            target.url,
            data=body,
            headers={
                "Content-Type": "application/json",
                "User-Agent": "GitHub-Hookshot/sandbox",
                "X-GitHub-Event": event,
                "X-GitHub-Delivery": delivery_id,
                "X-Hub-Signature-256": f"sha256={signature}",
            },
        )
        entry: dict[str, Any] = {"id": delivery_id, "event": event, "url": target.url, "body": body.decode()}
        entry["at"] = now()
        try:
            with urllib.request.urlopen(request, timeout=30) as response:
                entry["status"], entry["answer"] = response.status, response.read().decode("utf-8", "replace")
        except urllib.error.HTTPError as error:
            entry["status"], entry["answer"] = error.code, error.read().decode("utf-8", "replace")
        except OSError as error:
            entry["status"], entry["answer"] = 0, str(error)
        self.deliveries.append(entry)
