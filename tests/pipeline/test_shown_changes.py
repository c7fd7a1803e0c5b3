"""A plan's changes are shown attribute by attribute, without what every change brings with it."""

from typing import Any

import pytest
from provisioner.reports.schema import Attribute

from pipeline.shown_changes import attributes

ADDRESS = "module.database.aws_db_instance.this"


def plan(before: Any, after: Any, *, actions: tuple[str, ...] = ("update",), **more: Any) -> dict[str, Any]:
    change = {"actions": list(actions), "before": before, "after": after, **more}
    return {"resource_changes": [{"address": ADDRESS, "type": "aws_db_instance", "change": change}]}


def shown(found: tuple[Attribute, ...]) -> list[tuple[str, str, str]]:
    assert {change.resource for change in found} <= {"aws_db_instance.this"}
    return [(change.name, change.before, change.after) for change in found]


def test_only_what_differs_is_shown() -> None:
    before = {"instance_class": "db.t4g.micro", "allocated_storage": 20, "port": 5432, "kms": None}
    after = {"instance_class": "db.t4g.medium", "allocated_storage": 40, "port": 5432, "kms": ""}

    assert shown(attributes(plan(before, after))) == [
        ("allocated_storage", "20", "40"),
        ("instance_class", "db.t4g.micro", "db.t4g.medium"),
        ("kms", "none", "none"),
    ]


def test_tags_are_compared_one_by_one_and_the_requests_id_is_left_out() -> None:
    tags = {"RequestId": "1", "Owner": "ann", "Old": "x"}, {"RequestId": "2", "Owner": "bob", "New": "y"}
    before = {"tags": tags[0], "tags_all": tags[0], "final_snapshot_identifier": "a-1"}
    after = {"tags": tags[1], "tags_all": tags[1], "final_snapshot_identifier": "a-2"}

    assert shown(attributes(plan(before, after))) == [
        ("tags.New", "none", "y"),
        ("tags.Old", "x", "none"),
        ("tags.Owner", "ann", "bob"),
    ]


def test_what_is_known_after_the_apply_says_so_and_what_is_sensitive_shows_nothing() -> None:
    found = attributes(
        plan(
            {"address": "a", "password": "old-secret", "token": "t-old"},
            {"password": "new-secret", "token": "t-new"},
            after_unknown={"address": True},
            before_sensitive={"password": True},
            after_sensitive={"token": True},
        )
    )

    assert shown(found) == [
        ("address", "a", "known after the apply"),
        ("password", "(sensitive)", "(sensitive)"),
        ("token", "(sensitive)", "(sensitive)"),
    ]
    assert "secret" not in str(found).replace("(sensitive)", "")


@pytest.mark.parametrize("actions", [("create",), ("delete",), ("delete", "create"), ("no-op",), ("read",)])
def test_what_begins_or_ends_is_left_to_the_whole_plan(actions: tuple[str, ...]) -> None:
    assert attributes(plan({"a": 1}, {"a": 2}, actions=actions)) == ()
    assert attributes({}) == ()


def test_a_report_takes_what_is_shown_of_a_plan_of_any_size() -> None:
    before: dict[str, Any] = {f"n{n:03}" * 100: "x" * 500 for n in range(90)}

    found = attributes(plan(before, {}))

    assert len(found) == 40
    assert all(len(each.name) <= 200 and len(each.before) <= 200 for each in found)
