"""What people ask for of a cluster: sizes of its kind, no storage, sources of its kind, members' names."""

import dataclasses
import datetime as dt
from typing import Any

import pytest
from provisioner.core.engines import CLUSTER, resource_of
from provisioner.core.errors import Problem
from provisioner.core.hcl import parse, render
from provisioner.core.models import Database
from provisioner.core.root import SERVERLESS, Root
from provisioner.intake import roots, sources
from provisioner.intake.bodies import RestoreFrom, parse_create, parse_patch

from tests.core.examples import ID, NOW, catalog, database

NAP = {"database_name": "nap", "database_engine": "aurora-postgresql", "environment": "dev"}


def new(**body: Any) -> Root:
    return roots.new(parse_create(NAP | body), catalog(), team="alpha", request_id=ID, now=NOW)


def refused(**body: Any) -> dict[str, str]:
    with pytest.raises(Problem) as caught:
        new(**body)
    return {error.pointer: error.detail for error in caught.value.errors}


def change(before: Root, **body: Any) -> Root:
    return roots.changed(
        before, parse_patch(body), catalog(), request_id="f" * 8 + ID[8:], created_at=NOW, now=NOW
    )


def test_three_fields_are_enough() -> None:
    made = new()
    assert made.resource is CLUSTER
    assert made.instance_class == SERVERLESS
    assert made.capacity
    assert (made.capacity.min_acu, made.capacity.max_acu, made.capacity.pause_after) == (0, 2, 600)
    assert (made.storage_gb, made.max_storage_gb) == (0, 0)
    assert made.engine_version == catalog().engines["aurora-postgresql"].default_version


def test_each_environment_has_its_usual_range_and_watches_as_its_rules_say() -> None:
    prod = new(environment="prod")
    assert catalog().size_of(prod) == "steady"
    assert prod.capacity
    assert prod.capacity.monitoring
    dev = new()
    assert dev.capacity
    assert not dev.capacity.monitoring


def test_an_instances_size_is_none_of_a_clusters() -> None:
    text = "small is no size of aurora-postgresql, which has a range of capacity: choose sleepy"
    assert refused(size="small") == {"/size": text}


def test_a_clusters_size_is_none_of_an_instances() -> None:
    text = "sleepy is no size of mysql, which has an instance class: choose small or medium"
    assert refused(database_engine="mysql", size="sleepy") == {"/size": text}


def test_a_size_of_another_environment_says_where_it_is() -> None:
    assert refused(size="steady")["/size"].endswith("choose sleepy in dev; staging and prod have it")


def test_storage_has_no_size() -> None:
    text = "aurora-postgresql has the storage that it uses, without a size: leave it out"
    assert refused(storage_gb=20) == {"/storage_gb": text}
    with pytest.raises(Problem) as caught:
        change(new(), storage_gb=40)
    assert [error.detail for error in caught.value.errors] == [text]


def test_its_range_changes_in_place_and_brings_what_the_catalog_watches() -> None:
    before = new(environment="staging", size="sleepy")
    assert before.capacity
    unwatched = dataclasses.replace(before, capacity=dataclasses.replace(before.capacity, monitoring=False))
    after = change(unwatched, size="steady")
    assert catalog().size_of(after) == "steady"
    assert after.capacity
    assert after.capacity.monitoring
    extended = change(unwatched, ttl="9d")
    assert extended.capacity == before.capacity
    assert (after.storage_gb, after.instance_class) == (0, SERVERLESS)


def test_what_was_asked_names_the_size() -> None:
    assert roots.asked(new(), "7d", catalog())["size"] == "sleepy"


def test_a_cluster_is_upgraded_along_auroras_own_paths() -> None:
    after = change(new(), engine_version="17")
    assert after.engine_version == "17"
    assert after.upgrade
    assert after.upgrade.snapshot == "dev-nap-before-ffffffff"
    with pytest.raises(Problem) as caught:
        change(new(engine_version="17"), engine_version="18")
    (error,) = caught.value.errors
    assert error.detail == "RDS upgrades aurora-postgresql 17 to no version of the catalog"


def from_(origin: Database, made: Root) -> list[str]:
    wanted = RestoreFrom(database=str(origin.place))
    return [error.detail for error in sources.errors(wanted, origin, made, catalog(), NOW)]


def test_a_cluster_is_cloned_into_a_cluster_of_its_engine_and_version() -> None:
    origin = database(**NAP | {"database_name": "orders"})
    assert from_(origin, new()) == []
    other = from_(origin, new(engine_version="17"))
    assert other == ["the source has version 16; restore it first, then upgrade"]


