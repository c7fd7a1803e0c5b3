"""Runs one command of the program in this process, as the shell does in another."""

import json
from dataclasses import dataclass
from typing import Any

import pytest
from rdsctl.program import main


@dataclass(frozen=True)
class Ran:
    """How a command ended, and what it wrote."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        """The document on stdout."""
        return json.loads(self.out)


class Run:
    """Calls the program with the arguments that a shell would give it."""

    def __init__(self, captured: pytest.CaptureFixture[str]) -> None:
        self._captured = captured

    def __call__(self, *arguments: str) -> Ran:
        self._captured.readouterr()
        code = main(list(arguments))
        written = self._captured.readouterr()
        return Ran(int(code), written.out, written.err)
