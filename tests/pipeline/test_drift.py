"""The nightly check finds what was changed outside git, and changes nothing."""

import datetime as dt
import itertools
import json

import pytest
from provisioner.core import engines
from provisioner.core.hcl import content_hash, render

from pipeline.drift import in_turn
from tests.core.examples import root
from tests.pipeline.fakes import INSTANCE
from tests.pipeline.repository import file_of
from tests.pipeline.setting import URL, Setting

NIGHT = dt.datetime(2026, 11, 23, 2, 0, tzinfo=dt.UTC)
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
            "module_newer": False,
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
    del setting.bucket.objects["reviewed/.looks.json"]  # when it was seen
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


MODULE = engines.INSTANCE.module_path
MAIN_TF = MODULE + "main.tf"


def applied_by(setting: Setting, module: str) -> None:
    setting.repository.on_main({MAIN_TF: module})
    setting.reviewed(file_of(root()))
    assert setting.apply() == []


def marker(setting: Setting) -> dict[str, str]:
    return dict(json.loads(setting.bucket.objects[marker_key()]))


def marker_key() -> str:
    return f"applied/dev/mydb123/{content_hash(render(root()))}.json"


def said(setting: Setting) -> tuple[bool, bool, str]:
    assert looked(setting) == []
    (report,) = setting.functions.reports
    return report["drifted"], report["module_newer"], report["plan_text"]


def test_a_newer_module_is_no_drift_and_is_said_with_its_plan(setting: Setting) -> None:
    applied_by(setting, "# old")
    setting.repository.on_main({MAIN_TF: "# new"})

    assert said(setting) == (False, True, "1 to change")


def test_a_newer_module_that_changes_nothing_of_the_database_is_nothing(setting: Setting) -> None:
    applied_by(setting, "# old")
    setting.repository.on_main({MODULE + "outputs.tf": "# new"})

    assert said(setting) == (False, False, "")


def test_what_was_changed_outside_git_is_drift_under_a_newer_module_too(setting: Setting) -> None:
    applied_by(setting, "# old")
    setting.repository.on_main({MAIN_TF: "# new"})
    setting.instance()["instance_class"] = "db.m7g.large"

    drifted, newer, text = said(setting)

    assert (drifted, newer) == (True, False)
    assert text == "1 to change"  # the instance alone, by the module that was applied


def test_a_marker_of_an_earlier_release_has_no_module_and_its_commit_says_which(setting: Setting) -> None:
    applied_by(setting, "# old")
    kept = marker(setting)
    del kept["module"]
    setting.bucket.objects[marker_key()] = json.dumps(kept).encode()
    assert said(setting) == (False, False, "")

    setting.repository.on_main({MAIN_TF: "# new"})
    assert said(setting) == (False, True, "1 to change")

    setting.instance()["instance_class"] = "db.m7g.large"
    assert said(setting)[:2] == (True, False)


@pytest.mark.parametrize("commit", ["", "0" * 40], ids=["no commit", "a commit that git does not have"])
def test_where_git_has_no_old_module_the_newer_one_is_said(setting: Setting, commit: str) -> None:
    applied_by(setting, "# old")
    setting.bucket.objects[marker_key()] = json.dumps(marker(setting) | {"commit": commit}).encode()
    setting.repository.on_main({MAIN_TF: "# new"})

    assert said(setting)[:2] == (False, True)


def test_an_apply_keeps_the_hash_of_its_module(setting: Setting) -> None:
    applied_by(setting, "# old")
    first = marker(setting)["module"]
    setting.repository.on_main({MAIN_TF: "# new"})
    other = root(OTHER, database_name="second")
    setting.reviewed(file_of(other))
    setting.apply()

    (second,) = [
        json.loads(body)["module"]
        for key, body in setting.bucket.objects.items()
        if "applied/dev/second" in key
    ]
    assert len(first) == len(second) == 64
    assert first != second


