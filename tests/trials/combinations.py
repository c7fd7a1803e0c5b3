"""What the catalog lets people ask for: new databases, changes, restores, as the API makes their roots."""

import datetime as dt
import itertools
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from provisioner.core import catalog as catalogs
from provisioner.core.catalog import Catalog
from provisioner.core.engines import CLUSTER, INSTANCE, resource_of
from provisioner.core.errors import Problem
from provisioner.core.root import Root
from provisioner.intake import bodies, roots

NOW = dt.datetime(2026, 11, 25, 12, tzinfo=dt.UTC)
CATALOG: Catalog = catalogs.parse((Path(__file__).parents[2] / "catalog.yaml").read_text(encoding="utf-8"))
ENGINES = {name: known for name, known in CATALOG.engines.items() if resource_of(name) is INSTANCE}
CLUSTERS = {name: known for name, known in CATALOG.engines.items() if resource_of(name) is CLUSTER}
Body = Mapping[str, Any]
# Where a rule of RDS or of the catalog begins or ends; each is taken where an environment allows it.
EDGES_GB = (20, 21, 22, 50, 95, 99, 100, 363, 364, 399, 400, 401, 440, 500, 999, 1000)


def new(body: Body, name: str = "orders", source: Root | None = None, number: int = 0) -> Root:
    """The root of a new database; raises Problem where the API refuses it."""
    parsed = bodies.parse_create({**body, "database_name": name})
    return roots.new(parsed, CATALOG, team="alpha", request_id=request_id(number), now=NOW, source=source)


def changed(root: Root, body: Body, number: int = 1, applied: Root | None = None) -> Root | None:
    """The root after a change; None where the API refuses it."""
    try:
        return roots.changed(
            root,
            bodies.parse_patch(dict(body)),
            CATALOG,
            request_id=request_id(number),
            created_at=NOW,
            now=NOW,
            applied=applied,
        )
    except Problem:
        return None


def sizes_gb(environment: str, sizes: Sequence[int] = EDGES_GB) -> list[int]:
    """Those of the sizes that an environment allows."""
    bounds = CATALOG.environments[environment].storage_gb
    return [size for size in sizes if bounds.minimum <= size <= bounds.maximum]


def sizes_of(environment: str) -> list[str]:
    """The sizes of instances that an environment offers, in the catalog's order."""
    offered = CATALOG.sizes_of(environment, "postgres")
    return [size for size in CATALOG.environments[environment].sizes if size in offered]


def creations(sizes: Sequence[int] | None = None) -> Iterator[dict[str, Any]]:
    """The body of every database that the catalog lets people ask for."""
    for environment, rules in CATALOG.environments.items():
        standby = [True, False] if rules.high_availability == "optional" else [None]
        for (engine, known), size, storage_gb, redundant in itertools.product(
            ENGINES.items(), sizes_of(environment), sizes_gb(environment, sizes or EDGES_GB), standby
        ):
            for version in known.versions:
                body = {
                    "environment": environment,
                    "database_engine": engine,
                    "engine_version": version,
                    "size": size,
                    "storage_gb": storage_gb,
                    "high_availability": redundant,
                }
                yield {name: value for name, value in body.items() if value is not None}


def changes(environment: str) -> Iterator[dict[str, Any]]:
    """The body of every change of size and storage, and of one that touches neither."""
    for size, storage_gb in itertools.product([None, *sizes_of(environment)], [None, *sizes_gb(environment)]):
        body = {"size": size, "storage_gb": storage_gb, "tags": {"Service": "orders"}}
        yield {name: value for name, value in body.items() if value is not None}


def clusters() -> Iterator[dict[str, Any]]:
    """The body of every cluster that the catalog lets people ask for."""
    for environment, rules in CATALOG.environments.items():
        readers = [True, False] if rules.high_availability == "optional" else [None]
        for engine, known in CLUSTERS.items():
            sizes = CATALOG.sizes_of(environment, engine)
            for version, size, reader in itertools.product(known.versions, sizes, readers):
                body: dict[str, Any] = {"environment": environment, "database_engine": engine}
                body |= {"engine_version": version}
                body |= {"size": size} | ({} if reader is None else {"high_availability": reader})
                yield body


def request_id(number: int) -> str:
    return f"{number:08x}-1111-4222-8333-444455556666"


def covering(rows: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """Few of the rows, in which each two values that meet in any row meet again, in whichever environment."""
    missing = set().union(*map(pairs, rows))
    chosen = []
    while missing:
        best = max(rows, key=lambda row: len(missing & pairs(row)))
        missing -= pairs(best)
        chosen.append(best)
    return chosen


def pairs(row: Mapping[str, Any]) -> set[tuple[tuple[str, Any], tuple[str, Any]]]:
    return set(itertools.combinations([item for item in row.items() if item[0] != "environment"], 2))
