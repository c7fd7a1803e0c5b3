"""The catalog refuses what cannot be kept, and says where."""

import datetime as dt
import re

import pytest
from provisioner.core.catalog import CatalogError, parse
from provisioner.core.names import Place

from tests.core.examples import CATALOG_TEXT, catalog


def with_line(line: str) -> str:
    """The catalog with another line for dev."""
    name = line.partition(":")[0]
    lines = CATALOG_TEXT.splitlines()
    begin = lines.index("  dev:")
    kept = [
        one
        for position, one in enumerate(lines)
        if position < begin or position > begin + 13 or not one.strip().startswith(f"{name}:")
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


def test_backups_and_maintenance_have_the_weekends_nights_unless_an_environment_says_otherwise() -> None:
    default = {"days": ["sat", "sun"], "between": "01:00-07:00"}
    text = CATALOG_TEXT.replace(
        "  prod:\n", '  prod:\n    maintenance: { days: [tue], between: "23:00-01:00" }\n'
    )

    environments = parse(text).environments

    assert environments["staging"].maintenance.model_dump() == default
    assert environments["dev"].maintenance.model_dump() == default
    assert environments["prod"].maintenance.model_dump() == {"days": ["tue"], "between": "23:00-01:00"}
    assert parse(text).windows(Place("prod", "orders")) != catalog().windows(Place("prod", "orders"))


@pytest.mark.parametrize(
    ("line", "problem"),
    [
        ('maintenance: { between: "01:00-01:59" }', "between has to last 60 minutes, 30 for each"),
        ('maintenance: { between: "1-7" }', "write two times in UTC, such as 01:00-07:00"),
        ("maintenance: { days: [] }", "List should have at least 1 item"),
        ("maintenance: { days: [sat, sat] }", "days names one of them twice"),
        ("maintenance: { days: [saturday] }", "Input should be 'mon', 'tue'"),
        ("maintenance: { hours: 6 }", "Extra inputs are not permitted"),
    ],
)
def test_a_time_that_holds_no_two_windows_is_refused(line: str, problem: str) -> None:
    with pytest.raises(CatalogError, match=re.escape(problem)) as caught:
        parse(with_line(line))
    assert "environments.dev.maintenance" in str(caught.value)


def test_a_version_may_say_until_when_rds_supports_it_and_where_that_stands() -> None:
    postgres = catalog().engines["postgres"]

    assert postgres.versions == ["15", "16", "17", "18"]
    assert postgres.until("15") == dt.date(2028, 2, 29)
    assert postgres.until("18") is None
    assert postgres.offered(dt.date(2028, 2, 29)) == ["15", "16", "17", "18"]
    assert postgres.offered(dt.date(2028, 3, 1)) == ["16", "17", "18"]
    assert postgres.support["15"].source.startswith("https://docs.aws.amazon.com/")


@pytest.mark.parametrize(
    ("version", "problem"),
    [
        ('{ version: "15", until: 2028-02-29 }', "engines.postgres.support.15.source: Field required"),
        ('{ version: "15", source: "https://x" }', "engines.postgres.support.15.until: Field required"),
        (
            '{ version: "15", until: soon, source: "https://x" }',
            "engines.postgres.support.15.until: Input should",
        ),
        ('{ version: "15", until: 2028-02-29, source: "x" }', "support.15.source: String should match"),
        ('{ version: "15", ends: 2028-02-29 }', "engines.postgres.support.15.ends: Extra inputs"),
        ("{ version: 15 }", "engines.postgres.versions.0: Input should be a valid string"),
        ("{ version: [a] }", "engines.postgres.versions.0: Input should be a valid string"),
        ("{}", "engines.postgres.versions.0: Input should be a valid string"),
        ('"16"', "versions names one of them twice"),
    ],
)
def test_a_version_that_says_half_of_it_is_refused(version: str, problem: str) -> None:
    lines = CATALOG_TEXT.splitlines()
    at = next(number for number, line in enumerate(lines) if 'version: "15"' in line)
    lines[at] = f"      - {version}"

    with pytest.raises(CatalogError, match=re.escape(problem)):
        parse("\n".join(lines))
