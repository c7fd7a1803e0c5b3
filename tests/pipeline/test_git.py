"""What a branch changes, read from real repositories."""

import os
from pathlib import Path

import pytest

from pipeline.git import Checkout, FileChange, GitError
from tests.pipeline.repository import LOCK, Repository


def test_changes_are_counted_from_where_the_branch_left_main(repository: Repository) -> None:
    repository.branch("feature")
    repository.commit({"one.txt": "1"})
    repository.on_main({"main.txt": "someone else's"})
    repository.git("checkout", "--quiet", "feature")
    assert repository.checkout.changes() == [FileChange("one.txt", None, "100644")]


def test_a_rename_is_a_removal_and_an_addition(repository: Repository) -> None:
    repository.on_main({"old.txt": "the same text\n" * 20})
    repository.branch("feature")
    repository.git("mv", "old.txt", "new.txt")
    repository.git("commit", "--quiet", "--message", "Rename")
    assert repository.checkout.changes() == [
        FileChange("new.txt", None, "100644"),
        FileChange("old.txt", "100644", None),
    ]


def test_links_and_modes_are_seen(repository: Repository) -> None:
    repository.on_main({"plain.txt": "1"})
    repository.branch("feature")
    os.symlink("/etc/passwd", repository.directory / "link.tf")
    os.chmod(repository.directory / "plain.txt", 0o755)
    repository.git("add", ".")
    repository.git("commit", "--quiet", "--message", "Modes")
    assert repository.checkout.changes() == [
        FileChange("link.tf", None, "120000"),
        FileChange("plain.txt", "100644", "100755"),
    ]


def test_strange_names_come_through_whole(repository: Repository) -> None:
    repository.branch("feature")
    names = ['quo"te.tf', "new\nline.tf", "späce bar.tf"]
    repository.commit(dict.fromkeys(names, "x"))
    assert sorted(change.path for change in repository.checkout.changes()) == sorted(names)


def test_a_file_is_read_as_it_stands_in_the_commit(repository: Repository) -> None:
    repository.on_main({"a.tf": "one\r\ntwo", ".gitattributes": "*.tf text eol=lf\n"})
    assert repository.checkout.file("HEAD", "missing.tf") is None
    repository.branch("feature")
    repository.commit({"a.tf": "three"})
    assert repository.checkout.file("HEAD", "a.tf") == "three"
    assert repository.checkout.file("origin/main", "a.tf") == "one\r\ntwo"


def test_a_file_that_git_cannot_read_is_no_missing_file(repository: Repository) -> None:
    repository.on_main({"a.tf": "one"})
    blob = repository.git("rev-parse", "origin/main:a.tf").strip()
    (repository.directory / ".git" / "objects" / blob[:2] / blob[2:]).unlink()
    with pytest.raises(GitError, match="git cat-file"):
        repository.checkout.file("origin/main", "a.tf")
    with pytest.raises(GitError, match="git ls-tree"):
        repository.checkout.file("0" * 40, "a.tf")


def test_following_the_base_leaves_an_old_commit_for_the_newest(repository: Repository) -> None:
    old = repository.checkout.head()
    newest = repository.on_main({"later.txt": "1"})
    repository.git("checkout", "--quiet", "--detach", old)
    repository.git("update-ref", "refs/remotes/origin/main", old)
    assert repository.checkout.follow_base() == newest
    assert repository.checkout.head() == newest
    assert (repository.directory / "later.txt").exists()


def test_the_newest_base_comes_without_its_roots_and_with_all_that_they_need(
    repository: Repository, tmp_path: Path
) -> None:
    old = repository.checkout.head()
    files: dict[str, str | None] = {
        "terraform/databases/dev/a/main.tf": "1",
        "terraform/modules/m/main.tf": "2",
    }
    newest = repository.on_main(files)
    assert repository.checkout.newest_base(tmp_path) == repository.checkout

    repository.git("checkout", "--quiet", "--detach", old)
    fresh = repository.checkout.newest_base(tmp_path)
    assert fresh.head() == newest
    there = [str(path.relative_to(fresh.directory)) for path in fresh.directory.rglob("*") if path.is_file()]
    assert sorted(there) == [".git", "catalog.yaml", LOCK, "terraform/modules/m/main.tf"]
    assert fresh.file("HEAD", "terraform/databases/dev/a/main.tf") == "1"


def test_objects_are_read_in_their_order_by_one_process(repository: Repository) -> None:
    repository.on_main({"a/one.tf": "one\n", "a/two.tf": "", "b.tf": "other"})
    found = repository.checkout.blobs("HEAD", "a/")
    assert sorted(found) == ["a/one.tf", "a/two.tf"]
    blobs = [found["a/two.tf"], found["a/one.tf"], found["a/two.tf"]]
    assert list(repository.checkout.read(blobs)) == ["", "one\n", ""]
    with pytest.raises(GitError, match=f"git cat-file: {'0' * 40} missing"):
        list(repository.checkout.read(["0" * 40]))


def test_an_error_says_what_git_said(repository: Repository) -> None:
    with pytest.raises(GitError, match=r"git merge-base: .*nowhere"):
        Checkout(repository.directory, base="origin/nowhere").merge_base()
