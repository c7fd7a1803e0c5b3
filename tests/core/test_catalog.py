"""The catalog refuses what cannot be kept, and says where."""

import pytest
from provisioner.core.catalog import CatalogError, parse

from tests.core.examples import CATALOG_TEXT, catalog


def with_line(line: str) -> str:
    """The catalog with another line for dev."""
    name = line.partition(":")[0]
    lines = CATALOG_TEXT.splitlines()
    begin = lines.index("  dev:")
    kept = [
        one
        for position, one in enumerate(lines)
        if position < begin or position > begin + 12 or not one.strip().startswith(f"{name}:")
    ]
    return "\n".join([*kept[: begin + 1], f"    {line}", *kept[begin + 1 :]])


def test_these_are_the_days_of_the_environments() -> None:
    days = {
        name: (rules.idle_after_days, rules.keep_final_snapshot_days)
        for name, rules in catalog().environments.items()
    }

    assert days == {"dev": (14, None), "staging": (30, 30), "prod": (None, 365)}


@pytest.mark.parametrize(
    ("environment", "automatic"), [("dev", True), ("staging", False), ("prod", False), ("unknown", False)]
)
def test_a_request_merges_automatically_where_the_catalog_says_auto(
    environment: str, automatic: bool
) -> None:
    assert catalog().merges_automatically(environment) is automatic


@pytest.mark.parametrize(
    "line", ["idle_after_days: 7", "idle_after_days: 365", "keep_final_snapshot_days: 1"]
)
def test_days_within_reason_are_taken(line: str) -> None:
    name, _, value = line.partition(": ")

    assert getattr(parse(with_line(line)).environments["dev"], name) == int(value)


@pytest.mark.parametrize(
    ("line", "problem"),
    [
        (
            "idle_after_days: 6",
            "environments.dev.idle_after_days: Input should be greater than or equal to 7",
        ),
        (
            "idle_after_days: 366",
            "environments.dev.idle_after_days: Input should be less than or equal to 365",
        ),
        ("idle_after_days: 14d", "environments.dev.idle_after_days: Input should be a valid integer"),
        (
            "keep_final_snapshot_days: 0",
            "environments.dev.keep_final_snapshot_days: Input should be greater than or equal to 1",
        ),
        (
            "keep_final_snapshot_days: 3651",
            "environments.dev.keep_final_snapshot_days: Input should be less than or equal to 3650",
        ),
    ],
)
def test_other_days_are_refused_with_their_place(line: str, problem: str) -> None:
    with pytest.raises(CatalogError) as raised:
        parse(with_line(line))

    assert str(raised.value) == problem
