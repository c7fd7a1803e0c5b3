"""A plan may do what was reviewed, or less, and nothing else."""

import copy
from typing import Any

import pytest

from pipeline.plan_changes import ResourceChange, changes_of
from pipeline.review_check import beyond_review
from tests.pipeline.test_plan_changes import GROUP, INSTANCE, changes, resource

PARAMETERS = [{"name": "ssl", "value": "1"}, {"name": "log", "value": "1"}]
QUIET = {"name": "log", "value": "0"}
CREATED = {"identifier": "dev-a", "allocated_storage": 20, "instance_class": "small"}
CREATION = changes(
    resource(["create"], after=CREATED, unknown={"arn": True}),
    resource(
        ["create"],
        address=GROUP,
        after={"parameter": PARAMETERS},
        unknown={"parameter": [{}, {}], "id": True},
    ),
)


def beyond(reviewed: Any, now: Any, *, applied_before: bool = False) -> list[str]:
    return beyond_review(reviewed, now, applied_before=applied_before)


def update(before: dict[str, Any], **after: Any) -> list[ResourceChange]:
    return changes(resource(["update"], before=before, after={**before, **after}))


def test_the_same_plan_is_within() -> None:
    assert beyond(CREATION, copy.deepcopy(CREATION)) == []


def test_less_is_within() -> None:
    for change in CREATION:
        assert beyond(CREATION, [change]) == []
    assert beyond(CREATION, []) == []


def test_what_was_unknown_may_be_known_now_but_not_the_other_way_round() -> None:
    known = changes(resource(["create"], after={**CREATED, "arn": "arn:aws:rds:x"}))
    assert beyond(CREATION, known) == []
    del CREATED["instance_class"]
    blurred = changes(resource(["create"], after=CREATED, unknown={"instance_class": True}))
    CREATED["instance_class"] = "small"
    assert beyond(CREATION, blurred) == [f"{INSTANCE}: instance_class differs from what was reviewed"]


@pytest.mark.parametrize(
    "now",
    [
        changes(resource(["create"], after={**CREATED, "allocated_storage": 2000})),
        changes(resource(["create"], after={**CREATED, "publicly_accessible": True})),
        changes(resource(["create"], address=GROUP, after={"parameter": [PARAMETERS[0], QUIET]})),
        changes(resource(["create"], address=GROUP, after={"parameter": PARAMETERS[:1]})),
        changes(resource(["delete"], before=CREATED)),
        changes(resource(["delete", "create"], before=CREATED, after=CREATED)),
        changes(resource(["create"], address="module.database.aws_db_instance.other", after=CREATED)),
    ],
)  # fmt: skip
def test_anything_else_is_named(now: Any) -> None:
    assert len(beyond(CREATION, now)) == 1


def test_an_update_is_held_to_the_values_it_was_reviewed_with() -> None:
    before = {**CREATED, "latest_restorable_time": "10:00"}
    reviewed = update(before, allocated_storage=30)
    later = {**before, "latest_restorable_time": "11:00"}
    assert beyond(reviewed, update(later, allocated_storage=30), applied_before=True) == []
    assert beyond(reviewed, update(later, allocated_storage=40), applied_before=True) != []


def test_an_update_that_undoes_a_change_made_outside_git_was_not_reviewed() -> None:
    reviewed = update(CREATED, allocated_storage=30)
    meddled = update({**CREATED, "instance_class": "huge"}, allocated_storage=30, instance_class="small")
    assert beyond(reviewed, meddled, applied_before=True) == [
        f"{INSTANCE}: instance_class differs from what was reviewed"
    ]
    cleared = update({**CREATED, "monitoring": "on"}, allocated_storage=30, monitoring=None)
    assert beyond(reviewed, cleared, applied_before=True) == [
        f"{INSTANCE}: monitoring differs from what was reviewed"
    ]


def test_what_a_creation_left_half_made_may_be_finished_as_it_was_reviewed() -> None:
    assert beyond(CREATION, update({**CREATED, "instance_class": "source's"}, instance_class="small")) == []
    assert beyond(CREATION, update({**CREATED, "instance_class": "source's"}, instance_class="huge")) != []


def test_that_holds_before_the_first_whole_apply_alone() -> None:
    now = update({**CREATED, "instance_class": "huge"}, instance_class="small")
    assert beyond(CREATION, now, applied_before=True) == [f"{INSTANCE}: update, but create was reviewed"]


@pytest.mark.parametrize(("address", "within"), [(GROUP, True), (INSTANCE, False)])
def test_a_tainted_creation_may_be_replaced_unless_it_is_the_database(address: str, within: bool) -> None:
    after = {"parameter": PARAMETERS} if address == GROUP else CREATED
    tainted = resource(["delete", "create"], address=address, before=after, after=after)
    tainted["action_reason"] = "replace_because_tainted"
    assert (beyond(CREATION, changes(tainted)) == []) is within
    tainted["action_reason"] = "replace_by_request"
    assert beyond(CREATION, changes(tainted)) != []


def test_a_deposed_object_may_go_where_a_replacement_was_reviewed() -> None:
    deposed = resource(["delete"], address=GROUP, before={}) | {"deposed": "byebye"}
    replacement = changes(resource(["create", "delete"], address=GROUP, before={}, after={}))
    assert beyond(replacement, changes_of({"resource_changes": [deposed]}), applied_before=True) == []
    assert beyond(CREATION, changes_of({"resource_changes": [deposed]})) != []


