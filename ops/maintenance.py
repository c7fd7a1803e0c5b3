"""Which databases an earlier module or root format made, and the request that brings each to the present one.

Nothing is kept in between: the markers of the state bucket say what was applied, the ledger what was asked.
A try has an id that follows from its database and its goal, so that no run asks twice.
"""

import datetime as dt
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from itertools import count
from typing import Final
from uuid import UUID, uuid5

from provisioner.core import policy
from provisioner.core.engines import Resource
from provisioner.core.errors import Problem
from provisioner.core.events import ACTOR, EventType
from provisioner.core.hcl import render
from provisioner.core.lifecycle import ENDED, WITHOUT_MERGE, DatabaseState
from provisioner.core.models import Database, Request
from provisioner.core.names import Place
from provisioner.intake.opening import Opening

from ops.states import Applied, States

_IDS: Final = UUID("6f1f7c52-0c3e-5d0e-9d56-3f2b8f6f7a10")
_REASON: Final = "Its Terraform module or the format of its root is of an earlier release."


class Standing(StrEnum):
    """Where a database stands on its way to the present module and format."""

    CURRENT = "current"
    DUE = "due"
    UNDER_WAY = "under way"
    FAILED = "failed"
    REFUSED = "refused"
    WAITS = "waits"


@dataclass(frozen=True, slots=True)
class Goal:
    """What main has: the hash of its module, and the format that its roots are written in."""

    module: str
    root_format: int

    def __str__(self) -> str:
        """As people read it."""
        return f"format {self.root_format}, module {self.module[:7] or 'unknown'}"


@dataclass(frozen=True, slots=True)
class Finding:
    """Where a database stands, and why; `request_id` is that of its next try, or of the last one."""

    place: Place
    standing: Standing
    detail: str
    database: Database | None = None
    request_id: str = ""


@dataclass(frozen=True, slots=True)
class Maintenance:
    """Looks at databases and asks for their maintenance; `again` also after a try that came to nothing."""

    opening: Callable[[], Opening]
    states: States
    goals: Mapping[Resource, Goal]
    again: bool = False

    def findings(self) -> list[Finding]:
        """Where every database stands, in the order in which they are maintained."""
        marked = self.states.marked()
        order = list(self.opening().catalog.environments)
        known = sorted(marked, key=lambda place: (_position(order, place.environment), place))
        return [self.look(place, marked[place]) for place in known]

    def look(self, place: Place, markers: set[str] | None = None) -> Finding:
        """Where one database stands."""
        opening = self.opening()
        database = opening.ledger.database(place)
        if database is None or database.state is DatabaseState.REMOVED:
            return Finding(place, Standing.WAITS, "the ledger has no such database: its root is git's alone")
        if request := self._under_way(opening, database):
            return Finding(place, Standing.UNDER_WAY, f"request {request.id} is {request.progress.state}")
        applied = self.states.applied(database.root)
        if applied is None or len(markers or {""}) > 1:
            detail = (
                "what was applied is not what the ledger says: run the workflow of main, then check again"
            )
            return Finding(place, Standing.WAITS, detail)
        goal = self.goals[database.root.resource]
        if Goal(applied.module, applied.root_format) == goal:
            return Finding(place, Standing.CURRENT, str(goal))
        return self._outdated(opening, database, applied)

    def open(self, finding: Finding) -> Request:
        """Ask for the maintenance of what is due; raises Problem where another change came first."""
        opening = self.opening()
        database = opening.ledger.database(finding.place)
        if database is None:
            raise ValueError(f"{finding.place} is not in the ledger any more")
        new = opening.maintenance(database, reason=_REASON, request_id=finding.request_id)
        return opening.open_change(new, opening.check_free(database))

    def _under_way(self, opening: Opening, database: Database) -> Request | None:
        active = opening.active(database)
        if active is None or active.id not in {self._id(database, number) for number in range(1, 100)}:
            return None
        return None if active.progress.failure or active.progress.state in ENDED else active

    def _outdated(self, opening: Opening, database: Database, applied: Applied) -> Finding:
        place, known = database.place, set(opening.ledger.request_ids(database.place))
        number = next(number for number in count(1) if self._id(database, number) not in known)
        if number > 1 and (came := self._last(opening, database, self._id(database, number - 1))):
            return came
        if reason := _obstacle(opening, database):
            return Finding(place, Standing.WAITS, reason)
        usd = opening.charge_after(self._new(opening, database), database).monthly_cents / 100
        price = opening.catalog.price(database.root)
        cost = str(price.range) if price and price.range else f"{usd:.2f}"
        approval = "review" if opening.catalog.approvers(place.environment, None) else "auto"
        was = Goal(applied.module, applied.root_format)
        goal = self.goals[database.root.resource]
        detail = f"{was} -> {goal}; {approval}; {cost} USD a month, as before"
        return Finding(place, Standing.DUE, detail, database, self._id(database, number))

    def _last(self, opening: Opening, database: Database, request_id: str) -> Finding | None:
        """What came of the last try; None where it is no reason not to try again."""
        place, last = database.place, opening.ledger.request(request_id)
        if last is None:
            return None
        progress = last.progress
        if progress.failure:
            cause = f"request {last.id} failed: {progress.failure.cause}; {progress.failure.fix}"
            return Finding(place, Standing.FAILED, cause, request_id=request_id)
        if progress.state not in WITHOUT_MERGE:
            detail = "it was maintained, yet by another module than this clone has: check out main as it is"
            return Finding(place, Standing.WAITS, detail, request_id=request_id)
        if self.again:
            return None
        events = opening.ledger.events(last.id)
        given_up = any(event.type is EventType.CANCEL_ASKED and event.actor == ACTOR for event in events)
        standing = Standing.FAILED if given_up else Standing.REFUSED
        detail = f"request {last.id} is {progress.state}; --again asks once more"
        return Finding(place, standing, detail, request_id=request_id)

    def _new(self, opening: Opening, database: Database) -> Request:
        return opening.maintenance(database, reason=_REASON, request_id=self._id(database, 1))

    def _id(self, database: Database, number: int) -> str:
        """The id of a try: the same whoever asks, and another one for each goal and each try."""
        goal = self.goals[database.root.resource]
        named = f"{goal.root_format}/{goal.module}"
        return str(uuid5(_IDS, f"{database.place}@{database.origin}@{named}#{number}"))


def _obstacle(opening: Opening, database: Database) -> str | None:
    """Why a database cannot be maintained at the moment."""
    try:
        opening.check_free(database)
    except Problem as problem:
        return problem.detail
    if database.state is not DatabaseState.AVAILABLE:
        return f"it is {database.state}: its last change comes first"
    results = policy.check(
        render(database.root),
        place=database.place,
        catalog=opening.catalog,
        now=opening.now,
        creating=False,
        reviewed=True,
    )
    denied = [f"{result.rule}: {result.detail}" for result in results if not result.passed]
    return f"the policy denies its root: {'; '.join(denied)}" if denied else None


def _position(order: list[str], environment: str) -> int:
    return order.index(environment) if environment in order else len(order)


def utc_now() -> dt.datetime:
    """The time, which every look is as of."""
    return dt.datetime.now(dt.UTC)
