"""Everything that is wrong with a body is said in one answer, whoever finds it: the shape, or the catalog."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from provisioner.core.errors import FieldError, Problem
from provisioner.core.names import Place
from provisioner.intake.opening import Caller

from tests.core.examples import MISSION_BODY, catalog
from tests.intake.setting import ALPHA, BETA, DEV, Setting

# A field, values that are refused, and by whom: the shape first, then the catalog.
WRONG: dict[str, tuple[Any, ...]] = {
    "database_name": (7, "Orders DB", "a--b"),
    "database_engine": (None, "postgresql"),
    "engine_version": (17, "5.7"),
    "size": ([], "huge"),
    "storage_gb": ("20", 10_000),
    "ttl": ("2 weeks", "99d"),
    "owner": ("", "a\tb"),
    "purpose": ("x" * 300, "a\nb"),
    "high_availability": ("yes", True),
    "tags": ({"aws:a": "b", "c#": "d"}, []),
    "colour": ("red",),
    "restore_from": ({"database": "orders"}, {"snapshot": "dev-gone-final-0a1b2c3d"}),
}
CHANGES = ("size", "storage_gb", "ttl", "owner", "purpose", "tags", "colour", "database_engine")


def problem(act: Any, *args: Any) -> Problem:
    with pytest.raises(Problem) as caught:
        act(*args)
    return caught.value


def create(setting: Setting, **body: Any) -> Problem:
    return problem(setting.use_cases.create, MISSION_BODY | body, ALPHA)


def change(setting: Setting, **body: Any) -> Problem:
    return problem(setting.use_cases.change, DEV, body, ALPHA)


def pointers(found: Problem) -> set[str]:
    return {error.pointer for error in found.errors} or {"/restore_from"}  # a source that is not there: 404


def test_the_one_that_needed_three_tries_needs_one() -> None:
    found = create(
        Setting(),
        database_name="9abc",
        database_engine="oracle",
        environment="devv",
        size="huge",
        ttl="x",
        storage_gb=1,
        foo=1,
    )
    assert {error.pointer: error.suggestion for error in found.errors} == {
        "/ttl": None,
        "/foo": None,
        "/database_name": "abc",
        "/environment": "dev",
        "/database_engine": None,
        "/size": None,
        "/storage_gb": "20",
    }
    assert found.detail.startswith("ttl: 'x' is not a lifetime: write hours as 8h, days as 14d, or never.")


@given(st.data())
def test_what_is_wrong_alone_is_wrong_among_others(data: st.DataObject) -> None:
    fields = data.draw(st.lists(st.sampled_from(sorted(WRONG)), min_size=1, unique=True))
    body = {field: data.draw(st.sampled_from(WRONG[field])) for field in fields}
    setting = Setting()

    alone = set[str]().union(*(pointers(create(setting, **{field: body[field]})) for field in fields))

    assert pointers(create(setting, **body)) >= alone


@given(st.data())
def test_so_it_is_with_a_change(data: st.DataObject) -> None:
    fields = data.draw(st.lists(st.sampled_from(CHANGES), min_size=1, unique=True))
    body = {field: data.draw(st.sampled_from(WRONG[field])) for field in fields}
    setting = Setting()
    setting.database()

    alone = set[str]().union(*(pointers(change(setting, **{field: body[field]})) for field in fields))

    assert pointers(change(setting, **body)) == alone


@pytest.mark.parametrize(
    ("body", "error"),
    [
        (
            {"database_engine": "postgresql"},
            FieldError(
                "/database_engine",
                "'postgresql' is not offered: choose postgres, mysql, aurora-postgresql or aurora-mysql. "
                "Did you mean postgres?",
                "postgresql",
                ["postgres", "mysql", "aurora-postgresql", "aurora-mysql"],
                "postgres",
            ),
        ),
        (
            {"database_name": "My Orders"},
            FieldError(
                "/database_name",
                "use 1 to 40 characters: lower-case letters, digits and single hyphens, a letter first, "
                "no hyphen last",
                "My Orders",
                "1 to 40 lower-case letters, digits and single hyphens, and no reserved word",
                "my-orders",
            ),
        ),
        (
            {"storage_gb": 4_000},
            FieldError("/storage_gb", "dev allows 20 to 100 GB, not 4000", 4_000, "20 to 100 GB", "100"),
        ),
        (
            {"ttl": "never"},
            FieldError(
                "/ttl",
                "dev does not allow never; the longest lifetime is 30d",
                "never",
                "at most 30d",
                "30d",
            ),
        ),
        (
            {"size": 5},
            FieldError("/size", 'write it in quotes: "5"', 5, "a text", "5"),
        ),
    ],
)
def test_each_says_what_was_given_what_is_allowed_and_what_may_be_meant(
    body: dict[str, Any], error: FieldError
) -> None:
    assert create(Setting(), **body).errors == (error,)


@pytest.mark.parametrize(
    ("name", "meant"),
    [("name", "database_name"), ("engine", "database_engine"), ("env", "environment"), ("tag", "tags")],
)
def test_an_unknown_field_is_answered_with_the_one_that_is_meant(name: str, meant: str) -> None:
    (error,) = create(Setting(), **{name: "x"}).errors
    assert error.suggestion == meant
    assert error.detail.endswith(f" Did you mean {meant}?")
    assert error.allowed is not None
    assert meant in error.allowed


def test_a_wanted_reason_is_missed_with_the_rest() -> None:
    content = catalog().model_dump(mode="json") | {"require_reason": True}
    setting = Setting(rules=type(catalog()).model_validate(content))

    found = create(setting, environment="prod", size="huge")

    assert pointers(found) == {"/size", "/reason"}


def test_a_taken_name_is_answered_with_free_ones() -> None:
    setting = Setting()
    setting.create(BETA)
    setting.create(Caller("gamma", "gamma"), database_name="mydb123-2")

    found = create(setting)

    assert (found.status, found.slug) == (409, "name-taken")
    assert found.detail == "Another team has dev/mydb123. Free: dev/alpha-mydb123, dev/mydb123-3."
    assert found.errors[0].suggestion == "alpha-mydb123"
    assert setting.ledger.database(Place("dev", "alpha-mydb123")) is None
