"""What the catalog refuses of a new or changed database: each with the field that it is about."""

import dataclasses
from typing import Any

import pytest
from provisioner.core.errors import Problem
from provisioner.core.root import Restore, Root
from provisioner.intake import roots
from provisioner.intake.bodies import parse_create, parse_patch

from tests.core.examples import ID, MISSION_BODY, NOW, catalog, root

OTHER = "9d2b7f10-0000-4000-8000-000000000001"


def refused(**body: Any) -> dict[str, str]:
    """What is refused of a new database, by field."""
    with pytest.raises(Problem) as caught:
        root(**body)
    assert (caught.value.status, caught.value.slug) == (422, "invalid-request")
    return {error.pointer: error.detail for error in caught.value.errors}


def change(before: Root, **body: Any) -> Root:
    return roots.changed(before, parse_patch(body), catalog(), request_id=OTHER, created_at=NOW, now=NOW)


def refused_change(before: Root, **body: Any) -> dict[str, str]:
    with pytest.raises(Problem) as caught:
        change(before, **body)
    return {error.pointer: error.detail for error in caught.value.errors}


@pytest.mark.parametrize(
    ("body", "pointer", "detail"),
    [
        ({"database_name": "select"}, "/database_name", "'select' is a reserved word of mysql"),
        ({"database_name": "a--b"}, "/database_name", "use 1 to 40 characters"),
        ({"environment": "devv"}, "/environment", "'devv' is not offered: choose dev or staging or prod"),
        ({"engine_version": "5.7"}, "/engine_version", "'5.7' is not offered: choose 8.4"),
        ({"size": "large"}, "/size", "'large' is not offered: choose small or medium in dev"),
        ({"storage_gb": 101}, "/storage_gb", "dev allows 20 to 100 GB, not 101"),
        ({"storage_gb": 19}, "/storage_gb", "dev allows 20 to 100 GB, not 19"),
        ({"high_availability": True}, "/high_availability", "dev has no standby; leave it out"),
        ({"ttl": "31d"}, "/ttl", "dev allows 30d counted from creation, so until 2026-12-23T12:00:00Z"),
        ({"ttl": "never"}, "/ttl", "dev does not allow never; the longest lifetime is 30d"),
    ],
)
def test_each_refusal_names_its_field_and_what_is_allowed(
    body: dict[str, Any], pointer: str, detail: str
) -> None:
    errors = refused(**body)
    assert list(errors) == [pointer]
    assert errors[pointer].startswith(detail)


def test_one_answer_names_everything_that_is_wrong() -> None:
    assert list(
        refused(engine_version="1", size="huge", storage_gb=1, ttl="99d", high_availability=True)
    ) == [
        "/engine_version",
        "/high_availability",
        "/ttl",
        "/size",
        "/storage_gb",
    ]


def test_the_bounds_themselves_are_allowed() -> None:
    assert root(storage_gb=100, ttl="30d").storage_gb == 100
    assert root(storage_gb=20).expires_at == "2026-11-30T12:00:00Z"


def test_a_standby_follows_the_environments_rule() -> None:
    assert root(environment="staging", high_availability=True).multi_az is True
    assert root(environment="staging").multi_az is False


def test_a_restore_takes_version_and_storage_from_its_source() -> None:
    source = dataclasses.replace(root(database_engine="postgres", environment="staging"), storage_gb=60)
    body = parse_create(
        MISSION_BODY | {"database_engine": "postgres", "restore_from": {"database": "staging/mydb123"}}
    )
    new = roots.new(body, catalog(), team="alpha", request_id=ID, now=NOW, source=source)
    assert (new.engine_version, new.storage_gb) == (source.engine_version, 60)
    assert new.restore == Restore(database="staging-mydb123", point_in_time="latest")


def test_a_change_keeps_what_it_does_not_name() -> None:
    before = root(tags={"a": "b"})
    after = change(before, size="medium")
    assert after == dataclasses.replace(before, instance_class="db.t4g.medium", request_id=OTHER)


def test_storage_grows_and_its_ceiling_with_it() -> None:
    after = change(root(), storage_gb=40)
    assert (after.storage_gb, after.max_storage_gb) == (40, 80)


def test_storage_cannot_shrink() -> None:
    assert refused_change(root(storage_gb=40), storage_gb=30) == {
        "/storage_gb": "RDS storage cannot shrink: it has 40 GB, ask for more"
    }


def test_a_size_that_left_the_catalog_is_named_with_those_to_choose_from() -> None:
    old = dataclasses.replace(root(), instance_class="db.t2.micro")
    assert refused_change(old, ttl="9d") == {
        "/size": "the catalog no longer has db.t2.micro; choose one of small, medium with this change"
    }
    assert change(old, size="small").instance_class == "db.t4g.micro"


def test_what_already_is_as_asked_is_a_conflict() -> None:
    with pytest.raises(Problem) as caught:
        change(root(), size="small")
    assert (caught.value.status, caught.value.slug) == (409, "nothing-to-change")


def test_a_change_arms_again_what_was_disarmed() -> None:
    prod = root(environment="prod", ttl="never")
    disarmed = dataclasses.replace(prod, deletion_protection=False)
    assert change(disarmed, tags={"a": "b"}).deletion_protection is True
