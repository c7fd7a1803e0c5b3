"""⑦ What no event says, since it is time that goes by: a day of waiting, a slow step, a week.

Each look finds all of it again, and the deliveries say what was sent: so a look that failed costs nothing.
"""

import datetime as dt
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Final

from provisioner.core import approvals, durations
from provisioner.core.catalog import Catalog
from provisioner.core.estimates import estimate
from provisioner.core.events import Event, EventType, Step
from provisioner.core.lifecycle import ENDED, DatabaseState, State
from provisioner.core.models import Activity, Database, Request
from provisioner.core.names import Place
from provisioner.core.times import instant
from provisioner.notifier.courier import Courier, Word
from provisioner.notifier.digest import digest, digest_id, is_due
from provisioner.notifier.occasions import Occasions
from provisioner.notifier.words import length

_AGAIN: Final = dt.timedelta(days=1)
_AHEAD: Final = dt.timedelta(days=60)  # every request that is not at rest is due by then
_AT_ONCE: Final = 100
_LIVE: Final = tuple(state for state in DatabaseState if state is not DatabaseState.REMOVED)


@dataclass(frozen=True, slots=True)
class Look:
    """One look at everything, as of the occasions' time; `trouble` receives what could not be looked at."""

    occasions: Occasions
    catalog: Catalog
    courier: Courier
    trouble: Callable[[str, Exception], None]

    def words(self) -> Iterator[Word]:
        """What is to be said by now; most of it was."""
        for request in self.occasions.ledger.due_requests(self.occasions.now + _AHEAD):
            if request.progress.state not in ENDED and not request.progress.failure:
                yield from self._safely(f"request {request.id}", self._of_request(request))
        if is_due(self.occasions.now):
            for team in self.occasions.recipients.teams():
                yield from self._safely(f"digest of {team}", self._digest(team))

    def _safely(self, what: str, words: Iterator[Word]) -> Iterator[Word]:
        """The words of one thing; whatever goes wrong with it, the others do not wait for it."""
        try:
            yield from words
        except Exception as error:
            self.trouble(what, error)

    def _of_request(self, request: Request) -> Iterator[Word]:
        ledger, now = self.occasions.ledger, self.occasions.now
        if request.progress.state is State.PULL_REQUEST_OPEN:
            events = ledger.events(request.id)
            asked = [event for event in events if event.type is EventType.APPROVAL_AWAITED]
            if asked:
                yield from self._again(request, asked[-1])
                return
            reviewed = not approvals.is_automatic(request, events, self.catalog)
        else:
            reviewed = False
        if not self.occasions.recipients.of_team(request.team, request.root.owner):
            return
        if reviewed and request.progress.step is Step.REVIEW:
            return  # a reviewer's time is nothing that is slow
        usual = durations.usual(ledger.step_times(request), request, self.catalog)
        left = estimate(request, usual, now, reviewed=reviewed)
        if left and left.slower_than_usual:
            step, since = request.progress.step, request.progress.since
            message = self.occasions.texts.slower(
                f"{request.id}/slower:{step}:{instant(since)}",
                request,
                step=step,
                taken=now - since,
                latest=dt.timedelta(seconds=usual[step].latest),
            )
            yield Word(message, self.occasions.recipients.of_team(request.team, request.root.owner))

    def _again(self, request: Request, asked: Event) -> Iterator[Word]:
        waited = self.occasions.now - asked.at
        if waited >= _AGAIN:
            message_id = f"{request.id}/{asked.id}/again"
            yield from self.occasions.approval(request, message_id, again=length(waited))

    def _digest(self, team: str) -> Iterator[Word]:
        now, targets = self.occasions.now, self.occasions.recipients.of_team(team)
        if self.courier.is_settled(digest_id(team, now), targets):
            return
        databases = list(self.occasions.ledger.all_databases(team, *_LIVE))
        if databases:
            console = self.occasions.texts.console
            found = digest(team, databases, self._activities(databases), self.catalog, console, now)
            yield Word(found, targets)

    def _activities(self, databases: list[Database]) -> dict[Place, Activity]:
        places = [database.place for database in databases]
        found: dict[Place, Activity] = {}
        for at in range(0, len(places), _AT_ONCE):
            found |= self.occasions.ledger.activities(places[at : at + _AT_ONCE])
        return found
