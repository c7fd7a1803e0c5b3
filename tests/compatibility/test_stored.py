"""What an earlier release wrote into the ledger is read as it was meant, and written back as it was."""

import dataclasses
import datetime as dt
from typing import Any

import pytest
from provisioner.core.events import Event, EventType, Step
from provisioner.core.lifecycle import DatabaseState, Kind, State, derive
from provisioner.core.models import ApiKey, Charge
from provisioner.core.names import Place
from provisioner.ledger import codecs, rows
from provisioner.ledger.ledger import Ledger
from provisioner.ledger.table import Filters
from provisioner.notify import cloudevents, signature

from tests.compatibility import samples
from tests.compatibility.samples import label, plain
from tests.ledger.moto_table import TABLE

ROWS = samples.rows()
REQUESTS = [row for row in ROWS if row["item"]["sk"]["S"] == "REQ"]
DATABASES = [row for row in ROWS if row["item"]["sk"]["S"] == "DB"]
ACTIVITIES = [row for row in ROWS if row["item"]["sk"]["S"] == "USE"]
EVENTS = [row for row in ROWS if row["item"]["sk"]["S"].startswith("EVT#")]
ORDERS = "2adee6a3-a553-4015-bab8-1310d3984d51"


@pytest.fixture
def ledger() -> Ledger:
    return Ledger(samples.table(), TABLE)


def assert_reads_as(found: object, stored: dict[str, Any]) -> None:
    """Every field has its value; fields that came later have their default."""
    now = plain(found)
    for name, value in stored.items():
        part = getattr(found, name)
        if dataclasses.is_dataclass(part) and isinstance(value, dict):
            assert_reads_as(part, value)
        else:
            assert now[name] == value
    for field in dataclasses.fields(found):  # type: ignore[arg-type]
        if field.name not in stored:
            assert getattr(found, field.name) == field.default


def due(row: codecs.Row) -> dt.datetime | None:
    return codecs.parse_when(row["due_at"]) if "due_at" in row else None


def test_the_samples_are_of_every_kind() -> None:
    later = {Kind.MAINTAIN}
    assert {row["value"]["kind"] for row in REQUESTS} == {kind.value for kind in Kind if kind not in later}
    assert {row["value"]["progress"]["state"] for row in REQUESTS} == {state.value for state in State}
    assert {row["value"]["state"] for row in DATABASES} == {state.value for state in DatabaseState}
    assert {row["value"]["progress"]["failure"]["step"] for row in REQUESTS if _failed(row)} == {
        "pull_request",
        "review",
        "queue",
        "apply",
    }
    assert any(row["value"]["follow_up"] for row in REQUESTS)
    assert any(row["value"]["failed_before"] for row in DATABASES)
    assert any(row["value"]["root"]["restore"] for row in DATABASES)
    assert {row["item"]["type"]["S"] for row in EVENTS} == {
        *("requested", "opened", "planned", "edited", "approved", "closed", "reopened", "merged", "started"),
        *("succeeded", "failed", "cancel_asked", "cancelled", "retried", "redriven"),
        *("expiring", "idle", "removed_in_git", "used_again", "snapshot_deleted"),
        *("users_ready", "rotation_asked", "rotated", "access_failed"),
    }


def _failed(row: dict[str, Any]) -> bool:
    return row["value"]["progress"]["failure"] is not None


OPEN = ("requested", "pull_request_open", "merged", "applying", "failed")


@pytest.mark.parametrize("row", REQUESTS, ids=label)
def test_a_request_is_read_and_written_back(row: dict[str, Any]) -> None:
    stored = codecs.from_item(row["item"])
    request = rows.request_from_row(stored)
    assert_reads_as(request, row["value"])
    wanted = row["item"]
    if stored["state"] in OPEN:  # an open one is written to a list that did not exist then
        wanted = wanted | {"list_pk": {"S": f"TEAM#{stored['team']}#REQ#OPEN"}}
    assert codecs.to_item(rows.request_row(request, due(stored))) == wanted


