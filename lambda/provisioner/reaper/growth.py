"""⑥ Once a day: follow storage that RDS has grown, so that the ledger says how large a database really is.

Terraform sees it at each plan; between two changes of a database nobody else looks. A cluster has no size of
its own.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final

from provisioner.core import storage
from provisioner.core.lifecycle import DatabaseState
from provisioner.intake.opening import Opening
from provisioner.reaper.daily import once_a_day
from provisioner.reaper.rds import Observer, Running

_TURN: Final = "growth"


@dataclass(slots=True)
class Followed:
    """What one day's look found, for the log and the metrics: each database with its size in GiB."""

    grown: list[str] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class GrownStorage:
    """Follows the sizes of databases at rest; `observer` is asked for only when needed."""

    opening: Opening
    observer: Callable[[], Observer]

    def run(self) -> Followed | None:
        """The look of the day; None where it is not due."""
        return once_a_day(self.opening, _TURN, Followed(), self._look)

    def _look(self, followed: Followed) -> None:
        for running in self.observer().databases():
            self._follow(running, followed)

    def _follow(self, running: Running, followed: Followed) -> None:
        """Write the size down where it is another one; a database under way is left to its apply."""
        database = self.opening.ledger.database(running.place)
        if database is None or database.state is not DatabaseState.AVAILABLE or database.result is None:
            return
        if database.root.resource is not running.resource:
            return
        if running.storage_gb in (0, storage.held_gb(database)):
            return
        if self.opening.ledger.keep_result(database, {**database.result, storage.HELD: running.storage_gb}):
            followed.grown.append(f"{running.place}: {running.storage_gb}")
