"""What each answer of GitHub means for a publication: adopted, not ours, tried later, or for an operator.

GitHub's answers are put in memory here; test_publish.py has the local GitHub, and kills between its calls.
"""

import dataclasses
from dataclasses import dataclass, field
from typing import cast

import pytest
from provisioner.core.errors import NeedsPerson, TryLater
from provisioner.core.hcl import FORMAT_PATH
from provisioner.github.client import Commit, Comparison, FileDifference, GitHub
from provisioner.github.pull_request import PullRequest
from provisioner.pull_requests.content import Change
from provisioner.pull_requests.publish import blob_sha, is_ours, publish, root_format

from tests.pull_requests.test_publish import CREATE, PATH

UPDATE = dataclasses.replace(CREATE, before=("first\n", "first, as before\n"), content=("second\n", "2\n"))
REMOVE = dataclasses.replace(CREATE, before=("first\n",), content=())
PULL = PullRequest(7, "u", "open", merged=False, head_sha="head", branch=CREATE.branch, base="main")
ADDED = FileDifference(PATH, "added", blob_sha("first\n"))
MODIFIED = FileDifference(PATH, "modified", blob_sha("second\n"))
REMOVED = FileDifference(PATH, "removed", "")


@dataclass
class Answers:
    """GitHub's answers, and what was asked; a list is used up, its last one stays."""

    pulls: list[PullRequest | None] = field(default_factory=lambda: [PULL])
    opened: PullRequest | None = PULL
    main: dict[str, bytes] = field(default_factory=dict)
    branch: bytes | None = None
    compared: Comparison = field(default_factory=lambda: Comparison(1, (ADDED,)))
    commits: list[Commit | None] = field(default_factory=lambda: [Commit("new", parent="base")])
    asked: list[str] = field(default_factory=list)

    def find_pull_request(self, branch: str) -> PullRequest | None:
        self.asked.append(f"find {branch}")
        return self.pulls.pop(0) if len(self.pulls) > 1 else self.pulls[0]

    def branch_head(self, branch: str) -> str:
        self.asked.append(f"head of {branch}")
        return "base" if branch == "main" else "head"

    def create_branch(self, branch: str, commit: str) -> bool:
        self.asked.append(f"branch {branch} from {commit}")
        return True

    def open_pull_request(self, *, branch: str, base: str, title: str, body: str) -> PullRequest | None:
        self.asked.append(f"open {branch} into {base}: {title}: {body}")
        return self.opened

    def compare(self, base: str, commit: str) -> Comparison:
        self.asked.append(f"compare {base} with {commit}")
        return self.compared

    def file(self, path: str, ref: str) -> tuple[str, bytes] | None:
        self.asked.append(f"read {path.rpartition('/')[2]} of {ref}")
        found = self.main.get(path) if ref == "main" else self.branch
        return None if found is None else (f"blob of {found.decode('utf-8', 'replace')}", found)

    def put_file(
        self, path: str, content: str, *, branch: str, message: str, replaces: str | None
    ) -> Commit | None:
        self.asked.append(f"put {content!r} over {replaces}: {message.strip()}")
        return self.commits.pop(0)

    def delete_file(self, path: str, *, branch: str, message: str, replaces: str) -> Commit | None:
        self.asked.append(f"delete over {replaces!r}: {message.strip()}")
        return self.commits.pop(0)

    @property
    def client(self) -> GitHub:
        return cast("GitHub", self)


def refused(*later: Commit) -> list[Commit | None]:
    """GitHub refuses the first write, since another file is there."""
    return [None, *later]


def test_a_first_publication_looks_for_nothing() -> None:
    answers = Answers()
    published = publish(answers.client, CREATE, first=True)
    assert (published.pull_request, published.commit) == (PULL, "new")
    assert answers.asked == [
        "head of main",
        f"branch {CREATE.branch} from base",
        "put 'first\\n' over None: Create dev/orders",
        f"open {CREATE.branch} into main: Create dev/orders: The body",
    ]


