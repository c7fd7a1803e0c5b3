"""What there is to apply follows from main and from the markers alone."""

from typing import Any

import pytest
from provisioner.core.hcl import content_hash, render, render_removed
from provisioner.core.names import Place
from provisioner.core.root import Root

from pipeline.git import GitError
from pipeline.pending import Main, Work
from tests.core.examples import root
from tests.pipeline.repository import Repository, file_of

PLACE = Place("dev", "mydb123")
TEXT = render(root())
DIGEST = content_hash(TEXT)
RESTORED: Any = {"restore_from": {"database": "dev/orders", "point_in_time": "latest"}}

COPIED: Any = {"restore_from": {"snapshot": "dev-orders-final-3f0c1a2b"}}


def work(applied_before: bool) -> Work:
    return Work(PLACE, TEXT, removal=False, applied_before=applied_before)


@pytest.mark.parametrize(
    ("markers", "expected"),
    [
        ({}, [work(applied_before=False)]),
        ({"mydb123": {"attempted"}}, [work(applied_before=False)]),
        ({"mydb123": {"other"}}, [work(applied_before=True)]),
        ({"mydb123": {DIGEST, "attempted"}}, [work(applied_before=True)]),
        ({"mydb123": {DIGEST, "other"}}, [work(applied_before=True)]),
        ({"mydb123": {DIGEST}}, []),
    ],
    ids=["never", "attempted", "another root", "attempted again", "two markers", "applied"],
)
def test_a_root_is_done_when_its_own_hash_is_the_only_marker(
    repository: Repository, markers: dict[str, set[str]], expected: list[Work]
) -> None:
    repository.on_main(file_of(root()))
    assert Main("dev").pending(repository.checkout, markers) == expected


def test_a_marker_without_a_root_is_a_removal_and_comes_last(repository: Repository) -> None:
    gone = Place("dev", "a")
    repository.on_main({PLACE.root_path: TEXT, Place("prod", "mydb123").root_path: TEXT})
    found = Main("dev").pending(repository.checkout, {"a": {"attempted"}})
    assert found == [
        work(applied_before=False),
        Work(gone, render_removed(gone), removal=True, applied_before=True),
    ]
    assert found[1].digest == content_hash(render_removed(gone))


@pytest.mark.parametrize(
    ("wanted", "restores"),
    [(root(), False), (root(**RESTORED), True), (root(**COPIED), True)],
    ids=["new", "point in time", "snapshot"],
)
def test_a_root_that_comes_from_another_database_is_planned_twice_and_no_other(
    wanted: Root, restores: bool
) -> None:
    assert Work(PLACE, render(wanted), removal=False, applied_before=False).restores is restores


def test_what_is_no_root_and_what_is_removed_carry_no_request() -> None:
    unreadable = Work(PLACE, "x", removal=False, applied_before=False)
    removed = Work(PLACE, TEXT, removal=True, applied_before=True)
    assert [(work.request_id, work.restores) for work in (unreadable, removed)] == [(None, False)] * 2
    assert work(applied_before=False).request_id == root().request_id


def test_a_run_reads_a_root_once_and_another_look_at_main_sees_what_changed(repository: Repository) -> None:
    repository.on_main(file_of(root()))
    main = Main("dev")
    assert main.pending(repository.checkout, {"mydb123": {DIGEST}}) == []

    newer = render(root(storage_gb=50))
    repository.on_main({PLACE.root_path: newer})
    assert main.pending(repository.checkout, {"mydb123": {DIGEST}}) == [
        Work(PLACE, newer, removal=False, applied_before=True)
    ]
    repository.on_main({PLACE.root_path: TEXT})
    blob = repository.git("rev-parse", f"HEAD:{PLACE.root_path}").strip()
    (repository.directory / ".git" / "objects" / blob[:2] / blob[2:]).unlink()
    assert main.pending(repository.checkout, {"mydb123": {DIGEST}}) == []
    with pytest.raises(GitError, match=f"git cat-file: {blob} missing"):
        Main("dev").pending(repository.checkout, {"mydb123": {DIGEST}})


def test_what_is_no_text_is_a_root_that_differs_and_no_removal(repository: Repository) -> None:
    path = repository.directory / PLACE.root_path
    path.parent.mkdir(parents=True)
    path.write_bytes(b"\xff\n")
    repository.git("add", ".")
    repository.commit({Place("dev", "linked").root_path: "x"})
    assert Main("dev").pending(repository.checkout, {"linked": {content_hash("x")}, "mydb123": {"a"}}) == [
        Work(PLACE, "\ufffd\n", removal=False, applied_before=True)
    ]
