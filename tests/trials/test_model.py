"""The exhaustive trial on the rule model, and the table of what it tried."""

import pytest

from tests.trials import model_trial
from tests.trials.combinations import creations


def test_every_root_change_and_restore_ends_in_a_plan_without_changes(
    capsys: pytest.CaptureFixture[str],
) -> None:
    counts = model_trial.run(creations())

    assert counts["combinations"] > 700
    assert counts["refusals met"] > 0
    with capsys.disabled():
        print(f"\nThe rule model, exhaustively:\n{model_trial.table(counts)}")
