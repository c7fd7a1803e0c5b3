"""The exhaustive trial on the rule model, and the table of what it tried."""

import pytest

from tests.trials import cluster_trial, model_trial
from tests.trials.combinations import creations


def test_every_root_change_and_restore_ends_in_a_plan_without_changes(
    capsys: pytest.CaptureFixture[str],
) -> None:
    counts = model_trial.run(creations())

    assert counts["combinations"] > 700
    assert counts["refusals met"] > 0
    with capsys.disabled():
        print(f"\nThe rule model, exhaustively:\n{model_trial.table(counts)}")


def test_every_cluster_ends_in_a_plan_without_changes(capsys: pytest.CaptureFixture[str]) -> None:
    counts = cluster_trial.run(cluster_trial.ALL)
    cluster_trial.migrate(counts)

    assert all(counts[name] > 0 for name in cluster_trial.COLUMNS), counts
    with capsys.disabled():
        print(f"\nThe rule model of clusters, exhaustively:\n{cluster_trial.table(counts)}")
