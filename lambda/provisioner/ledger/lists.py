"""The partitions of the index `listing`, one for each list, and what of them has to be read for which.

| `list_pk` | `list_sk` | rows |
|---|---|---|
| `TEAM#<team>#REQ` | begin, id | a team's ended requests; others only in rows of earlier releases |
| `TEAM#<team>#REQ#OPEN` | begin, id | a team's requests that have not ended, failed ones included |
| `TEAM#<team>#DB` | begin, place | a team's databases; removed ones only in rows of earlier releases |
| `TEAM#<team>#DB#REMOVED` | begin, place | a team's removed databases |
| `ALL#QUOTA` | team, environment | the quota of every team, by which all teams are found |

A team's list is one partition, and what all teams have is read from those of each team: no partition grows
with all of them, and no row is kept twice (docs/adr/0029-rows-hold-what-lists-show.md).
"""

from collections.abc import Collection, Mapping, Sequence
from typing import Final

from provisioner.core.lifecycle import ENDED, DatabaseState
from provisioner.ledger.codecs import Row

QUOTAS: Final = "ALL#QUOTA"


def requests(team: str) -> str:
    """The list of a team's requests that have ended."""
    return f"TEAM#{team}#REQ"


def open_requests(team: str) -> str:
    """The list of a team's requests that have not ended; a failed one may be tried again."""
    return f"{requests(team)}#OPEN"


def of_request_states(team: str, states: Collection[str], *, migrated: bool) -> list[str]:
    """The lists that hold a team's requests in these states, or in any.

    Until every row is `migrated`, open ones are in both.
    """
    is_open = not states or any(state not in ENDED for state in states)
    ended = not states or any(state in ENDED for state in states)
    found = [requests(team)] if ended or not migrated else []
    return [*found, open_requests(team)] if is_open else found


def databases(team: str) -> str:
    """The list of a team's databases that were not removed."""
    return f"TEAM#{team}#DB"


def removed(team: str) -> str:
    """The list of a team's removed databases."""
    return f"{databases(team)}#REMOVED"


def of_states(team: str, states: Collection[str], *, migrated: bool) -> list[str]:
    """The lists that hold a team's databases in these states, or in any.

    Until every row is `migrated`, removed ones are in both.
    """
    gone = not states or DatabaseState.REMOVED in states
    there = not states or any(state != DatabaseState.REMOVED for state in states)
    found = [databases(team)] if there or not migrated else []
    return [*found, removed(team)] if gone else found


def quota_place(team: str, environment: str) -> dict[str, str]:
    """Where a quota's row stands in its list."""
    return {"list_pk": QUOTAS, "list_sk": f"{team}#{environment}"}


def teams(rows: Sequence[Row]) -> list[str]:
    """The teams of these quotas."""
    return sorted({str(row["list_sk"]).rpartition("#")[0] for row in rows})


def is_complete(row: Mapping[str, str | int] | None) -> bool:
    """Whether a row of `MIGRATION#lists` says that no row of an earlier release is left."""
    return row is not None and row["state"] == "complete"
