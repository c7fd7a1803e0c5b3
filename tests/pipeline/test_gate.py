"""What the gate lets through, on real branches of a real repository."""

import dataclasses
import os
from typing import Any

import pytest
from provisioner.core.hcl import render
from provisioner.core.names import Place
from provisioner.core.root import Restore, Root

from pipeline import gate
from pipeline.gate import Verdict
from pipeline.plan import judge
from tests.core.examples import NOW, catalog, root
from tests.golden_files import assert_golden
from tests.pipeline.repository import LOCK, Repository, file_of

CREATE = "rds/dev/mydb123/create-3f0c1a2b"
UPDATE = "rds/dev/mydb123/update-3f0c1a2b"
DISARM = "rds/dev/mydb123/disarm-3f0c1a2b"
REMOVE = "rds/dev/mydb123/remove-3f0c1a2b"
PATH = Place("dev", "mydb123").root_path
OTHER = "11111111-8f5e-4c1d-9a70-1c2d3e4f5a6b"


UNASKED = (
    "no request made this pull request, and roots change through the API alone: close it, and ask by POST "
    "/provision-rds, PATCH or DELETE"
)


def judged(repository: Repository, branch: str) -> Verdict:
    return judge(repository.checkout, branch=branch, catalog=catalog(), now=NOW)


def on_branch(repository: Repository, branch: str, files: dict[str, str | None]) -> Verdict:
    repository.branch(branch)
    repository.commit(files)
    return judged(repository, branch)


def denials(verdict: Verdict) -> dict[str, str]:
    return {result.rule: result.detail for result in verdict.results if not result.passed}


def changed(**fields: Any) -> Root:
    return dataclasses.replace(root(), **fields)


def test_a_new_root_passes(repository: Repository) -> None:
    verdict = on_branch(repository, CREATE, file_of(root()))
    assert (verdict.passed, verdict.action) == (True, "create")
    assert verdict.place == Place("dev", "mydb123")


def test_the_table_is_what_a_reviewer_reads(repository: Repository) -> None:
    verdict = on_branch(repository, CREATE, file_of(changed(storage_gb=4000, max_storage_gb=4000)))
    assert_golden("pipeline/gate.txt", gate.table(verdict) + "\n")


COPY = Restore(database="dev-orders", point_in_time="latest")


@pytest.mark.parametrize(
    ("restore", "rule", "detail"),
    [
        (
            Restore(database="prod-secretdb", point_in_time="latest"),
            "restore",
            "data of prod stays there: its entry in the catalog does not open it to dev by restore_to",
        ),
        (
            Restore(snapshot="prod-pp-final-11111111"),
            "restore",
            "data of prod stays there: its entry in the catalog does not open it to dev by restore_to",
        ),
        (
            Restore(snapshot="handmade"),
            "restore",
            "'handmade' names no database, nor a snapshot of one, made here",
        ),
        (
            Restore(snapshot="arn:aws:rds:snapshot:x"),
            "restore",
            "'arn:aws:rds:snapshot:x' names no database, nor a snapshot of one, made here",
        ),
        (
            COPY,
            "source",
            "dev/orders has no root on the base branch: restore from its final snapshot instead",
        ),
    ],
)
def test_data_that_is_not_to_be_had_is_not_restored(
    repository: Repository, restore: Restore, rule: str, detail: str
) -> None:
    assert denials(on_branch(repository, CREATE, file_of(changed(restore=restore))))[rule] == detail


@pytest.mark.parametrize(("team", "passes"), [("alpha", True), ("beta", False)])
def test_data_stays_with_its_team(repository: Repository, team: str, passes: bool) -> None:
    repository.on_main(file_of(changed(database_name="orders", team=team)))
    verdict = on_branch(repository, CREATE, file_of(changed(restore=COPY)))
    assert verdict.passed is passes
    assert denials(verdict) == ({} if passes else {"source": "dev/orders is of team beta, not alpha"})


