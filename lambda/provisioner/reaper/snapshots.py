"""⑥ Once a day: delete the snapshots of ours that are kept no longer (see snapshot_rules.py).

A turn in the ledger makes it once a day; after a fault, or a kill, it is tried again in an hour. Deleting
twice does no harm: the second run does not see the snapshot, or RDS answers that there is none.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from provisioner.core import database_events
from provisioner.core.database_events import DatabaseEvent
from provisioner.core.engines import CLUSTER, INSTANCE, RESOURCES, Resource
from provisioner.core.errors import Contention, NeedsPerson, TryLater
from provisioner.core.lifecycle import DatabaseState
from provisioner.intake.opening import Opening
from provisioner.reaper import snapshot_rules
from provisioner.reaper.daily import once_a_day
from provisioner.reaper.rds import asking, tags_of
from provisioner.reaper.snapshot_rules import Snapshot

_TURN: Final = "snapshots"


# The call that deletes a snapshot, and the exception where there is none any more.
_DELETE: Final[Mapping[Resource, tuple[str, str]]] = {
    INSTANCE: ("delete_db_snapshot", "DBSnapshotNotFoundFault"),
    CLUSTER: ("delete_db_cluster_snapshot", "DBClusterSnapshotNotFoundFault"),
}
_TRIES_TO_WRITE: Final = 5


@dataclass(slots=True)
class Pruned:
    """What one day's run did, for the log and the metrics; `kept` says what was old and why it stays."""

    deleted: list[str] = field(default_factory=list)
    kept: list[str] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class OldSnapshots:
    """Prunes snapshots; `rds` is asked for only when needed."""

    opening: Opening
    rds: Callable[[], Any]

    def run(self) -> Pruned | None:
        """The run of the day; None where it is not due."""
        return once_a_day(self.opening, _TURN, Pruned(), self._prune_all)

    def _prune_all(self, pruned: Pruned) -> None:
        for snapshot in list(self._snapshots(pruned)):
            self._prune(snapshot, pruned)

    def _snapshots(self, pruned: Pruned) -> Iterator[Snapshot]:
        """Our snapshots that are old enough; those of a forgotten environment are kept and named."""
        catalog, now = self.opening.catalog, self.opening.now
        found = [snapshot for resource in RESOURCES for snapshot in self._made(resource)]
        for snapshot in found:
            environment = snapshot.place.environment
            if environment not in catalog.environments:
                pruned.kept.append(f"{snapshot.identifier}: {environment} is not in the catalog")
            elif snapshot_rules.is_old(snapshot, catalog, now):
                yield snapshot

    def _made(self, resource: Resource) -> list[Snapshot]:
        """Our snapshots of databases of one kind."""
        kind = resource.snapshots
        with asking("listing the snapshots"):
            pages = self.rds().get_paginator(kind.call).paginate(SnapshotType="manual")
            described = [snapshot for page in pages for snapshot in page[kind.listed]]
        return [snapshot for each in described if (snapshot := _ours(resource, each))]

    def _prune(self, snapshot: Snapshot, pruned: Pruned) -> None:
        ledger, place = self.opening.ledger, snapshot.place
        database = ledger.database(place)
        # The name may be another team's by now; the snapshot is still restored by the one that had it then.
        last = ledger.request_for_branch(place, snapshot.identifier.rpartition("-")[2])
        teams = {owner.team for owner in (database, last) if owner}
        restoring = {name for team in teams for name in self._restoring(team)}
        reason = snapshot_rules.doubt(snapshot, database, restoring)
        if reason:
            pruned.kept.append(f"{snapshot.identifier}: {reason}")
            return
        try:
            if not self._delete(snapshot):
                return
        except (TryLater, NeedsPerson) as error:
            pruned.errors.append(str(error))
            return
        pruned.deleted.append(snapshot.identifier)
        if database and (last is None or last.team == database.team):  # an event goes to the name's team
            self._write_down(snapshot, pruned)

    def _write_down(self, snapshot: Snapshot, pruned: Pruned) -> None:
        """Add the event: the snapshot is deleted, so that no later run comes back to it."""
        for _ in range(_TRIES_TO_WRITE):
            try:
                self.opening.ledger.add_database_event(snapshot.place, self._event(snapshot))
            except Contention as error:
                lost = f"{snapshot.identifier} was deleted, and its event not written: {error}"
            else:
                return
        pruned.errors.append(lost)

    def _restoring(self, team: str) -> set[str]:
        """The snapshots from which the team's databases are being made, or were and may be tried again.

        A team restores its own databases only. The list is a moment behind, so that it is read again for
        each snapshot.
        """
        states = (DatabaseState.PENDING, DatabaseState.FAILED)
        restores = (database.root.restore for database in self.opening.ledger.all_databases(team, *states))
        return {restore.snapshot for restore in restores if restore and restore.snapshot}

    def _delete(self, snapshot: Snapshot) -> bool:
        """Delete it; False where it was deleted already."""
        rds, (delete, missing) = self.rds(), _DELETE[snapshot.resource]
        with asking(f"deleting snapshot {snapshot.identifier}"):
            try:
                getattr(rds, delete)(**{snapshot.resource.snapshots.identifier: snapshot.identifier})
            except getattr(rds.exceptions, missing):
                return False
        return True

    def _event(self, snapshot: Snapshot) -> DatabaseEvent:
        days = snapshot.kept_days(self.opening.catalog)
        return database_events.snapshot_deleted(
            snapshot.identifier, self.opening.now, created_at=snapshot.created_at, kept_days=days
        )


def _ours(resource: Resource, described: Mapping[str, Any]) -> Snapshot | None:
    """The snapshot of ours that RDS describes; None for any other, and for one that is not complete."""
    if described.get("SnapshotType") != "manual" or described.get("Status") != "available":
        return None
    identifier, of = described[resource.snapshots.identifier], described[resource.databases.identifier]
    place = snapshot_rules.place_of(identifier, of, tags_of(described))
    return Snapshot(identifier, place, described["SnapshotCreateTime"], resource) if place else None
