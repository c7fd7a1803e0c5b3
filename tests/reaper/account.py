"""moto's RDS with a ledger next to it, and a clock that is ahead of its snapshots."""

import datetime as dt
from dataclasses import dataclass
from typing import Any
from uuid import UUID, uuid4

from provisioner.core.events import EventType
from provisioner.core.lifecycle import DatabaseState
from provisioner.core.names import Place
from provisioner.reaper.snapshots import OldSnapshots, Pruned

from tests.reaper.world import ALPHA, World

DAY, HOUR = dt.timedelta(days=1), dt.timedelta(hours=1)
TAGS = {"ManagedBy": "rds-provisioner", "Environment": "staging"}
FINAL = "staging-orders-final-0a1b2c3d"


@dataclass
class Account:
    """moto's RDS, whose snapshots are as young as the test, and a clock that is ahead of them."""

    world: World
    rds: Any

    def snapshot(self, identifier: str, of: str, tags: dict[str, str] | None = None) -> str:
        described = self.rds.describe_db_instances()["DBInstances"]
        known = {instance["DBInstanceIdentifier"] for instance in described}
        if of not in known:
            self.rds.create_db_instance(
                DBInstanceIdentifier=of,
                DBInstanceClass="db.t4g.micro",
                Engine="mysql",
                AllocatedStorage=20,
                MasterUsername="dbadmin",
                MasterUserPassword="not-a-secret",
            )
        pairs = [{"Key": key, "Value": value} for key, value in (TAGS if tags is None else tags).items()]
        self.rds.create_db_snapshot(DBSnapshotIdentifier=identifier, DBInstanceIdentifier=of, Tags=pairs)
        return identifier

    def cluster_snapshot(self, identifier: str, of: str, tags: dict[str, str] | None = None) -> str:
        described = self.rds.describe_db_clusters()["DBClusters"]
        if of not in {cluster["DBClusterIdentifier"] for cluster in described}:
            self.rds.create_db_cluster(
                DBClusterIdentifier=of,
                Engine="aurora-mysql",
                MasterUsername="dbadmin",
                MasterUserPassword="not-a-secret",
            )
        pairs = [{"Key": key, "Value": value} for key, value in (TAGS if tags is None else tags).items()]
        self.rds.create_db_cluster_snapshot(
            DBClusterSnapshotIdentifier=identifier, DBClusterIdentifier=of, Tags=pairs
        )
        return identifier

    def clusters_left(self) -> set[str]:
        found = self.rds.describe_db_cluster_snapshots(SnapshotType="manual")["DBClusterSnapshots"]
        return {snapshot["DBClusterSnapshotIdentifier"] for snapshot in found}

    def left(self) -> set[str]:
        found = self.rds.describe_db_snapshots(SnapshotType="manual")["DBSnapshots"]
        return {snapshot["DBSnapshotIdentifier"] for snapshot in found}

    def removed(self, name: str, environment: str = "staging", **body: Any) -> None:
        """A database of the ledger that was removed."""
        any_id = self.world.new_id
        self.world.new_id = lambda: UUID(FINAL[-8:] + str(uuid4())[8:])  # which the snapshot is named after
        origin = self.world.database(name, environment=environment, ttl="30d", **body)
        self.world.new_id = any_id
        removal = self.world.api.remove(Place(environment, name), ALPHA)
        self.world.happened(removal.request.id, EventType.SUCCEEDED, result=None)
        if second := self.world.opening.follow_up(removal.request):  # the first disarmed it
            self.world.happened(second.id, EventType.SUCCEEDED, result=None)
        removed = self.world.there(name, environment)
        assert (removed.state, removed.origin) == (DatabaseState.REMOVED, origin)

    def run(self, after: dt.timedelta = DAY, rds: Any = None) -> Pruned | None:
        self.world.now += after
        return OldSnapshots(self.world.opening, lambda: rds or self.rds).run()
