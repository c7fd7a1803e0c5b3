"""Every night: what differs between the databases and their roots, without anyone having changed a root.

A release may bring a newer module than a database was applied with. What only that makes differ is no drift:
the module of the commit that was applied is planned too, and has the last word.
"""

import datetime as dt
import tempfile
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import Executor, ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, TypeVar

from provisioner.core.hcl import content_hash, resource_in
from provisioner.core.module import module_hash
from provisioner.core.names import Place
from provisioner.core.times import instant
from provisioner.reports.schema import PLAN_TEXT_LIMIT, DriftReport

from pipeline.git import Checkout
from pipeline.interruption import Interruption
from pipeline.output import say
from pipeline.plan_changes import changes_of
from pipeline.reporter import Reporter, Undelivered
from pipeline.store import Store
from pipeline.terraform_cli import Terraform, TerraformError
from pipeline.workspace import module, prepare, roots, with_module

_NEWER: Final = "MODULE NEWER: its next change brings it, or python -m ops.rollout"

Item = TypeVar("Item")

# The session that the job asks for lasts three hours (assume_role.py), and one look a minute or two.
LAST_START: Final = dt.timedelta(hours=2, minutes=45)
NIGHTS: Final = 7


def in_turn(items: Sequence[Item], night: dt.date) -> list[Item]:
    """The items in their order, begun a seventh further each night: the order of those that nobody saw yet.

    What one night does not come to, another one of the same week begins with.
    """
    start = len(items) * (night.toordinal() % NIGHTS) // NIGHTS
    return [*items[start:], *items[:start]]


@dataclass(slots=True)
class _Night:
    """What a night came to: when each database was seen, what failed, what was left out."""

    seen: dict[str, str]
    failures: list[str] = field(default_factory=list)
    left: list[Place] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Drift:
    """The nightly job; it plans, and changes nothing."""

    checkout: Checkout
    store: Store
    reporter: Reporter
    terraform: Callable[[Path], Terraform]
    pipeline_url: str
    interruption: Interruption
    clock: Callable[[], dt.datetime]

    at_once: int = 1
    pool: Callable[[int], Executor] = ThreadPoolExecutor
    # GitHub wants writes one at a time, and what is kept of the night is one object.
    turn: threading.Lock = field(default_factory=threading.Lock)

    def run(self) -> list[str]:
        """Look at every applied database, the longest unseen first; what came to nothing, a sentence each."""
        began = self.clock()
        found = roots(self.checkout)
        applied = {name: self.store.applied(name) for name in {place.environment for place in found}}
        there = [
            (place, text)
            for place, text in in_turn(sorted(found.items()), began.date())
            # an apply has yet to come to the others
            if applied[place.environment].get(place.database_name) == {content_hash(text)}
        ]
        places = set(map(str, found))
        seen = {place: at for place, at in self.store.looks().items() if place in places}
        there.sort(key=lambda each: seen.get(str(each[0]), ""))
        night = _Night(seen)
        with self.pool(self.at_once) as pool:
            for _ in pool.map(lambda each: self._in_time(each[0], each[1], began, night), there):
                pass
        return sorted(night.failures) + _left_out(sorted(night.left), len(found))

    def _in_time(self, place: Place, text: str, began: dt.datetime, night: _Night) -> None:
        """Look at one database, where the job still may."""
        if self.interruption.requested:
            night.failures.append(f"{place}: not looked at, because the job was ended from outside")
            return
        now = self.clock()
        if now - began > LAST_START:
            night.left.append(place)
            return
        try:
            self._look(place, text)
        except (TerraformError, Undelivered) as error:
            night.failures.append(f"{place}: {error}")
            return
        with self.turn:
            night.seen[str(place)] = instant(now)
            self.store.keep_looks(night.seen)

    def _look(self, place: Place, text: str) -> None:
        shown, differs = self._plan(self.checkout.directory, place, text)
        newer = False
        if differs:
            old = self._as_applied(place, text)
            newer = old is not None and not old[1]
            if old and old[1]:
                shown = old[0]
        drifted = differs and not newer
        word = "DRIFTED" if drifted else _NEWER if newer else "as its root says"
        say(f"{place}: {word}" + (f"\n{shown}" if differs else ""))
        report = DriftReport(
            version=1,
            environment=place.environment,
            database_name=place.database_name,
            commit=self.checkout.head(),
            drifted=drifted,
            module_newer=newer,
            plan_text=shown[:PLAN_TEXT_LIMIT] if differs else "",
            pipeline_url=self.pipeline_url,
        )
        with self.turn:
            self.reporter.send(report)

    def _as_applied(self, place: Place, text: str) -> tuple[str, bool] | None:
        """The plan by the module that the database was applied with; None where that is the one of now.

        Where that module cannot be planned any more, what the newer one changes hides what drifted.
        """
        resource = resource_in(text)
        marker, now = self.store.marker(place, content_hash(text)), module(self.checkout, resource)
        then = module(self.checkout, resource, marker.commit) if marker.commit else {}
        if (marker.module or module_hash(then)) == module_hash(now):
            return None
        if not then:
            return "", False
        try:
            with tempfile.TemporaryDirectory() as directory:
                return self._plan(with_module(self.checkout.directory, then, Path(directory)), place, text)
        except TerraformError as error:
            say(f"{place}: by the module of {marker.commit} there is no plan any more: {error}")
            return "", False

    def _plan(self, directory: Path, place: Place, text: str) -> tuple[str, bool]:
        """A root's plan by the module of a checkout, and whether it would change anything."""
        terraform = self.terraform(prepare(directory, place, text))
        terraform.init()
        shown, plan = terraform.plan("tfplan", lock=False)
        return shown, bool(changes_of(plan))


def _left_out(left: Sequence[Place], total: int) -> list[str]:
    """Say what this night left out; a failure where a week of such nights would not come to everything."""
    if not left:
        return []
    text = f"no time was left for {', '.join(map(str, left))}"
    if len(left) <= total * (NIGHTS - 1) // NIGHTS:
        say(f"{text}; another night of this week begins there.")
        return []
    return [f"{text}, nor will be within a week: run the job drift on a larger resource class"]
