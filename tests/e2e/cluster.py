"""A cluster's life as the end-to-end tests look at it: made, used, asleep, awake, removed."""

from dataclasses import dataclass
from typing import Any, Final

from sandbox import cluster
from tests.e2e.running import Sandbox, until
from tests.e2e.scenes import ROWS, Scenes

# Ten minutes without a connection, as the catalog says, are six seconds.
PAUSE_SCALE: Final = "0.01"
BODY: Final = {"database_name": "nap", "database_engine": "aurora-postgresql", "environment": "staging"}
PLACE, IDENTIFIER = "staging/nap", "staging-nap"


@dataclass(frozen=True, slots=True, kw_only=True)
class Slept:
    """What was seen of the cluster, and of its end."""

    created: dict[str, Any]
    pull: dict[str, Any]
    database: dict[str, Any]  # as the API shows it, once its users are made
    cluster: dict[str, Any]  # as RDS describes it
    members: list[str]
    asleep: float  # the capacity, in Aurora capacity units, some time after the last login
    rows: list[tuple[Any, ...]]  # as the login read them that woke it
    awake: float
    removed: dict[str, Any]
    left: dict[str, Any]  # the database, after its removal
    instances: list[str]  # of the cluster's members, after its removal


def slept(scenes: Scenes) -> Slept:
    """staging/nap: an Aurora PostgreSQL cluster that sleeps, from a POST to its final snapshot."""
    sandbox = scenes.sandbox
    request_id = sandbox.ask("POST", "/provision-rds", BODY)
    sandbox.approve(request_id)
    created = sandbox.wait(request_id, "done")
    found = cluster.describe(sandbox.cloud, IDENTIFIER)
    members = members_of(sandbox)
    cluster.query(sandbox.cloud, found, *ROWS)
    asleep = capacity(sandbox, 0, "the cluster to sleep")
    rows = cluster.query(sandbox.cloud, found, "select answer from answers")
    awake = capacity(sandbox, 0.5, "the cluster to be awake")
    database = sandbox.database(PLACE)

    removal = sandbox.ask("DELETE", f"/databases/{PLACE}")
    sandbox.approve(removal)
    removed = sandbox.wait(removal, "done")
    return Slept(
        created=created,
        pull=sandbox.pull(created),
        database=database,
        cluster=found,
        members=members,
        asleep=asleep,
        rows=rows,
        awake=awake,
        removed=removed,
        left=sandbox.database(PLACE),
        instances=members_of(sandbox),
    )


def capacity(sandbox: Sandbox, least: float, what: str) -> float:
    """The capacity, once it is 0 or, where it is to be more, at least that."""

    def reached() -> float | None:
        found = cluster.capacity(sandbox.cloud, IDENTIFIER)
        return found if found is not None and (found >= least if least else found == 0) else None

    return until(reached, what)


def members_of(sandbox: Sandbox) -> list[str]:
    """The identifiers of the cluster's instances."""
    described = sandbox.cloud.client("rds").describe_db_instances()["DBInstances"]
    return sorted(
        instance["DBInstanceIdentifier"]
        for instance in described
        if instance.get("DBClusterIdentifier") == IDENTIFIER
    )
