"""One call to RDS and what the account holds at that moment: all that a rule looks at."""

import datetime as dt
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

Record = Mapping[str, Any]

CREATE = "CreateDBInstance"
MODIFY = "ModifyDBInstance"
DELETE = "DeleteDBInstance"
RESTORE = "RestoreDBInstanceFromDBSnapshot"
RESTORE_IN_TIME = "RestoreDBInstanceToPointInTime"
RESTORES = (RESTORE, RESTORE_IN_TIME)
MAKES_INSTANCE = (CREATE, *RESTORES)
CREATE_GROUP = "CreateDBParameterGroup"
MODIFY_GROUP = "ModifyDBParameterGroup"
DELETE_GROUP = "DeleteDBParameterGroup"
CREATE_SNAPSHOT = "CreateDBSnapshot"
ADD_TAGS = "AddTagsToResource"
CREATE_CLUSTER = "CreateDBCluster"
MODIFY_CLUSTER = "ModifyDBCluster"
DELETE_CLUSTER = "DeleteDBCluster"
RESTORE_CLUSTER = "RestoreDBClusterFromSnapshot"
RESTORE_CLUSTER_IN_TIME = "RestoreDBClusterToPointInTime"
MAKES_CLUSTER = (CREATE_CLUSTER, RESTORE_CLUSTER, RESTORE_CLUSTER_IN_TIME)
CREATE_CLUSTER_GROUP = "CreateDBClusterParameterGroup"
MODIFY_CLUSTER_GROUP = "ModifyDBClusterParameterGroup"
DELETE_CLUSTER_GROUP = "DeleteDBClusterParameterGroup"
CREATE_CLUSTER_SNAPSHOT = "CreateDBClusterSnapshot"
ACTIONS = (
    *MAKES_INSTANCE,
    MODIFY,
    DELETE,
    CREATE_GROUP,
    MODIFY_GROUP,
    DELETE_GROUP,
    CREATE_SNAPSHOT,
    ADD_TAGS,
    *MAKES_CLUSTER,
    MODIFY_CLUSTER,
    DELETE_CLUSTER,
    CREATE_CLUSTER_GROUP,
    MODIFY_CLUSTER_GROUP,
    DELETE_CLUSTER_GROUP,
    CREATE_CLUSTER_SNAPSHOT,
)


@dataclass(frozen=True, slots=True)
class Refusal:
    """RDS's answer to a call that it does not take: its error code, its words."""

    code: str
    message: str
    status: int = 400


@dataclass(frozen=True, slots=True, kw_only=True)
class Estate:
    """What the account holds in the region, each by its name, as RDS describes it."""

    instances: Mapping[str, Record] = field(default_factory=dict)
    snapshots: Mapping[str, Record] = field(default_factory=dict)
    groups: Mapping[str, Record] = field(default_factory=dict)
    clusters: Mapping[str, Record] = field(default_factory=dict)
    cluster_snapshots: Mapping[str, Record] = field(default_factory=dict)
    cluster_groups: Mapping[str, Record] = field(default_factory=dict)
    retained_backups: int = 0


