"""How long steps usually take, from the requests that were done before; no clock.

A step's time depends on what is asked of which engine and class; a review's on who has to approve, and so on
the environment; opening the pull request and the queue on neither. Where nothing like a request was done yet,
what is less like it says more than nothing, and before any history what the catalog states.
"""

import statistics
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from provisioner.core.events import Event, Step
from provisioner.core.lifecycle import Kind, took
from provisioner.core.models import Request

if TYPE_CHECKING:  # most functions keep times without reading the catalog
    from provisioner.core.catalog import Catalog

KEEP: Final = 25
# So few say little about the longest that is still usual.
FEW: Final = 5
CATALOG: Final = "catalog"
_STEPS: Final = (Step.PULL_REQUEST, Step.REVIEW, Step.QUEUE, Step.APPLY)


@dataclass(frozen=True, slots=True)
class Usual:
    """How long a step takes: `seconds` of earlier ones, shortest first, and which they are.

    `stated` is the longest that the catalog calls usual, where few are known; 0 where that says nothing.
    """

    seconds: tuple[float, ...]
    basis: str
    stated: float = 0.0

    @property
    def likely(self) -> float:
        """The median: one apply that waited an hour says little."""
        return round(statistics.median(self.seconds), 1)

    @property
    def latest(self) -> float:
        """What nine of ten do not exceed."""
        return max(_most(self.seconds), self.stated)

    def remaining(self, elapsed: float) -> tuple[float, float] | None:
        """The likely and the latest seconds that are left, judged by those that took longer than `elapsed`.

        None where it has taken longer than all that is usual: then nothing says when it ends.
        """
        longer = [taken for taken in self.seconds if taken > elapsed]
        if not longer and self.stated <= elapsed:
            return None
        likely = statistics.median(longer) if longer else self.stated
        latest = max(_most(longer) if longer else 0.0, self.stated)
        return round(likely - elapsed, 1), round(latest - elapsed, 1)


def _most(ordered: Sequence[float]) -> float:
    return ordered[-(len(ordered) // 10) - 1]


def sort(request: Request) -> str:
    """What is asked for; a restore copies data, so that it is no create."""
    return "restore" if request.kind is Kind.CREATE and request.root.restore else request.kind.value


def narrowest(request: Request) -> str:
    """The requests that this one is most like, as rows of earlier releases are named."""
    return f"{request.kind}#{request.root.engine}#{request.root.instance_class}"


def steps(request: Request) -> tuple[Step, ...]:
    """The steps that a request takes, without its end."""
    return (*_STEPS, Step.USERS) if request.progress.users else _STEPS


def measures(step: Step, request: Request) -> tuple[str, ...]:
    """The names under which a step's seconds are kept, the most alike first."""
    if step is Step.REVIEW:
        return (f"review_{request.environment}",)
    if step is not Step.APPLY:
        return (step.value,)
    engine, instance_class = request.root.engine, request.root.instance_class
    return (f"apply#{engine}#{instance_class}", f"apply#{engine}", "apply")


def seconds(request: Request, events: Collection[Event]) -> dict[str, float]:
    """How long each step of a request took, by measure; left out where nobody reported its begin or end."""
    return {
        measure: taken for step, taken in took(events).items() for measure in measures(Step(step), request)
    }


def extended(kept: Sequence[float], new: float) -> list[float]:
    """The newest few, oldest first."""
    return [*kept, new][-KEEP:]


def usual(kept: Mapping[str, Sequence[float]], request: Request, catalog: "Catalog") -> dict[Step, Usual]:
    """What is usual for each step, from the times that are kept of requests like this one."""
    return {step: _usual(step, kept, request, catalog) for step in steps(request)}


def _usual(step: Step, kept: Mapping[str, Sequence[float]], request: Request, catalog: "Catalog") -> Usual:
    stated = catalog.usual_seconds.of(step.value, sort(request))
    for measure in measures(step, request):
        if known := kept.get(measure):
            return Usual(tuple(sorted(known)), measure, stated.latest if len(known) < FEW else 0.0)
    return Usual((float(stated.likely),), CATALOG, stated.latest)
