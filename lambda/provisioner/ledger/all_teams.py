"""What there is of all teams, for operators: every database, what is under way or failed, what was done.

The quotas say which teams there are, and each team's lists what it has. Until `ops.migrate` is done with what
earlier releases wrote, the whole index `listing` is read instead (about 2 kB for each request and database
there ever was).
"""

import datetime as dt
from collections.abc import Collection, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Final

from provisioner.core.events import Step
from provisioner.core.lifecycle import DatabaseState, State
from provisioner.core.models import Database, Request
from provisioner.core.names import Place
from provisioner.ledger import lists
from provisioner.ledger.codecs import JSON, when
from provisioner.ledger.migration import Migration
from provisioner.ledger.rows import (
    database_from_row,
    database_key,
    request_from_row,
    request_key,
)
from provisioner.ledger.table import Filters, Table

_AT_ONCE: Final = 8  # teams; botocore keeps ten connections
_LIVE: Final = [state.value for state in DatabaseState if state is not DatabaseState.REMOVED]


@dataclass(frozen=True, slots=True, kw_only=True)
class Fleet:
    """Every database that was not removed; the requests that have not ended, failed ones too; those done."""

    databases: Sequence[Database]
    active: Sequence[Request]
    done: Sequence[Request]


@dataclass(frozen=True, slots=True)
class AllTeams:
    """Reads across teams, which may miss what was written a moment ago, and what is written for them."""

    table: Table

    def fleet(self, since: dt.datetime) -> Fleet:
        """What there is; of the done requests those that were asked for since then."""
        if not Migration(self.table).is_complete():
            return self._scanned(since)
        teams = lists.teams(list(self.table.whole(lists.QUOTAS, Filters())))
        with ThreadPoolExecutor(_AT_ONCE) as pool:
            found = list(pool.map(lambda team: self._of_team(team, since), teams))
        databases = [database for own, _ in found for database in own]
        waited = [database.active for database in databases]
        lacking = [database.listed.lacks_users for database in databases if database.listed]
        return Fleet(
            databases=databases,
            active=_oldest_first(self._requests([*waited, *lacking])),
            done=[request for _, done in found for request in done],
        )

    def _of_team(self, team: str, since: dt.datetime) -> tuple[list[Database], list[Request]]:
        there = Filters(among={"state": _LIVE})
        done = Filters(among={"state": (State.DONE,)})
        return (
            [database_from_row(row) for row in self.table.whole(lists.databases(team), there)],
            [
                request_from_row(row)
                for row in self.table.whole(lists.requests(team), done, since=when(since))
            ],
        )

    def _scanned(self, since: dt.datetime) -> Fleet:
        states = {f":s{number}": state for number, state in enumerate(_LIVE)}
        live = " OR ".join(f"#state = {name}" for name in states)
        done = "(#state = :done AND :since <= created_at)"
        condition = (
            f"(sk = :db AND ({live})) OR (sk = :req AND ({done} OR #state = :applying OR #state = :failed))"
        )
        values = {":db": "DB", ":req": "REQ", ":done": State.DONE.value, ":since": when(since), **states}
        values |= {":applying": State.APPLYING.value, ":failed": State.FAILED.value}
        rows = list(self.table.listed(condition, {"#state": "state"}, values))
        databases = [database_from_row(row) for row in rows if row["sk"] == "DB"]
        requests = [request_from_row(row) for row in rows if row["sk"] == "REQ"]
        made = {database.origin for database in databases}
        lacking = [each for each in requests if each.progress.step is Step.USERS and each.id in made]
        return Fleet(
            databases=databases,
            active=_oldest_first([*self._requests([each.active for each in databases]), *lacking]),
            done=[each for each in requests if each.progress.state is State.DONE],
        )

    def keep_drift(self, place: Place, drift: Mapping[str, str] | None) -> None:
        """Show lists of all databases that one differs from git; None: no longer."""
        values = {":drift": JSON.write(drift)} if drift else {}
        change = f"{'SET drift = :drift' if drift else 'REMOVE drift'} ADD version :one"
        there = "attribute_exists(pk)"
        self.table.update(database_key(place), "DB", change, {**values, ":one": 1}, condition=there)

    def end_key(self, api_key_id: str, now: dt.datetime, person: str) -> None:
        """Write that an operator ended a key, and when: from then on the API refuses it."""
        values = {":now": when(now), ":person": person}
        change, there = "SET expires_at = :now, ended_by = :person", "attribute_exists(pk)"
        self.table.update(f"KEY#{api_key_id}", "KEY", change, values, condition=there)

    def _requests(self, ids: Iterable[str | None]) -> list[Request]:
        """The requests that databases wait for."""
        keys = [(request_key(each), "REQ") for each in dict.fromkeys(ids) if each]
        return [request_from_row(row) for row in self.table.get_many(keys)]


def _oldest_first(requests: Collection[Request]) -> list[Request]:
    return sorted(requests, key=lambda request: (request.progress.since, request.id))
