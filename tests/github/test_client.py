"""Each call says what it was doing when it fails, and whether to try later, wait, or ask an operator."""

import json
from collections.abc import Callable

import pytest
import urllib3
from provisioner.core.errors import NeedsPerson, RateLimited, TryLater
from provisioner.github.app import GitHubApp
from provisioner.github.calls import Calls, limited
from provisioner.github.client import GitHub

from sandbox.github import GitHubServer
from tests.github.github_server import calls, client_of

PATH = "terraform/databases/dev/orders/main.tf"
BRANCH = "rds/dev/orders/create-3f0c1a2b"

CALLS: dict[str, tuple[str, Callable[[GitHub], object]]] = {
    "branch_head": ("reading branch main", lambda github: github.branch_head("main")),
    "create_branch": (f"creating branch {BRANCH}", lambda github: github.create_branch(BRANCH, "0" * 40)),
    "delete_branch": (f"deleting branch {BRANCH}", lambda github: github.delete_branch(BRANCH)),
    "file": (f"reading {PATH} on main", lambda github: github.file(PATH, "main")),
    "compare": ("comparing 000000000000 with main", lambda github: github.compare("main", "0" * 40)),
    "put_file": (
        f"committing {PATH} to {BRANCH}",
        lambda github: github.put_file(PATH, "x", branch=BRANCH, message="m", replaces=None),
    ),
    "delete_file": (
        f"deleting {PATH} on {BRANCH}",
        lambda github: github.delete_file(PATH, branch=BRANCH, message="m", replaces="0" * 40),
    ),
    "open_pull_request": (
        f"opening the pull request for {BRANCH}",
        lambda github: github.open_pull_request(branch=BRANCH, base="main", title="t", body="b"),
    ),
    "find_pull_request": (
        f"looking for the pull request of {BRANCH}",
        lambda github: github.find_pull_request(BRANCH),
    ),
    "pull_request": ("reading pull request 1", lambda github: github.pull_request(1)),
    "close_pull_request": ("closing pull request 1", lambda github: github.close_pull_request(1)),
    "merge": ("merging pull request 1", lambda github: github.merge(1, head="0" * 40, title="t")),
    "comment": ("commenting on pull request 1", lambda github: github.comment(1, "b")),
    "marked_comment": (
        "reading the comments of pull request 1",
        lambda github: github.marked_comment(1, "m"),
    ),
    "update_comment": ("updating comment 1", lambda github: github.update_comment(1, "b")),
}


@pytest.fixture
def signed_in(github: GitHub, server: GitHubServer) -> GitHub:
    github.branch_head("main")
    server.calls.clear()
    return github


@pytest.mark.parametrize("name", CALLS)
def test_a_call_that_fails_on_githubs_side_is_made_once_and_to_be_tried_later(
    server: GitHubServer, signed_in: GitHub, name: str
) -> None:
    doing, call = CALLS[name]
    for harm in ({"status": 502}, {"status": 503, "body": "<html>"}, {"drop": True}):
        server.fault(".", **harm)
        with pytest.raises(TryLater) as caught:
            call(signed_in)
        assert caught.value.doing == doing
        assert not isinstance(caught.value, RateLimited)
    assert len(calls(server)) == 3


@pytest.mark.parametrize("name", CALLS)
def test_a_call_that_is_not_allowed_needs_an_operator_except_for_a_merge(
    server: GitHubServer, signed_in: GitHub, name: str
) -> None:
    server.app.permissions.clear()
    if name == "merge":
        assert signed_in.merge(1, head="0" * 40, title="t").reason == "Resource not accessible by integration"
        return

    doing, call = CALLS[name]
    with pytest.raises(NeedsPerson) as caught:
        call(signed_in)

    assert caught.value.doing == doing
    assert "contents and pull requests" in caught.value.fix


@pytest.mark.parametrize("name", CALLS)
def test_a_call_with_a_dead_token_takes_a_new_one_the_next_time(
    server: GitHubServer, signed_in: GitHub, name: str
) -> None:
    server.app.tokens.clear()
    with pytest.raises(TryLater, match="installation token"):
        CALLS[name][1](signed_in)
    server.calls.clear()

    signed_in.branch_head("main")

    assert calls(server) == ["POST /app/installations/815/access_tokens", "GET /git/ref/heads/main"]


def test_an_answer_that_is_not_json_is_to_be_tried_later(server: GitHubServer, signed_in: GitHub) -> None:
    server.fault(".", status=200, body="<html>maintenance</html>")

    with pytest.raises(TryLater, match="something else than JSON"):
        signed_in.branch_head("main")


def test_a_server_that_is_not_there_is_to_be_tried_later(server: GitHubServer) -> None:
    app = GitHubApp(server.app_id, server.installation_id, lambda: server.private_key_pem)
    nobody = GitHub(
        "http://localhost:9", "acme/databases", app, urllib3.PoolManager(timeout=1, retries=False)
    )

    with pytest.raises(TryLater, match="did not answer"):
        nobody.branch_head("main")


def test_a_repository_that_is_not_there_says_so(server: GitHubServer) -> None:
    app = GitHubApp(server.app_id, server.installation_id, lambda: server.private_key_pem)

    with pytest.raises(NeedsPerson, match="404") as caught:
        GitHub(server.url, "acme/other", app).branch_head("main")

    assert "App is installed" in caught.value.fix


