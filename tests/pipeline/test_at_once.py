"""How many roots are applied at once, and which come first."""

import pytest
from provisioner.core.hcl import render
from provisioner.core.names import Place

from pipeline.at_once import at_once, in_turn
from pipeline.bad_setting import BadSetting
from pipeline.pending import Work
from tests.core.examples import root


@pytest.mark.parametrize(("memory", "count"), [(512, 1), (2_048, 2), (4_096, 6), (8_192, 14), (65_536, 16)])
def test_as_many_as_the_memory_holds(memory: int, count: int) -> None:
    assert at_once({}, memory) == count


def test_a_setting_decides() -> None:
    assert at_once({"APPLY_AT_ONCE": "3"}, 65_536) == 3


@pytest.mark.parametrize("text", ["0", "17", "-1", "many", "2.5"])
def test_a_setting_that_is_no_number_in_the_bounds_is_refused(text: str) -> None:
    with pytest.raises(BadSetting, match="set a number from 1 to 16, or leave it out"):
        at_once({"APPLY_AT_ONCE": text})


def work(name: str, team: str, *, before: bool = False) -> Work:
    text = render(root(database_name=name, team=team))
    return Work(Place("dev", name), text, removal=False, applied_before=before)


def test_the_quick_come_first_and_teams_take_turns() -> None:
    fifty = [work(f"a{number}", "alpha") for number in range(4)]
    order = in_turn([*fifty, work("b1", "beta"), work("a9", "alpha", before=True)])
    assert [item.place.database_name for item in order] == ["a9", "a0", "b1", "a1", "a2", "a3"]


def test_a_removal_names_no_team_and_takes_its_turn() -> None:
    gone = Work(Place("dev", "old"), "", removal=True, applied_before=True)
    assert [item.place.database_name for item in in_turn([work("a1", "alpha"), gone])] == ["old", "a1"]
