"""A pull request says what changes, for whom and why; users' words do nothing but stand there."""

import dataclasses
import re
import subprocess
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from provisioner.core import policy
from provisioner.core.hcl import render
from provisioner.core.lifecycle import Kind
from provisioner.core.models import Request
from provisioner.core.names import BranchName
from provisioner.core.root import Restore, Upgrade
from provisioner.pull_requests import content, wording
from provisioner.pull_requests.markdown import cell

from tests.core.examples import ID, NOW, catalog, enrolling_catalog, opened_catalog, request, root
from tests.golden_files import assert_golden
from tests.pull_requests.hostile import hostile, inert, reached

CATALOG = catalog()
OPENED = opened_catalog()  # so that a body of each kind is one that can be asked for
PROD = {
    "environment": "prod",
    "database_engine": "postgres",
    "database_name": "orders",
    "engine_version": "16",
    "high_availability": True,
    "owner": "orders@example.com",
    "purpose": "Orders of the web shop; see the runbook.",
    "tags": {"Service": "orders", "Tier": "1"},
}

NAP = {"database_name": "nap", "database_engine": "aurora-postgresql", "purpose": "Trials of the new index."}


def of_kind(kind: Kind, before: dict[str, Any] | None = None, reason: str = "", **after: Any) -> Request:
    """A request that turns the root of one body into that of another."""
    was = request(ID, **(before or {}))
    wanted = dataclasses.replace(was.root, **after)
    return dataclasses.replace(
        was, kind=kind, root=wanted, before=None if kind is Kind.CREATE else was.root, reason=reason
    )


REQUESTS = {
    "create-mysql-dev": of_kind(Kind.CREATE),
    "create-postgres-prod": of_kind(Kind.CREATE, PROD, purpose=PROD["purpose"]),
    "restore": of_kind(
        Kind.CREATE,
        {
            "database_name": "orders-copy",
            "restore_from": {"database": "prod/orders", "point_in_time": "2026-11-20T10:00:00Z"},
        },
    ),
    "restore-snapshot": of_kind(
        Kind.CREATE,
        {
            "database_name": "orders-back",
            "restore_from": {"snapshot": "dev-orders-final-3f0c1a2b"},
        },
    ),
    "update": of_kind(
        Kind.UPDATE,
        instance_class="db.t4g.medium",
        storage_gb=40,
        max_storage_gb=80,
        tags={"Service": "orders"},
    ),
    "upgrade": of_kind(
        Kind.UPDATE,
        PROD,
        "PostgreSQL 16 ends in 2029.",
        engine_version="18",
        upgrade=Upgrade(from_version="16", snapshot="prod-orders-before-3f0c1a2b"),
    ),
    "extend": of_kind(Kind.EXTEND, expires_at="2026-12-14T12:00:00Z"),
    "maintain": of_kind(Kind.MAINTAIN, PROD, "Its Terraform module is of an earlier release."),
    "disarm": of_kind(Kind.DISARM, PROD, "No longer used.", deletion_protection=False),
    "remove-dev": of_kind(Kind.REMOVE, reason="Its life ended 2026-11-30T12:00:00Z."),
    "remove-prod": of_kind(Kind.REMOVE, PROD),
    "create-enrolled": dataclasses.replace(
        of_kind(Kind.CREATE, {"database_engine": "postgres", "high_availability": False}),
        root=dataclasses.replace(
            root(database_engine="postgres"), engine_version="15", extended_support=True
        ),
    ),
    "create-cluster": of_kind(Kind.CREATE, NAP),
    "clone-cluster": of_kind(Kind.CREATE, NAP | {"restore_from": {"database": "dev/orders"}}),
    "cluster-of-instance": of_kind(
        Kind.CREATE, NAP, restore=Restore(snapshot="dev-orders-final-3f0c1a2b", engine="postgres")
    ),
    "update-cluster": of_kind(
        Kind.UPDATE,
        NAP | {"environment": "staging"},
        capacity=CATALOG.sizes["steady"].capacity(monitoring=True),
    ),
    "upgrade-cluster": of_kind(
        Kind.UPDATE,
        NAP | {"environment": "staging"},
        engine_version="17",
        upgrade=Upgrade(from_version="16", snapshot="staging-nap-before-3f0c1a2b"),
    ),
    "remove-cluster": of_kind(Kind.REMOVE, NAP | {"environment": "staging"}),
}


