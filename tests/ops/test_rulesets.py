"""One command applies the two rulesets, as often as one likes, and says what to do where GitHub refuses."""

from typing import Any

import pytest

from ops.rulesets.apply import main
from sandbox.github import GitHubServer

COMMAND = ["acme/databases", "--app", "4711", "--team", "platform"]
REVIEWS = {
    "required_approving_review_count": 0,
    "require_code_owner_review": True,
    "dismiss_stale_reviews_on_push": True,
    "require_last_push_approval": False,
    "required_review_thread_resolution": False,
}


@pytest.fixture(autouse=True)
def administrator(server: GitHubServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GITHUB_TOKEN", server.hub.organization.owner_token)
    monkeypatch.setenv("GITHUB_API_URL", server.url)


def known(server: GitHubServer) -> dict[str, dict[str, Any]]:
    return {str(ruleset["name"]): ruleset for ruleset in server.hub.rules.known.values()}


def test_it_makes_both_with_the_app_and_the_team_in_the_bypass_list_of_one(server: GitHubServer) -> None:
    said: list[str] = []

    assert main(COMMAND, said.append) == 0

    assert said == ["made reviews", "made restrict updates"]
    reviews, updates = known(server)["reviews"], known(server)["restrict updates"]
    assert (reviews["enforcement"], updates["enforcement"]) == ("active", "active")
    assert reviews["bypass_actors"] == []
    assert updates["bypass_actors"] == [
        {"actor_type": "Integration", "actor_id": 4711, "bypass_mode": "always"},
        {"actor_type": "Team", "actor_id": 71, "bypass_mode": "always"},
    ]
    assert [rule["type"] for rule in reviews["rules"]] == ["deletion", "non_fast_forward", "pull_request"]
    assert reviews["rules"][2]["parameters"] == REVIEWS
    assert [rule["type"] for rule in updates["rules"]] == ["update"]
    for ruleset in (reviews, updates):
        assert ruleset["conditions"] == {"ref_name": {"include": ["~DEFAULT_BRANCH"], "exclude": []}}


def test_again_it_replaces_them_and_touches_no_other(server: GitHubServer) -> None:
    server.hub.rules.put(9, {"name": "ours", "enforcement": "active", "rules": []})
    assert main(COMMAND, lambda _: None) == 0
    server.hub.rules.known[9]["kept"] = True
    for ruleset in known(server).values():
        if ruleset["name"] == "reviews":
            ruleset["bypass_actors"] = [{"actor_type": "Team", "actor_id": 71}]
    said: list[str] = []

    assert main(COMMAND, said.append) == 0

    assert said == ["replaced reviews", "replaced restrict updates"]
    assert known(server)["reviews"]["bypass_actors"] == []
    assert known(server)["ours"]["kept"]
    assert len(server.hub.rules.known) == 3


def test_without_a_team_the_app_alone_may_update(server: GitHubServer) -> None:
    assert main(COMMAND[:3], lambda _: None) == 0

    (only,) = known(server)["restrict updates"]["bypass_actors"]
    assert only["actor_type"] == "Integration"


@pytest.mark.parametrize(
    ("fault", "words"),
    [
        ({"status": 401, "body": '{"message": "Bad credentials"}'}, "put a token that is valid into"),
        (
            {"status": 403, "body": '{"message": "Must have admin rights to Repository."}'},
            "applying the ruleset reviews: GitHub answered 403: Must have admin rights to Repository.; take "
            "a token of a user who administers the repository",
        ),
        (
            {"status": 403, "body": '{"message": "Upgrade to GitHub Pro or make this repository public"}'},
            "applying the ruleset reviews: GitHub's plan of this account has no rulesets for private",
        ),
        ({"status": 404, "body": '{"message": "Not Found"}'}, "check the repository's and the team's name"),
        (
            {"status": 422, "body": '{"message": "Validation Failed"}'},
            "look at GitHub's words and at the files",
        ),
        ({"status": 500, "body": "<html>"}, "the answer is no JSON; check GITHUB_API_URL"),
        ({"drop": True}, "GitHub did not answer"),
    ],
    ids=str,
)
def test_what_github_refuses_ends_in_a_sentence(
    server: GitHubServer, capsys: pytest.CaptureFixture[str], fault: dict[str, Any], words: str
) -> None:
    server.fault("/rulesets", **fault)

    assert main(COMMAND, lambda _: None) == 1

    assert words in capsys.readouterr().err


def test_an_unknown_team_is_named(server: GitHubServer, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([*COMMAND[:4], "plattform"], lambda _: None) == 1

    assert "looking for the team plattform: GitHub answered 404" in capsys.readouterr().err
    assert known(server) == {}


def test_without_a_token_nothing_is_called(
    server: GitHubServer, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.delenv("GITHUB_TOKEN")

    assert main(COMMAND) == 2

    assert "GITHUB_TOKEN" in capsys.readouterr().err
    assert server.calls == []


def test_the_app_itself_may_not_change_the_rules(
    server: GitHubServer, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("GITHUB_TOKEN", server.app.new_token()[0])

    assert main(COMMAND[:3]) == 1

    assert "GitHub answered 403: Resource not accessible by integration" in capsys.readouterr().err
