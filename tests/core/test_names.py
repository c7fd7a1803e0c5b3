"""Names, and what is derived from them: the grammar has one home."""

import datetime as dt

import pytest
from hypothesis import given
from hypothesis import strategies as st
from provisioner.core.lifecycle import Kind
from provisioner.core.names import KINDS, MAX_NAME, NAME, BranchName, Place, SnapshotName, name_errors

ORDERS = Place("dev", "big-orders")
ID = "3f0c1a2b-8f5e-4c1d-9a70-1c2d3e4f5a6b"
PLACES = st.builds(
    Place,
    st.from_regex(r"[a-z][a-z0-9]{0,19}", fullmatch=True),
    st.from_regex(NAME, fullmatch=True).filter(lambda name: len(name) <= MAX_NAME),
)


def test_everything_of_a_database_is_named_after_its_place() -> None:
    assert str(ORDERS) == "dev/big-orders"
    assert ORDERS.identifier == "dev-big-orders"
    assert ORDERS.root_path == "terraform/databases/dev/big-orders/main.tf"
    assert ORDERS.state_key == "databases/dev/big-orders/terraform.tfstate"
    assert ORDERS.final_snapshot(ID) == "dev-big-orders-final-3f0c1a2b"
    assert ORDERS.branch("create", ID) == "rds/dev/big-orders/create-3f0c1a2b"


@given(PLACES)
def test_a_place_is_read_back_from_its_text(place: Place) -> None:
    assert Place.parse(str(place)) == place


@given(PLACES, st.sampled_from(KINDS), st.uuids())
def test_a_branch_is_read_back_from_its_name(place: Place, kind: str, request: object) -> None:
    branch = place.branch(kind, str(request))
    assert BranchName.parse(branch) == BranchName(place, kind, str(request)[:8])


@given(PLACES, st.uuids())
def test_a_final_snapshot_is_read_back_from_its_name(place: Place, request: object) -> None:
    assert SnapshotName.parse(place.final_snapshot(str(request))) == SnapshotName(place, id8=str(request)[:8])


@given(PLACES, st.uuids())
def test_a_snapshot_from_before_an_upgrade_is_read_back_and_is_no_other(
    place: Place, request: object
) -> None:
    before, final = place.before_snapshot(str(request)), place.final_snapshot(str(request))

    assert SnapshotName.parse(before) == SnapshotName(place, id8=str(request)[:8], before=True)
    assert before != final


@given(PLACES, PLACES, st.uuids(), st.uuids(), st.dates(min_value=dt.date(1000, 1, 1)))
def test_no_snapshot_of_one_sort_reads_as_one_of_another(
    place: Place, other: Place, request: object, another: object, at: dt.date
) -> None:
    automated = f"rds:{other.identifier}-{at:%Y-%m-%d}-03-10"
    names = {
        place.before_snapshot(str(request)): "before",
        other.final_snapshot(str(another)): "final",
        automated: "automated",
    }

    assert len(names) == 3
    for name, sort in names.items():
        found = SnapshotName.parse(name)
        assert found is not None
        said = "automated" if found.taken else "before" if found.before else "final"
        assert said == sort


def test_every_kind_of_request_has_a_branch() -> None:
    assert set(KINDS) == {kind.value for kind in Kind}


def test_an_automated_snapshot_says_when_it_was_taken() -> None:
    taken = dt.datetime(2026, 11, 20, 3, 10, tzinfo=dt.UTC)
    assert SnapshotName.parse("rds:dev-big-orders-2026-11-20-03-10") == SnapshotName(ORDERS, taken=taken)


@pytest.mark.parametrize(
    "name",
    [
        "rds:dev-x-2026-13-01-00-00",
        "dev-x-before-migration",
        "dev-x-final-1",
        "x",
        "",
        "dev-x-final-0A1B2C3D",
    ],
)
def test_a_snapshot_that_nobody_here_made_is_none(name: str) -> None:
    assert SnapshotName.parse(name) is None


@pytest.mark.parametrize(
    "branch",
    [
        "main",
        "rds/dev/orders",
        "rds/dev/orders/create-3f0c1a2",
        "rds/dev/orders/destroy-3f0c1a2b",
        "rds/dev/orders/create-3f0c1a2b/x",
        "rds/dev/../orders/create-3f0c1a2b",
        "rds/Dev/orders/create-3f0c1a2b",
        "rds/dev/orders/create-3f0c1a2b\n",
    ],
)
def test_a_branch_of_someone_else_is_none(branch: str) -> None:
    assert BranchName.parse(branch) is None


@pytest.mark.parametrize(
    "text", ["", "dev", "dev/", "/orders", "dev/Orders", "dev/a--b", "dev/a-", "dev/a/b", "dev/a\n"]
)
def test_what_names_no_place_is_none(text: str) -> None:
    assert Place.parse(text) is None


@pytest.mark.parametrize(
    ("name", "allowed"),
    [
        ("a", True),
        ("a1-b2", True),
        ("a" * 40, True),
        ("a" * 41, False),
        ("1a", False),
        ("a-", False),
        ("a--b", False),
    ],
)
def test_a_name_is_letters_digits_and_single_hyphens(name: str, allowed: bool) -> None:
    wrong = [
        "use 1 to 40 characters: lower-case letters, digits and single hyphens, a letter first, "
        "no hyphen last"
    ]
    assert name_errors(name, "mysql") == ([] if allowed else wrong)


@pytest.mark.parametrize(
    ("name", "engine", "reserved"),
    [
        ("order", "mysql", True),
        ("order", "postgres", True),
        ("tinyint", "postgres", False),
        ("day-hour", "mysql", True),  # inside the engine it would be day_hour
        ("orders", "mysql", False),
    ],
)
def test_a_word_that_the_engine_keeps_is_no_name(name: str, engine: str, reserved: bool) -> None:
    wrong = [f"{name!r} is a reserved word of {engine}; choose another name, such as {name}-db"]
    assert name_errors(name, engine) == (wrong if reserved else [])