def body(one: Request) -> str:
    results = (
        []
        if one.kind is Kind.REMOVE
        else policy.check(
            render(one.root),
            place=one.place,
            catalog=enrolling_catalog() if one.root.extended_support else OPENED,
            now=NOW,
            disarming=one.kind is Kind.DISARM,
            creating=one.kind is Kind.CREATE,
            before=one.before,
        )
    )
    return content.body(one, results, OPENED)


@pytest.mark.parametrize("name", REQUESTS)
def test_the_body_says_what_changes_for_whom_why_and_what_comes_next(name: str) -> None:
    assert_golden(f"pull_request/{name}.md", body(REQUESTS[name]))


def test_titles_branches_and_commits_follow_one_template() -> None:
    lines = []
    for change in REQUESTS.values():
        lines += [
            wording.title(change, OPENED),
            content.branch(change),
            content.commit_message(change, OPENED),
        ]
    assert_golden("pull_request/titles.txt", "\n".join(lines))


@pytest.mark.parametrize("name", REQUESTS)
def test_git_accepts_every_branch_and_the_pattern_reads_it_back(name: str) -> None:
    branch = content.branch(REQUESTS[name])

    subprocess.run(["git", "check-ref-format", "--branch", branch], check=True, capture_output=True)
    assert BranchName.parse(branch) == BranchName(REQUESTS[name].place, REQUESTS[name].kind, ID[:8])


def test_every_kind_of_request_has_a_branch_that_the_pattern_reads() -> None:
    for kind in Kind:
        one = dataclasses.replace(REQUESTS["update"], kind=kind)
        assert BranchName.parse(content.branch(one)), kind


def test_a_removal_deletes_the_file_that_main_has() -> None:
    one = REQUESTS["remove-dev"]

    change = content.change(one, [], CATALOG, base="main")

    assert change.content == ()
    assert one.before is not None
    assert change.before == tuple(render(one.before, number) for number in (3, 2, 1))
    assert change.path == "terraform/databases/dev/mydb123/main.tf"


def test_a_create_expects_no_file_and_an_update_the_one_that_main_has() -> None:
    create = content.change(REQUESTS["create-mysql-dev"], [], CATALOG, base="main")
    update = content.change(REQUESTS["update"], [], CATALOG, base="main")

    assert create.before == ()
    assert update.before == create.content
    assert update.content
    assert not set(update.content) & set(update.before)


def test_a_root_is_written_as_main_takes_it_and_known_in_every_format() -> None:
    one = REQUESTS["update"]
    first, second, third = (render(one.root, number) for number in (1, 2, 3))

    assert content.change(one, [], CATALOG, base="main").content == (third, second, first)
    assert content.change(one, [], CATALOG, base="main", root_format=1).content == (first, third, second)


def test_a_size_or_environment_that_left_the_catalog_still_gets_its_pull_request() -> None:
    one = of_kind(Kind.REMOVE, instance_class="db.t2.micro")
    assert one.before is not None
    old = dataclasses.replace(one, before=dataclasses.replace(one.before, instance_class="db.t2.micro"))
    gone = dataclasses.replace(old, environment="lab")

    assert "not in the catalog (db.t2.micro)" in body(old)
    assert "once a code owner has approved it" in body(gone)


def with_words(kind: Kind, words: str) -> Request:
    """A request with the words wherever a user may write freely."""
    one = of_kind(kind, reason=words, expires_at="2026-12-01T12:00:00Z")
    return dataclasses.replace(one, root=dataclasses.replace(one.root, purpose=words))


@given(words=hostile, kind=st.sampled_from(list(Kind)))
def test_users_words_reach_nothing_in_the_body(words: str, kind: Kind) -> None:
    one = with_words(kind, words)

    assert reached(body(one)) == reached(body(with_words(kind, "harmless")))


@given(words=hostile)
def test_users_words_stand_in_the_body_as_they_were_written(words: str) -> None:
    shown = inert(body(with_words(Kind.CREATE, words)))

    for line in re.split(r"[\r\n]", words):
        if line.isprintable() and "`" * 20 not in line:
            assert line in shown