@dataclass(frozen=True)
class Call:
    """A call with its arguments as the API reference types them, and what some of them stand for."""

    action: str
    given: Record
    estate: Estate
    now: dt.datetime

    @cached_property
    def identifier(self) -> str:
        """The instance that is made, changed or deleted."""
        name = "TargetDBInstanceIdentifier" if self.action == RESTORE_IN_TIME else "DBInstanceIdentifier"
        return str(self.given.get(name, "")).lower()

    @cached_property
    def instance(self) -> Record:
        """The instance that is changed or deleted; empty where there is none."""
        return self.estate.instances.get(self.identifier, {})

    @cached_property
    def source(self) -> Record:
        """The snapshot or the instance that is restored; empty where there is none."""
        if self.action == RESTORE:
            name = str(self.given.get("DBSnapshotIdentifier", "")).rsplit(":snapshot:", 1)[-1]
            return self.estate.snapshots.get(name, {})
        if self.action == RESTORE_IN_TIME:
            return self.estate.instances.get(str(self.given.get("SourceDBInstanceIdentifier", "")), {})
        return {}

    @cached_property
    def cluster(self) -> Record:
        """The cluster that is changed or deleted, or gets a member; empty where there is none."""
        return self.estate.clusters.get(str(self.given.get("DBClusterIdentifier", "")).lower(), {})

    @cached_property
    def cluster_source(self) -> Record:
        """The cluster snapshot or the cluster that is restored; empty where there is none."""
        if self.action == RESTORE_CLUSTER:
            named = str(self.given.get("SnapshotIdentifier", ""))
            if self.migrates:
                return self.estate.snapshots.get(named.rsplit(":snapshot:", 1)[-1], {})
            return self.estate.cluster_snapshots.get(named.rsplit(":cluster-snapshot:", 1)[-1], {})
        if self.action == RESTORE_CLUSTER_IN_TIME:
            return self.estate.clusters.get(str(self.given.get("SourceDBClusterIdentifier", "")), {})
        return {}

    @cached_property
    def migrates(self) -> bool:
        """Whether a cluster is made of an instance's snapshot, which is named by its ARN."""
        named = str(self.given.get("SnapshotIdentifier", ""))
        return self.action == RESTORE_CLUSTER and named.startswith("arn:") and ":snapshot:" in named

    @cached_property
    def is_member(self) -> bool:
        """Whether the instance is, or becomes, a member of a cluster."""
        return bool(self.given.get("DBClusterIdentifier") or self.instance.get("DBClusterIdentifier"))

    @cached_property
    def held(self) -> Record:
        """What is there already: the instance or cluster, or what it is restored from."""
        if self.action in (*MAKES_CLUSTER, MODIFY_CLUSTER):
            return self.cluster if self.action == MODIFY_CLUSTER else self.cluster_source
        return self.instance if self.action == MODIFY else self.source

    @cached_property
    def engine(self) -> str:
        """The engine of the instance, or of the cluster; an instance's snapshot has another."""
        if self.migrates:
            return str(self.given.get("Engine", ""))
        return str(self.held.get("Engine") or self.given.get("Engine", ""))

    @cached_property
    def family(self) -> str:
        """The parameter group family of the database's version, after the call."""
        if self.action in (MODIFY, MODIFY_CLUSTER) and self.given.get("EngineVersion"):
            return self._family_of(self.given["EngineVersion"])
        if self.migrates and self.given.get("EngineVersion"):
            return self._family_of(self.given["EngineVersion"])
        return self._family_of(self.held.get("EngineVersion") or self.given.get("EngineVersion", ""))

    @cached_property
    def held_family(self) -> str:
        """The parameter group family of the database's version, before the call."""
        return self._family_of(self.held.get("EngineVersion", ""))

    def _family_of(self, version: Any) -> str:
        parts = 1 if self.engine.endswith(("postgres", "postgresql")) else 2
        return self.engine + ".".join(str(version).split(".")[:parts])

    @cached_property
    def is_gp3(self) -> bool:
        """Whether the storage is, or becomes, gp3."""
        return (self.given.get("StorageType") or self.held.get("StorageType")) == "gp3"

    @cached_property
    def held_gb(self) -> int:
        """The storage that is there already, in GiB; 0 where there is none."""
        return int(self.held.get("AllocatedStorage", 0))

    @cached_property
    def size_gb(self) -> int:
        """The storage that the call leads to: RDS rounds a growth up to 10 %.

        https://docs.aws.amazon.com/AmazonRDS/latest/APIReference/API_ModifyDBInstance.html, AllocatedStorage
        """
        asked = int(self.given.get("AllocatedStorage", self.held_gb))
        return max(asked, tenth_above(self.held_gb)) if 0 < self.held_gb < asked else asked


Rule = Callable[[Call], Refusal | None]


def tenth_above(size_gb: int) -> int:
    """The smallest whole size at least 10 % above."""
    return -(-size_gb * 11 // 10)


def invalid_value(message: str) -> Refusal:
    """The refusal of one argument's value."""
    return Refusal("InvalidParameterValue", message)


def invalid_combination(message: str) -> Refusal:
    """The refusal of arguments that do not go together, or not with the instance."""
    return Refusal("InvalidParameterCombination", message)
