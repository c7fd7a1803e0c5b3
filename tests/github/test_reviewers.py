"""What GitHub says of the people around a pull request, and what its refusals mean."""

import json

import pytest
from provisioner.core.errors import MayPass, NeedsPerson, TryLater
from provisioner.github.client import GitHub

from sandbox.github import GitHubServer


@pytest.fixture
def answered(server: GitHubServer) -> GitHubServer:
    """The local GitHub; each call is answered as the test says."""
    return server


def test_a_member_is_one_who_took_the_invitation(answered: GitHubServer, github: GitHub) -> None:
    for state in ("active", "pending"):
        answered.fault("GET .*/memberships/ann", status=200, body=json.dumps({"state": state}))
    assert [github.reviewers.is_member("acme", "platform", "ann") for _ in range(2)] == [True, False]


@pytest.mark.parametrize(("status", "member"), [(403, None), (404, False)])
def test_a_team_that_may_not_be_read_is_not_known_and_a_stranger_is_no_member(
    answered: GitHubServer, github: GitHub, status: int, member: bool | None
) -> None:
    answered.fault("GET .*/memberships/zoe", status=status, body='{"message": "Not Found"}')
    assert github.reviewers.is_member("acme", "platform", "zoe") is member


def test_the_members_of_a_team_are_named_as_far_as_they_are_asked_for(
    answered: GitHubServer, github: GitHub
) -> None:
    members = [{"login": "ann"}, {"login": "ben"}]
    answered.fault("GET .*/teams/platform/members", status=200, body=json.dumps(members))
    assert github.reviewers.members("acme", "platform", most=20) == ["ann", "ben"]
    found = [github.reviewers.members("acme", "platform", most=most) for most in (20, 1)]
    assert found == [["platform-engineer", "platform-lead"], ["platform-engineer"]]


@pytest.mark.parametrize("status", [403, 404])
def test_of_a_team_that_may_not_be_read_nobody_is_named(
    answered: GitHubServer, github: GitHub, status: int
) -> None:
    answered.fault("GET .*/members", status=status, body='{"message": "Not Found"}')
    assert github.reviewers.members("acme", "platform", most=20) == []


@pytest.mark.parametrize(
    ("permission", "may"), [("admin", True), ("write", True), ("read", False), ("none", False)]
)
def test_who_may_push_may_decide(answered: GitHubServer, github: GitHub, permission: str, may: bool) -> None:
    answered.fault("GET .*/permission", status=200, body=json.dumps({"permission": permission}))
    assert github.reviewers.may_write("ann") is may


def test_a_user_who_is_not_there_may_nothing_and_shows_nothing(
    answered: GitHubServer, github: GitHub
) -> None:
    answered.fault("GET .*/permission", status=404, body='{"message": "Not Found"}')
    assert github.reviewers.may_write("ghost") is False
    answered.fault("GET .*/users/ghost", status=404, body='{"message": "Not Found"}')
    assert github.reviewers.public_email("ghost") == ""


@pytest.mark.parametrize(("email", "shown"), [("ann@acme.example", "ann@acme.example"), (None, "")])
def test_an_address_counts_where_it_is_shown(
    answered: GitHubServer, github: GitHub, email: str | None, shown: str
) -> None:
    answered.fault("GET .*/users/ann", status=200, body=json.dumps({"email": email}))
    assert github.reviewers.public_email("ann") == shown


def test_a_fault_is_no_answer(answered: GitHubServer, github: GitHub) -> None:
    for match in ("GET .*/memberships/ann", "GET .*/permission", "GET .*/users/ann", "GET .*/reviews"):
        answered.fault(match, status=502)
    with pytest.raises((TryLater, MayPass, NeedsPerson)):
        github.reviewers.is_member("acme", "platform", "ann")
    with pytest.raises((TryLater, MayPass, NeedsPerson)):
        github.reviewers.may_write("ann")
    with pytest.raises((TryLater, MayPass, NeedsPerson)):
        github.reviewers.public_email("ann")
    with pytest.raises((TryLater, MayPass, NeedsPerson)):
        github.reviewers.reviews(1)


def test_every_page_of_commits_is_read(answered: GitHubServer, github: GitHub) -> None:
    full = [{"author": {"login": f"u{number % 3}"}, "committer": None} for number in range(100)]
    last = [{"author": None, "committer": {"login": "late"}}, {"author": {}, "committer": {}}]
    for page in (full, last):
        answered.fault("GET .*/commits", status=200, body=json.dumps(page))
    assert github.reviewers.commit_authors(1) == {"u0", "u1", "u2", "late"}
    assert sum("/pulls/1/commits" in call["path"] for call in answered.calls) == 2


def test_without_a_code_owners_file_there_is_none(answered: GitHubServer, github: GitHub) -> None:
    answered.fault("GET .*CODEOWNERS.*", status=404, body='{"message": "Not Found"}', times=9)
    assert github.reviewers.code_owners("main") is None
