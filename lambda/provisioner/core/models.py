"""What the ledger keeps of a request and of a database."""

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Generic, TypeVar

from provisioner.core.events import Step
from provisioner.core.lifecycle import DatabaseState, Kind, Progress, State
from provisioner.core.names import Place
from provisioner.core.root import Root

Item = TypeVar("Item")


@dataclass(frozen=True, slots=True, kw_only=True)
class Charge:
    """What a database takes of its team's quota; money in US cents a month, so that sums are exact."""

    databases: int = 0
    storage_gb: int = 0
    monthly_cents: int = 0

    def minus(self, other: "Charge") -> "Charge":
        """The difference to another charge."""
        return Charge(
            databases=self.databases - other.databases,
            storage_gb=self.storage_gb - other.storage_gb,
            monthly_cents=self.monthly_cents - other.monthly_cents,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Beat:
    """The last word of the job that works on a request: when, the seconds until the next, its address."""

    at: dt.datetime
    seconds: int
    pipeline_url: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """One asked-for change and where it stands.

    `before` is the root that a change starts from (None for a create). `asked` is what was asked for,
    with defaults filled in. `person` is who asked, where a personal key says so; `claimed_by` a name that was
    merely sent: it is shown, and nothing is decided by it. `charge` is what the database takes of the quota
    while this is under way.
    `follow_up` is the id of the request that begins when this one is done; `attempts` counts the worker's
    claims, of which the newest holds until `lease_until`; `beat` is the last word of the job that applies it,
    None where an older pipeline sends none; `contradicted` counts those since the last event
    that a contradiction of GitHub's cost. `took` is the seconds of each step, once it is done.
    """

    id: str
    kind: Kind
    environment: str
    database_name: str
    team: str
    actor: str
    root: Root
    before: Root | None
    asked: Mapping[str, Any]
    created_at: dt.datetime
    progress: Progress
    reason: str = ""
    person: str | None = None
    claimed_by: str | None = None
    charge: Charge = Charge()
    follow_up: str | None = None
    attempts: int = 0
    contradicted: int | None = None
    lease_until: str = "0"
    beat: Beat | None = None
    took: Mapping[str, float] | None = None
    version: int = 1

    @property
    def place(self) -> Place:
        """Where the database stands."""
        return Place(self.environment, self.database_name)

    @property
    def source(self) -> Place | None:
        """The database whose data it reads: a create may be a restore; later changes read nothing."""
        return self.root.source if self.kind is Kind.CREATE else None


@dataclass(frozen=True, slots=True, kw_only=True)
class ListedRequest:
    """What lists of databases show of the request that one waits for; `cause` is the begin of a failure's."""

    id: str
    kind: Kind
    state: State
    step: Step
    since: dt.datetime
    actor: str
    cancelling: bool = False
    cause: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Listed:
    """What lists show of a database beyond itself, kept in its row, so that they read no other.

    `lacks_users` is the creation whose users are still to log in. The times are those of its Activity.
    """

    request: ListedRequest | None = None
    lacks_users: str | None = None
    last_connection_at: dt.datetime | None = None
    idle_since: dt.datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Database:
    """One database, by (environment, database_name).

    `root` is what it is, or will be while it is pending; `origin` the request that created it; `active`
    the newest request, until that has ended; `charge` what it takes of the quota, and `charge_before` what it
    will take again when that request comes to nothing; `failed_before` the failed request whose place that
    one took, and which has it again then. `marks` says which warnings went out and when (see `expiry.mark`).
    `drift` says since when and where it is said that it differs from git, as the last nightly check found.
    `listed` is what lists show beyond that; None in a row of an earlier release, until `ops.migrate` saw it.
    """

    environment: str
    database_name: str
    team: str
    state: DatabaseState
    root: Root
    asked: Mapping[str, Any]
    origin: str
    active: str | None
    created_at: dt.datetime
    charge: Charge = Charge()
    charge_before: Charge = Charge()
    failed_before: str | None = None
    result: Mapping[str, Any] | None = None
    marks: Mapping[str, str] = field(default_factory=dict)
    drift: Mapping[str, str] | None = None
    listed: Listed | None = None
    version: int = 1

    @property
    def place(self) -> Place:
        """Where the database stands."""
        return Place(self.environment, self.database_name)

    @property
    def final_snapshot(self) -> str | None:
        """The snapshot that a removed database left, until its age ends it; None where there is none.

        Named as terraform/modules/rds_database does, after the root that was applied last.
        """
        if self.state is not DatabaseState.REMOVED or not self.root.final_snapshot or self.result is None:
            return None
        return self.place.final_snapshot(self.root.request_id)


@dataclass(frozen=True, slots=True, kw_only=True)
class Activity:
    """What the ledger keeps of a database's use.

    `origin` is the request that made the database, since its name may come again. `last_connection_at` is the
    begin of the last hour with a connection, as far as one was seen. While it is idle, `idle_since` is the
    begin of what was first found, `idle_seen_at` the newest look that found it so, and `warned_at` when its
    removal was announced (None where nothing is removed automatically).
    """

    origin: str
    looked_at: dt.datetime
    last_connection_at: dt.datetime | None = None
    idle_since: dt.datetime | None = None
    idle_seen_at: dt.datetime | None = None
    warned_at: dt.datetime | None = None
    version: int = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class ApiKey:
    """Whose an API key is: a team's, and personal where it was made for someone.

    `actor` is the name under which it acts; a key without a name is of a release before keys had one. `scope`
    says what it opens: its team's things, or what an operator may (core/scopes.py).
    """

    team: str
    actor: str
    person: str | None = None
    name: str | None = None
    expires_at: dt.datetime | None = None
    scope: str = "team"


class User(StrEnum):
    """Whose password may be rotated."""

    MASTER = "master"
    APPLICATION = "application"
    READ_ONLY = "read_only"


@dataclass(frozen=True, slots=True)
class Page(Generic[Item]):
    """One page of a list, and the token of the next one."""

    items: list[Item]
    next_token: str | None = field(default=None)