COPY = "make an empty one, and copy the data by pg_dump or mysqldump"
KEEPS = "dev/orders is {}; a restore cannot change the engine"
NO_INSTANCE = f", and RDS makes no instance of a cluster: {COPY}"
OF_MYSQL = ", but for a snapshot of mysql, of which RDS makes aurora-mysql too"
OF_POSTGRES = ", but for a snapshot of postgres, of which RDS makes aurora-postgresql too"
OTHER_VERSION = "the source has version {}; restore it first, then upgrade"
NONE_HERE = f"dev/orders is {{}}, and there is no {{}} here: {COPY}"
TAKEN = "dev-orders-final-" + ID[:8]
IN_TIME = (
    "dev/orders is an instance, of which RDS makes a cluster from a snapshot, and not from a point in time: "
    "name one in restore_from.snapshot, such as the nightly rds:dev-orders-YYYY-MM-DD-HH-MM"
)
# Every engine and version that a source may have, and what is said against its snapshot as each engine: None
# where RDS makes it.
PAIRS: dict[tuple[str, str], dict[str, str | None]] = {
    ("postgres", "16"): {
        "postgres": None,
        "aurora-postgresql": None,
        "mysql": KEEPS.format("postgres"),
        "aurora-mysql": KEEPS.format("postgres") + OF_POSTGRES,
    },
    ("postgres", "15"): {
        "postgres": None,
        "aurora-postgresql": NONE_HERE.format("postgres 15", "aurora-postgresql 15"),
        "mysql": KEEPS.format("postgres"),
        "aurora-mysql": KEEPS.format("postgres") + OF_POSTGRES,
    },
    ("mysql", "8.0"): {
        "postgres": KEEPS.format("mysql"),
        "aurora-postgresql": KEEPS.format("mysql") + OF_MYSQL,
        "mysql": None,
        "aurora-mysql": None,
    },
    ("mysql", "8.4"): {
        "postgres": KEEPS.format("mysql"),
        "aurora-postgresql": KEEPS.format("mysql") + OF_MYSQL,
        "mysql": None,
        "aurora-mysql": NONE_HERE.format("mysql 8.4", "aurora-mysql 8.4"),
    },
    ("aurora-postgresql", "16"): {
        "postgres": KEEPS.format("aurora-postgresql") + NO_INSTANCE,
        "aurora-postgresql": None,
        "mysql": KEEPS.format("aurora-postgresql") + NO_INSTANCE,
        "aurora-mysql": KEEPS.format("aurora-postgresql"),
    },
    ("aurora-mysql", "8.0"): {
        "postgres": KEEPS.format("aurora-mysql") + NO_INSTANCE,
        "aurora-postgresql": KEEPS.format("aurora-mysql"),
        "mysql": KEEPS.format("aurora-mysql") + NO_INSTANCE,
        "aurora-mysql": None,
    },
}
EVERY = [(*source, target) for source, targets in PAIRS.items() for target in targets]


def restored(engine: str, version: str, target: str, wanted: RestoreFrom) -> tuple[Root, list[str]]:
    """A new database of an engine from a source of another, and what is said against it."""
    made = database(database_name="orders", database_engine=engine)
    origin = dataclasses.replace(made, root=dataclasses.replace(made.root, engine_version=version))
    body = {**NAP, "database_engine": target, "restore_from": wanted.model_dump(exclude_none=True)}
    made_of = roots.draft(
        parse_create(body), catalog(), team="alpha", request_id=ID, now=NOW, source=origin.root
    ).root
    assert made_of
    return made_of, [error.detail for error in sources.errors(wanted, origin, made_of, catalog(), NOW)]


@pytest.mark.parametrize(("engine", "version", "target"), EVERY)
def test_kinds_mix_where_rds_allows_it_and_else_the_answer_says_how(
    engine: str, version: str, target: str
) -> None:
    made, said = restored(engine, version, target, RestoreFrom(snapshot=TAKEN))
    expected = PAIRS[engine, version][target]
    assert said[:1] == ([expected] if expected else [])
    if expected:
        return
    assert made.engine_version == version
    assert made.restore
    assert made.restore.engine == (None if engine == target else engine)
    assert made.source_resource is resource_of(engine)
    assert parse(render(made)) == made


@pytest.mark.parametrize(("engine", "version"), [("postgres", "16"), ("mysql", "8.0")])
def test_an_instance_at_a_point_in_time_becomes_no_cluster(engine: str, version: str) -> None:
    _, said = restored(
        engine, version, f"aurora-{engine.replace('gres', 'gresql')}", RestoreFrom(database="dev/orders")
    )
    assert said == [IN_TIME]


def test_the_version_of_a_cluster_that_is_made_is_the_snapshots() -> None:
    made, _ = restored("postgres", "17", "aurora-postgresql", RestoreFrom(snapshot=TAKEN))
    assert made.engine_version == "17"
    origin = database(database_name="orders", database_engine="postgres", engine_version="17")
    wanted = RestoreFrom(snapshot=TAKEN)
    other = dataclasses.replace(made, engine_version="16")
    (error,) = sources.errors(wanted, origin, other, catalog(), NOW)
    assert (error.pointer, error.detail) == ("/engine_version", OTHER_VERSION.format("17"))


def test_a_time_before_its_backups_is_refused_as_for_instances() -> None:
    origin = database(**NAP | {"database_name": "orders"})
    wanted = RestoreFrom(database="dev/orders", point_in_time=(NOW - dt.timedelta(days=9)).isoformat())
    assert "backups reach from" in sources.errors(wanted, origin, new(), catalog(), NOW)[0].detail
