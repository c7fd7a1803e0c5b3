"""Publishing a change leaves one branch, one commit, one file and one pull request, whatever goes wrong."""

import dataclasses
import subprocess

import pytest
from provisioner.core.errors import NeedsPerson, RateLimited, TryLater
from provisioner.core.hcl import FORMAT_PATH
from provisioner.github.client import GitHub
from provisioner.pull_requests.content import Change
from provisioner.pull_requests.publish import blob_sha, publish, root_format

from sandbox.github import GitHubServer
from tests.github.github_server import calls, client_of

PATH = "terraform/databases/dev/orders/main.tf"
CREATE = Change(
    branch="rds/dev/orders/create-3f0c1a2b",
    base="main",
    title="Create dev/orders",
    body="The body",
    commit_message="Create dev/orders\n",
    path=PATH,
    before=(),
    content=("first\n",),
)
UPDATE = Change(
    branch="rds/dev/orders/update-11111111",
    base="main",
    title="Change dev/orders",
    body="The body",
    commit_message="Change dev/orders\n",
    path=PATH,
    before=("first\n",),
    content=("second\n",),
)
REMOVE = Change(
    branch="rds/dev/orders/remove-22222222",
    base="main",
    title="Remove dev/orders",
    body="The body",
    commit_message="Remove dev/orders\n",
    path=PATH,
    before=("first\n",),
    content=(),
)


def put_on_main(server: GitHubServer) -> None:
    server.users.push("main", PATH, b"first\n", "Put it there")


def assert_published_once(server: GitHubServer, change: Change) -> None:
    pulls = [pull for pull in server.hub.pulls.values() if pull.branch == change.branch]
    assert len(pulls) == 1
    assert server.git.ahead("main", change.branch) == 1
    files = server.git.files(server.git.head("main") or "", server.git.head(change.branch) or "")
    assert [file["filename"] for file in files] == [change.path]
    there = server.git.file(change.branch, change.path)
    assert (there and there[1].decode()) == (change.content[0] if change.content else None)


def test_a_first_publication_takes_four_calls_and_one_for_a_cold_token(
    server: GitHubServer, github: GitHub
) -> None:
    published = publish(github, CREATE, first=True)

    assert calls(server) == [
        "POST /app/installations/815/access_tokens",
        "GET /git/ref/heads/main",
        "POST /git/refs",
        f"PUT /contents/{PATH}",
        "POST /pulls",
    ]
    assert published.commit == published.pull_request.head_sha == server.git.head(CREATE.branch)
    assert_published_once(server, CREATE)


@pytest.mark.parametrize("change", [UPDATE, REMOVE], ids=["update", "remove"])
def test_a_change_of_a_known_file_takes_four_calls_too(
    server: GitHubServer, github: GitHub, change: Change
) -> None:
    put_on_main(server)

    publish(github, change, first=True)

    assert len(server.calls) == 5
    assert_published_once(server, change)


@pytest.mark.parametrize("change", [CREATE, UPDATE, REMOVE], ids=["create", "update", "remove"])
@pytest.mark.parametrize(
    "call", ["access_tokens", "GET .*/git/ref/", "/git/refs", "/contents/", "POST .*/pulls"]
)
@pytest.mark.parametrize("harm", ["before", "after", "lost"])
def test_a_worker_that_dies_at_any_call_is_finished_by_the_next_one(
    server: GitHubServer, change: Change, call: str, harm: str
) -> None:
    if change is not CREATE:
        put_on_main(server)
    server.fault(call, status=502, after_effect=harm != "before", drop=harm == "lost")

    with pytest.raises(TryLater):
        publish(client_of(server), change, first=True)
    published = publish(client_of(server), change, first=False)
    again = [publish(client_of(server), change, first=False) for _ in range(4)]

    assert_published_once(server, change)
    assert published.commit == server.git.head(change.branch)
    assert {publication.pull_request.number for publication in again} == {published.pull_request.number}
    assert {publication.commit for publication in again} == {published.commit}


