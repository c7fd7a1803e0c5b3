"""A sample of the exhaustive trial (make trials), and that the trial sees what the module is there for."""

import dataclasses
from collections.abc import Callable
from typing import Any

import pytest
from provisioner.core.root import Root

from sandbox.aws.rds_rules import RULES, storage
from sandbox.aws.rds_rules.call import invalid_combination
from tests.trials import model_trial, terraform_model
from tests.trials.account import Account, Refused
from tests.trials.combinations import creations, new

SAMPLE = [*creations([20, 399])][::9]
SHOP = {
    "environment": "staging",
    "database_engine": "postgres",
    "size": "small",
    "storage_gb": 399,
}


def test_a_sample_of_all_roots_ends_in_plans_without_changes() -> None:
    counts = model_trial.run(SAMPLE)

    assert counts["combinations"] == len(SAMPLE)
    assert counts["plans left without change"] > counts["changes"] > counts["restores"] > 0


def test_the_trial_meets_a_rule_that_refuses_too_much() -> None:
    def refuses_insights(call: Any) -> Any:
        return invalid_combination("none here") if call.given.get("EnablePerformanceInsights") else None

    with pytest.raises(Refused, match="none here"):
        model_trial.run(SAMPLE, rules=(*RULES, refuses_insights))


def test_the_trial_sees_that_a_growth_within_six_hours_is_no_longer_refused() -> None:
    without = [rule for rule in RULES if rule is not storage.storage_rests]

    with pytest.raises(pytest.fail.Exception):
        model_trial.run(SAMPLE, rules=without)


def without_what_is_there(root: Root, _: Account, held: Any) -> dict[str, Any]:
    """The storage as the root alone says it."""
    return {"AllocatedStorage": root.storage_gb, "MaxAllocatedStorage": root.max_storage_gb, **dict.fromkeys(
        ("Iops", "StorageThroughput")
    )}  # fmt: skip


@pytest.mark.parametrize(
    ("name", "replacement"),
    [
        ("_storage", without_what_is_there),
        (
            "_insights",
            lambda root, held, key: (
                dict.fromkeys(terraform_model.INSIGHTS)
                | {
                    "Tags": [],
                    "EnablePerformanceInsights": not terraform_model.TOO_SMALL.match(root.instance_class),
                }
            ),
        ),
    ],
    ids=["storage from the root alone", "insights by the class"],
)
def test_the_trial_fails_for_a_module_that_asks_otherwise(
    monkeypatch: pytest.MonkeyPatch, name: str, replacement: Callable[..., Any]
) -> None:
    monkeypatch.setattr(terraform_model, name, replacement)

    with pytest.raises((Refused, AssertionError)):
        model_trial.run(SAMPLE)


def test_an_alias_that_moved_changes_no_key() -> None:
    for engine in ("postgres", "mysql"):
        root, account = new(SHOP | {"database_engine": engine}), Account()
        assert terraform_model.settle(root, account) == {}

        assert terraform_model.changes(root, account, key="another") == {}


def test_storage_that_rds_grew_over_400_gib_is_followed_and_grows_on() -> None:
    root, account = new(SHOP), Account()
    terraform_model.settle(root, account)
    assert account.grow(root.place.identifier)
    account.pass_hours(7)

    larger = dataclasses.replace(root, storage_gb=480, max_storage_gb=500)

    assert terraform_model.settle(larger, account) == {}
    assert account.calls[-1][1] | {"Tags": []} == {
        "DBInstanceIdentifier": "staging-orders",
        "AllocatedStorage": 483,
        "MaxAllocatedStorage": 483,
        "Iops": 12000,
        "Tags": [],
    }