@pytest.mark.parametrize("past", ["1970-01-01T00:00:00Z", "2026-11-23T12:00:00Z"])
def test_an_end_in_the_past_is_denied_where_a_change_sets_it(repository: Repository, past: str) -> None:
    new = denials(on_branch(repository, CREATE, file_of(changed(expires_at=past))))
    assert new == {"end": f"ends {past}, which lies in the past"}
    repository.on_main(file_of(root()))
    assert "end" in denials(on_branch(repository, UPDATE, file_of(changed(expires_at=past))))
    repository.on_main(file_of(changed(deletion_protection=True)))
    assert denials(on_branch(repository, DISARM, file_of(changed(expires_at=past)))) == {
        "in place": "a disarm switches deletion_protection off and changes nothing else, not "
        "deletion_protection, expires_at"
    }


def test_a_database_whose_end_has_come_is_disarmed_and_removed(repository: Repository) -> None:
    over = changed(expires_at="2026-11-20T12:00:00Z", deletion_protection=True)
    repository.on_main(file_of(over))
    disarmed = dataclasses.replace(over, deletion_protection=False)
    assert denials(on_branch(repository, DISARM, file_of(disarmed))) == {}
    repository.on_main(file_of(disarmed))
    assert denials(on_branch(repository, REMOVE, {PATH: None})) == {}


def test_an_end_that_has_come_keeps_no_other_change_out(repository: Repository) -> None:
    over = changed(expires_at="2026-11-20T12:00:00Z")
    repository.on_main(file_of(over))
    larger = dataclasses.replace(over, instance_class="db.t4g.medium")
    assert on_branch(repository, UPDATE, file_of(larger)).passed


@pytest.mark.parametrize(
    ("fields", "detail"),
    [
        ({"tags": {"rds:owner": "x"}}, "'rds:owner' is set by the provisioner or by AWS"),
        ({"tags": {"AWS:x": "y"}}, "'AWS:x' is set by the provisioner or by AWS"),
        ({"tags": {"Team": "y"}}, "'Team' is set by the provisioner or by AWS"),
        ({"tags": {"x": "aws:y"}}, "'aws:y' begins as AWS's own do"),
        ({"owner": "rds:y"}, "'rds:y' begins as AWS's own do"),
        ({"purpose": "aws:y"}, "'aws:y' begins as AWS's own do"),
    ],
)
def test_a_tag_that_rds_refuses_is_denied(
    repository: Repository, fields: dict[str, Any], detail: str
) -> None:
    assert denials(on_branch(repository, CREATE, file_of(changed(**fields)))) == {"tags": detail}


def test_a_database_that_was_restored_from_elsewhere_can_be_changed(repository: Repository) -> None:
    foreign = Restore(database="prod-secretdb", point_in_time="latest")
    repository.on_main(file_of(changed(restore=foreign)))
    larger = changed(restore=foreign, instance_class="db.t4g.medium")
    assert on_branch(repository, UPDATE, file_of(larger)).passed


def test_a_pull_request_without_a_database_passes_and_names_none(repository: Repository) -> None:
    verdict = on_branch(repository, "docs", {"README.md": "words", "terraform/modules/x/main.tf": "# module"})
    assert (verdict.passed, verdict.place, verdict.action) == (True, None, None)


def test_a_merged_branch_judged_again_passes(repository: Repository) -> None:
    repository.branch(CREATE)
    repository.commit(file_of(root()))
    repository.on_main(file_of(root()))
    repository.git("checkout", "--quiet", CREATE)
    assert denials(judged(repository, CREATE)) == {}


