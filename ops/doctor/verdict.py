"""What a check finds: that all is well, what is wrong and what to do, or why it did not look."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum


class Verdict(StrEnum):
    """How a check ended, as it is printed."""

    OK = "ok"
    WRONG = "wrong"
    NOT_LOOKED = "not looked at"


class Wrong(Exception):
    """Something is wrong; each text says what, and what to do about it."""

    def __init__(self, *problems: str) -> None:
        super().__init__("; ".join(problems))


class NotLooked(Exception):
    """The check could not look; the text says why, and what would let it."""


@dataclass(frozen=True, slots=True)
class Finding:
    """The end of one check."""

    name: str
    verdict: Verdict
    text: str


def wrong_if(problems: Sequence[str]) -> None:
    """Raise Wrong with the problems, where there are any."""
    if problems:
        raise Wrong(*problems)


def one_of(names: Sequence[str]) -> str:
    """Names with commas between them; a dash for none."""
    return ", ".join(names) or "-"
