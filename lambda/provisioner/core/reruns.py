"""The runs of the pipeline on the base branch that are asked for again, each with the id of its event."""

import datetime as dt
from typing import Final

from provisioner.core.events import ACTOR, Event, EventType
from provisioner.core.times import instant

_AFTER_RETRY: Final = "redriven:retried:"


def redriven(wanted: str, at: dt.datetime, *, pipeline: object) -> Event:
    """The pipeline of the base branch was run again; `wanted` is one of the ids below."""
    return Event(id=wanted, type=EventType.REDRIVEN, at=at, actor=ACTOR, detail={"pipeline": pipeline})


def of_silent(last_word: dt.datetime) -> str:
    """The id of the run that goes on for a job which sent its last word then."""
    return f"redriven:silent:{instant(last_word)}"


def after_retry(retry: Event) -> str:
    """The id of the run that a retry asks for."""
    return f"redriven:{retry.id}"


def of_queue(since: dt.datetime) -> str:
    """The id of the run of what is merged since then, and was not begun."""
    return f"redriven:queue:{instant(since)}"


def is_after_retry(wanted: str) -> bool:
    """Whether someone waits for this run, since a retry asked for it."""
    return wanted.startswith(_AFTER_RETRY)