@pytest.mark.parametrize(("merged", "ours"), [(True, "head"), (False, "")])
def test_a_pull_request_that_is_there_is_adopted_and_ours_if_merged_or_as_we_made_it(
    merged: bool, ours: str
) -> None:
    answers = Answers(pulls=[dataclasses.replace(PULL, merged=merged)], compared=Comparison(2, (ADDED,)))
    assert publish(answers.client, CREATE, first=False).commit == ours
    assert not any(asked.startswith(("put", "open", "branch")) for asked in answers.asked)


def test_an_open_one_as_we_made_it_is_ours() -> None:
    assert publish(Answers().client, CREATE, first=False).commit == "head"


def test_without_one_a_second_try_publishes() -> None:
    answers = Answers(pulls=[None])
    assert publish(answers.client, CREATE, first=False).commit == "new"


def test_one_that_github_says_is_there_is_looked_up() -> None:
    answers = Answers(opened=None)
    assert publish(answers.client, CREATE, first=True).pull_request == PULL


def test_one_that_exists_and_is_not_shown_is_tried_later() -> None:
    answers = Answers(opened=None, pulls=[None])
    with pytest.raises(TryLater) as later:
        publish(answers.client, CREATE, first=True)
    assert str(later.value) == (
        f"opening the pull request for {CREATE.branch}: GitHub says that it exists, but does not show it"
    )


@pytest.mark.parametrize(("compared", "ours"), [(1, "new"), (2, "")])
def test_a_commit_on_what_someone_pushed_first_is_looked_at(compared: int, ours: str) -> None:
    answers = Answers(commits=[Commit("new", parent="other")], compared=Comparison(compared, (ADDED,)))
    assert publish(answers.client, CREATE, first=True).commit == ours
    assert "compare main with new" in answers.asked


@pytest.mark.parametrize(
    "compared",
    [
        Comparison(2, (ADDED,)),
        Comparison(1, ()),
        Comparison(1, (ADDED, ADDED)),
        Comparison(1, (dataclasses.replace(ADDED, path="other"),)),
        Comparison(1, (dataclasses.replace(ADDED, status="renamed"),)),
        Comparison(1, (dataclasses.replace(ADDED, blob=blob_sha("else\n")),)),
        Comparison(1, (REMOVED,)),
    ],
    ids=["commits", "no file", "files", "path", "renamed", "content", "removed"],
)
def test_what_is_not_one_commit_with_that_file_alone_is_not_ours(compared: Comparison) -> None:
    assert is_ours(Answers(compared=compared).client, CREATE, "head") is False


@pytest.mark.parametrize(
    ("change", "compared", "main", "ours"),
    [
        (CREATE, ADDED, b"", True),
        (UPDATE, MODIFIED, b"first\n", True),
        (UPDATE, MODIFIED, b"first, as before\n", True),
        (UPDATE, dataclasses.replace(MODIFIED, blob=blob_sha("2\n")), b"first\n", True),
        (UPDATE, MODIFIED, b"someone's\n", False),
        (REMOVE, REMOVED, b"first\n", True),
        (REMOVE, REMOVED, b"someone's\n", False),
        (REMOVE, MODIFIED, b"first\n", False),
        (UPDATE, REMOVED, b"first\n", False),
    ],
)
def test_a_change_of_what_main_has_as_we_know_it_is_ours(
    change: Change, compared: FileDifference, main: bytes, ours: bool
) -> None:
    answers = Answers(compared=Comparison(1, (compared,)), main={PATH: main} if main else {})
    assert is_ours(answers.client, change, "head") is ours


def test_a_change_that_main_has_already_needs_nobody_to_merge() -> None:
    with pytest.raises(NeedsPerson) as needed:
        is_ours(Answers(compared=Comparison(0, ())).client, CREATE, "head")
    assert (needed.value.doing, needed.value.cause, needed.value.fix) == (
        f"changing {PATH}",
        "main is already as asked",
        "cancel this request: there is nothing left to merge",
    )


