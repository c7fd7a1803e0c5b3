"""The shape of each body: what may be left out, and what is said of each wrong field, by its JSON pointer."""

import datetime as dt
from collections.abc import Callable
from typing import Any

import pytest
from provisioner.core.errors import Problem
from provisioner.core.names import Place, SnapshotName
from provisioner.intake.bodies import CreateBody, RestoreFrom, parse_create, parse_patch, parse_rotate

from tests.core.examples import MISSION_BODY
from tests.intake.setting import shown


def refused(parse: Callable[[Any], Any], content: Any) -> dict[str, str]:
    """What is refused, by field."""
    with pytest.raises(Problem) as caught:
        parse(content)
    assert (caught.value.status, caught.value.slug) == (422, "invalid-request")
    return shown(caught.value)


def source(**restore_from: Any) -> RestoreFrom:
    found = parse_create(MISSION_BODY | {"restore_from": restore_from}).restore_from
    assert found is not None
    return found


def test_three_fields_are_enough() -> None:
    body = parse_create(MISSION_BODY)
    assert body.model_dump() == MISSION_BODY | {
        "engine_version": None,
        "size": None,
        "storage_gb": None,
        "ttl": None,
        "owner": None,
        "purpose": "",
        "reason": "",
        "high_availability": None,
        "restore_from": None,
        "tags": {},
    }


