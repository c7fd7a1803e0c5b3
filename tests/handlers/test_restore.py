"""A restore is held against its source before anything is written, and takes from it what has to be equal."""

import base64
import datetime as dt
import json
from pathlib import Path
from typing import Any

import pytest
from provisioner import settings
from provisioner.core.database_events import DatabaseEvent, DatabaseEventType
from provisioner.core.events import Event, EventType
from provisioner.core.lifecycle import Kind
from provisioner.core.names import Place
from provisioner.core.times import instant

from tests.core.examples import CATALOG_TEXT, ID, PRICES_TEXT, ROOMY, charge, request
from tests.handlers.api_client import Answer, Client
from tests.handlers.conftest import Cloud

ALPHA, BETA = Client("key-alpha"), Client("key-beta")
NOW = dt.datetime.now(dt.UTC)
SOURCE = "dev/orders"
SNAPSHOT = "dev-orders-final-3f0c1a2b"


@pytest.fixture(autouse=True)
def source(cloud: Cloud) -> None:
    """dev/orders: PostgreSQL 16, 40 GB, ten hours old, in an environment that keeps backups for a day."""
    happened(cloud, request(ID, now=NOW - dt.timedelta(hours=10), **SHAPE), EventType.SUCCEEDED)


SHAPE: dict[str, Any] = {
    "database_name": "orders",
    "database_engine": "postgres",
    "engine_version": "16",
    "storage_gb": 40,
}


def happened(cloud: Cloud, one: Any, *what: EventType) -> None:
    cloud.ledger.open_create(one, charge(one.root), ROOMY)
    for each in what:
        cloud.ledger.add_event(one.id, Event(id=each, type=each, at=one.created_at, actor="x"), NOW)


def remove(cloud: Cloud) -> None:
    database = cloud.ledger.database(Place("dev", "orders"))
    assert database is not None
    removal = request(kind=Kind.REMOVE, now=NOW, **SHAPE)
    cloud.ledger.open_change(removal, database, database.charge, ROOMY)
    cloud.ledger.add_event(removal.id, Event(id="s", type=EventType.SUCCEEDED, at=NOW, actor="x"), NOW)


def ask(restore_from: dict[str, str], *, by: Client = ALPHA, dry_run: bool = False, **body: Any) -> Answer:
    whole = {"database_name": "copy", "database_engine": "postgres", "environment": "dev", **body}
    query = {"dry_run": "true"} if dry_run else None
    return by.call("POST", "/provision-rds", whole | {"restore_from": restore_from}, query=query)


@pytest.mark.parametrize("restore_from", [{"database": SOURCE}, {"snapshot": SNAPSHOT}], ids=str)
@pytest.mark.parametrize("dry_run", [True, False])
def test_version_and_storage_are_the_sources_unless_named(
    cloud: Cloud, restore_from: dict[str, str], dry_run: bool
) -> None:
    answer = ask(restore_from, dry_run=dry_run)

    assert answer.status == (200 if dry_run else 202)
    copy = answer.json["database"]
    assert (copy["engine_version"], copy["storage_gb"]) == ("16", 40)
    larger = ask(restore_from, storage_gb=60, database_name="larger")
    assert larger.json["database"]["storage_gb"] == 60


def test_a_small_source_gets_the_storage_of_its_new_environment(cloud: Cloud) -> None:
    small = request(database_name="small", now=NOW, storage_gb=20, environment="prod", ttl="never")
    happened(cloud, small, EventType.SUCCEEDED)
    body: dict[str, Any] = {"database_engine": "mysql", "environment": "prod", "owner": "dba"}

    answer = ask({"database": "prod/small"}, dry_run=True, **body)

    default = ALPHA.call("GET", "/catalog").json["environments"]["prod"]["storage_gb"]["default"]
    assert default > 20
    assert answer.json["database"]["storage_gb"] == default


@pytest.mark.parametrize("dry_run", [True, False])
@pytest.mark.parametrize(
    "restore_from", [{"database": "prod/orders"}, {"snapshot": "prod-orders-final-9d2b7f10"}]
)
def test_data_of_one_environment_stays_there(
    cloud: Cloud, restore_from: dict[str, str], dry_run: bool
) -> None:
    prod = request("9d2b7f10-8f5e-4c1d-9a70-1c2d3e4f5a6b", now=NOW, environment="prod", **SHAPE)
    happened(cloud, prod, EventType.SUCCEEDED)

    answer = ask(restore_from, dry_run=dry_run)

    assert answer.status == 422
    assert answer.json["errors"] == [
        {
            "pointer": "/restore_from",
            "detail": "data of prod stays there: restore it into prod, or have its entry in the catalog open "
            "it to dev by restore_to",
            "given": "prod/orders",
            "allowed": ["prod"],
            "suggestion": None,
        }
    ]


