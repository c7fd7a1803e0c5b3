"""What the catalog refuses of a new or changed database: each with the field that it is about."""

import dataclasses
import datetime as dt
from typing import Any

import pytest
from provisioner.core.catalog import Catalog
from provisioner.core.errors import Problem
from provisioner.core.root import Restore, Root, Upgrade
from provisioner.intake import roots
from provisioner.intake.bodies import parse_create, parse_patch

from tests.core.examples import ID, MISSION_BODY, NOW, catalog, enrolling_catalog, root
from tests.intake.setting import shown

OTHER = "9d2b7f10-0000-4000-8000-000000000001"


def refused(**body: Any) -> dict[str, str]:
    """What is refused of a new database, by field."""
    with pytest.raises(Problem) as caught:
        root(**body)
    assert (caught.value.status, caught.value.slug) == (422, "invalid-request")
    return shown(caught.value)


def change(before: Root, *, applied: Root | None = None, held_gb: int = 0, **body: Any) -> Root:
    return roots.changed(
        before,
        parse_patch(body),
        catalog(),
        request_id=OTHER,
        created_at=NOW,
        now=NOW,
        applied=applied,
        held_gb=held_gb,
    )


def refused_change(before: Root, *, held_gb: int = 0, **body: Any) -> dict[str, str]:
    with pytest.raises(Problem) as caught:
        change(before, held_gb=held_gb, **body)
    return shown(caught.value)


