"""⑥ Databases whose end is near or over: warned about twice, then removed through a pull request.

Every function is safe to run twice and at once: the ledger's conditions, and ids derived from one end of
life, decide who is first.
"""

import datetime as dt
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final
from uuid import UUID

from provisioner.core import database_events, expiry
from provisioner.core.database_events import DatabaseEvent
from provisioner.core.expiry import ExpiryAction
from provisioner.core.models import Database
from provisioner.core.times import instant
from provisioner.core.transitions import next_database_check
from provisioner.github.pull_request import PullRequests
from provisioner.intake.opening import Opening
from provisioner.pull_requests import comments
from provisioner.reaper import removal
from provisioner.reaper.outcome import Outcome
from provisioner.reaper.removal import Asked

_EXPIRY_IDS: Final = UUID("6f1a7c1e-0d1b-5a53-9b9e-6a8f6f5a1c11")
_NEXT_CHECK: Final = dt.timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class ExpiredDatabases:
    """Warns about databases and ends them; `github` is asked for only when needed."""

    opening: Opening
    github: Callable[[], PullRequests]

    def run(self, outcome: Outcome) -> None:
        """Look after everything that is due."""
        for database in self.opening.ledger.due_databases(self.opening.now):
            try:
                self._database(database, outcome)
            except Exception as error:  # whatever it is: the others do not wait for it
                outcome.trouble(str(database.place), error)

    def _database(self, database: Database, outcome: Outcome) -> None:
        ledger, now = self.opening.ledger, self.opening.now
        expires_at = database.root.expires_at
        due = expiry.due(expires_at, database.created_at, database.marks, now)
        if due.action is None:
            ledger.schedule_database_check(database, due.check_at)
        elif due.action is ExpiryAction.EXPIRE:
            outcome.expired += self._expire(database)
        else:
            name = expiry.mark(due.action, expires_at)
            if ledger.mark(database, name, now, self._after(database, name), self._expiring(database, name)):
                outcome.warned += 1
                self._warn(database, last=due.action is ExpiryAction.WARN_LAST)

    def _after(self, database: Database, name: str) -> dt.datetime | None:
        marks = {**database.marks, name: instant(self.opening.now)}
        return expiry.due(database.root.expires_at, database.created_at, marks, self.opening.now).check_at

    def _expiring(self, database: Database, name: str) -> DatabaseEvent:
        return database_events.expiring(
            name,
            database.origin,
            self.opening.now,
            expires_at=database.root.expires_at,
            last=name.startswith(ExpiryAction.WARN_LAST),
        )

    def _warn(self, database: Database, *, last: bool) -> None:
        number = self.opening.ledger.origin_pull_request(database)
        if number is None:
            return
        text = comments.expiry_comment(
            place=str(database.place),
            expires_at=database.root.expires_at,
            last=last,
            automatic=self.opening.catalog.merges_automatically(database.environment),
        )
        self.github().put_comment(number, comments.EXPIRY, text)

    def _expire(self, database: Database) -> bool:
        """Ask for the removal, under names that one end of life has once; an extension that is first wins."""
        expires_at = database.root.expires_at
        ledger, now = self.opening.ledger, self.opening.now
        fresh = ledger.database(database.place)
        if fresh is None or fresh.root.expires_at != expires_at or next_database_check(fresh) is None:
            return False  # extended in the meantime, or being removed
        # By an extension that is merged, and whose apply failed, the end may be a later one.
        asked = self._ask(fresh) if expiry.is_over(self.opening.on_main(fresh).expires_at, now) else None
        if asked is Asked.REFUSED:
            ledger.mark(fresh, expiry.mark(ExpiryAction.EXPIRE, expires_at), now, None)
        elif asked is not Asked.OPENED:
            ledger.schedule_database_check(fresh, now + _NEXT_CHECK)
        return asked is Asked.OPENED

    def _ask(self, database: Database) -> Asked:
        expires_at = database.root.expires_at
        asked = removal.ask(
            self.opening,
            database,
            namespace=_EXPIRY_IDS,
            name=f"{database.place}@{expires_at}@{database.origin}",
            reason=f"Its life ended {expires_at}.",
        )
        if asked is Asked.LATER:
            self.opening.give_up(database)  # where a failed change is what holds it up
        return asked
