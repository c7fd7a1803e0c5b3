"""What one database's root says: the values of its main.tf, however they are written."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from provisioner.core.names import Place, SnapshotName

NEVER: Final = "never"


@dataclass(frozen=True, slots=True, kw_only=True)
class Restore:
    """Where a restored database's data comes from: one snapshot, or a database at a point in time."""

    snapshot: str | None = None
    database: str | None = None  # RDS instance identifier
    point_in_time: str | None = None  # RFC 3339 in UTC, or "latest"


@dataclass(frozen=True, slots=True, kw_only=True)
class Root:
    """Everything that one main.tf says; sizes in GiB, `expires_at` in RFC 3339 UTC or "never"."""

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

    @property
    def place(self) -> Place:
        """Where the database stands."""
        return Place(self.environment, self.database_name)

    @property
    def source(self) -> Place | None:
        """The database that its data comes from; None for an empty one, and for a source without a place."""
        if self.restore is None:
            return None
        if self.restore.database is not None:
            return Place.of_identifier(self.restore.database)
        name = SnapshotName.parse(self.restore.snapshot or "")
        return name.place if name else None
