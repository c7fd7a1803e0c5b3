"""One sandbox for all end-to-end tests."""

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, TypeVar

import pytest

from sandbox.__main__ import launch
from sandbox.client import Client, get_json
from sandbox.cloud import Cloud
from sandbox.paper import Paper
from sandbox.place import HOME, Place
from sandbox.place import stop as stop_sandbox

Found = TypeVar("Found")
ENDED = ("done", "rejected", "failed", "cancelled")
# RDS takes 80 seconds here, and this machine may be busy with other tests.
PATIENCE = 420


@dataclass(frozen=True, slots=True)
class Sandbox:
    """A running sandbox."""

    state: dict[str, Any]

    @property
    def alpha(self) -> Client:
        return Client(self.state["api_url"], self.state["api_key"])

    @property
    def beta(self) -> Client:
        return Client(self.state["api_url"], self.state["other_api_key"])

    @property
    def cloud(self) -> Cloud:
        return Cloud(self.state["ports"]["aws"])

    @property
    def github(self) -> str:
        return str(self.state["github_url"])

    def request(self, request_id: str) -> dict[str, Any]:
        found: dict[str, Any] = self.alpha.call("GET", f"/requests/{request_id}").body
        return found

    def wait(self, request_id: str, *states: str) -> dict[str, Any]:
        """The request, once it is in one of the states; fails where it ended in another one."""

        def there() -> dict[str, Any] | None:
            document = self.request(request_id)
            if document["state"] in (*states, *ENDED) and document["state"] not in states:
                raise AssertionError(f"{document['state']}: {document['error']}")
            return document if document["state"] in states else None

        return until(there, f"request {request_id} to be {' or '.join(states)}")

    def calls(self) -> list[dict[str, Any]]:
        """Every call that GitHub got."""
        found: list[dict[str, Any]] = get_json(f"{self.github}/_sandbox/calls")
        return found


def until(look: Callable[[], Found | None], what: str) -> Found:
    """What `look` finds, as soon as it finds something."""
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        if (found := look()) is not None:
            return found
        time.sleep(0.5)
    raise AssertionError(f"waited {PATIENCE} s for {what}")


def start(at: Place) -> None:
    """Start the sandbox; once more where a busy machine was too slow, with the first try's log shown."""
    try:
        launch(at, Paper(), with_parent=True)
    except SystemExit as failure:
        print(
            failure, *(path.read_text(errors="replace")[-3000:] for path in at.logs.glob("*.log")), sep="\n"
        )
        stop_sandbox(at)
        launch(at, Paper(), with_parent=True)


@pytest.fixture(scope="session")
def sandbox() -> Iterator[Sandbox]:
    at = Place(HOME / "test")
    try:
        start(at)
        yield Sandbox(at.read())
    finally:
        stop_sandbox(at)
