"""The engines, and the two kinds of resource that RDS runs them as: an instance, or an Aurora cluster.

What differs between the two kinds stands here, so that nothing else asks which of them a database is.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Literal

Dialect = Literal["mysql", "postgres"]


@dataclass(frozen=True, slots=True)
class Described:
    """How RDS describes databases, or snapshots, of one kind: boto3's call, its answer's list, their key.

    `missing` are RDS's codes for one that is not there.
    """

    call: str
    listed: str
    identifier: str
    missing: frozenset[str]


@dataclass(frozen=True, slots=True)
class Resource:
    """A kind of resource, by its Terraform module, its types there, and RDS's words for it.

    `members` is the type of what stands inside the database; None for an instance, which stands alone.
    `exists` is RDS's code for one that is there already.
    """

    name: str
    module: str
    database_type: str
    members: str | None
    types: frozenset[str]
    databases: Described
    snapshots: Described
    exists: str

    @property
    def module_source(self) -> str:
        """The module as a root names it."""
        return f"../../../modules/{self.module}"

    @property
    def module_path(self) -> str:
        """The module's directory in the repository, with a slash at its end."""
        return f"terraform/modules/{self.module}/"

    @property
    def address(self) -> str:
        """The database's address in the state of its root."""
        return f"module.database.{self.database_type}.this"


INSTANCE: Final = Resource(
    "instance",
    module="rds_database",
    database_type="aws_db_instance",
    members=None,
    types=frozenset({"aws_db_instance", "aws_db_parameter_group"}),
    databases=Described(
        "describe_db_instances",
        "DBInstances",
        "DBInstanceIdentifier",
        frozenset({"DBInstanceNotFound", "DBInstanceNotFoundFault"}),
    ),
    snapshots=Described(
        "describe_db_snapshots",
        "DBSnapshots",
        "DBSnapshotIdentifier",
        frozenset({"DBSnapshotNotFound", "DBSnapshotNotFoundFault"}),
    ),
    exists="DBInstanceAlreadyExists",
)
CLUSTER: Final = Resource(
    "cluster",
    module="rds_cluster",
    database_type="aws_rds_cluster",
    members="aws_rds_cluster_instance",
    types=frozenset({"aws_rds_cluster", "aws_rds_cluster_instance", "aws_rds_cluster_parameter_group"}),
    databases=Described(
        "describe_db_clusters",
        "DBClusters",
        "DBClusterIdentifier",
        frozenset({"DBClusterNotFound", "DBClusterNotFoundFault"}),
    ),
    snapshots=Described(
        "describe_db_cluster_snapshots",
        "DBClusterSnapshots",
        "DBClusterSnapshotIdentifier",
        frozenset({"DBClusterSnapshotNotFound", "DBClusterSnapshotNotFoundFault"}),
    ),
    exists="DBClusterAlreadyExistsFault",
)
RESOURCES: Final = (INSTANCE, CLUSTER)


@dataclass(frozen=True, slots=True)
class DatabaseEngine:
    """An engine under AWS's name: how people call it, what clients speak to it, and what RDS runs it as."""

    name: str
    label: str
    dialect: Dialect
    resource: Resource


ENGINES: Final[Mapping[str, DatabaseEngine]] = {
    engine.name: engine
    for engine in (
        DatabaseEngine("mysql", "MySQL", "mysql", INSTANCE),
        DatabaseEngine("postgres", "PostgreSQL", "postgres", INSTANCE),
        DatabaseEngine("aurora-mysql", "Aurora MySQL", "mysql", CLUSTER),
        DatabaseEngine("aurora-postgresql", "Aurora PostgreSQL", "postgres", CLUSTER),
    )
}


def dialect(engine: str) -> str:
    """What clients speak to an engine; an unknown one's own name."""
    found = ENGINES.get(engine)
    return found.dialect if found else engine


def label(engine: str) -> str:
    """An engine's name as people write it; an unknown one's own name."""
    found = ENGINES.get(engine)
    return found.label if found else engine


def becomes(engine: str) -> str | None:
    """The engine of the cluster that RDS makes of a snapshot of an instance; None for one of a cluster.

    https://docs.aws.amazon.com/AmazonRDS/latest/AuroraUserGuide/AuroraPostgreSQL.Migrating.html and
    https://docs.aws.amazon.com/AmazonRDS/latest/AuroraUserGuide/AuroraMySQL.Migrating.RDSMySQL.Snapshot.html
    """
    if resource_of(engine) is CLUSTER:
        return None
    found = (each for each in ENGINES.values() if each.resource is CLUSTER)
    return next((each.name for each in found if each.dialect == dialect(engine)), None)


def resource_of(engine: str) -> Resource:
    """What RDS runs an engine as; an instance for an unknown one."""
    found = ENGINES.get(engine)
    return found.resource if found else INSTANCE
