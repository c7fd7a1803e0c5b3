"""Hostile by what the root of an Aurora cluster says, or by taking one kind of database for the other."""

import dataclasses
from collections.abc import Iterator
from typing import Any

from provisioner.core.hcl import FIRST_OF_CLUSTERS, render
from provisioner.core.root import Restore, Root

from tests.core.examples import catalog, root
from tests.pipeline.hostile_case import OTHER, Hostile, as_root, changed, created, of, replaced, with_

_MOST = "  max_acu               = "


def cluster_of(base: Root) -> Root:
    """A cluster where the base is, that would pass as it is."""
    made = root(environment=base.environment, database_engine="aurora-postgresql")
    return with_(made, database_name=base.database_name)


def other_ranges(base: Root) -> Iterator[Hostile]:
    kind, cluster = "a cluster beyond the catalog", cluster_of(base)
    for name, values in {
        "more than its environment allows": {"max_acu": 256.0},
        "one that never sleeps": {"min_acu": 128.0, "max_acu": 256.0, "pause_after": 0},
        "another pause": {"min_acu": 0.0, "pause_after": 86_400},
    }.items():
        yield created(kind, name, "size", _ranged(cluster, **values))
    if catalog().environments[base.environment].monitor_clusters:
        yield created(kind, "one that nobody watches", "safety", _ranged(cluster, monitoring=False))
    yield created(kind, "a version that is not offered", "engine", with_(cluster, engine_version="9.6"))
    if catalog().environments[base.environment].high_availability == "never":
        yield created(kind, "a reader where there is none", "availability", with_(cluster, multi_az=True))


def other_kinds(base: Root) -> Iterator[Hostile]:
    kind, cluster = "one kind taken for the other", cluster_of(base)
    for name, made in {
        "an instance's engine in the clusters' module": _as(cluster, base),
        "a cluster's engine in the instances' module": _as(base, cluster),
    }.items():
        yield created(kind, name, "engine", made, alone=False)
    yield changed(kind, "an instance becomes a cluster", "in place", base, with_(cluster, request_id=OTHER))
    yield changed(kind, "a cluster becomes an instance", "in place", cluster, with_(base, request_id=OTHER))
    old = render(cluster).replace(f"format {FIRST_OF_CLUSTERS}", f"format {FIRST_OF_CLUSTERS - 1}", 1)
    for name, text in {
        "a format from before there were clusters": old,
        "an instance's arguments along": replaced(
            cluster, "  min_acu", '  instance_class        = "db.m7g.large"\n  min_acu'
        ),
        "a capacity that is computed": replaced(cluster, _MOST, f"{_MOST}1 + "),
        "a quarter of a unit": replaced(cluster, _MOST, f"{_MOST}1.25 # "),
    }.items():
        yield as_root(base, kind, name, text)


def members(base: Root) -> Iterator[Hostile]:
    """RDS has one namespace for instances and for the members of clusters."""
    kind = "a name that a cluster's member has"
    for number in (1, 2, 17):
        name = f"{base.database_name}-member-{number}"
        yield created(kind, name, "name", with_(base, database_name=name))


def other_peoples_clusters(base: Root) -> Iterator[Hostile]:
    kind, cluster = "other people's clusters", cluster_of(base)
    elsewhere = "prod" if base.environment == "dev" else "dev"
    for name, restore in {
        "a clone from another environment": Restore(database=f"{elsewhere}-db", point_in_time="latest"),
        "a snapshot of another environment": Restore(snapshot=f"{elsewhere}-db-final-11111111"),
        "a snapshot made by hand": Restore(snapshot="arn:aws:rds:us-east-1:123456789012:cluster-snapshot:x"),
    }.items():
        yield created(kind, name, "restore", with_(cluster, restore=restore), alone=False)


def instances_of_others(base: Root) -> Iterator[Hostile]:
    """A cluster is made of an instance's snapshot of its environment, by its name, and of nothing else."""
    kind, cluster = "other people's instances", cluster_of(base)
    elsewhere = "prod" if base.environment == "dev" else "dev"
    arn, own = "arn:aws:rds:us-east-1:123456789012:snapshot:", f"{base.environment}-db-final-11111111"
    for name, restore in {
        "another environment's": Restore(snapshot=f"{elsewhere}-db-final-11111111", engine="postgres"),
        "another environment's by its ARN": Restore(
            snapshot=f"{arn}{elsewhere}-db-final-11111111", engine="postgres"
        ),
        "its own environment's by its ARN": Restore(snapshot=f"{arn}{own}", engine="postgres"),
        "another account's": Restore(
            snapshot=f"{arn.replace('123456789012', '999999999999')}{own}", engine="postgres"
        ),
        "one made by hand": Restore(snapshot="theirs", engine="postgres"),
        "one that speaks otherwise": Restore(snapshot=own, engine="mysql"),
        "one of an engine that there is not": Restore(snapshot=own, engine="oracle-ee"),
        "a cluster that is called an instance's": Restore(snapshot=own, engine="aurora-postgresql"),
        "at a point in time": Restore(
            database=f"{base.environment}-db", point_in_time="latest", engine="postgres"
        ),
    }.items():
        yield created(kind, name, "restore", with_(cluster, restore=restore), alone=False)
    victim = with_(base, database_name="source", team="victims", request_id=OTHER)
    theirs = Restore(snapshot=victim.place.final_snapshot(OTHER), engine="postgres")
    found = created(kind, "another team's", "source", with_(cluster, restore=theirs))
    yield dataclasses.replace(found, main=of(victim))
    backwards = Restore(snapshot=own, engine="aurora-postgresql")
    yield created(
        kind, "a cluster's made an instance", "restore", with_(base, restore=backwards), alone=False
    )


def _ranged(cluster: Root, **values: Any) -> Root:
    assert cluster.capacity
    return with_(cluster, capacity=dataclasses.replace(cluster.capacity, **values))


def _as(root: Root, other: Root) -> Root:
    """A root under the engine of another."""
    return with_(root, engine=other.engine, engine_version=other.engine_version)
