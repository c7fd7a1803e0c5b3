"""How long steps usually take, from the requests that were done before; no clock.

A step's time depends on what is asked of which engine and size; a review's on who has to approve, and so on
the environment. The median of the newest few: one apply that waited an hour in a queue says little.
"""

import statistics
from collections.abc import Collection, Mapping, Sequence
from itertools import pairwise
from typing import Final

from provisioner.core.events import Event, Step
from provisioner.core.lifecycle import BEGINS, step_starts
from provisioner.core.models import Request

KEEP: Final = 25


def group(request: Request) -> str:
    """The requests that this one is like."""
    return f"{request.kind}#{request.root.engine}#{request.root.instance_class}"


def measure(step: Step, environment: str) -> str:
    """The name under which a step's seconds are kept within a group."""
    return f"review_{environment}" if step is Step.REVIEW else step.value


def seconds(request: Request, events: Collection[Event]) -> dict[str, float]:
    """How long each step of a request took, by `measure`; left out where nobody reported its begin or end."""
    starts, received = step_starts(events), {event.type for event in events}
    return {
        measure(step, request.environment): round((starts[following] - starts[step]).total_seconds(), 1)
        for (step, begin), (following, end) in pairwise(BEGINS)
        if {begin, end} <= received
    }


def extended(kept: Sequence[float], new: float) -> list[float]:
    """The newest few, oldest first."""
    return [*kept, new][-KEEP:]


def typical(kept: Mapping[str, Sequence[float]], environment: str) -> dict[Step, float]:
    """The usual seconds of each step of which anything is known."""
    known = {step: kept.get(measure(step, environment), ()) for step, _ in BEGINS}
    return {step: round(statistics.median(values), 1) for step, values in known.items() if values}
