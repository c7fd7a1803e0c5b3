"""When a request will be ready: the steps that are left, each with what is usual for it; no clock.

A step that a reviewer decides is as long as the reviewer takes. Where the environment's history says how long
that usually is, it counts; before that, the estimate begins with the approval.
"""

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass

from provisioner.core.durations import CATALOG, Usual
from provisioner.core.durations import steps as steps_of
from provisioner.core.events import Step
from provisioner.core.lifecycle import ENDED, State
from provisioner.core.models import Request


@dataclass(frozen=True, slots=True)
class Span:
    """Seconds from now, or of a step."""

    likely: float
    latest: float

    def __add__(self, other: "Span") -> "Span":
        """Both, one after the other."""
        return Span(round(self.likely + other.likely, 1), round(self.latest + other.latest, 1))


@dataclass(frozen=True, slots=True)
class StepLeft:
    """A step that is running or still to come, and the seconds that it still takes; None: nothing says."""

    step: Step
    left: Span | None
    basis: str


@dataclass(frozen=True, slots=True)
class Estimate:
    """The steps that are left; `after_approval` is what follows an approval that is waited for."""

    steps: tuple[StepLeft, ...]
    after_approval: Span | None
    slower_than_usual: bool

    @property
    def left(self) -> Span | None:
        """The whole, from now; None where one of the steps cannot be estimated."""
        total = Span(0.0, 0.0)
        for step in self.steps:
            if step.left is None:
                return None
            total += step.left
        return total


def estimate(
    request: Request, usual: Mapping[Step, Usual], now: dt.datetime, *, reviewed: bool
) -> Estimate | None:
    """What is left of a request; None for one that ended, or that failed and waits for someone.

    `reviewed` says that a reviewer decides.
    """
    progress = request.progress
    if progress.state in ENDED or progress.failure:
        return None
    running = progress.step
    elapsed = max(0.0, (now - progress.since).total_seconds())
    steps = [_left(running, usual[running], elapsed, reviewed=reviewed)]
    order = steps_of(request)
    following = order[order.index(running) + 1 :]
    steps += [_left(step, usual[step], 0.0, reviewed=reviewed) for step in following]
    waits = reviewed and progress.state in (State.REQUESTED, State.PULL_REQUEST_OPEN)
    after = Span(0.0, 0.0)
    for step in order[order.index(Step.QUEUE) :]:
        after += Span(usual[step].likely, usual[step].latest)
    return Estimate(
        steps=tuple(steps),
        after_approval=after if waits else None,
        slower_than_usual=elapsed > usual[running].latest
        and not (reviewed and running is Step.REVIEW and usual[running].basis == CATALOG),
    )


def _left(step: Step, usual: Usual, elapsed: float, *, reviewed: bool) -> StepLeft:
    if reviewed and step is Step.REVIEW and usual.basis == CATALOG:
        return StepLeft(step, None, "reviewer")
    left = usual.remaining(elapsed)
    return StepLeft(step, Span(*left) if left else None, usual.basis)