def test_a_root_of_an_earlier_format_stays_applied_and_is_no_drift(setting: Setting) -> None:
    path = root().place.root_path
    setting.reviewed({path: render(root(), 1)})
    assert setting.apply() == []
    applied = list(setting.cloud.applied)

    assert setting.apply() == []
    assert said(setting) == (False, False, "")
    assert setting.cloud.applied == applied


@pytest.mark.parametrize("count", [0, 1, 5, 7, 100])
def test_within_a_week_each_seventh_is_begun_with_once(count: int) -> None:
    items, days = list(range(count)), [NIGHT.date() + dt.timedelta(days=day) for day in range(7)]
    orders = [in_turn(items, day) for day in days]
    assert all(sorted(order) == items for order in orders)
    seventh = -(-count // 7)
    assert {item for order in orders for item in order[:seventh]} == set(items)


def databases(setting: Setting, *names: str) -> None:
    for name in names:
        setting.reviewed(file_of(root(OTHER, database_name=name)))
    assert setting.apply() == []


def looked_at(setting: Setting) -> list[str]:
    return [report["database_name"] for report in setting.functions.reports]


def test_what_no_time_is_left_for_is_said_and_another_night_begins_there(
    setting: Setting, capsys: pytest.CaptureFixture[str]
) -> None:
    databases(setting, "a", "b")
    hours = itertools.count()
    setting.clock = lambda: NIGHT + dt.timedelta(hours=2.5 * next(hours))  # each look takes that long

    assert looked(setting) == []

    (first,) = looked_at(setting)
    (left,) = {"a", "b"} - {first}
    assert (
        f"no time was left for dev/{left}; another night of this week begins there."
        in capsys.readouterr().out
    )


def test_a_night_that_comes_to_less_than_a_seventh_is_a_failure(setting: Setting) -> None:
    databases(setting, "a", "b")
    hours = itertools.count()
    setting.clock = lambda: NIGHT + dt.timedelta(hours=3 * next(hours))

    (failure,) = looked(setting)

    assert looked_at(setting) == []
    assert failure.startswith("no time was left for dev/")
    assert failure.endswith("nor will be within a week: run the job drift on a larger resource class")


def test_the_longest_unseen_is_looked_at_first(setting: Setting) -> None:
    databases(setting, "a", "b", "c", "d")
    setting.store.keep_looks(
        {
            "dev/a": "2026-11-20T02:00:00Z",
            "dev/b": "2026-11-18T02:00:00Z",
            "dev/d": "2026-11-19T02:00:00Z",
            "dev/removed": "2026-11-01T02:00:00Z",
        }
    )

    assert looked(setting) == []

    assert looked_at(setting) == ["c", "b", "d", "a"]  # nobody ever saw c
    assert setting.store.looks() == dict.fromkeys(
        ("dev/a", "dev/b", "dev/c", "dev/d"), setting.now.strftime("%Y-%m-%dT%H:%M:%SZ")
    )


def test_what_failed_stays_unseen(setting: Setting) -> None:
    databases(setting, "a", "b")
    setting.cloud.states["dev/a"].tainted.add(INSTANCE)

    assert len(looked(setting)) == 1

    assert list(setting.store.looks()) == ["dev/b"]


@pytest.mark.parametrize("content", [b"", b"no json", b"[]", b'{"seen": 1}'])
def test_times_that_cannot_be_read_keep_nobody_from_looking(setting: Setting, content: bytes) -> None:
    databases(setting, "a")
    setting.bucket.objects["reviewed/.looks.json"] = content

    assert looked(setting) == []
    assert looked_at(setting) == ["a"]


def test_several_are_looked_at_at_once_and_each_is_reported_once(setting: Setting) -> None:
    names = [f"n{number}" for number in range(8)]
    databases(setting, *names)
    setting.functions.reports.clear()

    assert setting.drift(at_once=4) == []

    assert sorted(looked_at(setting)) == names
    assert sorted(setting.store.looks()) == [f"dev/{name}" for name in names]