@pytest.mark.parametrize(
    ("more", "pointer", "detail"),
    [
        ({"colour": "red"}, "/colour", "there is no field 'colour' here: leave it out, or correct its name"),
        ({"database_name": None}, "/database_name", "send a text"),
        ({"storage_gb": "20"}, "/storage_gb", "send a whole number"),
        ({"high_availability": 1}, "/high_availability", "send true or false"),
        (
            {"ttl": "2 weeks"},
            "/ttl",
            "'2 weeks' is not a lifetime: write hours as 8h, days as 14d, or never",
        ),
        ({"ttl": 8}, "/ttl", "write hours as 8h, days as 14d, or never"),
        ({"owner": "a\tb"}, "/owner", "use letters, digits, spaces and _ . : / = + - @ only"),
        ({"storage_gb": 65_537}, "/storage_gb", "send 65536 or less"),
        ({"storage_gb": -1}, "/storage_gb", "send 0 or more"),
        ({"storage_gb": 20.5}, "/storage_gb", "send a whole number"),
        ({"size": "x" * 65}, "/size", "use at most 64 characters; it has 65"),
        ({"engine_version": "1" * 65}, "/engine_version", "use at most 64 characters; it has 65"),
        ({"environment": "x" * 65}, "/environment", "use at most 64 characters; it has 65"),
        ({"owner": "x" * 129}, "/owner", "use at most 128 characters; it has 129"),
        ({"purpose": "\ud800"}, "/purpose", "leave out control characters and line breaks"),
        ({"tags": []}, "/tags", "send a JSON object"),
        ({"tags": {f"k{n}": "" for n in range(21)}}, "/tags", "send at most 20 of them"),
        ({"tags": {"k" * 65: ""}}, f"/tags/{'k' * 65}", "use at most 64 characters; it has 65"),
        (
            {"ttl": "8" * 300},
            "/ttl",
            f"'{'8' * 80}'… is not a lifetime: write hours as 8h, days as 14d, or never",
        ),
        ({"owner": ""}, "/owner", "send at least 1 character, or leave it out"),
        ({"purpose": "a\nb"}, "/purpose", "leave out control characters and line breaks"),
        ({"purpose": "x" * 257}, "/purpose", "use at most 256 characters; it has 257"),
        (
            {"purpose": "x" * 300 + "\n"},
            "/purpose",
            "use at most 256 characters; it has 301; leave out control characters and line breaks",
        ),
        (
            {"tags": {"ManagedBy": "me"}},
            "/tags/ManagedBy",
            "the tag 'ManagedBy' is set by the provisioner or by AWS; choose another name",
        ),
        (
            {"tags": {"AWS:x": "me"}},
            "/tags/AWS:x",
            "the tag 'AWS:x' is set by the provisioner or by AWS; choose another name",
        ),
        ({"tags": {"a": "1", "A": "2"}}, "/tags", "two tags differ in capitals only; rename one"),
        ({"tags": {"a/b~c": 1}}, "/tags/a~1b~0c", 'write it in quotes: "1"'),
        ({"engine_version": 16}, "/engine_version", 'write it in quotes: "16"'),
        (
            {"restore_from": "nope"},
            "/restore_from",
            'send a JSON object: {"database": "prod/orders"} or {"snapshot": "…"}',
        ),
        ({"tags": {"a#b": "1"}}, "/tags/a#b", "use letters, digits, spaces and _ . : / = + - @ only"),
        ({"restore_from": {}}, "/restore_from", "give either snapshot or database"),
        (
            {"restore_from": {"snapshot": "dev-a-final-0a1b2c3d", "database": "dev/b"}},
            "/restore_from",
            "give either snapshot or database",
        ),
        (
            {"restore_from": {"snapshot": "dev-a-final-0a1b2c3d", "point_in_time": "latest"}},
            "/restore_from",
            "point_in_time goes with database, not with snapshot",
        ),
        (
            {"restore_from": {"snapshot": "someones"}},
            "/restore_from/snapshot",
            "it has to be a final or automated snapshot of a database made here",
        ),
        (
            {"restore_from": {"database": "orders"}},
            "/restore_from/database",
            "it has to be environment/database_name, for example prod/orders",
        ),
        (
            {"restore_from": {"database": "dev/a", "point_in_time": "friday"}},
            "/restore_from/point_in_time",
            "'friday' is not a time: write RFC 3339 with a zone, such as 2026-11-20T10:00:00Z",
        ),
        (
            {"restore_from": {"database": "prod/" + "a" * 60}},
            "/restore_from/database",
            "use at most 64 characters; it has 65",
        ),
        (
            {"restore_from": {"database": "dev/a", "point_in_time": "1" * 65}},
            "/restore_from/point_in_time",
            "use at most 64 characters; it has 65",
        ),
        (
            {"restore_from": {"snapshot": "rds:dev-x-2026-13-01-00-00"}},
            "/restore_from/snapshot",
            "it has to be a final or automated snapshot of a database made here",
        ),
        (
            {"restore_from": {"databse": "dev/a"}},
            "/restore_from/databse",
            "there is no field 'databse' here: leave it out, or correct its name. Did you mean database?",
        ),
    ],
)
def test_each_wrong_field_is_named_with_what_to_change(
    more: dict[str, Any], pointer: str, detail: str
) -> None:
    assert refused(parse_create, MISSION_BODY | more) == {pointer: detail}


@pytest.mark.parametrize("content", [None, [], "text", 1])
def test_a_body_that_is_no_object_is_refused_as_a_whole(content: Any) -> None:
    assert refused(parse_create, content) == {"": "send a JSON object"}


def test_one_answer_names_every_wrong_field_once() -> None:
    with pytest.raises(Problem) as caught:
        parse_create({"database_name": 1, "colour": "red", "tags": {"a#": "1", "b#": "2"}})
    assert (
        caught.value.detail == 'database_name: write it in quotes: "1". '
        "Change database_engine, environment, tags/a#, tags/b#, colour too."
    )
    assert shown(caught.value)["/environment"] == "this field is required"


LONGEST: dict[str, Any] = {
    "owner": "x" * 128,
    "purpose": "e\u0301" * 256,  # counted as it is kept
    "tags": {"k" * 64: "v" * 128} | {f"key{number}": "" for number in range(19)},
}


def test_the_longest_values_are_taken() -> None:
    body = parse_create(MISSION_BODY | LONGEST)
    assert (body.owner, body.tags) == (LONGEST["owner"], LONGEST["tags"])
    assert body.purpose == "\u00e9" * 256


