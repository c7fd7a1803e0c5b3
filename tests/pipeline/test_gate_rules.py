"""Each rule of the gate, on files in memory: what it says where it holds, and where it does not."""

# ruff: noqa: E501 - a row of a table is a line

import dataclasses
from typing import Any

import pytest
from provisioner.core.hcl import render
from provisioner.core.names import Place
from provisioner.core.root import NEVER, Restore, Root, Upgrade

from pipeline import gate
from pipeline.gate import Files, Verdict
from pipeline.git import REGULAR_FILE, FileChange
from tests.core.examples import NOW, catalog, root

ID8 = "3f0c1a2b"
PATH = Place("dev", "mydb123").root_path
HOME = PATH.removesuffix("main.tf")
SOMEONES = "tidy/up"
NOTES = "docs/notes.md"
NOTHING: dict[str, str] = {}


def branch(kind: str, id8: str = ID8) -> str:
    return f"rds/dev/mydb123/{kind}-{id8}"


def with_(**fields: Any) -> Root:
    return dataclasses.replace(root(), **fields)


POSTGRES = dataclasses.replace(root(database_engine="postgres"), engine_version="15")
UPGRADED = dataclasses.replace(
    POSTGRES,
    engine_version="18",
    upgrade=Upgrade(from_version="15", snapshot="dev-mydb123-before-3f0c1a2b"),
)


def text_of(of: Root | str | None) -> str | None:
    return render(of) if isinstance(of, Root) else of


def change(path: str, before: str | None, after: str | None, mode: str = REGULAR_FILE) -> FileChange:
    return FileChange(path, None if before is None else REGULAR_FILE, None if after is None else mode)


def judged(
    name: str,
    before: Root | str | None,
    after: Root | str | None,
    *,
    main: dict[str, str] | None = None,
    also: tuple[str, ...] = (),
    more: tuple[FileChange, ...] = (),
) -> Verdict:
    """The verdict on a branch that changes dev/mydb123; main is as the branch began unless it is given."""
    old, new = text_of(before), text_of(after)
    base = {} if old is None else {PATH: old}
    base |= main or {}
    touched = () if (before is None and after is None) else (change(PATH, old, new),)
    listing = [*([PATH] if new is not None else []), *also]
    return gate.check(
        (*touched, *more),
        Files({PATH: old}.get, {PATH: new}.get, base.get, listing),
        branch=name,
        catalog=catalog(),
        now=NOW,
    )


def says(verdict: Verdict, rule: str) -> tuple[bool, str]:
    (found,) = (result for result in verdict.results if result.rule == rule)
    return found.passed, found.detail


def rules(verdict: Verdict) -> set[str]:
    return {result.rule for result in verdict.results}