@given(words=hostile, kind=st.sampled_from(list(Kind)))
def test_users_words_are_in_no_title_branch_or_commit(words: str, kind: Kind) -> None:
    one, harmless = with_words(kind, words or "none"), with_words(kind, "harmless")

    assert wording.title(one, CATALOG) == wording.title(harmless, CATALOG)
    assert content.branch(one) == content.branch(harmless)
    assert content.commit_message(one, CATALOG) == content.commit_message(harmless, CATALOG)


@pytest.mark.parametrize("kind", list(Kind))
def test_users_words_come_after_what_circleci_looks_through_for_skip_ci(kind: Kind) -> None:
    # A repository may be set to put the body into the merge commit, of which CircleCI reads 250 characters.
    assert body(with_words(kind, "[skip ci]")).index("[skip ci]") > 250


@given(text=hostile)
def test_a_cell_is_one_cell_and_reaches_nothing(text: str) -> None:
    table = f"| a | b |\n|---|---|\n| {cell(text)} | end |\n"
    plain = f"| a | b |\n|---|---|\n| {'`x`' if cell(text) else ''} | end |\n"

    assert reached(table) == reached(plain)


@given(owner=st.from_regex(r"[A-Za-z0-9 _.:/=+@-]{1,128}", fullmatch=True))
def test_an_owner_is_only_shown(owner: str) -> None:
    def owned(name: str) -> Request:
        one = REQUESTS["create-mysql-dev"]
        return dataclasses.replace(one, root=dataclasses.replace(one.root, owner=name))

    there = "x" if owner.strip() else " "
    assert reached(body(owned(owner))) == reached(body(owned(there)))


def test_the_cost_is_dated_and_the_end_absolute() -> None:
    shown = body(REQUESTS["create-mysql-dev"])

    assert "- **Cost:** 13.98 USD a month; 3.22 USD until its end\n" in shown
    assert "Costs are list prices on demand in us-east-1 of 2026-11-01, without backups" in shown
    assert "| Lifetime | until 2026-11-30T12:00:00Z |" in shown


TITLES: dict[str, dict[str, Any]] = {
    "Resize dev/mydb123: small to medium": {"instance_class": "db.t4g.medium"},
    "Resize dev/mydb123: small to db.r6g.16xlarge": {"instance_class": "db.r6g.16xlarge"},
    "Grow dev/mydb123: 20 to 40 GB": {"storage_gb": 40, "max_storage_gb": 80},
    "Resize dev/mydb123: small to medium, 20 to 40 GB": {
        "instance_class": "db.t4g.medium",
        "storage_gb": 40,
    },
    "Change dev/mydb123: tags": {"tags": {"Service": "[skip ci]"}},
    "Change dev/mydb123: owner, purpose": {"owner": "[skip ci]", "purpose": "[ci skip]"},
    "Change dev/mydb123: size small to medium, tags": {
        "instance_class": "db.t4g.medium",
        "tags": {"a": "b"},
    },
    "Change dev/mydb123: deletion protection on": {"deletion_protection": True},
    "Change dev/mydb123: standby on, end none": {"multi_az": True, "expires_at": "never"},
    "Change dev/mydb123": {},
}


@pytest.mark.parametrize("title", TITLES)
def test_the_title_of_a_change_says_what_changes(title: str) -> None:
    assert wording.title(of_kind(Kind.UPDATE, **TITLES[title]), CATALOG) == title


def test_other_kinds_have_titles_that_say_what_too() -> None:
    assert wording.title(REQUESTS["extend"], CATALOG) == "Extend dev/mydb123: until 2026-12-14T12:00:00Z"
    assert wording.title(of_kind(Kind.EXTEND, expires_at="never"), CATALOG) == "Extend dev/mydb123: no end"
    assert wording.title(REQUESTS["restore"], CATALOG) == "Restore dev/orders-copy (MySQL 8.4)"


def test_a_removal_names_the_pull_request_that_disarmed_the_database() -> None:
    one = REQUESTS["remove-prod"]

    assert "Deletion protection was taken off by #15." in content.body(one, [], CATALOG, disarmed_by=15)
    assert re.search(r"#\d", content.body(one, [], CATALOG)) is None
