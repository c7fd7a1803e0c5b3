"""What the plan job does with a pull request, and what it reports to the provisioner."""

import dataclasses

from provisioner.core.hcl import content_hash, render, render_removed
from provisioner.core.names import Place
from provisioner.reports.schema import PLAN_TEXT_LIMIT

from tests.core.examples import root
from tests.pipeline.fakes import GROUP, INSTANCE, PREVENTED
from tests.pipeline.repository import file_of
from tests.pipeline.setting import URL, Setting

CREATE = "rds/dev/mydb123/create-3f0c1a2b"
UPDATE = "rds/dev/mydb123/update-3f0c1a2b"
PATH = Place("dev", "mydb123").root_path


def planned(setting: Setting, files: dict[str, str | None], branch: str = CREATE) -> bool:
    setting.repository.branch(branch, "origin/main")
    setting.repository.commit(files)
    return setting.plan(branch)


def test_a_plan_is_kept_and_reported(setting: Setting) -> None:
    assert planned(setting, file_of(root()))
    (report,) = setting.functions.reports
    assert {
        name: report[name] for name in ("version", "type", "environment", "database_name", "outcome")
    } == {
        "version": 1,
        "type": "plan",
        "environment": "dev",
        "database_name": "mydb123",
        "outcome": "passed",
    }
    assert (report["branch"], report["pipeline_url"], report["cause"]) == (CREATE, URL, None)
    assert report["commit"] == setting.repository.checkout.head()
    assert report["summary"] == {
        "add": 2,
        "change": 0,
        "destroy": 0,
        "replace": 0,
        "databases_added": 1,
        "databases_destroyed": 0,
        "only_own_database": True,
    }
    assert report["plan_text"] == "2 to change"
    assert all(rule["passed"] for rule in report["policy"])
    kept = setting.store.reviewed(Place("dev", "mydb123"), content_hash(render(root())))
    assert [change.address for change in kept or []] == [INSTANCE, GROUP]


def test_a_removal_is_planned_with_the_empty_root(setting: Setting) -> None:
    setting.reviewed(file_of(root()))
    setting.apply()
    setting.functions.reports.clear()
    assert planned(setting, {PATH: None}, "rds/dev/mydb123/remove-3f0c1a2b")
    assert setting.functions.reports[0]["summary"]["databases_destroyed"] == 1
    assert setting.store.reviewed(
        Place("dev", "mydb123"), content_hash(render_removed(Place("dev", "mydb123")))
    )


def test_what_the_gate_denies_is_reported_and_never_planned(setting: Setting) -> None:
    steps = setting.lifeline.steps
    assert not planned(setting, file_of(dataclasses.replace(root(), storage_gb=4000, max_storage_gb=4000)))
    (report,) = setting.functions.reports
    assert (report["outcome"], report["summary"]) == ("denied", None)
    assert [rule["rule"] for rule in report["policy"] if not rule["passed"]] == ["storage"]
    assert setting.lifeline.steps == steps + 1  # the report alone
    assert setting.bucket.objects == {}


def test_a_pull_request_without_a_database_needs_no_report(setting: Setting) -> None:
    assert planned(setting, {"README.md": "words"}, "docs")
    assert setting.functions.reports == []


def test_a_plan_that_fails_is_reported_with_its_cause(setting: Setting) -> None:
    setting.reviewed(file_of(root()))
    setting.apply()
    setting.functions.reports.clear()
    setting.cloud.states["dev/mydb123"].tainted.add(INSTANCE)
    assert not planned(setting, file_of(dataclasses.replace(root(), storage_gb=30)), UPDATE)
    (report,) = setting.functions.reports
    assert report["outcome"] == "failed"
    assert report["cause"].startswith(PREVENTED.split("\n", maxsplit=1)[0])
    assert report["fix"].startswith("no plan may replace a database: ")


def test_a_plan_that_touches_another_database_is_not_kept(setting: Setting) -> None:
    setting.reviewed(file_of(root()))
    setting.apply()
    setting.functions.reports.clear()
    setting.instance()["identifier"] = "prod-orders"
    state = setting.cloud.states["dev/mydb123"]
    state.resources["module.database.aws_db_instance.other"] = {"identifier": "prod-orders"}
    changed = dataclasses.replace(root(), storage_gb=30)
    assert not planned(setting, file_of(changed), UPDATE)
    (report,) = setting.functions.reports
    assert (report["outcome"], report["summary"]["only_own_database"]) == ("failed", False)
    assert "is the database prod-orders" in report["cause"]
    assert setting.store.reviewed(Place("dev", "mydb123"), content_hash(render(changed))) is None


def test_a_change_that_loses_the_database_is_not_kept(setting: Setting) -> None:
    setting.reviewed(file_of(root()))
    setting.apply()
    setting.functions.reports.clear()
    state = setting.cloud.states["dev/mydb123"]
    state.resources["module.database.aws_db_instance.old"] = {"identifier": "dev-mydb123"}
    assert not planned(setting, file_of(dataclasses.replace(root(), storage_gb=30)), UPDATE)
    assert "module.database.aws_db_instance.old: delete" in setting.functions.reports[0]["cause"]


def test_a_long_plan_is_cut(setting: Setting) -> None:
    setting.cloud.words = "x" * 60_000
    assert planned(setting, file_of(root()))
    assert len(setting.functions.reports[0]["plan_text"]) == PLAN_TEXT_LIMIT


def test_what_no_request_made_is_planned_only_while_the_glass_is_broken(setting: Setting) -> None:
    assert not planned(setting, file_of(root()), "tidy/up")
    assert [report["outcome"] for report in setting.functions.reports] == ["denied"]
    assert setting.bucket.objects == {}
    setting.functions.answers = [{"accepted": True, "break_glass": True, "reason": "ada broke the glass"}]
    assert planned(setting, file_of(root()), "tidy/up")
    assert [report["outcome"] for report in setting.functions.reports] == ["denied", "denied", "passed"]
    assert setting.store.reviewed(Place("dev", "mydb123"), content_hash(render(root())))


def test_a_broken_glass_lets_nothing_pass_but_the_missing_request(setting: Setting) -> None:
    setting.functions.answers = [{"accepted": True, "break_glass": True, "reason": "ada broke the glass"}]
    large = dataclasses.replace(root(), storage_gb=4000, max_storage_gb=4000)
    assert not planned(setting, file_of(large), "tidy/up")
    assert setting.bucket.objects == {}


def test_a_plan_that_the_provisioner_denies_fails_the_job(setting: Setting) -> None:
    setting.functions.answers = [{"accepted": True, "denied": True, "reason": "no request made it"}]
    assert not planned(setting, file_of(root()))
