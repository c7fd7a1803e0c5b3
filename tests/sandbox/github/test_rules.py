"""The local GitHub enforces the two rulesets of ops/rulesets on merges and pushes, as GitHub does."""

from collections.abc import Callable

import pytest
from provisioner.github.client import GitHub

from ops.rulesets.apply import rulesets
from sandbox.github import GitHubServer
from sandbox.github.organization import OWNER, STRANGER
from sandbox.github.refused import Refused

STAGING = "terraform/databases/staging/orders/main.tf"
DEV = "terraform/databases/dev/orders/main.tf"
NO_UPDATE = "Cannot update this protected ref."
NO_PUSH = "Changes must be made through a pull request."
NO_OWNER = "Waiting on code owner review from @acme/platform."
AGAINST = "Changes have been requested by reviewers with write access."


@pytest.fixture
def guarded(server: GitHubServer) -> GitHubServer:
    for number, ruleset in enumerate(rulesets(4711, 71), start=1):
        server.hub.rules.put(number, ruleset)
    return server


def opened(server: GitHubServer, github: GitHub, path: str) -> int:
    """A pull request of the App that changes one file."""
    github.create_branch("rds/x", github.branch_head("main"))
    github.put_file(path, "x\n", branch="rds/x", message="Change", replaces=None)
    pull = github.open_pull_request(branch="rds/x", base="main", title="Change", body="")
    assert pull is not None
    return pull.number


def refusal(call: Callable[[], object]) -> str:
    with pytest.raises(Refused) as refused:
        call()
    return str(refused.value).removeprefix("Repository rule violations found").strip()


def app_merges(server: GitHubServer, github: GitHub, number: int) -> str:
    """Why the App may not merge, "" where it merged."""
    merge = github.merge(number, head=server.hub.pulls[number].head_sha, title="Change")
    return merge.reason.removeprefix("Repository rule violations found").strip()


def test_the_app_merges_what_has_no_owner(guarded: GitHubServer, github: GitHub) -> None:
    assert app_merges(guarded, github, opened(guarded, github, DEV)) == ""


def test_the_app_merges_nothing_else_without_an_owners_review(guarded: GitHubServer, github: GitHub) -> None:
    number = opened(guarded, github, STAGING)

    assert app_merges(guarded, github, number) == NO_OWNER
    guarded.users.approve(number, "cyd")
    assert app_merges(guarded, github, number) == NO_OWNER
    guarded.users.approve(number, "platform-lead")
    assert app_merges(guarded, github, number) == ""


@pytest.mark.parametrize(
    ("act", "why"),
    [
        (lambda users: users.dismiss(1), NO_OWNER),
        (lambda users: users.request_changes(1), AGAINST),
        (lambda users: users.request_changes(1, "cyd"), AGAINST),
        (lambda users: users.request_changes(1, STRANGER), ""),
        (lambda users: users.review(1, "COMMENTED"), ""),
        (lambda users: users.push("rds/x", "more", b"x\n", "More", "cyd"), NO_OWNER),
    ],
)
def test_what_takes_a_review_back_stops_the_merge(
    guarded: GitHubServer, github: GitHub, act: Callable[[object], object], why: str
) -> None:
    number = opened(guarded, github, STAGING)
    guarded.users.approve(number)

    act(guarded.users)

    assert app_merges(guarded, github, number) == why


def test_a_review_that_a_push_made_stale_is_dismissed_and_said_so(
    guarded: GitHubServer, github: GitHub
) -> None:
    number = opened(guarded, github, STAGING)
    guarded.users.approve(number)
    guarded.add_webhook("http://localhost:1/none")

    guarded.users.push("rds/x", "more", b"x\n", "More", "cyd")
    guarded.webhooks.settle()

    sent = [
        (entry["event"], '"action": "dismissed"' in entry["body"]) for entry in guarded.webhooks.deliveries
    ]
    assert ("pull_request_review", True) in sent
    assert guarded.hub.pulls[number].reviews[0].state == "DISMISSED"


@pytest.mark.parametrize("path", [DEV, STAGING])
def test_nobody_but_the_app_and_the_platform_team_merges(
    guarded: GitHubServer, github: GitHub, path: str
) -> None:
    number = opened(guarded, github, path)
    guarded.users.approve(number)

    assert refusal(lambda: guarded.users.merge(number, "cyd")) == NO_UPDATE
    guarded.users.merge(number, "platform-lead")
    assert guarded.hub.pulls[number].merged_by == "platform-lead"


def test_the_platform_team_bypasses_no_review(guarded: GitHubServer, github: GitHub) -> None:
    number = opened(guarded, github, STAGING)

    assert refusal(lambda: guarded.users.merge(number)) == NO_OWNER


@pytest.mark.parametrize("login", [OWNER, "cyd"])
def test_nobody_pushes_to_the_default_branch(guarded: GitHubServer, login: str) -> None:
    before = guarded.git.head("main")

    assert refusal(lambda: guarded.users.push("main", DEV, b"x\n", "By hand", login)) == NO_PUSH
    assert guarded.git.head("main") == before


def test_the_app_pushes_to_other_branches_alone(guarded: GitHubServer, github: GitHub) -> None:
    assert github.put_file(DEV, "x\n", branch="main", message="Change", replaces=None) is None
    assert opened(guarded, github, DEV) == 1


def test_without_the_rules_of_reviews_the_app_alone_is_bound_by_nothing(
    server: GitHubServer, github: GitHub
) -> None:
    """As a private repository on GitHub's free plan: the provisioner checks itself."""
    assert app_merges(server, github, opened(server, github, STAGING)) == ""


def test_nobody_approves_what_they_opened(server: GitHubServer, github: GitHub) -> None:
    number = opened(server, github, STAGING)
    server.hub.pulls[number].login = "cyd"

    assert refusal(lambda: server.users.approve(number, "cyd")) == "Validation Failed"
