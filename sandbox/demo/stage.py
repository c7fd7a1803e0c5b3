"""What the demo's stories share: the running sandbox, the printer, and promises that are kept or broken."""

import json
import textwrap
from dataclasses import dataclass
from typing import Any

from sandbox.client import Answer, Client
from sandbox.printer import Printer
from sandbox.running import Running

WIDTH = 100


class StoryFailed(Exception):
    """Something that the demo promises is not true; the message says what."""


@dataclass(frozen=True, slots=True)
class Stage(Running):
    """A running sandbox, and the printer that shows a story."""

    printer: Printer

    def ask(self, method: str, path: str, body: Any = None) -> str:
        """A call that has to be accepted; the id of the request that it makes."""
        answer = self._call(self.alpha, method, path, body)
        expect(answer.status == 202, f"{method} {path} answers {answer.status}, not 202: {answer.body}")
        self.printer.line(f"202 Accepted, request {answer.body['id']}")
        return str(answer.body["id"])

    def refused(
        self, status: int, method: str, path: str, body: Any = None, *, by: Client | None = None
    ) -> dict[str, Any]:
        """A wrong move, which has to be answered with this status and a clear word; the problem document."""
        answer = self._call(by or self.alpha, method, path, body)
        expect(
            answer.status == status, f"{method} {path} answers {answer.status}, not {status}: {answer.body}"
        )
        problem: dict[str, Any] = answer.body
        why = " ".join(error["detail"] for error in problem["errors"]) or problem["detail"]
        expect(bool(why), f"{method} {path} is refused without a reason: {problem}")
        self.say(f"{status} {problem['title']}: {why}")
        return problem

    def say(self, text: str) -> None:
        """Print a sentence, broken where the line is full."""
        first, *others = textwrap.wrap(text, WIDTH)
        self.printer.line(first)
        for part in others:
            self.printer.more(part)

    def _call(self, client: Client, method: str, path: str, body: Any) -> Answer:
        whose = "" if client == self.alpha else "   (with another team's key)"
        self.printer.line(f"{method} {path} {json.dumps(body) if body is not None else ''}".rstrip() + whose)
        return client.call(method, path, body)


def expect(truth: bool, otherwise: str) -> None:
    if not truth:
        raise StoryFailed(otherwise)
