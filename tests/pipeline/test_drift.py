"""The nightly check finds what was changed outside git, and changes nothing."""

from tests.core.examples import root
from tests.pipeline.fakes import INSTANCE
from tests.pipeline.repository import file_of
from tests.pipeline.setting import URL, Setting

OTHER = "11111111-8f5e-4c1d-9a70-1c2d3e4f5a6b"


def looked(setting: Setting) -> list[str]:
    setting.functions.reports.clear()
    return setting.drift()


def test_a_database_that_is_as_its_root_says_is_reported_so(setting: Setting) -> None:
    setting.reviewed(file_of(root()))
    setting.apply()
    assert looked(setting) == []
    assert setting.functions.reports == [
        {
            "version": 1,
            "type": "drift",
            "environment": "dev",
            "database_name": "mydb123",
            "drifted": False,
            "plan_text": "",
            "pipeline_url": URL,
            "commit": setting.repository.checkout.head(),
        }
    ]


def test_a_database_changed_outside_git_is_reported_with_the_plan(setting: Setting) -> None:
    setting.reviewed(file_of(root()))
    setting.apply()
    setting.instance()["instance_class"] = "db.m7g.large"
    objects, applied = dict(setting.bucket.objects), list(setting.cloud.applied)
    assert looked(setting) == []
    assert setting.functions.reports[0]["drifted"] is True
    assert setting.functions.reports[0]["plan_text"] == "1 to change"
    assert (setting.bucket.objects, setting.cloud.applied) == (objects, applied)


def test_what_an_apply_has_yet_to_come_to_is_no_drift(setting: Setting) -> None:
    setting.reviewed(file_of(root()))
    assert looked(setting) == []
    assert setting.functions.reports == []


def test_one_that_cannot_be_looked_at_does_not_hide_the_others(setting: Setting) -> None:
    setting.reviewed(file_of(root()))
    setting.reviewed(file_of(root(OTHER, database_name="second")))
    setting.apply()
    setting.cloud.states["dev/mydb123"].tainted.add(INSTANCE)
    (failure,) = looked(setting)
    assert failure.startswith("dev/mydb123: terraform plan:")
    assert [report["database_name"] for report in setting.functions.reports] == ["second"]


def test_a_job_that_has_to_end_says_what_it_left_out(setting: Setting) -> None:
    setting.reviewed(file_of(root()))
    setting.apply()
    setting.interruption.request()
    assert looked(setting) == ["dev/mydb123: not looked at, because the job was ended from outside"]
