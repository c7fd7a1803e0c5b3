"""Each rule of the policy lets through what the catalog allows, and says of the rest what is allowed."""

from dataclasses import replace
from typing import Any

import pytest
from provisioner.core import upgrades
from provisioner.core.catalog import Catalog, parse
from provisioner.core.hcl import render
from provisioner.core.names import Place
from provisioner.core.policy import PolicyResult, check, passed
from provisioner.core.root import Restore, Root, Upgrade
from provisioner.core.windows import MODULES_OWN, Windows

from tests.core.examples import CATALOG_TEXT, NOW, catalog, enrolling_catalog, opened_catalog, root

RULES = [
    "rendered",
    "place",
    "name",
    "engine",
    "size",
    "storage",
    "lifetime",
    "availability",
    "safety",
    "windows",
    "tags",
]
DEV = root()
STAGING = root(environment="staging")
PROD = root(environment="prod")


def verdict(values: Root, *, place: Place | None = None, **how: Any) -> list[PolicyResult]:
    return check(render(values), place=place or values.place, catalog=catalog(), now=NOW, **how)


def found(rule: str, values: Root, **how: Any) -> tuple[bool, str]:
    """The verdict of one rule, where all others hold."""
    results = verdict(values, **how)
    assert [result.rule for result in results if not result.passed] in ([], [rule])
    return next((result.passed, result.detail) for result in results if result.rule == rule)


NOON = Windows("12:00-12:30", "wed:12:30-wed:13:00")
AT_NOON, BEFORE_WINDOWS = DEV.with_windows(NOON), DEV.with_windows(MODULES_OWN)


@pytest.mark.parametrize("values", [DEV, STAGING, PROD], ids=lambda values: values.environment)
def test_what_the_catalog_gives_passes_every_rule(values: Root) -> None:
    results = verdict(values)

    assert passed(results)
    assert [result.rule for result in results] == RULES
    assert results[0].detail == "exactly what the provisioner writes for these values"
    assert results[1].detail == f"stands where {values.place} belongs"


def test_a_file_that_the_provisioner_did_not_write_is_judged_no_further() -> None:
    results = check(render(DEV) + "\n", place=DEV.place, catalog=catalog(), now=NOW)

    assert [(result.rule, result.passed) for result in results] == [("rendered", False)]
    assert results[0].detail.startswith("not a root that the provisioner writes: line ")
    assert not passed(results)


def test_a_root_at_another_place_is_judged_no_further() -> None:
    results = verdict(DEV, place=Place("dev", "other"))

    assert [result.rule for result in results] == ["rendered", "place"]
    assert results[-1] == PolicyResult("place", False, "says dev/mydb123, but stands at dev/other")


def test_a_root_of_an_unknown_environment_is_judged_no_further() -> None:
    results = verdict(replace(DEV, environment="lab"))

    assert results[-1] == PolicyResult("environment", False, "the catalog has no environment lab")
    assert len(results) == 3


