"""What one database's root says: the values of its main.tf, however they are written."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Final, Self

from provisioner.core.engines import CLUSTER, INSTANCE, Resource, resource_of
from provisioner.core.names import Place, SnapshotName
from provisioner.core.windows import Windows

NEVER: Final = "never"
# The class of a cluster's members, which have the capacity of their cluster.
SERVERLESS: Final = "db.serverless"


@dataclass(frozen=True, slots=True, kw_only=True)
class Restore:
    """Where a restored database's data comes from: one snapshot, or a database at a point in time.

    `engine` is the snapshot's where it is not the new database's: RDS makes a cluster of an instance's.
    """

    snapshot: str | None = None
    database: str | None = None  # RDS identifier
    point_in_time: str | None = None  # RFC 3339 in UTC, or "latest"
    engine: str | None = None

    def values(self) -> dict[str, str | None]:
        """What it says, wherever it is written: the engine where it is another one, and else as ever."""
        found = {"snapshot": self.snapshot, "database": self.database, "point_in_time": self.point_in_time}
        return found | ({"engine": self.engine} if self.engine else {})


@dataclass(frozen=True, slots=True, kw_only=True)
class Upgrade:
    """What an upgrade begins with: the major version before it, and the snapshot that is taken first."""

    from_version: str
    snapshot: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Capacity:
    """The range in which a cluster scales, in Aurora capacity units of about 2 GiB of memory.

    With a minimum of 0 it sleeps after `pause_after` seconds without a connection; 0 seconds: it never does.
    `monitoring` is Enhanced Monitoring and Database Insights.
    """

    min_acu: float
    max_acu: float
    pause_after: int
    monitoring: bool

    def watched(self) -> Self:
        """The same, monitored."""
        return replace(self, monitoring=True)


@dataclass(frozen=True, slots=True, kw_only=True)
class Root:
    """Everything that one main.tf says; sizes in GiB, `expires_at` in RFC 3339 UTC or "never".

    The windows are RDS's, in UTC, and "" where a root says none: then they are the module's own. A cluster
    has a `capacity`, the class of its members, and no storage to ask for: Aurora grows and shrinks it, and
    counts what is used.
    """

    environment: str
    database_name: str
    engine: str
    engine_version: str
    instance_class: str
    storage_gb: int
    max_storage_gb: int
    multi_az: bool
    backup_retention_days: int
    deletion_protection: bool
    final_snapshot: bool
    request_id: str
    team: str
    owner: str
    purpose: str
    cost_center: str
    expires_at: str
    tags: Mapping[str, str] = field(default_factory=dict)
    restore: Restore | None = None
    backup_window: str = ""
    maintenance_window: str = ""
    upgrade: Upgrade | None = None  # in the root of the upgrade alone
    capacity: Capacity | None = None
    extended_support: bool = False  # made enrolled in it; what exists stays as it was made

    @property
    def resource(self) -> Resource:
        """What its module makes: an instance, or a cluster."""
        return INSTANCE if self.capacity is None else CLUSTER

    @property
    def source_resource(self) -> Resource:
        """What its source is: an instance, or a cluster."""
        of = self.restore
        return resource_of(of.engine) if of and of.engine else self.resource

    @property
    def place(self) -> Place:
        """Where the database stands."""
        return Place(self.environment, self.database_name)

    @property
    def windows(self) -> Windows:
        """When it is backed up and maintained."""
        return Windows(self.backup_window, self.maintenance_window)

    def with_windows(self, windows: Windows) -> Self:
        """The same root, backed up and maintained at other times."""
        return replace(self, backup_window=windows.backup, maintenance_window=windows.maintenance)

    def settled(self, applied: Self | None) -> Self:
        """What the next change begins with: no upgrade, and not the version of one that RDS refused.

        `applied` is what was applied last.
        """
        version = applied.engine_version if applied else self.engine_version
        return replace(self, upgrade=None, engine_version=version)

    @property
    def is_clone(self) -> bool:
        """Whether it begins as a copy-on-write clone: a cluster of its source's environment, as of now.

        Such a clone shares its source's storage until either writes, and takes minutes whatever the size. One
        of another environment, whose key is another, or of an earlier moment is copied in full. The module
        decides in the same way (terraform/modules/rds_cluster).
        """
        of, source = self.restore, self.source
        if of is None or of.database is None or source is None or self.resource is not CLUSTER:
            return False
        return source.environment == self.environment and of.point_in_time in (None, "latest")

    @property
    def is_enrolled(self) -> bool:
        """Whether RDS makes it enrolled in Extended Support, where its root does not say so either.

        Terraform's provider refuses that for what is made or restored, but not for a cluster that is cloned
        or restored to a point in time (tests/terraform_files/test_extended_support.py).
        """
        in_time = self.restore is not None and self.restore.database is not None
        return self.extended_support or (in_time and self.resource is CLUSTER)

    @property
    def source(self) -> Place | None:
        """The database that its data comes from; None for an empty one, and for a source without a place."""
        if self.restore is None:
            return None
        if self.restore.database is not None:
            return Place.of_identifier(self.restore.database)
        name = SnapshotName.parse(self.restore.snapshot or "")
        return name.place if name else None


def scale(root: Root) -> str:
    """How large a database is, in AWS's words: an instance's class, or a cluster's range of capacity."""
    capacity = root.capacity
    if capacity is None:
        return root.instance_class
    text = f"{capacity.min_acu:g} to {capacity.max_acu:g} ACU"
    return f"{text}, asleep after {lasting(capacity.pause_after)}" if capacity.pause_after else text


def lasting(seconds: int) -> str:
    """A time as the catalog writes it: 10m, 1h."""
    return f"{seconds // 3600}h" if seconds % 3600 == 0 else f"{seconds // 60}m"
