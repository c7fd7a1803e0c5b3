"""Tells the stories of lost requests to a ledger again, in the order in which they happened.

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
class Report:
    """What was restored, and what a person should look at."""

    requests: int = 0
    events: int = 0
    notes: int = 0
    warnings: list[str] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Replay:
    """Tells stories to a ledger; what it knows already stays as it is."""

    ledger: Ledger
    catalog: Catalog
    report: Report

    def run(self, stories: Sequence[RequestHistory]) -> None:
        """Everything, in the order in which it happened."""
        for _, tell_it in sorted(self._steps(stories), key=lambda step: step[0]):
            tell_it()
        for story in stories:
            self._leave(story)

    def _steps(
        self, stories: Sequence[RequestHistory]
    ) -> Iterator[tuple[tuple[dt.datetime, int, str], Callable[[], None]]]:
        notes: dict[tuple[Place, str], DatabaseEvent] = {}
        for story in stories:
            request = story.request
            yield (request.created_at, 2, request.id), partial(self._open, request)
            for event in story.events:
                # GitHub counts whole seconds: nothing comes before the request, nor before its opening.
                opening = event.type is EventType.OPENED
                first = min(one.at for one in story.events if one.type in _ON_GITHUB) if opening else event.at
                at = max(first, request.created_at)
                position = (0 if at > request.created_at else 3) + (not opening)
                yield (at, position, event.id), partial(self._event, request, event)
            for note in story.notes:
                notes[request.place, note.id] = note
        for (place, _), note in notes.items():
            yield (note.at, 5, note.id), partial(self._note, place, note)

    def _open(self, request: Request) -> None:
        if self.ledger.request(request.id):
            return
        place = request.place
        database = self.ledger.database(request.place)
        if database and self._is_late(request):
            self.report.warnings.append(f"request {request.id} was left out: {place} has newer ones already.")
            return
        if request.kind is not Kind.CREATE and database is None:
            self.report.warnings.append(
                f"request {request.id} was left out: nothing told how {place} was made."
            )
            return
        try:
            if request.kind is Kind.CREATE:
                self.ledger.open_create(request, self._charge(request.root), _NO_LIMIT)
            elif database:
                kept = request.kind in (Kind.REMOVE, Kind.DISARM)
                charge = database.charge if kept else self._charge(request.root)
                self.ledger.open_change(request, database, charge, _NO_LIMIT)
        except NameTaken:
            self.report.warnings.append(f"request {request.id} was left out: {place} existed at its time.")
            return
        self.report.requests += 1

    def _is_late(self, request: Request) -> bool:
        known = self.ledger.request_ids(request.place)
        newest = self.ledger.request(known[-1]) if known else None
        return newest is not None and newest.created_at > request.created_at

    def _event(self, request: Request, event: Event) -> None:
        if self.ledger.request(request.id) is None:
            return
        self.ledger.add_event(request.id, event, event.at)
        self.report.events += 1

    def _note(self, place: Place, note: DatabaseEvent) -> None:
        ledger = self.ledger
        database = ledger.database(place)
        self.report.notes += 1
        if database is None or note.id in {known.id for known in ledger.database_events(place)}:
            return
        if note.type is DatabaseEventType.EXPIRING:
            action = ExpiryAction.WARN_LAST if note.detail["last"] else ExpiryAction.WARN_FIRST
            mark = expiry.mark(action, str(note.detail["expires_at"]))
            marks = {**database.marks, mark: instant(note.at)}
            due = expiry.due(database.root.expires_at, database.created_at, marks, note.at)
            ledger.mark(database, mark, note.at, due.check_at, note)
        elif note.type is not DatabaseEventType.REMOVED_IN_GIT or not ledger.mark_removed(place, note):
            ledger.add_database_event(place, note)

    def _leave(self, story: RequestHistory) -> None:
        """Nothing is left to do for what had ended and was recorded as a whole."""
        request = self.ledger.request(story.request.id)
        if request is None or not story.whole or request.progress.state not in ENDED:
            return
        announced = request.progress.state is State.DONE and request.follow_up
        if not announced or self.ledger.request(str(request.follow_up)):
            self.ledger.stop_checking(request)

    def _charge(self, root: Root) -> Charge:
        try:
            cents = round(self.catalog.monthly_usd(root) * 100)
        except ValueError as error:  # a size that left the catalog
            place = root.place
            self.report.warnings.append(f"{place} counts without its price: {error}")
            cents = 0
        return Charge(databases=1, storage_gb=root.storage_gb, monthly_cents=cents)