def test_a_merged_pull_request_is_adopted_and_no_second_one_opened(
    server: GitHubServer, github: GitHub
) -> None:
    first = publish(github, CREATE, first=True)
    github.merge(first.pull_request.number, head=first.commit, title="Create dev/orders")
    github.delete_branch(CREATE.branch)

    again = publish(github, CREATE, first=False)

    assert again.pull_request.merged
    assert again.pull_request.number == first.pull_request.number
    assert len(server.hub.pulls) == 1


def test_a_branch_that_someone_changed_is_not_called_ours(server: GitHubServer, github: GitHub) -> None:
    publish(github, CREATE, first=True)
    server.users.push(CREATE.branch, PATH, b"evil\n", "Change it")

    again = publish(github, CREATE, first=False)

    assert again.commit == ""
    assert server.git.file(CREATE.branch, PATH) == (blob_sha("evil\n"), b"evil\n")


def test_a_branch_that_someone_added_another_file_to_is_not_called_ours(
    server: GitHubServer, github: GitHub
) -> None:
    publish(github, CREATE, first=True)
    server.users.push(CREATE.branch, "pipeline/gate.py", b"evil\n", "Add to it")

    again = publish(github, CREATE, first=False)

    assert again.commit == ""


@pytest.mark.parametrize("path", ["pipeline/gate.py", PATH], ids=["another file", "the same file"])
def test_a_branch_that_someone_made_first_is_not_called_ours(
    server: GitHubServer, github: GitHub, path: str
) -> None:
    github.create_branch(CREATE.branch, github.branch_head("main"))
    server.users.push(CREATE.branch, path, b"evil\n", "Get in first")

    published = publish(github, CREATE, first=True)

    assert published.commit == ""
    assert published.pull_request.state == "open"


def test_a_push_between_branch_and_commit_is_not_called_ours(server: GitHubServer, github: GitHub) -> None:
    class Racing(GitHub):
        def create_branch(self, branch: str, commit: str) -> bool:
            made = github.create_branch(branch, commit)
            server.users.push(branch, "pipeline/gate.py", b"evil\n", "Get in between")
            return made

    racing = Racing(server.url, server.repository, github._calls._app)
    published = publish(racing, CREATE, first=True)

    assert published.commit == ""


def test_main_may_move_on_between_two_tries(server: GitHubServer, github: GitHub) -> None:
    server.fault("PUT .*/contents/", status=502, after_effect=True)
    with pytest.raises(TryLater):
        publish(github, CREATE, first=True)
    server.users.push("main", "README.md", b"# Other\n", "Move on")

    published = publish(github, CREATE, first=False)

    assert_published_once(server, CREATE)
    assert published.commit == server.git.head(CREATE.branch)


def test_a_removal_of_what_was_removed_from_main_says_that_nothing_is_left(github: GitHub) -> None:
    with pytest.raises(NeedsPerson, match="main is already as asked") as caught:
        publish(github, REMOVE, first=True)

    assert "cancel this request" in caught.value.fix


def test_a_file_that_main_has_otherwise_is_replaced_on_the_branch(
    server: GitHubServer, github: GitHub
) -> None:
    server.users.push("main", PATH, b"edited by hand\n", "Edit")

    published = [publish(github, UPDATE, first=first) for first in (True, False)]

    assert_published_once(server, UPDATE)
    assert [publication.commit for publication in published] == [
        "",
        "",
    ]  # it takes back someone's words: not without one


def test_a_removal_of_a_file_that_someone_changed_is_not_ours_to_merge(
    server: GitHubServer, github: GitHub
) -> None:
    server.users.push("main", PATH, b"edited by hand\n", "Edit")

    assert [publish(github, REMOVE, first=first).commit for first in (True, False)] == ["", ""]


OLD_FORM = dataclasses.replace(UPDATE, before=("first, said again\n", "first\n"))