@pytest.mark.parametrize(
    ("name", "before", "after", "action", "expected"),
    [
        (branch("create"), None, root(), "create", {"kind": "the branch says create, its file says create"}),
        (branch("update"), root(), with_(owner="ann"), "change", {"kind": "the branch says update, its file says change"}),
        (branch("remove"), root(), None, "remove", {"kind": "the branch says remove, its file says remove", "removal": "the database goes without a final snapshot"}),
        (branch("remove"), with_(final_snapshot=True), None, "remove", {"removal": "the database goes after a final snapshot"}),
        (branch("create"), None, root(), "create", {
            "files": "nothing but main.tf files below terraform/databases",
            "scope": f"changes {PATH} alone",
            "branch": f"belongs to {PATH}",
            "alone": "main.tf is the directory's only file",
            "fresh": "the base branch has not moved on",
            "request": f"carries out request {ID8}",
            "end": f"ends {root().expires_at}, in the future",
        }),
        (branch("update"), root(), with_(owner="ann", purpose="more"), "change", {"in place": "changes owner, purpose"}),
        (branch("maintain"), root(), root(), "change", {"in place": "changes nothing but its request"}),
        (branch("disarm"), with_(deletion_protection=True), root(), "change", {"in place": "changes deletion_protection"}),
        (branch("update"), with_(storage_gb=30), with_(storage_gb=25), "change", {"in place": "changes storage_gb"}),
        (branch("extend"), with_(storage_gb=30), with_(storage_gb=25), "change", {"in place": "changes storage_gb"}),
        (branch("update"), POSTGRES, UPGRADED, "change", {"in place": "changes engine_version", "upgrade": "postgres 15 to 18, after the snapshot dev-mydb123-before-3f0c1a2b"}),
        (branch("update"), UPGRADED, POSTGRES, "change", {"in place": "changes engine_version"}),
        (branch("extend"), UPGRADED, POSTGRES, "change", {"in place": "changes engine_version"}),
        (branch("maintain"), UPGRADED, POSTGRES, "change", {"in place": "changes engine_version"}),
        (branch("update"), UPGRADED, UPGRADED, "change", {"in place": "changes nothing but its request"}),
        (branch("extend"), UPGRADED, dataclasses.replace(UPGRADED, upgrade=None), "change", {"in place": "changes nothing but its request"}),
        (branch("disarm"), dataclasses.replace(UPGRADED, deletion_protection=True), POSTGRES, "change", {"in place": "changes engine_version, deletion_protection"}),
    ],
)  # fmt: skip
def test_what_a_request_of_the_api_does_passes_and_is_said(
    name: str, before: Root | None, after: Root | None, action: str, expected: dict[str, str]
) -> None:
    verdict = judged(name, before, after)
    assert (verdict.passed, verdict.action, verdict.place) == (True, action, Place("dev", "mydb123"))
    assert not verdict.only_unasked
    assert {rule: says(verdict, rule) for rule in expected} == {
        rule: (True, detail) for rule, detail in expected.items()
    }


BROKEN = "# not rendered\n"


@pytest.mark.parametrize(
    ("name", "before", "after", "rule", "detail"),
    [
        (branch("create"), root(), with_(owner="ann"), "kind", "the branch says create, its file says change"),
        (branch("remove"), root(), with_(owner="ann"), "kind", "the branch says remove, its file says change"),
        (branch("update"), None, root(), "kind", "the branch says update, its file says create"),
        (branch("create", "11111111"), None, root(), "request", f"the branch is of request 11111111, but its root says '{ID8}'"),
        ("rds/whatever", None, root(), "branch", "branches under rds/ are the provisioner's; choose another name"),
        ("rds/dev/other/create-3f0c1a2b", None, root(), "branch", f"the branch belongs to terraform/databases/dev/other/main.tf, but changes '{PATH}'"),
        (branch("remove"), with_(deletion_protection=True), None, "removal", "deletion protection is on: first a pull request that disarms it, then this one"),
        (branch("maintain"), root(), with_(owner="ann"), "in place", "a maintenance changes nothing that was asked for, not owner"),
        (branch("disarm"), with_(deletion_protection=True), with_(owner="ann"), "in place", "a disarm switches deletion_protection off and changes nothing else, not deletion_protection, owner"),
        (branch("disarm"), root(), root(), "in place", "a disarm switches deletion_protection off and changes nothing else, not nothing but its request"),
        (SOMEONES, with_(storage_gb=30), with_(storage_gb=29), "in place", "storage cannot shrink from 30 to 29 GB"),
        (branch("maintain"), with_(storage_gb=30), with_(storage_gb=29), "in place", "storage cannot shrink from 30 to 29 GB"),
        (branch("update"), with_(team="beta"), root(), "in place", "team cannot change from 'beta' to 'alpha' in place: ask for a new database"),
        (branch("update"), with_(engine_version="8.0"), root(), "in place", "engine_version cannot change from '8.0' to '8.4' in place without an upgrade"),
        (branch("create"), None, with_(expires_at="2026-11-23T12:00:00Z"), "end", "ends 2026-11-23T12:00:00Z, which lies in the past"),
    ],
)  # fmt: skip
def test_what_a_rule_denies_it_says(
    name: str, before: Root | None, after: Root | None, rule: str, detail: str
) -> None:
    verdict = judged(name, before, after)
    assert says(verdict, rule) == (False, detail)
    assert not verdict.passed


