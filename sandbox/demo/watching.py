"""Follows requests through waits and accidents: until something is true of them, printing what happens."""

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from sandbox.client import get_json
from sandbox.demo.following import PATIENCE, pipeline_failure, timeline, why
from sandbox.demo.stage import Stage, StoryFailed

ENDED = ("failed", "rejected", "cancelled")


@dataclass(slots=True)
class Watching:
    """Follows requests, and prints each of their events once."""

    stage: Stage
    _shown: set[tuple[str, object]] = field(default_factory=set)

    def until(
        self,
        request_id: str,
        holds: Callable[[dict[str, Any]], bool],
        what: str,
        *,
        accident: bool = False,
    ) -> dict[str, Any]:
        """The request's document once `holds` is true of it; with `accident` a job may have failed."""
        begun = self.stage.printer.seconds
        document: dict[str, Any] = {}
        while self.stage.printer.seconds - begun < PATIENCE:
            document = self.stage.alpha.call("GET", f"/requests/{request_id}").body
            for key, _, text in timeline(document, begun, self.stage.printer.seconds):
                if (request_id, key) not in self._shown:
                    self._shown.add((request_id, key))
                    self.stage.printer.line(text)
            if holds(document):
                return document
            if document["state"] in ENDED:
                raise StoryFailed(f"request {request_id} is {document['state']}: {why(document)}")
            if not accident and (problem := pipeline_failure(pipelines(self.stage))):
                raise StoryFailed(problem)
            time.sleep(0.5)
        raise StoryFailed(f"after {PATIENCE} s request {request_id} is {document['state']}, not {what}")


def waits_for(what: str) -> Callable[[dict[str, Any]], bool]:
    """Whether a request waits for this."""
    return lambda document: bool(document["waiting_for"]) and document["waiting_for"]["what"] == what


def is_in(state: str) -> Callable[[dict[str, Any]], bool]:
    """Whether a request is in this state."""
    return lambda document: bool(document["state"] == state)


def pipelines(stage: Stage) -> list[dict[str, Any]]:
    """What CircleCI knows of every pipeline."""
    found: list[dict[str, Any]] = get_json(f"{stage.circleci}/api/pipelines")["pipelines"]
    return found


def eventually(look: Callable[[], Any], what: str, seconds: float = 120) -> Any:
    """What a look finds, once it finds something. Raises StoryFailed after a while."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if found := look():
            return found
        time.sleep(1)
    raise StoryFailed(f"there is no {what} after {seconds:.0f} s")
