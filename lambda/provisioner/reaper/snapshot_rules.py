"""Which snapshots are ours, and when one is old enough to be deleted; no AWS, no clock.

A snapshot is deleted only when everything says so: it is a manual snapshot with the name that the module
gives to final snapshots (`terraform/modules`), or the pipeline to one from before an upgrade, with our tags
and its environment's, complete, and older than `keep_final_snapshot_days`, or than the days of
`upgrades.KEPT`; its environment is in the catalog; the ledger knows the database and, for a final one, says
that it was removed; and no request restores from it. Whatever is in doubt is kept, and named in the log.
"""

import datetime as dt
from collections.abc import Collection, Mapping
from dataclasses import dataclass

from provisioner.core import upgrades
from provisioner.core.catalog import Catalog
from provisioner.core.engines import INSTANCE, Resource
from provisioner.core.lifecycle import DatabaseState
from provisioner.core.models import Database
from provisioner.core.names import Place, SnapshotName
from provisioner.core.tags import is_provisioners


@dataclass(frozen=True, slots=True)
class Snapshot:
    """A snapshot of ours: the final one of a removal, or one from before an upgrade."""

    identifier: str
    place: Place
    created_at: dt.datetime
    resource: Resource = INSTANCE

    @property
    def is_final(self) -> bool:
        """Whether a removal left it."""
        name = SnapshotName.parse(self.identifier)
        return name is None or not name.before

    def kept_days(self, catalog: Catalog) -> int | None:
        """For how many days it is kept; None: until it is deleted by hand."""
        if not self.is_final:
            return upgrades.KEPT.days
        rules = catalog.environments.get(self.place.environment)
        return rules.keep_final_snapshot_days if rules else None


def place_of(identifier: str, of: str, tags: Mapping[str, str]) -> Place | None:
    """The database of a snapshot that we made; None for any other.

    `of` is the instance, or the cluster, that RDS says it was taken of.
    """
    name = SnapshotName.parse(identifier)
    if name is None or name.id8 is None or of != name.place.identifier:
        return None
    if not is_provisioners(tags):
        return None
    return name.place if tags.get("Environment") == name.place.environment else None


def is_old(snapshot: Snapshot, catalog: Catalog, now: dt.datetime) -> bool:
    """Whether it is kept no longer; False where nothing says how long."""
    days = snapshot.kept_days(catalog)
    return days is not None and now - snapshot.created_at > dt.timedelta(days=days)


def doubt(snapshot: Snapshot, database: Database | None, restoring: Collection[str]) -> str | None:
    """Why an old snapshot is kept all the same; None where nothing speaks for keeping it.

    `restoring` names the snapshots that databases are being made from. A later database of the same name is
    a different one: it says nothing about a snapshot that is older than itself.
    """
    if database is None:
        return "the ledger does not know its database"
    alive = database.state is not DatabaseState.REMOVED and database.created_at <= snapshot.created_at
    if snapshot.is_final and alive:
        return f"its database is {database.state}"
    if snapshot.identifier in restoring:
        return "a database is being made from it"
    return None