def test_a_removal_deletes_the_blob_that_it_expects() -> None:
    answers = Answers(compared=Comparison(1, (REMOVED,)))
    publish(answers.client, REMOVE, first=True)
    assert f"delete over {blob_sha('first' + chr(10))!r}: Create dev/orders" in answers.asked
    assert publish(Answers().client, dataclasses.replace(REMOVE, before=()), first=True).commit == "new"


def test_a_removal_without_a_known_file_names_no_blob() -> None:
    answers = Answers()
    publish(answers.client, dataclasses.replace(REMOVE, before=()), first=True)
    assert "delete over '': Create dev/orders" in answers.asked


@pytest.mark.parametrize("there", [b"second\n", b"2\n"])
def test_a_write_that_was_made_before_is_adopted_and_looked_at(there: bytes) -> None:
    answers = Answers(commits=refused(), branch=there, compared=Comparison(1, (MODIFIED,)))
    answers.main[PATH] = b"first\n"
    assert publish(answers.client, UPDATE, first=True).commit == "head"
    assert "compare main with head" in answers.asked


def test_a_removal_that_was_made_before_is_adopted_too() -> None:
    answers = Answers(commits=refused(), compared=Comparison(1, (REMOVED,)), main={PATH: b"first\n"})
    assert publish(answers.client, REMOVE, first=True).commit == "head"


def test_a_file_that_main_has_no_longer_needs_an_operator() -> None:
    with pytest.raises(NeedsPerson) as needed:
        publish(Answers(commits=refused()).client, UPDATE, first=True)
    assert (needed.value.doing, needed.value.cause, needed.value.fix) == (
        f"changing {PATH}",
        "the file is not on the base branch",
        "find out who removed it; cancel this request, then ask again",
    )


def test_a_new_file_that_github_refuses_and_does_not_show_is_tried_later() -> None:
    with pytest.raises(TryLater) as later:
        publish(Answers(commits=refused()).client, CREATE, first=True)
    assert str(later.value) == f"committing {PATH}: GitHub refused the file, but shows none"


def test_a_second_refused_write_is_tried_later() -> None:
    answers = Answers(commits=[None, None], branch=b"someone's\n")
    with pytest.raises(TryLater) as later:
        publish(answers.client, UPDATE, first=True)
    assert str(later.value) == f"committing {PATH}: the branch changed at the same moment"


@pytest.mark.parametrize(
    ("there", "looked_at"), [(b"first, as before\n", False), (b"someone's\n", True), (b"\xff\n", True)]
)
def test_what_is_there_is_replaced_and_looked_at_unless_an_earlier_release_wrote_it(
    there: bytes, looked_at: bool
) -> None:
    answers = Answers(
        commits=refused(Commit("again", parent="base")),
        branch=there,
        compared=Comparison(1, (MODIFIED,)),
        main={PATH: there},
    )
    published = publish(answers.client, UPDATE, first=True)
    assert published.commit == ("" if looked_at else "again")
    shown = f"blob of {there.decode('utf-8', 'replace')}"
    assert f"put 'second\\n' over {shown}: Create dev/orders" in answers.asked
    assert ("compare main with again" in answers.asked) is looked_at


@pytest.mark.parametrize(("said", "written"), [(None, 1), (b"1\n", 1), (b"2\n", 2), (b"9\n", 3)])
def test_a_root_is_written_in_a_format_that_main_takes(said: bytes | None, written: int) -> None:
    answers = Answers(main={} if said is None else {FORMAT_PATH: said})
    assert root_format(answers.client, "main") == written


@pytest.mark.parametrize("said", [b"0\n", b"two\n", b"x" * 50])
def test_a_format_that_is_none_needs_an_operator(said: bytes) -> None:
    with pytest.raises(NeedsPerson) as needed:
        root_format(Answers(main={FORMAT_PATH: said}).client, "main")
    assert (needed.value.doing, needed.value.cause, needed.value.fix) == (
        f"reading {FORMAT_PATH} on main",
        f"it says {said[:40].decode()!r}, which is no format of a root",
        "put the file back as the release has it, then retry",
    )
