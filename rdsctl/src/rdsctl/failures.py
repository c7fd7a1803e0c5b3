"""How a command can end other than well: one class, and the exit status that scripts branch on."""

from collections.abc import Sequence
from enum import IntEnum
from typing import Any


class Exit(IntEnum):
    """The exit statuses; a released one never changes its meaning."""

    OK = 0
    FAILED = 1
    USAGE = 2
    KEY = 4
    NOT_FOUND = 5
    CONFLICT = 6
    REFUSED = 7
    PENDING = 8
    INTERRUPTED = 130


class Failure(Exception):
    """What ends a command: a sentence, what to do next, and the API's problem document where it has one."""

    def __init__(
        self,
        message: str,
        code: Exit = Exit.FAILED,
        *,
        hints: Sequence[str] = (),
        problem: dict[str, Any] | None = None,
    ) -> None:
        super().__init__(message)
        self.message = message
        self.code = code
        self.hints = tuple(hints)
        self.problem = problem

    def document(self) -> dict[str, Any]:
        """The API's own problem, or one in its shape for what never reached it."""
        return self.problem or {
            "type": "about:blank",
            "title": self.message,
            "status": None,
            "detail": " ".join(self.hints) or self.message,
        }


class NoAnswer(Failure):
    """The API could not be reached, or its answer was lost on the way."""