class TestFiles:
    """What may stand where."""

    @pytest.mark.parametrize(
        "path",
        [
            "terraform/databases/dev/mydb123/extra.tf",
            "terraform/databases/dev/mydb123/override.tf.json",
            "terraform/databases/dev/mydb123/terraform.tfvars",
            "terraform/databases/dev/mydb123/sub/main.tf",
            "terraform/databases/dev/main.tf",
            "terraform/databases/main.tf",
            "terraform/databases/Dev/mydb123/main.tf",
            "terraform/databases/dev/my db/main.tf",
            "terraform/databases/dev/x\n/main.tf",
            "terraform/databases/dev/mydb123/MAIN.TF",
        ],
    )
    def test_nothing_but_main_tf_may_stand_below_the_databases(
        self, repository: Repository, path: str
    ) -> None:
        assert "files" in denials(on_branch(repository, "feature", {path: "# nothing"}))

    def test_a_link_is_no_root(self, repository: Repository) -> None:
        repository.branch("feature")
        place = repository.directory / PATH
        place.parent.mkdir(parents=True)
        os.symlink("../../../../catalog.yaml", place)
        repository.git("add", PATH)
        repository.git("commit", "--quiet", "--message", "Link")
        assert denials(judged(repository, "feature")) == {
            "files": f"{PATH!r} has to be a regular file, not mode 120000",
            "request": UNASKED,
        }

    def test_a_linked_directory_is_no_root(self, repository: Repository) -> None:
        repository.branch("feature")
        os.symlink("..", repository.directory / "terraform" / "databases" / "dev")
        repository.git("add", ".")
        repository.git("commit", "--quiet", "--message", "Link")
        assert "files" in denials(judged(repository, "feature"))

    def test_the_databases_are_no_link(self, repository: Repository) -> None:
        repository.on_main(file_of(root()))
        repository.branch("feature")
        repository.git("rm", "-r", "--quiet", "terraform/databases")
        (repository.directory / "terraform").mkdir(exist_ok=True)
        os.symlink("elsewhere", repository.directory / "terraform" / "databases")
        repository.git("add", ".")
        repository.git("commit", "--quiet", "--message", "Link")
        assert "files" in denials(judged(repository, "feature"))

    def test_an_executable_root_is_refused(self, repository: Repository) -> None:
        repository.on_main(file_of(root()))
        repository.branch(UPDATE)
        os.chmod(repository.directory / PATH, 0o755)
        repository.git("add", ".")
        repository.git("commit", "--quiet", "--message", "Mode")
        assert "files" in denials(judged(repository, UPDATE))

    def test_a_file_left_next_to_a_root_is_refused(self, repository: Repository) -> None:
        repository.on_main({"terraform/databases/dev/mydb123/old.tf": "# somehow got there"})
        assert denials(on_branch(repository, CREATE, file_of(root()))) == {
            "alone": "'terraform/databases/dev/mydb123/old.tf' stands next to main.tf: remove it first"
        }


class TestScope:
    """One database, and nothing else."""

    def test_two_databases_are_two_pull_requests(self, repository: Repository) -> None:
        second = root(OTHER, database_name="second")
        verdict = on_branch(repository, "feature", file_of(root()) | file_of(second))
        assert denials(verdict) == {
            "scope": "one database per pull request, not dev/mydb123, dev/second",
            "request": UNASKED,
        }
        assert not verdict.only_unasked

    @pytest.mark.parametrize(
        "path", ["terraform/modules/rds_database/main.tf", LOCK, "catalog.yaml", ".circleci/config.yml"]
    )
    @pytest.mark.parametrize("branch", [CREATE, "feature"])
    def test_nothing_comes_along_with_a_database(
        self, repository: Repository, branch: str, path: str
    ) -> None:
        assert "scope" in denials(on_branch(repository, branch, file_of(root()) | {path: "# changed"}))

    @pytest.mark.parametrize("path", [LOCK, "terraform/databases/README.md", "README.md"])
    def test_a_provisioner_branch_changes_its_root_alone(self, repository: Repository, path: str) -> None:
        assert "branch" in denials(on_branch(repository, CREATE, {path: "# changed"}))

    def test_a_provisioner_branch_belongs_to_one_database(self, repository: Repository) -> None:
        assert "branch" in denials(on_branch(repository, "rds/dev/other/create-3f0c1a2b", file_of(root())))

    @pytest.mark.parametrize("branch", ["rds/dev/mydb123", "rds/dev/mydb123/drop-3f0c1a2b", "rds/x"])
    def test_other_names_below_rds_are_taken(self, repository: Repository, branch: str) -> None:
        assert "branch" in denials(on_branch(repository, branch, file_of(root())))

    def test_the_branch_says_what_its_file_does(self, repository: Repository) -> None:
        assert denials(on_branch(repository, UPDATE, file_of(root()))) == {
            "kind": "the branch says update, its file says create"
        }