def test_a_wrong_app_says_so(server: GitHubServer) -> None:
    app = GitHubApp("1", server.installation_id, lambda: server.private_key_pem)

    with pytest.raises(NeedsPerson, match="signing in to GitHub as the App"):
        GitHub(server.url, server.repository, app).branch_head("main")


def test_no_call_goes_out_before_the_time_that_github_asked_for_is_over(server: GitHubServer) -> None:
    time = [1000.0]
    app = GitHubApp(server.app_id, server.installation_id, lambda: server.private_key_pem)
    one = Calls(server.url, server.repository, app, clock=lambda: time[0])
    server.fault("git/ref", status=403, headers={"retry-after": "30"}, body="{}")
    with pytest.raises(RateLimited):
        one.repository("GET", "/git/ref/heads/main", doing="reading")
    server.calls.clear()

    time[0] += 20
    with pytest.raises(RateLimited) as caught:
        one.repository("GET", "/git/ref/heads/main", doing="reading")
    assert caught.value.retry_after == 10
    assert calls(server) == []

    time[0] += 11
    assert one.rate_limited_for == 0
    assert one.repository("GET", "/git/ref/heads/main", doing="reading").status == 200


@pytest.mark.parametrize(
    ("status", "headers", "text", "wait"),
    [
        (403, {"retry-after": "7"}, b"{}", 7),
        (429, {"retry-after": "7", "x-ratelimit-remaining": "0"}, b"{}", 7),
        (429, {"retry-after": "Wed, 21 Oct"}, b"{}", 60),
        (403, {"x-ratelimit-remaining": "0", "x-ratelimit-reset": "1900"}, b"{}", 900),
        (403, {"x-ratelimit-remaining": "0", "x-ratelimit-reset": "900"}, b"{}", 1),
        (403, {"x-ratelimit-remaining": "0"}, b"{}", 60),
        (403, {}, b'{"message": "You have exceeded a secondary rate limit"}', 60),
        (429, {}, b"", 60),
        (403, {"x-ratelimit-remaining": "4999"}, b'{"message": "Forbidden"}', None),
        (200, {"x-ratelimit-remaining": "0"}, b"{}", None),
    ],
)
def test_githubs_wish_for_quiet_is_read_in_its_order(
    status: int, headers: dict[str, str], text: bytes, wait: float | None
) -> None:
    assert limited(status, headers, text, 1000.0) == wait


def test_a_merge_that_meets_another_one_is_to_be_tried_later(server: GitHubServer, signed_in: GitHub) -> None:
    body = '{"message": "Base branch was modified. Review and try the merge again."}'
    server.fault("/merge", status=405, body=body)

    with pytest.raises(TryLater, match="base branch moved"):
        signed_in.merge(1, head="0" * 40, title="t")


def test_a_pull_request_of_another_branch_is_not_taken_for_ours(
    server: GitHubServer, signed_in: GitHub
) -> None:
    head = {"ref": "rds/dev/other/create-11111111", "sha": "0" * 40}
    other = {"number": 1, "html_url": "u", "state": "open", "head": head, "base": {"ref": "main"}}
    server.fault("/pulls", status=200, body=json.dumps([other]))

    assert signed_in.find_pull_request(BRANCH) is None


def test_a_users_comment_with_our_marker_is_not_taken_for_ours(server: GitHubServer, github: GitHub) -> None:
    main = github.branch_head("main")
    github.create_branch(BRANCH, main)
    github.put_file(PATH, "x\n", branch=BRANCH, message="m", replaces=None)
    opened = github.open_pull_request(branch=BRANCH, base="main", title="t", body="b")
    assert opened is not None
    github.comment(opened.number, "<!-- mark -->\nfake")
    pull = server.hub.pulls[opened.number]
    pull.comments[0].login = "someone"

    github.put_comment(opened.number, "<!-- mark -->", "<!-- mark -->\nfirst")
    github.put_comment(opened.number, "<!-- mark -->", "<!-- mark -->\nsecond")

    assert [comment.body for comment in pull.comments] == ["<!-- mark -->\nfake", "<!-- mark -->\nsecond"]


def test_a_comment_is_found_among_hundreds_and_written_again_once_deleted(
    server: GitHubServer, github: GitHub
) -> None:
    github.create_branch(BRANCH, github.branch_head("main"))
    github.put_file(PATH, "x\n", branch=BRANCH, message="m", replaces=None)
    opened = github.open_pull_request(branch=BRANCH, base="main", title="t", body="b")
    assert opened is not None
    pull = server.hub.pulls[opened.number]
    for number in range(150):
        server.users.comment(opened.number, f"talk {number}")
    github.put_comment(opened.number, "<!-- mark -->", "<!-- mark -->\nfirst")
    github.put_comment(opened.number, "<!-- mark -->", "<!-- mark -->\nsecond")
    pull.comments.pop()

    github.put_comment(opened.number, "<!-- mark -->", "<!-- mark -->\nthird")

    assert [comment.body for comment in pull.comments if "mark" in comment.body] == ["<!-- mark -->\nthird"]


def test_a_client_shows_no_secret(server: GitHubServer) -> None:
    github = client_of(server)
    github.branch_head("main")

    assert "ghs_" not in repr(github) + repr(vars(github))
    assert "PRIVATE KEY" not in repr(github) + repr(vars(github))
