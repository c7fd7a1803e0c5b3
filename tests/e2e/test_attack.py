"""What an insider with push rights tries on the whole system: it is denied and, where merged, not applied."""

import pytest

from tests.e2e.attack import Attacked

pytestmark = [pytest.mark.e2e, pytest.mark.xdist_group("e2e")]


@pytest.mark.parametrize("name", ["copy", "free", "remove"])
def test_what_no_request_made_is_denied_on_its_pull_request(attacked: Attacked, name: str) -> None:
    assert "Denied by the gate" in attacked.denied[name]
    assert "no request made this pull request" in attacked.denied[name]


@pytest.mark.parametrize("name", ["copy", "free", "remove"])
def test_the_insider_cannot_merge_it(attacked: Attacked, name: str) -> None:
    assert "Cannot update this protected ref" in attacked.unmerged[name]


def test_what_is_merged_all_the_same_makes_and_removes_no_database(attacked: Attacked) -> None:
    assert {"dev-steal", "dev-free"} & attacked.instances == set()
    assert "dev-victim" in attacked.instances


def test_the_team_sees_what_main_says_of_its_database_and_the_way_back(attacked: Attacked) -> None:
    (event,) = attacked.not_applied
    assert event["detail"]["cause"].endswith("the newest that was merged: the root is missing")
    assert event["detail"]["fix"].startswith("revert the commit that changed it on main")
    assert attacked.after == "available"


def test_a_pull_request_of_the_same_name_does_not_end_a_request(attacked: Attacked) -> None:
    assert set(attacked.impostor) == {"requested", "opened", "planned", "approval_awaited"}