@pytest.mark.parametrize(
    ("body", "pointer", "detail"),
    [
        ({"database_name": "select"}, "/database_name", "'select' is a reserved word of mysql"),
        ({"database_name": "a--b"}, "/database_name", "use 1 to 40 characters"),
        (
            {"environment": "devv"},
            "/environment",
            "'devv' is not offered: choose dev, staging or prod. Did you mean dev?",
        ),
        ({"engine_version": "5.7"}, "/engine_version", "'5.7' is not offered: choose 8.4"),
        (
            {"size": "large"},
            "/size",
            "'large' is not offered: choose small or medium in dev; staging and prod have it",
        ),
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


def test_storage_grows_by_a_tenth_at_least_as_rds_does() -> None:
    before = root(storage_gb=93)
    assert refused_change(before, storage_gb=100) == {
        "/storage_gb": "it has 93 GB, and RDS grows it by 10 % at least: ask for 103 or more"
    }
    assert change(root(storage_gb=90), storage_gb=99).storage_gb == 99


def test_storage_cannot_shrink() -> None:
    assert refused_change(root(storage_gb=40), storage_gb=30) == {
        "/storage_gb": "RDS storage cannot shrink: it has 40 GB, ask for more"
    }


def test_a_growth_that_rds_refused_is_taken_back_or_left_out() -> None:
    applied, merged = root(storage_gb=20), root(storage_gb=50)
    back = change(merged, applied=applied, storage_gb=20)
    extended = change(merged, applied=applied, ttl="9d")
    again = change(merged, applied=applied, storage_gb=60)

    assert (back.storage_gb, back.max_storage_gb) == (20, 40)
    assert (extended.storage_gb, extended.max_storage_gb) == (20, 40)
    assert (again.storage_gb, again.max_storage_gb) == (60, 100)


def test_storage_that_rds_has_grown_bounds_what_may_be_asked_for() -> None:
    def asked(storage_gb: int) -> dict[str, str]:
        return refused_change(root(), held_gb=30, storage_gb=storage_gb)

    assert asked(25) == {"/storage_gb": "RDS storage cannot shrink: it has 30 GB, ask for more"}
    assert asked(32) == {"/storage_gb": "it has 30 GB, and RDS grows it by 10 % at least: ask for 33 or more"}
    assert change(root(), held_gb=30, storage_gb=33).storage_gb == 33
    assert change(root(), held_gb=30, size="medium").storage_gb == 20


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


def with_rules(**environment: Any) -> Catalog:
    """The catalog with other rules for dev."""
    content = catalog().model_dump(mode="json")
    content["environments"]["dev"] |= environment
    return Catalog.model_validate(content)


def new(rules: Catalog, *, source: Root | None = None, **body: Any) -> Root:
    parsed = parse_create(MISSION_BODY | body)
    return roots.new(parsed, rules, team="alpha", request_id=ID, now=NOW, source=source)


def test_a_change_brings_what_the_catalog_asks_for_by_now() -> None:
    """The gate would deny it otherwise, and no other way would change the root."""
    before = dataclasses.replace(root(environment="prod"), final_snapshot=False, backup_retention_days=1)
    after = change(before, ttl="9d")
    assert (after.final_snapshot, after.backup_retention_days) == (True, 30)
    longer = dataclasses.replace(root(environment="prod"), backup_retention_days=35)
    assert change(longer, ttl="9d").backup_retention_days == 35


def test_an_engine_that_the_catalog_lacks_is_refused_with_those_it_has() -> None:
    content = catalog().model_dump(mode="json")
    for name in ("mysql", "aurora-mysql", "aurora-postgresql"):
        del content["engines"][name]
    with pytest.raises(Problem) as caught:
        new(Catalog.model_validate(content))
    assert shown(caught.value) == {"/database_engine": "'mysql' is not offered: choose postgres"}


def test_a_wrong_name_is_named_also_where_there_are_no_rules() -> None:
    assert list(refused(database_name="a--b", environment="mars", size="huge")) == [
        "/database_name",
        "/environment",
        "/size",
    ]


def test_an_environment_that_always_has_a_standby_takes_no_other_answer() -> None:
    rules = with_rules(high_availability="always")
    assert new(rules).multi_az is True
    assert new(rules, high_availability=True).multi_az is True
    with pytest.raises(Problem) as caught:
        new(rules, high_availability=False)
    assert shown(caught.value) == {"/high_availability": "dev always has a standby"}


def test_no_standby_may_be_asked_for_where_there_is_none() -> None:
    assert root(high_availability=False).multi_az is False


def test_what_is_left_out_is_as_the_catalog_says() -> None:
    made = root(environment="prod")
    assert (made.engine_version, made.instance_class, made.storage_gb) == ("8.4", "db.t4g.medium", 50)
    assert (made.expires_at, made.owner, made.cost_center) == ("never", "alpha", "alpha")
    assert (made.deletion_protection, made.final_snapshot, made.backup_retention_days) == (True, True, 30)
    assert root().expires_at == "2026-11-30T12:00:00Z"


def test_a_teams_cost_center_is_the_catalogs() -> None:
    content = catalog().model_dump(mode="json") | {"teams": {"alpha": {"cost_center": "CC-7"}}}
    assert new(Catalog.model_validate(content)).cost_center == "CC-7"


def test_a_source_of_another_engine_gives_no_version() -> None:
    source = root(database_engine="postgres", engine_version="15")
    assert new(catalog(), source=source).engine_version == "8.4"
    assert new(catalog(), source=source, database_engine="postgres").engine_version == "15"


def test_a_restore_may_name_another_version_and_more_storage() -> None:
    source = root(database_engine="postgres", engine_version="15", storage_gb=60)
    made = new(catalog(), source=source, database_engine="postgres", engine_version="17", storage_gb=20)
    assert (made.engine_version, made.storage_gb) == ("17", 20)  # which sources.py holds against the source


def test_a_restore_from_a_snapshot_names_the_snapshot_alone() -> None:
    made = root(restore_from={"snapshot": "dev-a-final-0a1b2c3d"})
    assert made.restore == Restore(snapshot="dev-a-final-0a1b2c3d")


def test_what_was_asked_for_reads_the_same_however_it_was_written() -> None:
    short = root(tags={"b": "2", "a": "1"})
    long = root(tags={"a": "1", "b": "2"}, size="small", storage_gb=20, engine_version="8.4", owner="alpha")
    assert roots.asked(short, "7d", catalog()) == roots.asked(long, "7d", catalog())
    assert list(roots.asked(short, "7d", catalog())["tags"]) == ["a", "b"]


def test_a_change_counts_a_lifetime_from_now_and_bounds_it_from_the_creation() -> None:
    later = NOW + dt.timedelta(days=20)
    after = roots.changed(
        root(), parse_patch({"ttl": "10d"}), catalog(), request_id=OTHER, created_at=NOW, now=later
    )
    assert after.expires_at == "2026-12-23T12:00:00Z"
    assert refused_change(root(), ttl="31d") == {
        "/ttl": "dev allows 30d counted from creation, so until 2026-12-23T12:00:00Z at the latest"
    }
    assert change(root(environment="prod", ttl="9d"), ttl="never").expires_at == "never"


def test_a_change_is_refused_what_a_new_database_is() -> None:
    assert refused_change(root(), size="large", storage_gb=101, ttl="never") == {
        "/size": "'large' is not offered: choose small or medium in dev; staging and prod have it",
        "/storage_gb": "dev allows 20 to 100 GB, not 101",
        "/ttl": "dev does not allow never; the longest lifetime is 30d",
    }


def test_what_a_change_does_not_name_is_not_judged_again() -> None:
    large = dataclasses.replace(root(), storage_gb=400, max_storage_gb=900)  # allowed, when it was made
    after = change(large, ttl="9d")
    assert (after.storage_gb, after.max_storage_gb) == (400, 900)
    assert refused_change(large, size="medium") == {"/storage_gb": "dev allows 20 to 100 GB, not 400"}


def test_tags_are_replaced_as_a_whole() -> None:
    assert change(root(tags={"a": "1"}), tags={"b": "2"}).tags == {"b": "2"}
    assert change(root(tags={"a": "1"}), tags={}).tags == {}


def test_windows_come_with_a_database_and_with_the_next_change_of_an_older_one() -> None:
    made, old = root(), dataclasses.replace(root(), backup_window="", maintenance_window="")

    after = change(old, ttl="10d")

    assert made.windows == catalog().windows(made.place)
    assert after.windows == made.windows
    with pytest.raises(Problem, match="already is as asked"):
        change(old, owner=old.owner)


def test_a_version_past_its_end_is_for_what_has_it_and_no_new_or_restored_database() -> None:
    old = dataclasses.replace(root(database_engine="postgres"), engine_version="15")
    later = dt.datetime(2028, 3, 1, tzinfo=dt.UTC)
    body = MISSION_BODY | {"database_engine": "postgres"}
    detail = "the standard support of postgres 15 ended 2028-02-29: choose 16, 17 or 18"

    for content, source in (
        (body | {"engine_version": "15"}, None),
        (body | {"restore_from": {"database": "dev/source"}}, old),
    ):
        with pytest.raises(Problem) as refusal:
            roots.new(parse_create(content), catalog(), team="alpha", request_id=ID, now=later, source=source)
        assert shown(refusal.value) == {"/engine_version": detail}
    made = dataclasses.replace(old, expires_at="2028-03-10T00:00:00Z")
    after = roots.changed(
        made, parse_patch({"ttl": "20d"}), catalog(), request_id=OTHER, created_at=later, now=later
    )
    assert (after.engine_version, after.expires_at) == ("15", "2028-03-21T00:00:00Z")


def test_where_the_catalog_enrols_what_is_made_a_version_past_its_end_may_be_asked_for() -> None:
    later = dt.datetime(2028, 3, 1, tzinfo=dt.UTC)
    old = dataclasses.replace(root(database_engine="postgres"), engine_version="15")
    body = MISSION_BODY | {"database_engine": "postgres"}
    for content, source in (
        (body | {"engine_version": "15"}, None),
        (body | {"restore_from": {"database": "dev/source"}}, old),
    ):
        made = roots.new(
            parse_create(content),
            enrolling_catalog(),
            team="alpha",
            request_id=ID,
            now=later,
            source=source,
        )
        assert (made.engine_version, made.extended_support) == ("15", True)
    assert not root().extended_support


@pytest.mark.parametrize("was", [True, False])
def test_what_exists_stays_as_it_was_made_whatever_the_catalog_says_by_now(was: bool) -> None:
    made = dataclasses.replace(root(), extended_support=was)
    for rules in (catalog(), enrolling_catalog()):
        after = roots.changed(
            made, parse_patch({"ttl": "20d"}), rules, request_id=OTHER, created_at=NOW, now=NOW
        )
        assert after.extended_support is was


def test_nothing_is_upgraded_to_a_version_past_its_end_even_where_the_catalog_enrols() -> None:
    later = dt.datetime(2029, 3, 1, tzinfo=dt.UTC)
    old = dataclasses.replace(root(database_engine="postgres"), engine_version="15", extended_support=True)
    with pytest.raises(Problem) as refusal:
        roots.changed(
            old,
            parse_patch({"engine_version": "16"}),
            enrolling_catalog(),
            request_id=OTHER,
            created_at=later,
            now=later,
        )
    assert shown(refusal.value)["/engine_version"] == "RDS upgrades postgres 15 to 17 or 18"


POSTGRES = dataclasses.replace(root(database_engine="postgres"), engine_version="15")
SNAPSHOT = "dev-mydb123-before-9d2b7f10"


def test_an_upgrade_says_from_where_and_which_snapshot_comes_first() -> None:
    after = change(POSTGRES, engine_version="18", size="medium")

    assert (after.engine_version, after.instance_class) == ("18", "db.t4g.medium")
    assert after.upgrade == Upgrade(from_version="15", snapshot=SNAPSHOT)


def test_the_change_after_an_upgrade_has_none_and_is_none_by_that_alone() -> None:
    upgraded = dataclasses.replace(change(POSTGRES, engine_version="17"), request_id=ID)

    after = change(upgraded, applied=upgraded, ttl="10d")

    assert (after.engine_version, after.upgrade) == ("17", None)
    bodies: tuple[dict[str, Any], ...] = ({"engine_version": "17"}, {"owner": upgraded.owner})
    for body in bodies:
        with pytest.raises(Problem, match="already is as asked"):
            change(upgraded, applied=upgraded, **body)


def test_an_upgrade_that_rds_refused_is_taken_back_asked_for_again_or_left_out() -> None:
    refused = dataclasses.replace(change(POSTGRES, engine_version="18"), request_id=ID)

    back = change(refused, applied=POSTGRES, engine_version="15")
    extended = change(refused, applied=POSTGRES, ttl="10d")
    again = change(refused, applied=POSTGRES, engine_version="18")
    other = change(refused, applied=POSTGRES, engine_version="16")

    assert (back.engine_version, back.upgrade) == ("15", None)
    assert (extended.engine_version, extended.upgrade) == ("15", None)
    assert (again.engine_version, again.upgrade) == ("18", Upgrade(from_version="15", snapshot=SNAPSHOT))
    assert (other.engine_version, other.upgrade) == ("16", Upgrade(from_version="15", snapshot=SNAPSHOT))


@pytest.mark.parametrize(
    ("before", "version", "detail"),
    [
        (POSTGRES, "14", "RDS upgrades postgres 15 to 16, 17 or 18"),
        (POSTGRES, "18.1", "RDS upgrades postgres 15 to 16, 17 or 18"),
        (dataclasses.replace(POSTGRES, engine_version="17"), "16", "RDS upgrades postgres 17 to 18"),
        (
            dataclasses.replace(POSTGRES, engine_version="18"),
            "19",
            "RDS upgrades postgres 18 to no version of the catalog",
        ),
        (root(), "9.0", "RDS upgrades mysql 8.4 to no version of the catalog"),
    ],
)
def test_what_rds_does_not_upgrade_to_is_refused_with_what_it_does(
    before: Root, version: str, detail: str
) -> None:
    assert refused_change(before, engine_version=version) == {"/engine_version": detail}
