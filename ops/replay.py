"""Replays the histories of lost requests into a ledger, in the order in which they happened.

Everything goes through the ledger's own methods, so that states, quotas and usual times follow as they did
the first time. What the ledger knows already stays as it is.
"""

import datetime as dt
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Final

from provisioner.core import expiry
from provisioner.core.catalog import Catalog
from provisioner.core.database_events import DatabaseEvent, DatabaseEventType
from provisioner.core.events import Event, EventType
from provisioner.core.expiry import ExpiryAction
from provisioner.core.lifecycle import ENDED, Kind, State
from provisioner.core.models import Charge, Request
from provisioner.core.names import Place
from provisioner.core.root import Root
from provisioner.core.times import instant
from provisioner.ledger.ledger import Ledger
from provisioner.ledger.new_request import NameTaken

from ops.from_pull_requests import RequestHistory

# No quota is asked again for what was granted once.
_NO_LIMIT: Final = Charge(databases=10**9, storage_gb=10**9, monthly_cents=10**12)
_ON_GITHUB: Final = (
    EventType.OPENED,
    EventType.APPROVED,
    EventType.CLOSED,
    EventType.MERGED,
    EventType.EDITED,
)


@dataclass(slots=True)
class Restored:
    """How much was restored, and what an operator should look at."""

    requests: int = 0
    events: int = 0
    database_events: int = 0
    warnings: list[str] = field(default_factory=list)

    def count(self, histories: Sequence[RequestHistory]) -> None:
        """What a replay of these would restore at most."""
        self.requests = len(histories)
        self.events = sum(len(history.events) for history in histories)
        self.database_events = len(_database_events(histories))


# What comes first of what happened at the same time.
Position = tuple[dt.datetime, int, str]


@dataclass(frozen=True, slots=True)
class Replay:
    """Replays histories into a ledger; what it knows already stays as it is."""

    ledger: Ledger
    catalog: Catalog
    restored: Restored

    def run(self, histories: Sequence[RequestHistory]) -> None:
        """Everything, in the order in which it happened."""
        for _, replay in sorted(self._steps(histories), key=lambda step: step[0]):
            replay()
        for history in histories:
            self._stop_checking(history)

    def _steps(self, histories: Sequence[RequestHistory]) -> Iterator[tuple[Position, Callable[[], None]]]:
        for history in histories:
            request = history.request
            yield (request.created_at, 2, request.id), partial(self._open, request)
            for event in history.events:
                yield _position(history, event), partial(self._event, request, event)
        for place, happened in _database_events(histories):
            yield (happened.at, 5, happened.id), partial(self._database_event, place, happened)

    def _open(self, request: Request) -> None:
        if self.ledger.request(request.id):
            return
        place = request.place
        database = self.ledger.database(request.place)
        if database and self._is_late(request):
            self.restored.warnings.append(
                f"request {request.id} was left out: {place} has newer ones already."
            )
            return
        if request.kind is not Kind.CREATE and database is None:
            self._leave_out(request, f"no record says how {place} was made")
            return
        try:
            if request.kind is Kind.CREATE:
                self.ledger.open_create(request, self._charge(request.root), _NO_LIMIT)
            elif database:
                kept = request.kind in (Kind.REMOVE, Kind.DISARM)
                charge = database.charge if kept else self._charge(request.root)
                self.ledger.open_change(request, database, charge, _NO_LIMIT)
        except NameTaken:
            self._leave_out(request, f"{place} existed at its time")
            return
        self.restored.requests += 1

    def _leave_out(self, request: Request, why: str) -> None:
        self.restored.warnings.append(f"request {request.id} was left out: {why}.")

    def _is_late(self, request: Request) -> bool:
        known = self.ledger.request_ids(request.place)
        newest = self.ledger.request(known[-1]) if known else None
        return newest is not None and newest.created_at > request.created_at

    def _event(self, request: Request, event: Event) -> None:
        if self.ledger.request(request.id) is None:
            return
        self.ledger.add_event(request.id, event, event.at)
        self.restored.events += 1

    def _database_event(self, place: Place, event: DatabaseEvent) -> None:
        ledger = self.ledger
        database = ledger.database(place)
        self.restored.database_events += 1
        if database is None or event.id in {known.id for known in ledger.database_events(place)}:
            return
        if event.type is DatabaseEventType.EXPIRING:
            action = ExpiryAction.WARN_LAST if event.detail["last"] else ExpiryAction.WARN_FIRST
            mark = expiry.mark(action, str(event.detail["expires_at"]))
            marks = {**database.marks, mark: instant(event.at)}
            due = expiry.due(database.root.expires_at, database.created_at, marks, event.at)
            ledger.mark(database, mark, event.at, due.check_at, event)
        elif event.type is not DatabaseEventType.REMOVED_IN_GIT or not ledger.mark_removed(place, event):
            ledger.add_database_event(place, event)

    def _stop_checking(self, history: RequestHistory) -> None:
        """Nothing is left to do for what had ended and was recorded as a whole."""
        request = self.ledger.request(history.request.id)
        if request is None or not history.whole or request.progress.state not in ENDED:
            return
        announced = request.progress.state is State.DONE and request.follow_up
        if not announced or self.ledger.request(str(request.follow_up)):
            self.ledger.stop_checking(request)

    def _charge(self, root: Root) -> Charge:
        try:
            cents = round((self.catalog.monthly_usd(root) or 0) * 100)
        except ValueError as error:  # a size that left the catalog
            place = root.place
            self.restored.warnings.append(f"{place} counts without its price: {error}")
            cents = 0
        return Charge(databases=1, storage_gb=root.storage_gb, monthly_cents=cents)


def _position(history: RequestHistory, event: Event) -> Position:
    """GitHub counts whole seconds: nothing comes before the request, nor before its opening."""
    opening, at = event.type is EventType.OPENED, event.at
    if opening:
        at = min(other.at for other in history.events if other.type in _ON_GITHUB)
    at = max(at, history.request.created_at)
    return at, (0 if at > history.request.created_at else 3) + (not opening), event.id


def _database_events(histories: Sequence[RequestHistory]) -> list[tuple[Place, DatabaseEvent]]:
    """What happened to databases; each thing once, however many records say it."""
    found = {
        (history.request.place, event.id): event for history in histories for event in history.database_events
    }
    return [(place, event) for (place, _), event in found.items()]