@pytest.mark.parametrize(
    ("more", "pointer"),
    [
        ({"owner": "x" * 129}, "/owner"),
        ({"purpose": "x" * 257}, "/purpose"),
        ({"tags": {"k" * 65: "v"}}, f"/tags/{'k' * 65}"),
        ({"tags": {"": "v"}}, "/tags/"),
        ({"tags": {"k": "v" * 129}}, "/tags/k"),
        ({"tags": LONGEST["tags"] | {"one": "more"}}, "/tags"),
        ({"restore_from": {"snapshot": "x" * 256}}, "/restore_from/snapshot"),
    ],
)
def test_longer_values_are_refused(more: dict[str, Any], pointer: str) -> None:
    assert list(refused(parse_create, MISSION_BODY | more)) == [pointer]


def test_the_purpose_is_kept_as_hcl_reads_it() -> None:
    assert parse_create(MISSION_BODY | {"purpose": "Cafe\u0301"}).purpose == "Caf\u00e9"


def test_a_restore_from_a_database_is_of_its_latest_moment_unless_a_time_is_given() -> None:
    found = source(database="prod/orders")
    assert (found.source(), found.point_in_time) == (Place("prod", "orders"), "latest")
    assert found.snapshot_name() is None
    assert source(database="dev/a", point_in_time="2026-11-20T12:00:00+02:00").point_in_time == (
        "2026-11-20T10:00:00Z"
    )


def test_a_snapshot_names_its_database() -> None:
    found = source(snapshot="rds:dev-orders-2026-11-20-10-30")
    assert found.source() == Place("dev", "orders")
    assert found.snapshot_name() == SnapshotName(
        Place("dev", "orders"), taken=dt.datetime(2026, 11, 20, 10, 30, tzinfo=dt.UTC)
    )


def test_a_change_names_at_least_one_field_to_change() -> None:
    nothing = "name at least one of size, storage_gb, engine_version, ttl, tags, owner and purpose"
    assert refused(parse_patch, {}) == {"": nothing}
    assert refused(parse_patch, {"reason": "why"}) == refused(parse_patch, {})
    assert parse_patch({"tags": {}}).model_fields_set == {"tags"}


def test_what_would_recreate_the_database_cannot_change() -> None:
    fields = [
        "database_name",
        "database_engine",
        "environment",
        "high_availability",
        "restore_from",
    ]
    assert refused(parse_patch, dict.fromkeys(fields, "x") | {"ttl": "1d"}) == {
        f"/{name}": f"{name} cannot change in place: ask for a new database instead" for name in fields
    }


@pytest.mark.parametrize("content", [[], None])
def test_a_change_is_an_object(content: Any) -> None:
    assert refused(parse_patch, content) == {"": "send a JSON object"}


def test_a_rotation_is_of_the_master_unless_another_user_is_named() -> None:
    assert parse_rotate({}).user == "master"
    assert parse_rotate({"user": "read_only"}).user == "read_only"
    assert refused(parse_rotate, {"user": "root"}) == {
        "/user": "has to be 'master', 'application' or 'read_only'"
    }


# Words of the libraries that read a body; what an answer says is about the body.
PYTHON = (
    "Dictionary",
    "String should",
    "Input should",
    "Value should",
    "Value error",
    "Unable to",
    "Decimal",
)


@pytest.mark.parametrize("name", [*CreateBody.model_fields, "other"])
@pytest.mark.parametrize(
    "value",
    [
        None,
        True,
        0,
        -1,
        1.5,
        10**17,
        "",
        "\ud800",
        "x" * 3000,
        [],
        ["x"],
        {},
        {"x": {}},
        {"": ""},
        {"x" * 300: 1},
    ],
    ids=lambda value: repr(value)[:12],
)
def test_no_answer_speaks_of_python_or_repeats_a_long_text(name: str, value: Any) -> None:
    try:
        parse_create(MISSION_BODY | {name: value})
    except Problem as problem:
        for pointer, detail in shown(problem).items():
            assert len(pointer) <= 220
            assert len(detail) < 200
            assert not any(words in detail for words in PYTHON)