@pytest.mark.parametrize(
    ("rule", "values", "expected"),
    [
        ("name", DEV, (True, "a name that RDS and the engine accept")),
        (
            "name",
            replace(DEV, database_name="order").with_windows(catalog().windows(Place("dev", "order"))),
            (False, "'order' is a reserved word of mysql; choose another name, such as order-db"),
        ),
        ("engine", DEV, (True, "mysql 8.4")),
        ("engine", replace(DEV, engine_version="8.0"), (False, "mysql 8.0 is not in the catalog")),
        ("engine", replace(DEV, engine="oracle"), (False, "oracle 8.4 is not in the catalog")),
        ("engine", replace(DEV, engine="postgres"), (False, "postgres 8.4 is not in the catalog")),
        ("size", replace(DEV, instance_class="db.t4g.medium"), (True, "medium (db.t4g.medium)")),
        (
            "size",
            replace(DEV, instance_class="db.m7g.large"),  # a size, but of other environments
            (False, "db.m7g.large is none of the sizes of dev: small, medium"),
        ),
        (
            "size",
            replace(PROD, instance_class="db.x2g.large"),
            (False, "db.x2g.large is none of the sizes of prod: medium, large, xlarge"),
        ),
        ("storage", replace(DEV, storage_gb=20, max_storage_gb=20), (True, "20 GB, growing to 20 GB")),
        ("storage", replace(DEV, storage_gb=100, max_storage_gb=100), (True, "100 GB, growing to 100 GB")),
        (
            "storage",
            replace(DEV, storage_gb=19, max_storage_gb=40),
            (False, "19 GB, growing to 40 GB; dev allows 20 to 100 GB"),
        ),
        (
            "storage",
            replace(DEV, storage_gb=20, max_storage_gb=101),
            (False, "20 GB, growing to 101 GB; dev allows 20 to 100 GB"),
        ),
        (
            "storage",
            replace(DEV, storage_gb=50, max_storage_gb=40),
            (False, "50 GB, growing to 40 GB; dev allows 20 to 100 GB"),
        ),
        (
            "lifetime",
            replace(DEV, expires_at="2026-12-23T12:00:00Z"),
            (True, "ends 2026-12-23T12:00:00Z"),
        ),
        (
            "lifetime",
            replace(DEV, expires_at="2026-12-23T12:00:01Z"),
            (False, "ends 2026-12-23T12:00:01Z; dev allows 30d, until 2026-12-23T12:00:00Z"),
        ),
        (
            "lifetime",
            replace(DEV, expires_at="never"),
            (False, "dev does not allow databases without an end"),
        ),
        ("lifetime", replace(PROD, expires_at="never"), (True, "no end")),
        (
            "lifetime",
            replace(DEV, expires_at="tomorrow"),
            (False, "'tomorrow' is not a time in UTC such as 2026-11-30T12:00:00Z"),
        ),
        ("availability", DEV, (True, "one zone")),
        (
            "availability",
            replace(DEV, multi_az=True),
            (False, "a standby in a second zone; dev says never"),
        ),
        ("availability", replace(STAGING, multi_az=True), (True, "a standby in a second zone")),
        ("availability", STAGING, (True, "one zone")),
        (
            "safety",
            DEV,
            (True, "backups kept for 1 d, final snapshot off, deletion protection off"),
        ),
        (
            "safety",
            replace(DEV, backup_retention_days=35, final_snapshot=True, deletion_protection=True),
            (True, "backups kept for 35 d, final snapshot on, deletion protection on"),
        ),
        (
            "safety",
            replace(PROD, backup_retention_days=29),
            (False, "in prod backups are kept 30 days, not 29"),
        ),
        ("safety", replace(PROD, final_snapshot=False), (False, "in prod a final snapshot is taken")),
        ("safety", replace(PROD, deletion_protection=False), (False, "in prod deletion protection is on")),
        (
            "safety",
            replace(PROD, backup_retention_days=1, final_snapshot=False, deletion_protection=False),
            (
                False,
                "in prod backups are kept 30 days, not 1, and a final snapshot is taken, "
                "and deletion protection is on",
            ),
        ),
    ],
)
def test_each_rule_has_its_verdict(rule: str, values: Root, expected: tuple[bool, str]) -> None:
    assert found(rule, values) == expected


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        (DEV, (True, "none added")),
        (replace(DEV, tags={"Service": "shop", "App": "x"}), (True, "App, Service")),
        (
            replace(DEV, tags={"Owner": "me", "Service": "shop"}),
            (False, "'Owner' is set by the provisioner or by AWS"),
        ),
        (replace(DEV, tags={"Service": "aws:x"}), (False, "'aws:x' begins as AWS's own do")),
        (replace(DEV, owner="rds:x"), (False, "'rds:x' begins as AWS's own do")),
        (replace(DEV, purpose="AWS:x"), (False, "'AWS:x' begins as AWS's own do")),
        (
            replace(DEV, tags={"rds:x": "aws:y"}),
            (False, "'rds:x' is set by the provisioner or by AWS; 'aws:y' begins as AWS's own do"),
        ),
    ],
    ids=lambda value: str(dict(value.tags)) if isinstance(value, Root) else "",
)
def test_tags_are_a_teams_own_in_keys_and_values(values: Root, expected: tuple[bool, str]) -> None:
    assert found("tags", values) == expected