def test_a_root_that_cannot_be_read_is_named_by_each_rule_that_reads_it() -> None:
    removed = judged(branch("remove"), BROKEN, None)
    assert says(removed, "removal")[1].startswith("the root that goes cannot be read: ")
    changed = judged(branch("update"), BROKEN, root())
    assert says(changed, "in place")[1].startswith("the root on the base branch cannot be read: ")
    assert not removed.passed
    assert not changed.passed
    new = judged(branch("create"), None, BROKEN)
    assert not new.passed
    assert rules(new).isdisjoint({"end", "source", "request"})


def test_an_end_that_stays_or_never_comes_is_no_rules_matter() -> None:
    over = with_(expires_at="2026-11-20T12:00:00Z")
    assert "end" not in rules(judged(branch("update"), over, dataclasses.replace(over, owner="ann")))
    assert "end" not in rules(judged(branch("create"), None, with_(expires_at=NEVER)))
    assert "end" not in rules(judged(branch("disarm"), root(), over))
    assert says(judged(branch("update"), root(), over), "end")[0] is False


@pytest.mark.parametrize(
    ("before", "after", "main", "state"),
    [
        (None, root(), {PATH: render(with_(owner="ann"))}, "has it already"),
        (root(), with_(owner="ann"), {PATH: render(with_(owner="bob"))}, "has changed it"),
    ],
)
def test_a_branch_that_main_left_behind_begins_again(
    before: Root | None, after: Root, main: dict[str, str], state: str
) -> None:
    verdict = judged(branch("update" if before else "create"), before, after, main=main)
    detail = f"the base branch {state} since this branch began: begin again from there"
    assert says(verdict, "fresh") == (False, detail)


def test_a_branch_of_what_main_removed_begins_again_and_one_that_is_merged_is_fresh() -> None:
    old, new = root(), with_(owner="ann")
    files = Files({PATH: render(old)}.get, {PATH: render(new)}.get, NOTHING.get, [PATH])
    verdict = gate.check([change(PATH, "", "")], files, branch=branch("update"), catalog=catalog(), now=NOW)
    assert says(verdict, "fresh")[1].startswith("the base branch has removed it since")
    assert says(judged(branch("update"), old, new, main={PATH: render(new)}), "fresh")[0] is True


def test_what_stands_next_to_a_root_is_named() -> None:
    verdict = judged(branch("create"), None, root(), also=(f"{HOME}a.tf", f"{HOME}b.tf"))
    assert says(verdict, "alone") == (False, f"'{HOME}a.tf' stands next to main.tf: remove it first")
    assert judged(branch("create"), None, root(), also=("terraform/databases/dev/mydb1234/a.tf",)).passed


COPY = Restore(database="dev-orders", point_in_time="latest")
SNAPSHOT = Restore(snapshot="dev-orders-final-11111111")
ORDERS = Place("dev", "orders").root_path


@pytest.mark.parametrize(
    ("restore", "main", "said"),
    [
        (COPY, {ORDERS: render(with_(database_name="orders"))}, (True, "dev/orders is of team alpha")),
        (COPY, {ORDERS: render(with_(database_name="orders", team="beta"))}, (False, "dev/orders is of team beta, not alpha")),
        (SNAPSHOT, {ORDERS: render(with_(database_name="orders", team="beta"))}, (False, "dev/orders is of team beta, not alpha")),
        (COPY, {}, (False, "dev/orders has no root on the base branch: restore from its final snapshot instead")),
    ],
)  # fmt: skip
def test_whose_data_a_restore_reads_is_said(
    restore: Restore, main: dict[str, str], said: tuple[bool, str]
) -> None:
    assert says(judged(branch("create"), None, with_(restore=restore), main=main), "source") == said


def test_a_source_that_main_does_not_have_or_that_cannot_be_read() -> None:
    removed = judged(branch("create"), None, with_(restore=SNAPSHOT))
    assert "source" not in rules(removed)
    assert removed.passed
    unread = judged(branch("create"), None, with_(restore=COPY), main={ORDERS: BROKEN})
    assert says(unread, "source")[1].startswith("the root of dev/orders cannot be read: ")
    assert not unread.passed
    assert "source" not in rules(judged(branch("create"), None, root()))
    assert "source" not in rules(
        judged(branch("update"), with_(restore=COPY), with_(restore=COPY, owner="ann"))
    )