@pytest.mark.parametrize("row", DATABASES, ids=label)
def test_a_database_is_read_and_written_back(row: dict[str, Any]) -> None:
    stored = codecs.from_item(row["item"])
    database = rows.database_from_row(stored)
    assert_reads_as(database, row["value"])
    assert codecs.to_item(rows.database_row(database, due(stored))) == row["item"]


@pytest.mark.parametrize("row", ACTIVITIES, ids=label)
def test_an_activity_is_read_and_written_back(row: dict[str, Any]) -> None:
    activity = rows.activity_from_row(codecs.from_item(row["item"]))
    assert_reads_as(activity, row["value"])
    _, environment, name = row["item"]["pk"]["S"].split("#")
    assert codecs.to_item(rows.activity_row(Place(environment, name), activity)) == row["item"]


@pytest.mark.parametrize("row", EVENTS, ids=label)
def test_an_event_is_read_and_written_back(row: dict[str, Any]) -> None:
    stored = codecs.from_item(row["item"])
    owner, *names = row["item"]["pk"]["S"].split("#")
    if owner == "REQ":
        event = rows.event_from_row(stored)
        assert_reads_as(event, row["value"])
        assert codecs.to_item(rows.event_row(names[0], event)) == row["item"]
    else:
        environment, name = names
        database_event = rows.database_event_from_row(stored)
        assert_reads_as(database_event, row["value"])
        assert (
            codecs.to_item(rows.database_event_row(Place(environment, name), database_event)) == row["item"]
        )


def test_one_request_in_full(ledger: Ledger) -> None:
    found = ledger.request(ORDERS)
    assert found is not None
    assert (found.kind, found.environment, found.database_name) == (Kind.CREATE, "dev", "orders")
    assert (found.team, found.actor) == ("alpha", "alpha-ci")
    assert found.created_at == dt.datetime(2026, 11, 20, 9, 33, 15, 123456, tzinfo=dt.UTC)
    assert found.reason == 'Orders — “new”, with a ` and <b>, ${not} a "template"'
    assert found.root.tags == {"Service": "shop", "note": "size_1.0:a/b=c+d-e@f"}
    assert found.root.restore is None
    assert found.asked["ttl"] == "7d"
    assert found.charge == Charge(databases=1, storage_gb=20, monthly_cents=1398)
    assert (found.progress.state, found.progress.step) == (State.DONE, Step.END)
    assert found.progress.pull_request_url == "https://github.com/acme/databases/pull/1"
    assert found.progress.result is not None
    assert found.progress.result["port"] == 3306
    assert (found.attempts, found.lease_until, found.version) == (1, "0", 7)


def test_where_each_request_stands_follows_from_its_stored_events(ledger: Ledger) -> None:
    for row in REQUESTS:
        request = ledger.request(row["value"]["id"])
        assert request is not None
        assert derive(ledger.events(request.id)) == request.progress


def test_lists_indexes_and_page_tokens_go_on(ledger: Ledger) -> None:
    token = samples.content("page_token.json")
    page = ledger.requests(token["team"], page_size=3, page_token=token["token"])
    assert [request.id for request in page.items] == token["following"]
    failed = ledger.databases(
        "alpha", kept=Filters(among={"state": ("failed",)}), page_size=100, page_token=None
    )
    assert sorted(request.database_name for request in failed.items) == [
        "bad",
        "in-the-queue",
        "no-plan",
        "no-rights",
    ]
    soon = ledger.databases(
        "alpha", kept=Filters(before={"expires_at": "2026-11-27T00:00:00Z"}), page_size=100, page_token=None
    )
    assert {request.database_name for request in soon.items} == {"no-plan", "in-the-queue", "applying-now"}
    then = dt.datetime(2026, 11, 25, tzinfo=dt.UTC)
    assert {database.database_name for database in ledger.due_databases(then)} == {"in-the-queue", "no-plan"}
    assert len(list(ledger.due_requests(then))) == sum("due_at" in row["item"] for row in REQUESTS)
    assert ledger.request_ids(Place("dev", "orders")) == [ORDERS, "de763c2b-0350-4958-861c-131e52f9c3a1"]
    found = ledger.request_for_branch(Place("dev", "orders"), "2adee6a3")
    assert found is not None
    assert found.id == ORDERS


