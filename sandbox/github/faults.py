"""Answers that tests order instead of GitHub's own: failures, lost answers, and answers that lag behind."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from sandbox.github.rest.call import Call


@dataclass(slots=True)
class Fault:
    """What the next matching calls ("METHOD path") get instead of their answer."""

    match: str
    status: int = 502
    headers: Mapping[str, str] = field(default_factory=dict)
    body: str = '{"message": "Server Error"}'
    times: int = 1
    after_effect: bool = False  # the call takes effect all the same
    drop: bool = False  # and its answer is lost


class Faults:
    """The faults that are still due."""

    def __init__(self) -> None:
        self._due: list[Fault] = []

    def add(self, fault: Fault) -> None:
        self._due.append(fault)

    def take(self, call: Call) -> Fault | None:
        """The fault that a call meets, counted."""
        line = f"{call.method} {call.unquoted_path}"
        for fault in self._due:
            if fault.times > 0 and re.search(fault.match, line):
                fault.times -= 1
                return fault
        return None