def test_an_environment_that_opens_its_data_approves_the_copy(
    cloud: Cloud, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    opened = tmp_path / "catalog.yaml"
    opened.write_text(CATALOG_TEXT.replace("  prod:\n", "  prod:\n    restore_to: [dev]\n"))
    opened.with_name("prices.json").write_text(PRICES_TEXT)
    monkeypatch.setenv("CATALOG_PATH", str(opened))
    settings.forget()
    prod = request("9d2b7f10-8f5e-4c1d-9a70-1c2d3e4f5a6b", now=NOW, environment="prod", **SHAPE)
    happened(cloud, prod, EventType.SUCCEEDED)

    answer = ask({"database": "prod/orders"}, dry_run=True)

    assert (answer.status, answer.json["approval"], answer.json["policy"]["passed"]) == (200, "review", True)
    assert ask({"database": SOURCE}, dry_run=True).json["approval"] == "auto"
    settings.forget()


WRONG: dict[str, tuple[dict[str, str], dict[str, Any], str, str]] = {
    "another engine": (
        {"database": SOURCE},
        {"database_engine": "mysql"},
        "/database_engine",
        "dev/orders is postgres; a restore cannot change the engine",
    ),
    "another version": (
        {"snapshot": SNAPSHOT},
        {"engine_version": "17"},
        "/engine_version",
        "the source has version 16; restore it first, then upgrade",
    ),
    "less storage": ({"database": SOURCE}, {"storage_gb": 20}, "/storage_gb", "storage cannot shrink"),
    "before it was made": (
        {"database": SOURCE, "point_in_time": instant(NOW - dt.timedelta(hours=11))},
        {},
        "/restore_from/point_in_time",
        f"backups reach from {instant(NOW - dt.timedelta(hours=10))} to now",
    ),
    "in the future": (
        {"database": SOURCE, "point_in_time": instant(NOW + dt.timedelta(hours=1))},
        {},
        "/restore_from/point_in_time",
        "choose a time between, or latest",
    ),
}


@pytest.mark.parametrize(("restore_from", "body", "pointer", "words"), WRONG.values(), ids=WRONG.keys())
def test_what_cannot_be_restored_is_refused_with_the_field_to_change(
    cloud: Cloud, restore_from: dict[str, str], body: dict[str, Any], pointer: str, words: str
) -> None:
    rows = cloud.rows()
    for dry_run in (True, False):
        answer = ask(restore_from, dry_run=dry_run, **body)

        assert answer.status == 422
        (error,) = (error for error in answer.json["errors"] if error["pointer"] == pointer)
        assert words in error["detail"]
    assert cloud.rows() == rows


def test_backups_older_than_the_environment_keeps_were_deleted(cloud: Cloud) -> None:
    old = request(database_name="old", now=NOW - dt.timedelta(days=5))
    happened(cloud, old, EventType.SUCCEEDED)
    moment = instant(NOW - dt.timedelta(hours=25))

    answer = ask({"database": "dev/old", "point_in_time": moment}, database_engine="mysql")

    assert answer.status == 422
    assert "backups reach from" in answer.json["errors"][0]["detail"]


def test_a_removed_database_lives_on_in_its_final_snapshot_only(cloud: Cloud) -> None:
    remove(cloud)

    answer = ask({"database": SOURCE})

    assert answer.status == 422
    assert answer.json["errors"] == [
        {
            "pointer": "/restore_from/database",
            "detail": "dev/orders is removed; restore from its final snapshot instead",
            "given": "dev/orders",
            "allowed": "a database that exists",
            "suggestion": None,
        }
    ]
    assert ask({"snapshot": SNAPSHOT}, database_name="orders").status == 202


@pytest.mark.parametrize("restore_from", [{"database": SOURCE}, {"snapshot": SNAPSHOT}], ids=str)
def test_another_teams_data_is_not_there(cloud: Cloud, restore_from: dict[str, str]) -> None:
    answers = [ask(restore_from, by=BETA, dry_run=dry_run) for dry_run in (True, False)]

    assert [answer.status for answer in answers] == [404, 404]
    assert "named in restore_from" in answers[0].json["detail"]
    assert cloud.ledger.database(Place("dev", "copy")) is None


def test_a_name_that_another_team_took_shows_and_gives_nothing_of_what_was_there_before(cloud: Cloud) -> None:
    note = DatabaseEvent(
        id="n",
        type=DatabaseEventType.USERS_READY,
        at=NOW,
        actor="alice",
        detail={"secrets": {"application": "arn:alpha"}},
    )
    cloud.ledger.add_database_event(Place("dev", "orders"), note)
    remove(cloud)
    later = NOW + dt.timedelta(minutes=5)
    taken = request(team="beta", now=later, **SHAPE)
    happened(cloud, taken, EventType.SUCCEEDED)

    page = BETA.call("GET", "/databases/dev/orders").json

    assert page["requests"] == [f"/requests/{taken.id}"]
    assert page["events"] == []
    assert "alpha" not in json.dumps(page)
    assert ask({"snapshot": SNAPSHOT}, by=BETA).status == 404
    automated = f"rds:dev-orders-{NOW - dt.timedelta(hours=1):%Y-%m-%d-%H-%M}"
    assert ask({"snapshot": automated}, by=BETA).status == 404
    assert ask({"snapshot": automated}).status == 404
    mine = ask({"snapshot": SNAPSHOT})  # whose data it was keeps its way back
    assert (mine.status, mine.json["database"]["storage_gb"]) == (202, 40)


def test_an_automated_snapshot_of_this_database_is_taken(cloud: Cloud) -> None:
    for hours, status in ((1, 202), (11, 404)):
        name = f"rds:dev-orders-{NOW - dt.timedelta(hours=hours):%Y-%m-%d-%H-%M}"
        assert ask({"snapshot": name}, database_name=f"copy{hours}").status == status
    assert ask({"snapshot": "rds:dev-orders-2026-13-45-99-99"}).status == 422


@pytest.mark.parametrize(
    "moment",
    ["0001-01-01T00:00:00+10:00", "9999-12-31T23:59:59-10:00", "0999-01-01T00:00:00Z"],
)
def test_a_time_beyond_the_calendar_is_an_answer_and_no_accident(cloud: Cloud, moment: str) -> None:
    assert ask({"database": SOURCE, "point_in_time": moment}).status == 422
    assert ALPHA.call("GET", "/databases", query={"expires_before": moment}).status == 400


def test_a_page_token_of_brackets_is_refused(cloud: Cloud) -> None:
    token = base64.urlsafe_b64encode(b"[" * 6000).decode()

    assert ALPHA.call("GET", "/requests", query={"page_token": token}).status == 400