def test_quotas_keys_times_and_turns_are_read(ledger: Ledger) -> None:
    assert ledger.quota_used("alpha", "dev") == Charge(databases=7, storage_gb=240, monthly_cents=14513)
    assert ledger.quota_used("beta", "staging") == Charge()
    assert ledger.api_key("k1aaaaaaaa") == ApiKey(team="alpha", actor="alpha-ci")
    assert ledger.api_key("k3cccccccc") == ApiKey(team="alpha", actor="alpha")  # of a release without actors
    used = ledger.key_used("alpha", "first-try-7f3a")
    assert used is not None
    assert used.request_id == ORDERS
    assert used.fingerprint == "c43f6778c9c4d628c2780e3f9261e2aca084f01f45df2200c80ece44d8b48f3e"
    request = ledger.request(ORDERS)
    assert request is not None
    assert ledger.step_times(request)["apply#mysql#db.t4g.micro"] == [47.0] * 3
    early, late = (dt.datetime(2026, 11, 24, hour, tzinfo=dt.UTC) for hour in (14, 15))
    assert not ledger.turns.acquire("idle", early, late)
    assert ledger.turns.acquire("idle", late, late + dt.timedelta(hours=1))


def test_a_request_that_was_under_way_is_brought_to_its_end(ledger: Ledger) -> None:
    applying = "72423be3-6623-4842-bdd8-4de3015a749c"
    now = dt.datetime(2026, 11, 24, tzinfo=dt.UTC)
    done = Event(
        id="succeeded:u",
        type=EventType.SUCCEEDED,
        at=now,
        actor="pipeline",
        detail={"result": {"endpoint": "h"}},
    )
    assert ledger.add_event(applying, done, now).progress.state is State.DONE
    database = ledger.database(Place("dev", "applying-now"))
    assert database is not None
    assert (database.state, database.active, database.result) == (
        DatabaseState.AVAILABLE,
        None,
        {"endpoint": "h"},
    )


def test_a_change_of_an_old_database_that_comes_to_nothing_gives_back_its_place(ledger: Ledger) -> None:
    update, create = "a1fd8db3-1855-4eff-9678-c433184e9b83", "743fc94f-4517-4147-9cdf-17c37f82f02e"
    now = dt.datetime(2026, 11, 24, tzinfo=dt.UTC)
    closed = Event(id="closed:9:x", type=EventType.CLOSED, at=now, actor="ada")
    ledger.add_event(update, closed, now)
    database = ledger.database(Place("dev", "bad"))
    assert database is not None
    assert (database.state, database.active) == (DatabaseState.FAILED, create)


@pytest.mark.parametrize("one", samples.lines("published.jsonl"), ids=lambda line: line["document"]["type"])
def test_the_same_event_is_published(ledger: Ledger, one: dict[str, Any]) -> None:
    (row,) = (codecs.from_item(r["item"]) for r in EVENTS if label(r) == f"{one['pk']}/{one['sk']}")
    owner, *names = one["pk"].split("#")
    if owner == "REQ":
        request = ledger.request(names[0])
        assert request is not None
        document = cloudevents.of_request(rows.event_from_row(row), request, source="urn:rds-provisioner")
        assert document is not None
    else:
        database = ledger.database(Place(*names))
        assert database is not None
        event = rows.database_event_from_row(row)
        document = cloudevents.of_database(event, database, source="urn:rds-provisioner")
    assert document == one["document"]
    assert cloudevents.subject(document) == one["subject"]
    assert signature.webhook_id(document) == one["message_id"]
