"""Where a restored database's data comes from, and what keeps a new root from being restored from it."""

import datetime as dt
from dataclasses import replace
from typing import Final

from provisioner.core import storage
from provisioner.core.catalog import Catalog
from provisioner.core.engines import becomes
from provisioner.core.errors import FieldError
from provisioner.core.lifecycle import DatabaseState
from provisioner.core.models import Database
from provisioner.core.root import Root
from provisioner.core.times import instant, parse_instant
from provisioner.intake import refusals
from provisioner.intake.bodies import RestoreFrom
from provisioner.ledger.ledger import Ledger

_COPY: Final = "make an empty one, and copy the data by pg_dump or mysqldump"


def find(source: RestoreFrom, team: str, ledger: Ledger) -> Database:
    """The database that the data comes from, as it was when a final snapshot was taken of it.

    A name may have been another team's before, whose snapshots stay: raises Problem (404) for those.
    """
    place, snapshot = source.source(), source.snapshot_name()
    found = ledger.database(place)
    taken = snapshot.taken if snapshot else None
    if found and snapshot and snapshot.id8:
        last = ledger.request_for_branch(place, snapshot.id8)
        if last and last.team == team:
            same = found.root.request_id == last.root.request_id
            root = _as_taken(last.root) if snapshot.before else last.root
            return replace(found, root=root, result=found.result if same else None)
    elif found and found.team == team and (taken is None or taken >= found.created_at):
        return found
    raise refusals.not_found(f"database {place}, named in restore_from,")


def _as_taken(root: Root) -> Root:
    """What a database was before the upgrade that its root is for."""
    return replace(root, engine_version=root.upgrade.from_version) if root.upgrade else root


def errors(
    source: RestoreFrom, origin: Database, root: Root, catalog: Catalog, now: dt.datetime
) -> list[FieldError]:
    """What keeps `root` from being restored from `origin`; empty where nothing does."""
    return [
        *_not_opened(origin, root, catalog),
        *_unlike(storage.as_held(origin), root, source, catalog),
        *_without_backups(source, origin),
        *_out_of_reach(source, origin, now),
    ]


def _not_opened(origin: Database, root: Root, catalog: Catalog) -> list[FieldError]:
    """A restore reads its source: data stays in its environment, unless that opens it to another."""
    if catalog.may_restore(origin.environment, root.environment):
        return []
    text = (
        f"data of {origin.environment} stays there: restore it into {origin.environment}, or have its entry "
        f"in the catalog open it to {root.environment} by restore_to"
    )
    opened = [name for name in catalog.environments if catalog.may_restore(origin.environment, name)]
    return [FieldError("/restore_from", text, str(origin.place), opened)]


def _unlike(before: Root, root: Root, source: RestoreFrom, catalog: Catalog) -> list[FieldError]:
    """A restore is as its source: same engine, same version, no less storage.

    RDS makes a cluster of an instance's snapshot too, of the engine that speaks the same.
    """
    if before.resource is not root.resource:
        return _of_other_kind(before, root, source, catalog)
    found = []
    text = f"{before.place} is {before.engine}; a restore cannot change the engine"
    if before.engine != root.engine:
        found.append(FieldError("/database_engine", text, root.engine, [before.engine], before.engine))
    if before.engine_version != root.engine_version:
        found.append(_other_version(before.engine_version, root))
    if root.storage_gb < before.storage_gb:
        text = f"the source has {before.storage_gb} GB; storage cannot shrink"
        least = before.storage_gb
        found.append(FieldError("/storage_gb", text, root.storage_gb, f"{least} GB or more", str(least)))
    return found


def _of_other_kind(before: Root, root: Root, source: RestoreFrom, catalog: Catalog) -> list[FieldError]:
    """A snapshot of an instance becomes a cluster where RDS allows it; nothing else changes its kind."""
    text = f"{before.place} is {before.engine}; a restore cannot change the engine"
    cluster = becomes(before.engine)
    if cluster is None:
        text += f", and RDS makes no instance of a cluster: {_COPY}"
        return [FieldError("/database_engine", text, root.engine, [before.engine], before.engine)]
    if cluster != root.engine:
        text += f", but for a snapshot of {before.engine}, of which RDS makes {cluster} too"
        return [FieldError("/database_engine", text, root.engine, [before.engine, cluster], cluster)]
    if source.snapshot is None:
        text = (
            f"{before.place} is an instance, of which RDS makes a cluster from a snapshot, and not from a "
            "point in time: name one in restore_from.snapshot, such as the nightly "
            f"rds:{before.place.identifier}-YYYY-MM-DD-HH-MM"
        )
        return [FieldError("/restore_from/database", text, str(before.place), "a snapshot of it")]
    if before.engine_version == root.engine_version:
        return []
    version, offered = before.engine_version, catalog.engine(cluster)
    if offered and version in offered.versions:
        return [_other_version(version, root)]
    text = f"{before.place} is {before.engine} {version}, and there is no {cluster} {version} here: {_COPY}"
    versions = f"a snapshot of version {', '.join(offered.versions if offered else ())}"
    return [FieldError("/restore_from/snapshot", text, source.snapshot, versions)]


def _other_version(version: str, root: Root) -> FieldError:
    text = f"the source has version {version}; restore it first, then upgrade"
    return FieldError("/engine_version", text, root.engine_version, [version], version)


def _without_backups(source: RestoreFrom, origin: Database) -> list[FieldError]:
    """A point in time is restored from automated backups, which only an existing instance has."""
    if not source.database or origin.state not in (DatabaseState.REMOVED, DatabaseState.PENDING):
        return []
    text = f"{origin.place} is {origin.state}; restore from its final snapshot instead"
    return [FieldError("/restore_from/database", text, str(origin.place), "a database that exists")]


def _out_of_reach(source: RestoreFrom, origin: Database, now: dt.datetime) -> list[FieldError]:
    """Backups reach back for their retention, and no further than the creation."""
    if source.point_in_time in (None, "latest"):
        return []
    oldest = max(now - dt.timedelta(days=origin.root.backup_retention_days), origin.created_at)
    if oldest <= parse_instant(str(source.point_in_time)) <= now:
        return []
    text = f"backups reach from {instant(oldest)} to now; choose a time between, or latest"
    allowed = f"{instant(oldest)} to now, or latest"
    return [FieldError("/restore_from/point_in_time", text, source.point_in_time, allowed, "latest")]
