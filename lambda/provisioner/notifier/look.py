"""⑦ What no event says, since it is time that goes by: a day of waiting, a slow step, a week.

Each look finds all of it again, and the deliveries say what was sent: so a look that failed costs nothing.
"""

import datetime as dt
from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass
from typing import Final

from provisioner.core import approvals, durations
from provisioner.core.catalog import Catalog
from provisioner.core.estimates import estimate
from provisioner.core.events import Event, Step
from provisioner.core.lifecycle import ENDED, DatabaseState, State
from provisioner.core.models import Request
from provisioner.core.times import instant
from provisioner.notifier.courier import Courier, Word
from provisioner.notifier.digest import digest, digest_id, is_due
from provisioner.notifier.occasions import Occasions
from provisioner.notifier.words import length

_AGAIN: Final = dt.timedelta(days=1)
_AHEAD: Final = dt.timedelta(days=60)  # every request that is not at rest is due by then
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
            if asked := approvals.awaited(events):
                yield from self._again(request, events, asked)
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

    def _again(self, request: Request, events: Collection[Event], asked: Event) -> Iterator[Word]:
        waited = self.occasions.now - asked.at
        if waited >= _AGAIN:
            message_id = f"{request.id}/{asked.id}/again"
            yield from self.occasions.approval(request, events, message_id, again=length(waited))

    def _digest(self, team: str) -> Iterator[Word]:
        now, targets = self.occasions.now, self.occasions.recipients.of_team(team)
        if self.courier.is_settled(digest_id(team, now), targets):
            return
        databases = list(self.occasions.ledger.all_databases(team, *_LIVE))
        if databases:
            console, listed = self.occasions.texts.console, self.occasions.ledger.listed(databases)
            yield Word(digest(team, databases, listed, self.catalog, console, now), targets)
