"""What is read out of a Terraform plan."""

import json
from typing import Any

import pytest
from provisioner.core.names import Place
from provisioner.reports.schema import Summary

from pipeline.plan_changes import (
    PROVIDER,
    ResourceChange,
    UnreadablePlan,
    any_true,
    changes_of,
    changes_outputs,
    decode,
    destroyed_databases,
    encode,
    foreign_resources,
    summarise,
)

INSTANCE = "module.database.aws_db_instance.this"
GROUP = "module.database.aws_db_parameter_group.this"


def resource(
    actions: list[str],
    *,
    address: str = INSTANCE,
    before: dict[str, Any] | None = None,
    after: dict[str, Any] | None = None,
    unknown: dict[str, Any] | None = None,
    provider: str = PROVIDER,
) -> dict[str, Any]:
    return {
        "address": address,
        "type": address.split(".")[-2],
        "provider_name": provider,
        "change": {"actions": actions, "before": before, "after": after, "after_unknown": unknown or {}},
    }


def changes(*resources: dict[str, Any]) -> list[ResourceChange]:
    return changes_of({"resource_changes": list(resources)})


def test_a_creation_sets_all_that_is_known() -> None:
    (one,) = changes(
        resource(
            ["create"],
            after={"identifier": "dev-a", "port": None},
            unknown={"arn": True, "parameter": [{}, {"x": False}], "tags": {}},
        )
    )
    assert one.sets == {"identifier": "dev-a", "port": None}
    assert one.unknown == {"arn": True}
    assert one.identifier == "dev-a"


def test_an_update_sets_what_differs_and_nothing_that_aws_keeps_changing() -> None:
    before = {
        "identifier": "dev-a",
        "allocated_storage": 20,
        "latest_restorable_time": "10:00",
        "tags": {"a": "1"},
    }
    after = {**before, "allocated_storage": 30, "tags": None}
    (one,) = changes(resource(["update"], before=before, after=after, unknown={"status": True}))
    assert one.sets == {"allocated_storage": 30, "tags": None}
    assert one.unknown == {"status": True}
    assert one.identifier == "dev-a"


def test_reading_and_doing_nothing_are_no_changes() -> None:
    data = "module.database.data.aws_kms_alias.this"
    assert changes(resource(["no-op"]), resource(["read"], address=data)) == []


def test_outputs_alone_are_something_to_apply() -> None:
    assert changes_outputs({"output_changes": {"database": {"actions": ["create"]}}})
    assert not changes_outputs({"output_changes": {"database": {"actions": ["no-op"]}}})
    assert not changes_outputs({})


def test_a_plan_is_counted() -> None:
    found = changes(
        resource(["create"], after={"identifier": "dev-a"}),
        resource(["create"], address=GROUP, after={}),
    )
    assert summarise(found, place=Place("dev", "a")) == Summary(
        add=2, databases_added=1, only_own_database=True
    )
    replaced = changes(resource(["delete", "create"], before={}, after={"identifier": "dev-a"}))
    assert summarise(replaced, place=Place("dev", "a")) == Summary(
        replace=1, databases_added=1, databases_destroyed=1, only_own_database=True
    )


@pytest.mark.parametrize(
    ("stranger", "words"),
    [
        (resource(["create"], address="aws_db_instance.this", after={"identifier": "dev-a"}), "not part of"),
        (resource(["create"], address="module.database.aws_iam_role.x", after={}), "is of type aws_iam_role"),
        (resource(["create"], after={"identifier": "prod-a"}), "is the database prod-a"),
        (resource(["delete"], before={"identifier": "dev-b"}), "is the database dev-b"),
        (resource(["create"], after={}), "is the database None"),
        (
            resource(["create"], after={"identifier": "dev-a"}, provider="evil.example/x/aws"),
            "evil.example/x/aws",
        ),
    ],
)
def test_what_is_not_its_own_is_named(stranger: dict[str, Any], words: str) -> None:
    (found,) = foreign_resources(changes(stranger), place=Place("dev", "a"))
    assert words in found


@pytest.mark.parametrize("actions", [["delete"], ["delete", "create"], ["create", "delete"]])
def test_a_destroyed_or_replaced_database_is_a_loss(actions: list[str]) -> None:
    assert destroyed_databases(changes(resource(actions, before={}, after={})))
    assert not destroyed_databases(changes(resource(actions, address=GROUP, before={}, after={})))


def test_unknown_is_looked_for_inside() -> None:
    assert any_true([{}, {"name": [False, True]}])
    assert not any_true([{}, {"name": [False]}])


CREATION = changes(resource(["create"], after={"identifier": "dev-a"}, unknown={"arn": True}))
KEPT = {
    "address": INSTANCE,
    "deposed": None,
    "type": "aws_db_instance",
    "provider": PROVIDER,
    "actions": ["create"],
    "reason": None,
    "sets": {"identifier": "dev-a"},
    "unknown": {"arn": True},
    "identifier": "dev-a",
    "protected": False,
    "skips_snapshot": False,
}


def kept(*changes: Any) -> bytes:
    return json.dumps({"version": 1, "changes": changes}, sort_keys=True).encode()


def test_a_plan_is_kept_with_every_field_and_read_again() -> None:
    assert encode(CREATION) == kept(KEPT)
    assert decode(encode(CREATION)) == CREATION


def test_a_kept_plan_is_read_without_what_an_older_release_did_not_write_or_a_newer_one_adds() -> None:
    older = {name: KEPT[name] for name in ("address", "actions", "sets")}
    assert decode(kept(older)) == [
        ResourceChange(address=INSTANCE, actions=("create",), sets={"identifier": "dev-a"})
    ]
    assert decode(kept(KEPT | {"moved_from": "x"})) == CREATION


@pytest.mark.parametrize(
    ("content", "named"),
    [
        (kept({"address": "x"}), "changes.0.actions"),
        (kept(KEPT | {"actions": []}), "changes.0.actions"),
        (kept(KEPT | {"actions": "create"}), "changes.0.actions"),
        (kept(KEPT | {"sets": None}), "changes.0.sets"),
        (kept(KEPT | {"address": 7}), "changes.0.address"),
        (kept(KEPT, "x"), "changes.1"),
        (b'{"version": 1}', "changes"),
        (b'{"version": 2, "changes": []}', "version"),
        (b"[]", "object"),
        (b"not JSON", "Invalid JSON"),
        (b"\xff\xfe", "Invalid JSON"),
        (b"", "Invalid JSON"),
        (b"[" * 100_000, "Invalid JSON"),
    ],
)
def test_what_no_pipeline_wrote_is_named(content: bytes, named: str) -> None:
    with pytest.raises(UnreadablePlan, match=named) as unreadable:
        decode(content)
    assert len(str(unreadable.value)) <= 500
