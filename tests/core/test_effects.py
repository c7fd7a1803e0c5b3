"""What a change does to those who use and pay for its database."""

import dataclasses
import datetime as dt
from typing import Any

import pytest
from provisioner.core.effects import (
    INTERRUPTIONS,
    Cost,
    Interruption,
    cost_of_life,
    interruption,
    interruption_by,
    monthly_cost,
    sentence,
)
from provisioner.core.lifecycle import Kind
from provisioner.core.root import Upgrade

from tests.core.examples import NOW, catalog, root

CATALOG = catalog()
ONE = root()


@pytest.mark.parametrize(
    ("before", "after", "found"),
    [
        ({}, {}, Interruption.NONE),
        ({}, {"storage_gb": 40, "tags": {"a": "b"}, "expires_at": "never"}, Interruption.NONE),
        ({}, {"multi_az": True}, Interruption.NONE),
        ({}, {"instance_class": "db.t4g.medium"}, Interruption.RESTART),
        ({"multi_az": True}, {"multi_az": True, "instance_class": "db.t4g.medium"}, Interruption.FAILOVER),
        ({"multi_az": True}, {"multi_az": False, "instance_class": "db.t4g.medium"}, Interruption.RESTART),
    ],
)
def test_another_class_interrupts_and_a_standby_shortens_it(
    before: dict[str, Any], after: dict[str, Any], found: Interruption
) -> None:
    assert interruption(dataclasses.replace(ONE, **before), dataclasses.replace(ONE, **after)) is found


def test_a_new_database_interrupts_nobody() -> None:
    assert interruption(None, ONE) is Interruption.NONE


def test_a_removal_ends_the_database_and_no_other_kind_does() -> None:
    for kind in Kind:
        ends = interruption_by(kind, ONE, ONE) is Interruption.END
        assert ends is (kind is Kind.REMOVE)
    assert INTERRUPTIONS.keys() == set(Interruption)


def test_the_cost_is_that_before_and_that_after_and_what_is_more() -> None:
    larger = dataclasses.replace(ONE, instance_class="db.t4g.medium")
    unknown = dataclasses.replace(ONE, instance_class="db.t2.micro")

    assert monthly_cost(ONE, larger, CATALOG) == Cost(13.98, 49.75)
    assert monthly_cost(ONE, larger, CATALOG).more == 35.77
    assert monthly_cost(larger, ONE, CATALOG).more == -35.77
    assert monthly_cost(None, ONE, CATALOG).more == 13.98
    assert monthly_cost(ONE, unknown, CATALOG) == Cost(13.98, None)
    assert monthly_cost(ONE, unknown, CATALOG).more == 0.0


def test_the_cost_of_a_life_is_that_of_its_hours() -> None:
    month = dataclasses.replace(ONE, expires_at="2026-12-23T22:00:00Z")  # 730 hours

    assert cost_of_life(month, NOW, CATALOG) == 13.98
    assert cost_of_life(month, NOW + dt.timedelta(days=400), CATALOG) == 0.0
    assert cost_of_life(dataclasses.replace(ONE, expires_at="never"), NOW, CATALOG) is None


def test_an_upgrade_interrupts_both_zones_and_names_the_way_back() -> None:
    before = dataclasses.replace(
        root(environment="prod", database_engine="postgres", high_availability=True), engine_version="16"
    )
    snapshot = "prod-mydb123-before-3f0c1a2b"
    after = dataclasses.replace(
        before, engine_version="18", upgrade=Upgrade(from_version="16", snapshot=snapshot)
    )

    found = interruption(before, after)

    assert found is Interruption.RESTART
    assert sentence(found, after) == (
        "Upgrades postgres 16 to 18: minutes without service or more, as soon as it is merged; the way back "
        f"is a new database from the snapshot {snapshot}."
    )
    assert sentence(Interruption.END, after) == INTERRUPTIONS[Interruption.END]
    assert sentence(found, before) == INTERRUPTIONS[Interruption.RESTART]