def test_a_removal_is_held_to_what_it_was_reviewed_to_destroy() -> None:
    reviewed = changes(resource(["delete"], before=CREATED), resource(["delete"], address=GROUP, before={}))
    assert beyond(reviewed, reviewed[:1], applied_before=True) == []
    assert beyond(reviewed[1:], reviewed, applied_before=True) == [f"{INSTANCE}: delete was not reviewed"]


def test_a_reviewed_deletion_of_a_deposed_object_does_not_cover_the_current_one() -> None:
    deposed = changes(resource(["delete"], address=GROUP, before={}) | {"deposed": "byebye"})
    current = changes(resource(["delete"], address=GROUP, before={}))
    assert beyond(deposed, current, applied_before=True) == [f"{GROUP}: delete was not reviewed"]


def parameter(value: Any, unknown: Any) -> list[ResourceChange]:
    return changes(
        resource(["create"], address=GROUP, after={"parameter": value}, unknown={"parameter": unknown})
    )


@pytest.mark.parametrize(
    ("reviewed", "now"),
    [
        (parameter([{"value": None}], [{}]), parameter([{"value": None}], [{"value": True}])),
        (parameter({"value": None}, {}), parameter({"value": None}, {"value": True})),
        (parameter({}, {}), parameter({}, {"value": True})),
        (parameter([{"a": "1"}], [{"a": "x"}]), parameter([{"a": "2"}], [{"a": False, "b": True}])),
        (parameter([{}, {"a": None}], [{"a": True}]), parameter([{}, {"a": "1"}], [{"a": True}])),
        (parameter([{"a": "1"}], [{"b": True}]), parameter([None], [{"b": True}])),
        (parameter([{"a": "1"}], [{"b": True}]), parameter(None, [{"b": True}])),
        (parameter({"a": "1"}, {"b": True}), parameter(["a"], [{"b": True}])),
        (parameter([{"a": "1"}], "x"), parameter([{"a": "2"}], "x")),
    ],
    ids=[
        "null, then unknown in a list",
        "null, then unknown in a block",
        "nothing, then unknown",
        "another value next to unknowns",
        "a shorter list of unknowns",
        "a block that became null",
        "a list that became null",
        "a block that became a list",
        "unknowns that are no block",
    ],
)
def test_a_difference_inside_an_argument_is_named(
    reviewed: list[ResourceChange], now: list[ResourceChange]
) -> None:
    assert beyond(reviewed, now) == [f"{GROUP}: parameter differs from what was reviewed"]


def test_what_was_unknown_inside_an_argument_may_be_known_now() -> None:
    reviewed = parameter([{"a": "1", "b": None}], [{"b": True}])
    assert beyond(reviewed, parameter([{"a": "1", "b": "2"}], [{}])) == []
    assert beyond(reviewed, reviewed) == []


def created(after: Any, unknown: Any = None) -> list[ResourceChange]:
    return changes(
        resource(["create"], after={"x": after}, unknown={"x": unknown} if unknown is not None else None)
    )


@pytest.mark.parametrize(
    ("was", "now"),
    [
        (created({"a": 1}), created({"a": 1, "b": 2})),
        (created({"a": 1, "b": 2}), created({"a": 1})),
        (created([1]), created({"0": 1})),
        (created({"0": 1}), created([1])),
        (created({"a": 1}), created("text")),
        (created("text"), created({"a": 1})),
        (created({"a": 1}), created({"a": 1}, {"b": True})),
        (created({"a": 1}), changes(resource(["create"], after={}, unknown={"x": True}))),
    ],
    ids=["more", "less", "a map", "a list", "a text", "from a text", "unknown inside", "unknown now"],
)
def test_a_nested_argument_that_is_otherwise_than_reviewed_is_named(
    was: list[ResourceChange], now: list[ResourceChange]
) -> None:
    assert beyond(was, now) == [f"{INSTANCE}: x differs from what was reviewed"]


@pytest.mark.parametrize(
    ("was", "now"),
    [
        (created({"a": 1}, {"b": True}), created({"a": 1, "b": 2})),
        (created({"a": 1}, {"b": True}), created({"a": 1}, {"b": True})),
        (created([{"a": 1}], [{"b": True}]), created([{"a": 1, "b": 2}])),
        (created({"a": {"c": 1}}, {"a": {"b": True}}), created({"a": {"c": 1, "b": 2}})),
        (created({"a": 1}, [True]), created({"a": 1})),
    ],
    ids=["known now", "unknown still", "in a list", "deeper", "of another shape"],
)
def test_a_nested_argument_that_was_unknown_may_be_known_now(
    was: list[ResourceChange], now: list[ResourceChange]
) -> None:
    assert beyond(was, now) == []


def test_what_was_not_reviewed_and_is_not_known_is_named() -> None:
    now = changes(resource(["create"], after={}, unknown={"arn": True}))
    assert beyond(changes(resource(["create"], after={})), now) == [
        f"{INSTANCE}: arn differs from what was reviewed"
    ]


def test_only_a_creation_is_finished_by_an_update() -> None:
    reviewed = changes(resource(["delete", "create"], before=CREATED, after=CREATED))
    now = update(CREATED, allocated_storage=20)
    assert beyond(reviewed, now) == [f"{INSTANCE}: update, but replace was reviewed"]
