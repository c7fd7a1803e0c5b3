"""What people ask for of a cluster: sizes of its kind, no storage, sources of its kind, members' names."""

import dataclasses
import datetime as dt
from typing import Any

import pytest
from provisioner.core.engines import CLUSTER
from provisioner.core.errors import Problem
from provisioner.core.models import Database
from provisioner.core.root import SERVERLESS, Root
from provisioner.intake import roots, sources
from provisioner.intake.bodies import RestoreFrom, parse_create, parse_patch

from tests.core.examples import ID, NOW, catalog, database, root

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


def test_kinds_do_not_mix_and_the_answer_says_how() -> None:
    instance = database(database_name="orders", database_engine="postgres", engine_version="16")
    (text,) = from_(instance, new())
    assert text == (
        "dev/orders is postgres; a restore cannot change the engine, and an instance does not become a "
        "cluster here: restore it as it is, make a cluster next to it, and copy the data by pg_dump or "
        "mysqldump"
    )
    cluster = database(**NAP | {"database_name": "orders"})
    made = root(database_engine="postgres", engine_version="16")
    assert "and a cluster does not become an instance here" in from_(cluster, made)[0]


def test_a_time_before_its_backups_is_refused_as_for_instances() -> None:
    origin = database(**NAP | {"database_name": "orders"})
    wanted = RestoreFrom(database="dev/orders", point_in_time=(NOW - dt.timedelta(days=9)).isoformat())
    assert "backups reach from" in sources.errors(wanted, origin, new(), catalog(), NOW)[0].detail
