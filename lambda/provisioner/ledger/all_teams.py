"""What there is of all teams, for operators: every database, what is under way or failed, what was done.

It reads the whole index `listing` (about 2 kB for each request and database there ever was), so that nothing
has to be kept for it and what earlier releases wrote is there.
"""

import datetime as dt
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from provisioner.core.events import Step
from provisioner.core.lifecycle import DatabaseState, State
from provisioner.core.models import Activity, Database, Request
from provisioner.core.names import Place
from provisioner.ledger.codecs import JSON, when
from provisioner.ledger.rows import (
    activity_from_row,
    database_from_row,
    database_key,
    request_from_row,
    request_key,
)
from provisioner.ledger.table import Table

_MOST: Final = 100  # keys in one read
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
            active=_oldest_first([*self._requests(databases), *lacking]),
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

    def _requests(self, databases: Collection[Database]) -> list[Request]:
        """The request that each database waits for."""
        keys = [(request_key(database.active), "REQ") for database in databases if database.active]
        return [request_from_row(row) for row in self._many(keys)]

    def activities(self, places: Sequence[Place]) -> Mapping[Place, Activity]:
        """What is known of their use."""
        at = {database_key(place): place for place in places}
        rows = self._many([(key, "USE") for key in at])
        return {at[str(row["pk"])]: activity_from_row(row) for row in rows}

    def _many(self, keys: Sequence[tuple[str, str]]) -> list[Mapping[str, str | int]]:
        return [
            row for at in range(0, len(keys), _MOST) for row in self.table.get_many(keys[at : at + _MOST])
        ]


def _oldest_first(requests: Collection[Request]) -> list[Request]:
    return sorted(requests, key=lambda request: (request.progress.since, request.id))
