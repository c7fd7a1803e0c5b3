"""What RDS charges for Extended Support, from which day on and how much a month."""

import dataclasses
import datetime as dt
import json
from typing import Any

import pytest
from provisioner.core import extended_support
from provisioner.core.extended_support import Charged
from provisioner.core.prices import EMPTY, parse
from provisioner.core.root import SERVERLESS, Capacity, Restore

from tests.core.examples import PRICES_TEXT, catalog, root

TABLE = parse(PRICES_TEXT)
UNTIL = dt.date(2024, 2, 29)
TWO_VCPUS = Charged("vCPU", 2, 2)


def usd(
    engine: str, charged: Charged | None, today: str, until: dt.date = UNTIL
) -> tuple[float, float] | None:
    found = extended_support.month(TABLE, "us-east-1", engine, charged, until, dt.date.fromisoformat(today))
    return (found.least, found.most) if found else None


@pytest.mark.parametrize(
    ("today", "month"),
    [("2023-01-01", 146.0), ("2024-03-01", 146.0), ("2026-02-28", 146.0), ("2026-03-01", 292.0)],
)
def test_the_third_year_costs_more(today: str, month: float) -> None:
    assert usd("postgres", TWO_VCPUS, today) == (month, month)


def test_the_third_year_of_what_begins_on_a_leap_day_begins_in_march() -> None:
    until = dt.date(2028, 2, 28)
    assert extended_support.begins(until) == dt.date(2028, 2, 29)
    assert usd("mysql", TWO_VCPUS, "2030-02-28", until) == (146.0, 146.0)
    assert usd("mysql", TWO_VCPUS, "2030-03-01", until) == (292.0, 292.0)


def test_the_first_day_that_is_charged_is_the_one_after_standard_support() -> None:
    assert extended_support.begins(UNTIL) == dt.date(2024, 3, 1)


def test_a_cluster_costs_from_its_least_to_its_most() -> None:
    charged = extended_support.of_cluster(0, 2, 2)
    assert usd("aurora-postgresql", charged, "2024-03-01") == (0.0, 248.2)
    assert usd("aurora-postgresql", charged, "2026-03-01") == (0.0, 496.4)


def test_what_has_no_figure_or_no_size_has_no_sum() -> None:
    assert usd("aurora-mysql", extended_support.of_cluster(0, 2, 1), "2026-03-01") is None
    assert usd("oracle", TWO_VCPUS, "2024-03-01") is None
    assert usd("postgres", None, "2024-03-01") is None
    day = dt.date(2024, 3, 1)
    assert extended_support.month(TABLE, "eu-central-1", "mysql", TWO_VCPUS, UNTIL, day) is None
    assert extended_support.month(EMPTY, "us-east-1", "mysql", TWO_VCPUS, UNTIL, day) is None


def test_a_table_of_before_has_no_figure_for_it() -> None:
    content = json.loads(PRICES_TEXT)
    del content["regions"]["us-east-1"]["extended_support_hour"]
    found = extended_support.month(
        parse(json.dumps(content)), "us-east-1", "mysql", TWO_VCPUS, UNTIL, dt.date(2024, 3, 1)
    )
    assert found is None


def test_standbys_and_readers_are_charged_too() -> None:
    instance = dataclasses.replace(root(), instance_class="db.m7g.xlarge")
    assert extended_support.of_root(instance) == Charged("vCPU", 4, 4)
    assert extended_support.of_root(dataclasses.replace(instance, multi_az=True)) == Charged("vCPU", 8, 8)
    assert extended_support.of_root(dataclasses.replace(instance, instance_class="db.x9z.large")) is None
    capacity = Capacity(min_acu=0.5, max_acu=4, pause_after=0, monitoring=True)
    cluster = dataclasses.replace(root(), instance_class=SERVERLESS, capacity=capacity)
    assert extended_support.of_root(cluster) == Charged("ACU", 0.5, 4)
    assert extended_support.of_root(dataclasses.replace(cluster, multi_az=True)) == Charged("ACU", 1, 8)


def test_a_sum_says_where_and_when_it_was_the_list_price() -> None:
    charged = extended_support.of_cluster(1, 8, 1)
    found = extended_support.month(TABLE, "us-east-1", "aurora-mysql", charged, UNTIL, dt.date(2024, 3, 1))
    assert str(found) == "62.05 to 496.40 USD a month (list price of us-east-1, 2026-05-01)"
    assert (str(charged), str(TWO_VCPUS)) == ("1 to 8 ACU", "2 vCPUs")


def test_what_is_enrolled_says_from_when_on_and_what_it_will_cost() -> None:
    one = dataclasses.replace(root(database_engine="postgres"), extended_support=True, expires_at="never")

    def said(**changed: Any) -> str | None:
        return extended_support.said(dataclasses.replace(one, **changed), catalog())

    assert said(extended_support=False) is None
    assert said(engine_version="18") == (
        "enrolled, for its life: RDS charges it from the end of PostgreSQL 18 on, which is not known"
    )
    assert said(engine="oracle") == (
        "enrolled, for its life: RDS charges it from the end of oracle 17 on, which is not known"
    )
    cluster = dataclasses.replace(
        root(database_name="nap", database_engine="aurora-mysql"),
        extended_support=True,
        expires_at="2028-04-30T23:59:59Z",
    )
    assert extended_support.said(cluster, catalog()) == (
        "enrolled, for its life: from 2028-05-01 on RDS charges 0 to 2 ACU by the hour, 0.00 to 124.10 USD a "
        "month (list price of us-east-1, 2026-05-01); the database ends before that day"
    )
    later = dataclasses.replace(cluster, expires_at="2028-05-01T00:00:00Z")
    assert "it ends before" not in (extended_support.said(later, catalog()) or "it ends before")
    assert said(instance_class="db.x9z.large", engine_version="16") == (
        "enrolled, for its life: from 2029-03-01 on RDS charges its vCPUs by the hour, at a price that is "
        "not known, and more from the third year on"
    )


@pytest.mark.parametrize(
    ("engine", "restore", "enrolled"),
    [
        ("aurora-mysql", Restore(database="dev-source", point_in_time="latest"), True),
        ("aurora-mysql", Restore(database="dev-source", point_in_time="2026-11-20T10:00:00Z"), True),
        ("aurora-mysql", Restore(snapshot="dev-source-final-3f0c1a2b"), False),
        ("aurora-mysql", None, False),
        ("mysql", Restore(database="dev-source", point_in_time="latest"), False),
    ],
)
def test_a_copy_of_a_cluster_is_enrolled_whatever_its_root_says(
    engine: str, restore: Restore | None, enrolled: bool
) -> None:
    one = dataclasses.replace(root(database_engine=engine), restore=restore)

    said = extended_support.said(one, catalog())

    assert one.is_enrolled is enrolled
    assert (said or "").startswith(
        "enrolled, for its life, as every cluster that is cloned or restored to a point in time, for which "
        "Terraform's AWS provider cannot refuse it: from 2028-05-01 on RDS charges 0 to 2 ACU by the hour"
        if enrolled
        else ""
    )
    assert bool(said) is enrolled
