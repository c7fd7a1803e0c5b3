"""A running sandbox, as the end-to-end tests use it."""

import contextlib
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, TypeVar

from sandbox.client import get_json
from sandbox.github import control
from sandbox.launch import launch, stop
from sandbox.printer import Printer
from sandbox.running import Running
from sandbox.state_directory import HOME, StateDirectory

Found = TypeVar("Found")
ENDED = ("done", "rejected", "failed", "cancelled")
# Many scenes share one machine; a whole story takes four minutes on a quiet one.
PATIENCE = 600
# Too many calls, or a function that was too slow: the next try may go through.
BUSY = (429, 500, 502, 503, 504)


@dataclass(frozen=True, slots=True)
class Sandbox(Running):
    """A running sandbox, with patience."""

    def request(self, request_id: str) -> dict[str, Any]:
        """The request; where the API is busy it is asked again."""

        def answered() -> dict[str, Any] | None:
            answer = self.alpha.call("GET", f"/requests/{request_id}")
            assert answer.status in BUSY or answer.status == 200, answer.body
            return answer.body if answer.status == 200 else None

        return until(answered, f"an answer on request {request_id}")

    def wait(self, request_id: str, *states: str) -> dict[str, Any]:
        """The request, once it is in one of the states; fails where it ended in another one."""

        def there() -> dict[str, Any] | None:
            document = self.request(request_id)
            if document["state"] in (*states, *ENDED) and document["state"] not in states:
                raise AssertionError(f"{document['state']}: {document['error']}")
            return document if document["state"] in states else None

        return until(there, f"request {request_id} to be {' or '.join(states)}")

    def ask(self, method: str, path: str, body: Any = None) -> str:
        """The id of the request that an accepted call makes."""
        answer = self.alpha.call(method, path, body)
        assert answer.status == 202, answer.body
        return str(answer.body["id"])

    def database(self, place: str) -> dict[str, Any]:
        found: dict[str, Any] = self.alpha.call("GET", f"/databases/{place}").body
        return found

    def planned(self, request_id: str) -> dict[str, Any]:
        """The request, once its plan is reported."""

        def reported() -> dict[str, Any] | None:
            document = self.request(request_id)
            if document["error"]:
                raise AssertionError(f"{document['state']}: {document['error']}")
            return document if "planned" in events(document) else None

        return until(reported, f"the plan of request {request_id}")

    def approve(self, request_id: str) -> dict[str, Any]:
        """Approve a planned request as a code owner does; how it stood before that."""
        document = self.planned(request_id)
        time.sleep(1)  # GitHub's times have whole seconds: an approval within one would stand before the plan
        control.approve(self.github, number(document))
        return document

    def pull(self, document: dict[str, Any]) -> dict[str, Any]:
        """A request's pull request, with its comments."""
        return next(pull for pull in control.pulls(self.github) if pull["number"] == number(document))

    def calls(self) -> list[dict[str, Any]]:
        """Every call that GitHub got."""
        found: list[dict[str, Any]] = get_json(f"{self.github}/_sandbox/calls")
        return found


def number(document: dict[str, Any]) -> int:
    """The number of a request's pull request."""
    return int(document["links"]["pull_request"].rpartition("/")[2])


def events(document: dict[str, Any]) -> list[str]:
    """What happened to a request, in order."""
    return [entry["event"] for entry in document["timeline"]]


def until(look: Callable[[], Found | None], what: str) -> Found:
    """What `look` finds, as soon as it finds something."""
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        if (found := look()) is not None:
            return found
        time.sleep(0.5)
    raise AssertionError(f"waited {PATIENCE} s for {what}")


@contextlib.contextmanager
def started(name: str) -> Iterator[Sandbox]:
    """A sandbox of this name, until the end of the block."""
    directory = StateDirectory(HOME / name)
    try:
        start(directory)
        yield Sandbox(directory.read())
    finally:
        stop(directory)


def start(directory: StateDirectory) -> None:
    """Start the sandbox; once more where a busy machine was too slow, with the first try's log shown."""
    try:
        launch(directory, Printer(), with_parent=True)
    except SystemExit as failure:
        print(
            failure,
            *(path.read_text(errors="replace")[-3000:] for path in directory.logs.glob("*.log")),
            sep="\n",
        )
        stop(directory)
        launch(directory, Printer(), with_parent=True)