class TestRequest:
    """Roots change through the API: a request made the pull request."""

    @pytest.mark.parametrize("branch", ["tidy/dev", "main", "fix", "RDS/dev/mydb123/create-3f0c1a2b"])
    def test_a_root_that_no_request_made_is_denied(self, repository: Repository, branch: str) -> None:
        verdict = on_branch(repository, branch, file_of(root())) if branch != "main" else None
        if verdict is None:
            repository.branch("elsewhere")
            repository.commit(file_of(root()))
            verdict = judged(repository, branch)
        assert denials(verdict) == {"request": UNASKED}
        assert verdict.only_unasked

    def test_a_change_and_a_removal_that_no_request_made_are_denied(self, repository: Repository) -> None:
        repository.on_main(file_of(root()))
        assert denials(on_branch(repository, "tidy/up", file_of(changed(storage_gb=30)))) == {
            "request": UNASKED
        }
        assert denials(on_branch(repository, "tidy/rm", {PATH: None})) == {"request": UNASKED}

    def test_the_root_carries_out_the_request_of_its_branch(self, repository: Repository) -> None:
        verdict = on_branch(repository, CREATE, file_of(root(OTHER)))
        assert denials(verdict) == {
            "request": "the branch is of request 3f0c1a2b, but its root says '11111111'"
        }


class TestPolicy:
    """The root's text, whoever wrote it."""

    def test_anything_but_the_rendered_text_is_refused(self, repository: Repository) -> None:
        text = render(root()) + 'data "external" "x" {\n  program = ["sh", "-c", "id"]\n}\n'
        assert "rendered" in denials(on_branch(repository, "feature", {PATH: text}))

    def test_bytes_that_are_no_text_are_refused(self, repository: Repository) -> None:
        repository.branch("feature")
        place = repository.directory / PATH
        place.parent.mkdir(parents=True)
        place.write_bytes(render(root()).encode().replace(b"alpha", b"alph\xff"))
        repository.git("add", ".")
        repository.git("commit", "--quiet", "--message", "Bytes")
        assert "rendered" in denials(judged(repository, "feature"))

    def test_an_unknown_environment_is_refused(self, repository: Repository) -> None:
        assert "environment" in denials(on_branch(repository, "feature", file_of(changed(environment="qa"))))


class TestChange:
    """What a change may do to a database that is there."""

    def test_a_resize_passes_and_says_what_changes(self, repository: Repository) -> None:
        repository.on_main(file_of(root()))
        verdict = on_branch(
            repository, UPDATE, file_of(changed(instance_class="db.t4g.medium", storage_gb=30))
        )
        assert (verdict.action, denials(verdict)) == ("change", {})
        assert verdict.results[-1].detail == "changes instance_class, storage_gb"

    @pytest.mark.parametrize(
        ("before", "after", "detail"),
        [
            ({"engine": "postgres", "engine_version": "17"}, {},
             "engine cannot change from 'postgres' to 'mysql'"),
            ({}, {"engine": "postgres", "engine_version": "17"}, "engine cannot change"),
            ({"engine": "postgres", "engine_version": "16"}, {"engine": "postgres", "engine_version": "17"},
             "engine_version cannot change from '16' to '17'"),
            ({}, {"team": "beta"}, "team cannot change from 'alpha' to 'beta'"),
            ({"restore": Restore(database="prod-x", point_in_time="latest")}, {}, "restore cannot change"),
        ],
    )  # fmt: skip
    def test_what_would_recreate_it_is_refused(
        self, repository: Repository, before: dict[str, Any], after: dict[str, Any], detail: str
    ) -> None:
        repository.on_main(file_of(changed(**before)))
        assert denials(on_branch(repository, UPDATE, file_of(changed(**after))))["in place"].startswith(
            detail
        )

    def test_storage_shrinks_for_a_request_alone_which_takes_back_a_growth_that_was_refused(
        self, repository: Repository
    ) -> None:
        repository.on_main(file_of(changed(storage_gb=40, max_storage_gb=80)))
        smaller = file_of(changed(storage_gb=30, max_storage_gb=60))
        assert "in place" not in denials(on_branch(repository, UPDATE, smaller))
        assert denials(on_branch(repository, "by-hand", smaller))["in place"] == (
            "storage cannot shrink from 40 to 30 GB"
        )

    def test_a_root_that_main_has_got_meanwhile_is_not_created_again(self, repository: Repository) -> None:
        repository.branch(CREATE)
        repository.commit(file_of(root()))
        repository.on_main(file_of(root(OTHER)))
        repository.git("checkout", "--quiet", CREATE)
        assert denials(judged(repository, CREATE)) == {
            "fresh": "the base branch has it already since this branch began: begin again from there"
        }

    def test_a_root_that_main_has_changed_meanwhile_is_not_changed(self, repository: Repository) -> None:
        repository.on_main(file_of(root()))
        repository.branch(UPDATE)
        repository.commit(file_of(changed(storage_gb=30)))
        repository.on_main(file_of(changed(storage_gb=25)))
        repository.git("checkout", "--quiet", UPDATE)
        assert "has changed it" in denials(judged(repository, UPDATE))["fresh"]