def restored(environment: str, **source: str) -> Root:
    return replace(root(environment=environment), restore=Restore(**source))


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        (restored("dev", snapshot="dev-a-final-0a1b2c3d"), (True, "the data of dev/a")),
        (restored("dev", database="dev-a", point_in_time="latest"), (True, "the data of dev/a")),
        (
            restored("dev", snapshot="prod-a-final-0a1b2c3d"),
            (
                False,
                "data of prod stays there: its entry in the catalog does not open it to dev by restore_to",
            ),
        ),
        (
            restored("staging", database="dev-a", point_in_time="latest"),
            (
                False,
                "data of dev stays there: its entry in the catalog does not open it to staging by restore_to",
            ),
        ),
        (
            restored("dev", snapshot="someones"),
            (False, "'someones' names no database, nor a snapshot of one, made here"),
        ),
        (
            restored("dev", database="a", point_in_time="latest"),
            (False, "'a' names no database, nor a snapshot of one, made here"),
        ),
    ],
    ids=lambda value: str(value.restore) if isinstance(value, Root) else "",
)
def test_a_new_database_takes_data_of_its_environment_alone(values: Root, expected: tuple[bool, str]) -> None:
    assert found("restore", values) == expected
    assert found("restore", values, creating=True) == expected


def test_an_environment_may_open_its_data_to_another() -> None:
    values = restored("dev", database="prod-a", point_in_time="latest")

    results = check(render(values), place=values.place, catalog=opened_catalog(), now=NOW)

    assert results[-1] == PolicyResult("restore", True, "the data of prod/a, which prod opens to dev")


def test_the_source_of_a_database_that_exists_is_not_judged_again() -> None:
    results = verdict(restored("dev", snapshot="prod-a-final-0a1b2c3d"), creating=False)

    assert passed(results)
    assert [result.rule for result in results] == RULES


def test_an_environment_may_have_no_longest_lifetime() -> None:
    rules = catalog()
    dev = rules.environments["dev"]
    lifetime = dev.lifetime.model_copy(update={"maximum": "never", "never": True})
    rules = rules.model_copy(update={"environments": {"dev": dev.model_copy(update={"lifetime": lifetime})}})
    values = replace(DEV, expires_at="2099-01-01T00:00:00Z")

    results = check(render(values), place=values.place, catalog=rules, now=NOW)

    assert PolicyResult("lifetime", True, "ends 2099-01-01T00:00:00Z") in results


@pytest.mark.parametrize(("multi_az", "allowed"), [(True, True), (False, False)])
def test_an_environment_may_want_a_standby_always(multi_az: bool, allowed: bool) -> None:
    rules = catalog()
    always = rules.environments["dev"].model_copy(update={"high_availability": "always"})
    rules = rules.model_copy(update={"environments": {"dev": always}})

    results = check(render(replace(DEV, multi_az=multi_az)), place=DEV.place, catalog=rules, now=NOW)

    assert passed(results) is allowed


def test_protection_comes_off_in_the_first_step_of_a_removal_alone() -> None:
    disarmed = replace(PROD, deletion_protection=False)

    assert found("safety", disarmed, disarming=True)[0]
    assert not found("safety", disarmed)[0]


@pytest.mark.parametrize("change", [{"backup_retention_days": 1}, {"final_snapshot": False}])
def test_a_removal_takes_off_nothing_but_protection(change: dict[str, Any]) -> None:
    assert not found("safety", replace(PROD, deletion_protection=False, **change), disarming=True)[0]


@pytest.mark.parametrize(
    ("values", "before", "passes"),
    [
        (DEV, None, True),
        (DEV, AT_NOON, True),
        (AT_NOON, AT_NOON, True),
        (BEFORE_WINDOWS, BEFORE_WINDOWS, True),
        (AT_NOON, None, False),
        (AT_NOON, DEV, False),
        (BEFORE_WINDOWS, DEV, False),
        (DEV.with_windows(catalog().windows(Place("dev", "another"))), DEV, False),
        (replace(DEV, backup_window="12:00-12:30"), AT_NOON, False),
    ],
)
def test_windows_are_those_of_before_or_those_that_the_catalog_gives(
    values: Root, before: Root | None, passes: bool
) -> None:
    ok, detail = found("windows", values, before=before)

    assert ok is passes
    if not passes:
        assert str(DEV.windows) in detail


def test_what_main_has_keeps_its_windows_when_the_catalog_gives_others() -> None:
    assert found("windows", AT_NOON, reviewed=True) == (
        True,
        "backups 12:00-12:30, maintenance wed:12:30-wed:13:00 (UTC)",
    )
    meeting = replace(DEV, backup_window="12:00-12:30", maintenance_window="wed:12:00-wed:12:30")
    assert found("windows", meeting, reviewed=True)[0] is False


@pytest.mark.parametrize("number", [1, 2])
def test_a_format_without_windows_leaves_them_to_the_module(number: int) -> None:
    results = check(render(DEV, number), place=DEV.place, catalog=catalog(), now=NOW)

    assert PolicyResult("windows", True, "the module's own") in results
    assert passed(results)


