"""The exhaustive trial of clusters, and that it sees what the module and the rules are there for."""

import dataclasses
from collections import Counter
from collections.abc import Callable
from typing import Any

import pytest

from sandbox.aws.rds_rules import RULES, clusters, versions
from sandbox.aws.rds_rules.call import invalid_combination
from tests.trials import cluster_model, cluster_trial
from tests.trials.account import Refused
from tests.trials.cluster_model import Clusters
from tests.trials.combinations import CLUSTERS, new

NAP = {"environment": "staging", "database_engine": "aurora-postgresql", "size": "sleepy"}


def test_every_cluster_change_copy_and_end_ends_in_a_plan_without_changes() -> None:
    counts = cluster_trial.run(cluster_trial.ALL)

    assert counts["combinations"] == len(cluster_trial.ALL)
    engines = {body["database_engine"] for body in cluster_trial.ALL}
    assert engines == set(CLUSTERS)
    assert all(counts[name] > 0 for name in cluster_trial.COLUMNS), counts


def test_every_snapshot_of_an_instance_that_may_become_a_cluster_does() -> None:
    counts: Counter[str] = Counter()
    cluster_trial.migrate(counts)
    assert counts["restores"] > 0


def test_the_trial_meets_a_rule_that_refuses_too_much() -> None:
    def refuses_readers(call: Any) -> Any:
        number = str(call.given.get("DBInstanceIdentifier", ""))
        return invalid_combination("no reader here") if number.endswith("-member-2") else None

    with pytest.raises(Refused, match="no reader here"):
        cluster_trial.run(cluster_trial.ALL, rules=(*RULES, refuses_readers))


@pytest.mark.parametrize("rule", [clusters.protected_cluster_stays, versions.path_is_one_of_rds])
def test_the_trial_sees_that_rds_no_longer_refuses(rule: Any) -> None:
    without = [each for each in RULES if each is not rule]

    with pytest.raises(pytest.fail.Exception):
        cluster_trial.run(cluster_trial.ALL, rules=without)


@pytest.mark.parametrize(
    ("name", "replacement", "said"),
    [
        (
            "scaling",
            lambda capacity: {
                "MinCapacity": capacity.min_acu,
                "MaxCapacity": capacity.max_acu,
                "SecondsUntilAutoPause": 300,
            },
            "can be specified only if MinCapacity is 0",
        ),
        ("group", lambda root: root.place.identifier, "parameter group .* is custom|family"),
        ("version", lambda root, account: root.engine_version, "EngineVersion|engine_version"),
        ("_change", lambda differing, root: differing, "AllowMajorVersionUpgrade"),
    ],
    ids=["a pause always", "one group for ever", "the major version alone", "no flag for an upgrade"],
)
def test_the_trial_fails_for_a_module_that_asks_otherwise(
    monkeypatch: pytest.MonkeyPatch, name: str, replacement: Callable[..., Any], said: str
) -> None:
    monkeypatch.setattr(cluster_model, name, replacement)

    with pytest.raises((Refused, AssertionError), match=said):
        cluster_trial.run(cluster_trial.ALL)


def test_a_restore_needs_its_second_apply() -> None:
    source, account = new(NAP), Clusters()
    assert cluster_model.settle(source, account) == {}
    account.snapshot_cluster(source.place.identifier, "staging-orders-before-00000000")

    copy = new(NAP | {"restore_from": {"snapshot": "staging-orders-before-00000000"}}, "copy", source=source)
    cluster_model.apply(copy, account)
    assert {*cluster_model.changes(copy, account)} == {*cluster_model.NOT_RESTORED}
    assert cluster_model.settle(copy, account) == {}


def test_an_alias_that_moved_changes_no_key() -> None:
    root, account = new(NAP), Clusters()
    assert cluster_model.settle(root, account) == {}
    assert cluster_model.changes(root, account, key="another") == {}

    dark = dataclasses.replace(root, capacity=dataclasses.replace(cluster_model.of(root), monitoring=False))
    assert cluster_model.settle(dark, account) == {}
    assert cluster_model.settle(root, account, key="another") == {}
    with pytest.raises(Refused, match="can't change your Performance Insights KMS key"):
        account.change(root.place.identifier, PerformanceInsightsKMSKeyId="another")