@pytest.mark.parametrize("change", [OLD_FORM, dataclasses.replace(REMOVE, before=OLD_FORM.before)], ids=str)
def test_a_root_as_an_earlier_release_wrote_it_is_what_was_expected(
    server: GitHubServer, github: GitHub, change: Change
) -> None:
    put_on_main(server)

    published = [publish(github, change, first=first) for first in (True, False)]

    assert_published_once(server, change)
    assert {found.commit for found in published} == {server.git.head(change.branch)}


def test_what_an_earlier_try_wrote_in_another_format_is_adopted(server: GitHubServer, github: GitHub) -> None:
    server.fault("PUT .*/contents/", status=502, after_effect=True)
    with pytest.raises(TryLater):
        publish(github, CREATE, first=True)
    newer = dataclasses.replace(CREATE, content=("first, said again\n", "first\n"))

    published = publish(github, newer, first=False)

    assert published.commit == server.git.head(CREATE.branch)
    assert server.git.file(CREATE.branch, PATH) == (blob_sha("first\n"), b"first\n")


@pytest.mark.parametrize(
    ("said", "number"),
    [(None, 1), (b"1\n", 1), (b"2\n", 2), (b"3\n", 3), (b"4\n", 3)],
    ids=["nothing", "1", "2", "3", "4"],
)
def test_a_root_is_written_in_the_newest_format_that_main_takes(
    server: GitHubServer, github: GitHub, said: bytes | None, number: int
) -> None:
    if said:
        server.users.push("main", FORMAT_PATH, said, "Release")

    assert root_format(github, "main") == number


@pytest.mark.parametrize("said", [b"two\n", b"0\n", b"-1\n", b"\xff"])
def test_a_format_that_is_none_needs_an_operator(server: GitHubServer, github: GitHub, said: bytes) -> None:
    server.users.push("main", FORMAT_PATH, said, "Break it")

    with pytest.raises(NeedsPerson, match=f"reading {FORMAT_PATH} on main: it says .* no format of a root"):
        root_format(github, "main")


def test_a_change_of_a_file_that_was_removed_needs_an_operator(github: GitHub) -> None:
    with pytest.raises(NeedsPerson, match="not on the base branch"):
        publish(github, UPDATE, first=True)


@pytest.mark.parametrize(
    ("status", "headers", "body", "wait"),
    [
        (403, {"retry-after": "7"}, "{}", 7),
        (429, {}, "{}", 60),
        (403, {"x-ratelimit-remaining": "0", "x-ratelimit-reset": "4102444800"}, "{}", 3600),
        (403, {}, '{"message": "You have exceeded a secondary rate limit"}', 60),
    ],
    ids=["retry-after", "too many", "primary limit", "secondary limit"],
)
def test_a_rate_limit_says_how_long_to_wait(
    server: GitHubServer, github: GitHub, status: int, headers: dict[str, str], body: str, wait: float
) -> None:
    server.fault("/git/refs", status=status, headers=headers, body=body)

    with pytest.raises(RateLimited) as caught:
        publish(github, CREATE, first=True)

    assert caught.value.retry_after is not None
    assert caught.value.retry_after >= wait


def test_a_missing_permission_needs_an_operator_and_says_which(server: GitHubServer, github: GitHub) -> None:
    server.app.permissions["contents"] = "read"

    with pytest.raises(NeedsPerson) as caught:
        publish(github, CREATE, first=True)

    assert "creating branch rds/dev/orders/create-3f0c1a2b" in caught.value.doing
    assert "contents and pull requests" in caught.value.fix


def test_a_refused_token_is_replaced_by_the_next_try(server: GitHubServer, github: GitHub) -> None:
    github.branch_head("main")
    server.app.tokens.clear()

    with pytest.raises(TryLater):
        publish(github, CREATE, first=True)
    publish(github, CREATE, first=False)

    assert_published_once(server, CREATE)


def test_the_blob_name_is_gits_own(tmp_path: object) -> None:
    content = "naïve\n"
    done = subprocess.run(
        ["git", "hash-object", "--stdin"], input=content.encode(), capture_output=True, check=True
    )

    assert blob_sha(content) == done.stdout.decode().strip()
