"""What the ledger knows: requests, databases, quotas and keys, as of now; lists may be a moment behind."""

import datetime as dt
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any, Final

from provisioner.core import database_events, listing
from provisioner.core.database_events import DatabaseEvent, snapshot_deleted_id
from provisioner.core.events import Event, in_order
from provisioner.core.lifecycle import ENDED, DatabaseState
from provisioner.core.models import Activity, ApiKey, Charge, Database, Listed, Page, Request
from provisioner.core.names import Place
from provisioner.core.scopes import TEAM
from provisioner.ledger import lists
from provisioner.ledger.all_teams import AllTeams
from provisioner.ledger.codecs import Row, parse_when
from provisioner.ledger.migration import Migration
from provisioner.ledger.new_request import KeyUsed, idempotency_key
from provisioner.ledger.quota import held, quota_key
from provisioner.ledger.rows import (
    activity_from_row,
    database_event_from_row,
    database_from_row,
    database_key,
    event_from_row,
    login_from_row,
    request_from_row,
    request_key,
)
from provisioner.ledger.step_times import StepTimes
from provisioner.ledger.table import Filters, Table

ALL: Final = Filters()
_LARGEST_PAGE: Final = 100


class Reads:
    """The reads of the ledger; they write nothing.

    `warn` receives what a row says that only a newer release knows, and that is left alone.
    """

    def __init__(self, client: Any, table: str, *, warn: Callable[[str], None] = lambda _: None) -> None:
        self._table = Table(client, table)
        self._warn = warn

    def request(self, request_id: str) -> Request | None:
        """A request, as of now."""
        row = self._table.get(request_key(request_id), "REQ")
        return request_from_row(row) if row else None

    def events(self, request_id: str) -> list[Event]:
        """A request's events, in the order in which they happened."""
        return in_order(self._events(self._table.query(request_key(request_id), "EVT#")))

    def _events(self, rows: Iterable[Row]) -> list[Event]:
        found = [event_from_row(row) for row in rows]
        self._expect_known(found)
        return found

    def _expect_known(self, events: Iterable[Event | DatabaseEvent]) -> None:
        for event in events:
            if not event.type.is_known:
                self._warn(
                    f"event {event.id}: type {event.type} is of a newer release, and means nothing here"
                )

    def database(self, place: Place) -> Database | None:
        """A database, as of now; removed ones included."""
        row = self._table.get(database_key(place), "DB")
        return database_from_row(row) if row else None

    def origin_pull_request(self, database: Database) -> int | None:
        """The pull request that made a database: what happens to it outside its requests is said there."""
        origin = self.request(database.origin)
        return origin.progress.pull_request if origin else None

    def request_ids(self, place: Place, *, team: str | None = None) -> list[str]:
        """The ids of all requests that databases of this name ever had, or of a team's ones."""
        rows = self._table.query(database_key(place), "REQ#")
        rows = [row for row in rows if team in (None, row["team"])]
        return [str(row["request_id"]) for row in sorted(rows, key=lambda row: str(row["created_at"]))]

    def requests_of(self, ids: Sequence[str]) -> list[Request]:
        """The requests of these ids, in no order; what was written a moment ago may be missing."""
        rows = self._table.get_many([(request_key(each), "REQ") for each in ids])
        return [request_from_row(row) for row in rows]

    def database_events(self, place: Place, *, since: dt.datetime | None = None) -> list[DatabaseEvent]:
        """What happened to a database outside its requests, in that order.

        `since` leaves out what happened to others that had its name before, perhaps another team's.
        """
        rows = self._table.query(database_key(place), "EVT#")
        found = (database_event_from_row(row) for row in rows)
        kept = [event for event in found if since is None or event.at >= since]
        self._expect_known(kept)
        return sorted(kept, key=lambda event: (event.at, event.id))

    def drift(self, database: Database) -> DatabaseEvent | None:
        """The event with which a database began to differ from its root; None where it does not."""
        return database_events.drift(self.database_events(database.place), database.created_at)

    def activity(self, place: Place) -> Activity | None:
        """What is known of a database's use; None where nobody has looked yet."""
        row = self._table.get(database_key(place), "USE")
        return activity_from_row(row) if row else None

    def own_logins(self, place: Place) -> frozenset[dt.datetime]:
        """The begins of the hours in which the access function may have been connected to a database."""
        return frozenset(login_from_row(row) for row in self._table.query(database_key(place), "LOGIN#"))

    def activities(self, places: Sequence[Place]) -> Mapping[Place, Activity]:
        """What is known of the use of databases, a hundred in one read; without those never looked at."""
        at = {database_key(place): place for place in places}
        rows = self._table.get_many([(key, "USE") for key in at])
        return {at[str(row["pk"])]: activity_from_row(row) for row in rows}

    def listed(self, databases: Sequence[Database]) -> Mapping[Place, Listed]:
        """What lists show of databases: their rows say it, but for those of earlier releases."""
        old = [database for database in databases if database.listed is None]
        active = [(request_key(database.active), "REQ") for database in old if database.active]
        known = [request_from_row(row) for row in self._table.get_many(active)]
        requests = {request.id: request for request in known}
        used = self.activities([database.place for database in old])
        return {
            database.place: database.listed
            or listing.whole(database, requests.get(database.active or ""), None, used.get(database.place))
            for database in databases
        }

    @property
    def migration(self) -> Migration:
        """How rows of earlier releases are brought to what lists read, and how far that is."""
        return Migration(self._table)

    @property
    def all_teams(self) -> AllTeams:
        """What there is of every team."""
        return AllTeams(self._table)

    def request_for_branch(self, place: Place, id8: str) -> Request | None:
        """The request behind a branch, which carries the first 8 characters of its id."""
        row = self._table.get(database_key(place), f"REQ#{id8}")
        return self.request(str(row["request_id"])) if row else None

    def api_key(self, api_key_id: str) -> ApiKey | None:
        """Whose an API key is; None for one that no team has."""
        row = self._table.get(f"KEY#{api_key_id}", "KEY")
        if row is None:
            return None
        person, name = row.get("person"), row.get("name")
        return ApiKey(
            team=str(row["team"]),
            actor=str(person or row.get("actor") or row["team"]),
            person=str(person) if person else None,
            name=str(name) if name else None,
            expires_at=parse_when(row["expires_at"]) if row.get("expires_at") else None,
            scope=str(row.get("scope") or TEAM),
        )

    def quota_used(self, team: str, environment: str) -> Charge:
        """What a team holds in an environment."""
        return held(self._table.get(quota_key(team, environment), "QUOTA") or {})

    def step_times(self, request: Request) -> Mapping[str, Sequence[float]]:
        """The seconds that steps of requests like this one took, by measure (see core.durations)."""
        return StepTimes(self._table).kept(request)

    def requests(
        self, team: str, *, kept: Filters = ALL, page_size: int, page_token: str | None
    ) -> Page[Request]:
        """A team's requests, newest first; `kept` by environment, state, kind, name, actor or root."""
        states = kept.among.get("state", ())
        only_open = bool(states) and ENDED.isdisjoint(states)
        migrated = only_open and self.migration.is_complete()
        among = lists.of_request_states(team, states, migrated=migrated)
        rows, token = self._table.page(lists.requests(team), among, kept, page_size, page_token)
        return Page([request_from_row(row) for row in rows], token)

    def all_requests(self, team: str, kept: Filters = ALL) -> Iterator[Request]:
        """Every request of a team, newest first, however many pages that takes."""
        token: str | None = None
        while True:
            page = self.requests(team, kept=kept, page_size=_LARGEST_PAGE, page_token=token)
            yield from page.items
            if (token := page.next_token) is None:
                return

    def databases(
        self, team: str, *, kept: Filters = ALL, page_size: int, page_token: str | None
    ) -> Page[Database]:
        """A team's databases, newest first; `kept` by environment, state, engine, expires_at or root."""
        states = kept.among.get("state", ())
        gone = not states or DatabaseState.REMOVED in states
        among = lists.of_states(team, states, migrated=gone and self.migration.is_complete())
        rows, token = self._table.page(lists.databases(team), among, kept, page_size, page_token)
        return Page([database_from_row(row) for row in rows], token)

    def all_databases(
        self, team: str, *states: DatabaseState, environment: str | None = None, name: str | None = None
    ) -> Iterator[Database]:
        """A team's databases in any of these states, newest first, however many pages that takes."""
        named = {"environment": environment, "database_name": name}
        among: dict[str, Sequence[str]] = {key: (value,) for key, value in named.items() if value}
        kept = Filters(among=among | ({"state": states} if states else {}))
        token: str | None = None
        while True:
            page = self.databases(team, kept=kept, page_size=_LARGEST_PAGE, page_token=token)
            yield from page.items
            if (token := page.next_token) is None:
                return

    def snapshots_deleted(self, named: Mapping[str, Place]) -> frozenset[str]:
        """Which final snapshots the reaper deleted, of those by their names."""
        keys = [(database_key(place), f"EVT#{snapshot_deleted_id(name)}") for name, place in named.items()]
        return frozenset(str(row["event_id"]).partition(":")[2] for row in self._table.get_many(keys))

    def due_requests(self, now: dt.datetime) -> Iterator[Request]:
        """Requests that the reaper should look after."""
        yield from (request_from_row(row) for row in self._table.due("request", now))

    def due_databases(self, now: dt.datetime) -> Iterator[Database]:
        """Databases for which a warning or the end is due."""
        yield from (database_from_row(row) for row in self._table.due("database", now))

    def key_used(self, team: str, key: str) -> KeyUsed | None:
        """What an Idempotency-Key stood for, if it was used in the last days."""
        row = self._table.get(idempotency_key(team, key), "IDEM")
        return KeyUsed(str(row["fingerprint"]), str(row["request_id"])) if row else None
