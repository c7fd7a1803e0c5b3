"""What one database's root says: the values of its main.tf, however they are written."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Final, Self

from provisioner.core.names import Place, SnapshotName
from provisioner.core.windows import Windows

NEVER: Final = "never"


@dataclass(frozen=True, slots=True, kw_only=True)
class Restore:
    """Where a restored database's data comes from: one snapshot, or a database at a point in time."""

    snapshot: str | None = None
    database: str | None = None  # RDS instance identifier
    point_in_time: str | None = None  # RFC 3339 in UTC, or "latest"


@dataclass(frozen=True, slots=True, kw_only=True)
class Upgrade:
    """What an upgrade begins with: the major version before it, and the snapshot that is taken first."""

    from_version: str
    snapshot: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Root:
    """Everything that one main.tf says; sizes in GiB, `expires_at` in RFC 3339 UTC or "never".

    The windows are RDS's, in UTC, and "" where a root says none: then they are the module's own.
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
    def source(self) -> Place | None:
        """The database that its data comes from; None for an empty one, and for a source without a place."""
        if self.restore is None:
            return None
        if self.restore.database is not None:
            return Place.of_identifier(self.restore.database)
        name = SnapshotName.parse(self.restore.snapshot or "")
        return name.place if name else None