def test_where_the_data_of_one_that_exists_came_from_is_settled() -> None:
    foreign = Restore(snapshot="prod-pp-final-11111111")
    assert says(judged(branch("create"), None, with_(restore=foreign)), "restore")[0] is False
    later = judged(branch("update"), with_(restore=foreign), with_(restore=foreign, owner="ann"))
    assert "restore" not in rules(later)
    assert later.passed


def test_nobody_brings_a_root_by_hand() -> None:
    verdict = judged(SOMEONES, None, root())
    assert verdict.only_unasked
    assert says(verdict, "request") == (
        False,
        "no request made this pull request, and roots change through the API alone: close it, and ask by "
        "POST /provision-rds, PATCH or DELETE",
    )
    assert rules(verdict).isdisjoint({"branch", "kind"})
    larger = judged(SOMEONES, None, with_(storage_gb=4000, max_storage_gb=4000))
    assert not larger.only_unasked


@pytest.mark.parametrize(
    "path", [NOTES, "terraform/databases/README.md", "terraform/databases/.terraform.lock.hcl"]
)
def test_what_is_no_database_passes_whoever_brings_it(path: str) -> None:
    verdict = judged(SOMEONES, None, None, more=(change(path, None, "x"),))
    assert (verdict.passed, verdict.place, verdict.action) == (True, None, None)
    assert says(verdict, "scope") == (True, "no database")
    assert gate.table(verdict).splitlines()[0] == "Gate: passed (nothing, no database)"


@pytest.mark.parametrize(
    "path",
    [
        "terraform/databases",
        "terraform/databases/README.md/x",
        f"{HOME}other.tf",
        f"{HOME}sub/main.tf",
        "terraform/databases/dev/My_db/main.tf",
    ],
)
def test_what_is_below_the_databases_and_no_root_is_denied_and_unasked(path: str) -> None:
    verdict = judged(SOMEONES, None, None, more=(change(path, None, "x"),))
    assert says(verdict, "files") == (False, f"{path!r} does not belong there: a root is one main.tf")
    assert "request" in rules(verdict)
    assert not verdict.only_unasked


def test_a_link_in_place_of_a_root_is_denied() -> None:
    verdict = gate.check(
        [change(PATH, None, "x", mode="120000")],
        Files(NOTHING.get, {PATH: render(root())}.get, NOTHING.get, [PATH]),
        branch=branch("create"),
        catalog=catalog(),
        now=NOW,
    )
    detail = f"'{PATH}' has to be a regular file, not mode 120000"
    assert says(verdict, "files") == (False, detail)
    assert (verdict.action, verdict.place) == (None, Place("dev", "mydb123"))


def test_a_pull_request_changes_one_database_and_nothing_else() -> None:
    two = judged(branch("create"), None, root(), more=(change(ORDERS, None, "x"),))
    assert says(two, "scope") == (False, "one database per pull request, not dev/mydb123, dev/orders")
    assert two.place is None
    also = judged(branch("create"), None, root(), more=(change(NOTES, None, "x"),))
    detail = f"{PATH} changes, and so does '{NOTES}': bring that by a separate pull request"
    assert says(also, "scope") == (False, detail)


def test_a_branch_of_the_provisioners_without_a_change_passes() -> None:
    verdict = judged(branch("create"), None, None)
    assert says(verdict, "branch") == (True, f"belongs to {PATH}")
    assert verdict.passed


def test_the_table_lines_up_what_was_judged() -> None:
    lines = gate.table(judged(SOMEONES, None, root())).splitlines()
    assert lines[0] == "Gate: DENIED (create, dev/mydb123)"
    rows = [line for line in lines[1:] if " scope " in line or "DENY" in line]
    assert rows[0] == f"  ok    scope         changes {PATH} alone"
    assert rows[1].startswith("  DENY  request       no request made this")
