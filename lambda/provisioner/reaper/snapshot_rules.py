"""Which final snapshots are ours, and when one is old enough to be deleted; no AWS, no clock.

A snapshot is deleted only when everything says so: it is a manual snapshot with the name that the module
gives to final snapshots (`terraform/modules`), with our tags and its environment's, complete,
and older than `keep_final_snapshot_days`; its environment is in the catalog; the ledger knows the database
and says that it was removed; and no request restores from it. Whatever is in doubt is kept, and named in the
log.
"""

import datetime as dt
from collections.abc import Collection, Mapping
from dataclasses import dataclass

from provisioner.core.catalog import Catalog
from provisioner.core.engines import INSTANCE, Resource
from provisioner.core.lifecycle import DatabaseState
from provisioner.core.models import Database
from provisioner.core.names import Place, SnapshotName
from provisioner.core.tags import is_provisioners


@dataclass(frozen=True, slots=True)
class Snapshot:
    """A final snapshot of ours."""

    identifier: str
    place: Place
    created_at: dt.datetime
    resource: Resource = INSTANCE


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
    """Whether its environment keeps it no longer; False where no environment says how long."""
    rules = catalog.environments.get(snapshot.place.environment)
    days = rules.keep_final_snapshot_days if rules else None
    return days is not None and now - snapshot.created_at > dt.timedelta(days=days)


def doubt(snapshot: Snapshot, database: Database | None, restoring: Collection[str]) -> str | None:
    """Why an old snapshot is kept all the same; None where nothing speaks for keeping it.

    `restoring` names the snapshots that databases are being made from. A later database of the same name is
    a different one: it says nothing about a snapshot that is older than itself.
    """
    if database is None:
        return "the ledger does not know its database"
    if database.state is not DatabaseState.REMOVED and database.created_at <= snapshot.created_at:
        return f"its database is {database.state}"
    if snapshot.identifier in restoring:
        return "a database is being made from it"
    return None