class TestRemoval:
    """What may go, and how."""

    def test_a_removal_passes_and_says_whether_a_snapshot_stays(self, repository: Repository) -> None:
        repository.on_main(file_of(root()))
        verdict = on_branch(repository, REMOVE, {PATH: None})
        assert (verdict.action, denials(verdict)) == ("remove", {})
        assert verdict.results[-1].detail == "the database goes without a final snapshot"

    def test_a_protected_database_is_disarmed_first(self, repository: Repository) -> None:
        prod = root(database_name="orders", environment="prod")
        path = Place("prod", "orders").root_path
        repository.on_main(file_of(prod))
        verdict = on_branch(repository, "rds/prod/orders/remove-3f0c1a2b", {path: None})
        assert "disarms it" in denials(verdict)["removal"]
        disarmed = dataclasses.replace(prod, deletion_protection=False, request_id=OTHER)
        repository.git("checkout", "--quiet", "main")
        verdict = on_branch(repository, "rds/prod/orders/disarm-11111111", file_of(disarmed))
        assert denials(verdict) == {}
        repository.on_main(file_of(disarmed))
        verdict = on_branch(repository, "rds/prod/orders/remove-22222222", {path: None})
        assert (denials(verdict), verdict.results[-1].detail) == (
            {},
            "the database goes after a final snapshot",
        )

    def test_protection_goes_by_a_disarm_alone(self, repository: Repository) -> None:
        prod = root(database_name="orders", environment="prod")
        repository.on_main(file_of(prod))
        disarmed = dataclasses.replace(prod, deletion_protection=False)
        verdict = on_branch(repository, "rds/prod/orders/update-3f0c1a2b", file_of(disarmed))
        assert "deletion protection is on" in denials(verdict)["safety"]

    def test_a_maintenance_changes_nothing_but_its_request_and_its_format(
        self, repository: Repository
    ) -> None:
        place, wanted = root().place, dataclasses.replace(root(), request_id=OTHER)
        old = dataclasses.replace(wanted, backup_window="", maintenance_window="")
        repository.on_main({place.root_path: render(root(), 1)})
        verdict = on_branch(repository, f"rds/{place}/maintain-11111111", {place.root_path: render(wanted)})
        assert (verdict.action, denials(verdict)) == ("change", {})
        assert verdict.results[-1].detail == "changes backup_window, maintenance_window"
        repository.on_main({place.root_path: render(root(), 2)})
        verdict = on_branch(repository, f"rds/{place}/maintain-11111111", {place.root_path: render(old)})
        assert (denials(verdict), verdict.results[-1].detail) == ({}, "changes nothing but its request")

    @pytest.mark.parametrize(
        ("more", "said"),
        [
            ({"storage_gb": 30}, "storage_gb"),
            ({"expires_at": "2026-11-29T12:00:00Z"}, "expires_at"),
            ({"tags": {"a": "b"}}, "tags"),
        ],
    )
    def test_a_maintenance_that_changes_what_was_asked_for_is_denied(
        self, repository: Repository, more: dict[str, Any], said: str
    ) -> None:
        repository.on_main(file_of(root()))
        wanted = dataclasses.replace(root(), request_id=OTHER, **more)
        verdict = on_branch(repository, "rds/dev/mydb123/maintain-11111111", file_of(wanted))
        assert denials(verdict)["in place"] == f"a maintenance changes nothing that was asked for, not {said}"

    def test_a_disarm_changes_nothing_else(self, repository: Repository) -> None:
        prod = root(database_name="orders", environment="prod")
        repository.on_main(file_of(prod))
        bigger = dataclasses.replace(prod, deletion_protection=False, storage_gb=90, max_storage_gb=180)
        verdict = on_branch(repository, "rds/prod/orders/disarm-3f0c1a2b", file_of(bigger))
        assert "changes nothing else" in denials(verdict)["in place"]
