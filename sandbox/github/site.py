"""What the HTTP server serves: the repository, its users' hands, and what tests order and read."""

from dataclasses import dataclass, field
from typing import Any

from sandbox.github.faults import Faults
from sandbox.github.hub import Hub
from sandbox.github.users import Users
from sandbox.github.webhooks import Target

EVENTS = ("pull_request", "pull_request_review", "push")


@dataclass(frozen=True, slots=True)
class Site:
    hub: Hub
    users: Users
    webhook_secret: str = field(repr=False)
    faults: Faults = field(default_factory=Faults)
    calls: list[dict[str, Any]] = field(default_factory=list)
    sessions: dict[str, str] = field(default_factory=dict, repr=False)  # who is signed in, by cookie

    def add_webhook(self, url: str, secret: str | None = None, events: tuple[str, ...] = EVENTS) -> None:
        """Send webhooks to an address."""
        self.hub.webhooks.targets.append(Target(url, secret or self.webhook_secret, events))