def ending_catalog(until: str) -> Catalog:
    """The catalog, whose PostgreSQL 15 ends on that day."""
    return parse(CATALOG_TEXT.replace("2028-02-29", until))


@pytest.mark.parametrize(
    ("until", "how", "passes"),
    [
        ("2026-11-23", {}, True),  # the last day itself
        ("2026-11-22", {}, False),
        ("2026-11-22", {"creating": False}, True),
        ("2026-11-22", {"reviewed": True}, True),
    ],
)
def test_a_version_past_its_end_stays_for_what_has_it_alone(
    until: str, how: dict[str, Any], passes: bool
) -> None:
    values = replace(root(database_engine="postgres"), engine_version="15")

    results = check(render(values), place=values.place, catalog=ending_catalog(until), now=NOW, **how)

    (engine,) = (result for result in results if result.rule == "engine")
    assert engine.passed is passes
    if not passes:
        assert engine.detail == "the standard support of postgres 15 ended 2026-11-22; new: 16, 17, 18"


ENROLLED = replace(root(database_engine="postgres"), engine_version="15", extended_support=True)


@pytest.mark.parametrize(
    ("allowing", "how", "passes"),
    [
        (ending_catalog("2026-11-22"), {}, False),
        (enrolling_catalog(CATALOG_TEXT.replace("2028-02-29", "2026-11-22")), {}, True),
        (enrolling_catalog(), {}, True),
        (catalog(), {}, False),
        (catalog(), {"creating": False}, True),
        (catalog(), {"reviewed": True}, True),
    ],
)
def test_what_is_made_is_enrolled_where_the_catalog_allows_it_and_what_exists_stays(
    allowing: Catalog, how: dict[str, Any], passes: bool
) -> None:
    results = check(render(ENROLLED), place=ENROLLED.place, catalog=allowing, now=NOW, **how)

    assert [result.rule for result in results if not result.passed] == ([] if passes else ["support"])


def test_a_version_past_its_end_is_not_for_what_is_not_enrolled_even_where_that_is_allowed() -> None:
    one = replace(ENROLLED, extended_support=False)
    over = enrolling_catalog(CATALOG_TEXT.replace("2028-02-29", "2026-11-22"))
    results = check(render(one), place=one.place, catalog=over, now=NOW)
    assert [result.rule for result in results if not result.passed] == ["engine"]


UPGRADE = Upgrade(from_version="15", snapshot="dev-mydb123-before-3f0c1a2b")
UPGRADED = replace(root(database_engine="postgres"), engine_version="18", upgrade=UPGRADE)


@pytest.mark.parametrize(
    ("values", "creating", "expected"),
    [
        (UPGRADED, False, (True, "postgres 15 to 18, after the snapshot dev-mydb123-before-3f0c1a2b")),
        (UPGRADED, True, (False, "a new database upgrades nothing")),
        (
            replace(UPGRADED, engine_version="15"),
            False,
            (False, "RDS does not upgrade postgres 15 to 15 in one step"),
        ),
        (
            replace(UPGRADED, engine_version="16", upgrade=replace(UPGRADE, from_version="17")),
            False,
            (False, "RDS does not upgrade postgres 17 to 16 in one step"),
        ),
        (
            replace(UPGRADED, upgrade=replace(UPGRADE, from_version="8.4")),
            False,
            (False, "RDS does not upgrade postgres 8.4 to 18 in one step"),
        ),
        (
            replace(UPGRADED, upgrade=replace(UPGRADE, snapshot="prod-orders-before-3f0c1a2b")),
            False,
            (
                False,
                "the snapshot before it is dev-mydb123-before-3f0c1a2b, not 'prod-orders-before-3f0c1a2b'",
            ),
        ),
    ],
)
def test_an_upgrade_goes_along_a_path_of_rds_after_its_own_snapshot(
    values: Root, creating: bool, expected: tuple[bool, str]
) -> None:
    assert found("upgrade", values, creating=creating) == expected


def test_the_paths_lead_upwards_to_versions_of_the_catalog() -> None:
    for engine, rules in catalog().engines.items():
        for version in rules.versions:
            later = rules.versions[rules.versions.index(version) + 1 :]
            assert upgrades.targets(engine, version) == tuple(later)
    assert upgrades.targets("mysql", "8.4") == ()
