"""Which database a restore takes its data from, and what keeps a new root from being restored from it."""

import dataclasses
import datetime as dt
from typing import Any

import pytest
from provisioner.core.catalog import Catalog
from provisioner.core.errors import Problem
from provisioner.core.lifecycle import DatabaseState
from provisioner.core.models import Database
from provisioner.core.names import Place
from provisioner.intake import sources
from provisioner.intake.bodies import RestoreFrom

from tests.core.examples import NOW, catalog, database, root
from tests.intake.setting import ALPHA, BETA, Setting

HOUR = dt.timedelta(hours=1)
STAGING = Place("staging", "orders")


@pytest.fixture
def setting() -> Setting:
    return Setting()


def find(setting: Setting, team: str, **source: Any) -> Database:
    return sources.find(RestoreFrom(**source), team, setting.ledger)


def not_found(setting: Setting, team: str, **source: Any) -> str:
    with pytest.raises(Problem) as caught:
        find(setting, team, **source)
    assert (caught.value.status, caught.value.slug) == (404, "not-found")
    return caught.value.detail


def removed(setting: Setting, **body: Any) -> str:
    """staging/orders, made and removed again; the snapshot that it left."""
    setting.database(database_name="orders", environment="staging", **body)
    removal = setting.use_cases.remove(STAGING, ALPHA).request
    setting.applied(removal)
    return f"staging-orders-final-{removal.id[:8]}"


def test_the_source_is_a_database_of_the_team(setting: Setting) -> None:
    made = setting.database(database_name="orders", environment="staging")
    assert find(setting, "alpha", database="staging/orders") == made
    assert not_found(setting, "beta", database="staging/orders") == (
        "There is no database staging/orders, named in restore_from, of this team."
    )


def test_what_nobody_made_is_not_found(setting: Setting) -> None:
    assert not_found(setting, "alpha", database="staging/orders") == not_found(
        setting, "alpha", snapshot="staging-orders-final-0a1b2c3d"
    )


def test_a_final_snapshot_is_of_the_database_as_its_removal_found_it(setting: Setting) -> None:
    snapshot = removed(setting, storage_gb=30)
    setting.database(database_name="orders", environment="staging", storage_gb=90)
    assert find(setting, "alpha", snapshot=snapshot).root.storage_gb == 30


def test_a_final_snapshot_stays_the_teams_whoever_has_the_name_now(setting: Setting) -> None:
    snapshot = removed(setting)
    setting.database(BETA, database_name="orders", environment="staging")
    assert find(setting, "alpha", snapshot=snapshot).root.team == "alpha"
    not_found(setting, "beta", snapshot=snapshot)


def test_an_automated_snapshot_from_before_the_database_is_not_its_own(setting: Setting) -> None:
    setting.database(database_name="orders", environment="staging")
    earlier = NOW - dt.timedelta(minutes=1)
    at, before = (f"rds:staging-orders-{time:%Y-%m-%d-%H-%M}" for time in (NOW, earlier))
    assert find(setting, "alpha", snapshot=at).place == STAGING
    not_found(setting, "alpha", snapshot=before)


def errors(
    origin: Database, *, source: RestoreFrom | None = None, rules: Catalog | None = None, **body: Any
) -> dict[str, str]:
    wanted = source or RestoreFrom(database=str(origin.place))
    found = sources.errors(wanted, origin, root(**body), rules or catalog(), NOW + 2 * HOUR)
    return {error.pointer: error.detail for error in found}


def test_a_restore_that_is_as_its_source_is_allowed() -> None:
    assert errors(database()) == {}
    assert errors(database(), storage_gb=40) == {}


def opened(environment: str, *to: str) -> Catalog:
    """The catalog, in which an environment opens its data to others."""
    content = catalog().model_dump(mode="json")
    content["environments"][environment]["restore_to"] = list(to)
    return Catalog.model_validate(content)


def test_data_stays_in_its_environment_unless_that_opens_it() -> None:
    origin = database(environment="staging")
    refusal = {
        "/restore_from": (
            "data of staging stays there: restore it into staging, or have its entry in the catalog open it "
            "to dev by restore_to"
        )
    }
    assert errors(origin) == refusal
    assert errors(origin, rules=opened("dev", "staging")) == refusal  # the source's environment decides
    assert errors(origin, rules=opened("staging", "dev")) == {}


@pytest.mark.parametrize(
    ("origin", "body", "pointer", "detail"),
    [
        (
            {"database_engine": "postgres", "engine_version": "17"},
            {},
            "/database_engine",
            "dev/mydb123 is postgres; a restore cannot change the engine",
        ),
        (
            {"database_engine": "postgres", "engine_version": "16"},
            {"database_engine": "postgres", "engine_version": "17"},
            "/engine_version",
            "the source has version 16; restore it first, then upgrade",
        ),
        (
            {"storage_gb": 40},
            {"storage_gb": 39},
            "/storage_gb",
            "the source has 40 GB; storage cannot shrink",
        ),
    ],
)
def test_what_a_restore_cannot_change_is_refused(
    origin: dict[str, Any], body: dict[str, Any], pointer: str, detail: str
) -> None:
    assert errors(database(**origin), **body)[pointer] == detail


@pytest.mark.parametrize("state", [DatabaseState.REMOVED, DatabaseState.PENDING])
def test_a_point_in_time_wants_a_database_that_exists(state: DatabaseState) -> None:
    origin = dataclasses.replace(database(), state=state)
    assert errors(origin) == {
        "/restore_from/database": f"dev/mydb123 is {state}; restore from its final snapshot instead"
    }
    assert errors(origin, source=RestoreFrom(snapshot="dev-mydb123-final-0a1b2c3d")) == {}


def at(time: dt.datetime) -> RestoreFrom:
    return RestoreFrom(database="dev/mydb123", point_in_time=time.isoformat())


def test_a_time_lies_between_the_creation_and_now() -> None:
    origin = database()
    assert errors(origin, source=at(NOW)) == {}
    assert errors(origin, source=at(NOW + 2 * HOUR)) == {}
    refusal = {
        "/restore_from/point_in_time": (
            "backups reach from 2026-11-23T12:00:00Z to now; choose a time between, or latest"
        )
    }
    assert errors(origin, source=at(NOW - HOUR)) == refusal
    assert errors(origin, source=at(NOW + 3 * HOUR)) == refusal


def test_a_time_lies_within_the_retention_of_backups() -> None:
    origin = dataclasses.replace(database(), created_at=NOW - 100 * HOUR)  # dev keeps backups for a day
    assert errors(origin, source=at(NOW - 22 * HOUR)) == {}
    assert list(errors(origin, source=at(NOW - 23 * HOUR))) == ["/restore_from/point_in_time"]
