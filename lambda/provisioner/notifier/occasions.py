"""⑦ What an event of the topic says to whom: the event says where to look, the ledger whether it is still so.

A message may come twice, late or out of order; what is over by then is not said any more.
"""

import datetime as dt
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any, Final

from provisioner.core import approvals
from provisioner.core.events import Event
from provisioner.core.lifecycle import DatabaseState, Kind, State
from provisioner.core.models import Database, Request
from provisioner.core.names import Place
from provisioner.core.root import NEVER
from provisioner.core.times import instant, parse_instant
from provisioner.ledger.ledger import Ledger
from provisioner.notifier.courier import Word
from provisioner.notifier.message import Message
from provisioner.notifier.recipients import Recipients
from provisioner.notifier.texts import Texts

# What the queue subscribes to; tests/template holds the filter to it.
OF_REQUESTS: Final = ("applied", "approval_awaited", "failed")
OF_DATABASES: Final = ("users_ready", "expiring", "idle", "drifted", "version_ending")


@dataclass(frozen=True, slots=True)
class Occasions:
    """Finds what is to be said, as of `now`."""

    ledger: Ledger
    texts: Texts
    recipients: Recipients
    now: dt.datetime

    def of(self, document: Mapping[str, Any]) -> list[Word]:
        """The words of one event; raises KeyError or ValueError for a document that is none."""
        data, event_id = document["data"], str(document["id"])
        what = str(data["event"])
        if what in OF_REQUESTS:
            request = self.ledger.request(str(data["request"]["id"]))
            return self._of_request(what, event_id, request, str(document["time"])) if request else []
        if what in OF_DATABASES:
            database = self.ledger.database(Place(str(data["environment"]), str(data["database_name"])))
            found = self._of_database(what, event_id, database, data) if database else None
            return self._to_team(found, database) if found and database else []
        return []

    def approval(
        self, request: Request, events: Collection[Event], message_id: str, *, again: str = ""
    ) -> list[Word]:
        """The words of a pull request that waits: to its reviewers, and to the team that asked."""
        waits = approvals.waiting(request, events)
        if waits is None:
            return []

        def text(yours: bool) -> Message:
            return self.texts.approval(message_id, request, waits.owners, waits.why, yours=yours, again=again)

        reviewers = self.recipients.of_reviewers(waits.owners)
        asking = self.recipients.of_team(request.team, request.root.owner)
        names = {target.name for target in reviewers}
        others = tuple(target for target in asking if target.name not in names)
        return [Word(text(True), reviewers), Word(text(False), others)]

    def _of_request(self, what: str, event_id: str, request: Request, time: str) -> list[Word]:
        progress = request.progress
        if what == "approval_awaited":
            events = self.ledger.events(request.id)
            asked = approvals.awaited(events)
            newest = asked is not None and f"{request.id}/{asked.id}" == event_id
            return self.approval(request, events, event_id) if newest else []
        if what == "failed":
            failure = progress.failure
            if failure is None or instant(progress.since) != time:
                return []
            return self._to_asking(self.texts.failed(event_id, request, failure), request)
        database = self.ledger.database(request.place)
        makes = request.kind is Kind.CREATE and progress.state is State.DONE and not progress.users
        if not makes or database is None or not _is_there(database, request.id):
            return []
        return self._to_team(self.texts.ready(event_id, database), database)

    def _of_database(
        self, what: str, event_id: str, database: Database, data: Mapping[str, Any]
    ) -> Message | None:
        detail = data["detail"]
        if what == "users_ready":  # also of databases that were there before: those are not new
            origin = self.ledger.request(database.origin)
            is_new = origin and origin.progress.users and _is_there(database, origin.id)
            return self.texts.ready(event_id, database) if is_new else None
        if what == "expiring":
            ends = database.root.expires_at
            same = ends != NEVER and ends == detail.get("expires_at") and parse_instant(ends) > self.now
            ends_now = same and database.state not in (DatabaseState.REMOVING, DatabaseState.REMOVED)
            return self.texts.expiring(event_id, database, self.now) if ends_now else None
        if what == "idle":
            activity = self.ledger.activity(database.place)
            is_idle = activity and activity.idle_since and database.state is DatabaseState.AVAILABLE
            return self.texts.idle(event_id, database, detail) if is_idle else None
        if what == "version_ending":
            same = database.root.engine_version == detail.get("version")
            there = database.state not in (DatabaseState.REMOVING, DatabaseState.REMOVED)
            return self.texts.version_ending(event_id, database, detail) if same and there else None
        drift = self.ledger.drift(database)
        return self.texts.drifted(event_id, database, str(drift.detail.get("link", ""))) if drift else None

    def _to_asking(self, message: Message, request: Request) -> list[Word]:
        return [Word(message, self.recipients.of_team(request.team, request.root.owner))]

    def _to_team(self, message: Message, database: Database) -> list[Word]:
        return [Word(message, self.recipients.of_team(database.team, database.root.owner))]


def _is_there(database: Database, origin: str) -> bool:
    return database.origin == origin and database.state not in (DatabaseState.REMOVING, DatabaseState.REMOVED)
