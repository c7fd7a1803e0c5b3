"""Lists keep what their parameters ask for, and refuse what cannot be meant."""

import contextlib
import dataclasses
import datetime as dt
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from provisioner.api import lists
from provisioner.api.pages import database_page
from provisioner.api.snapshots import snapshots_document
from provisioner.core import database_events, events
from provisioner.core.catalog import Catalog
from provisioner.core.errors import Problem
from provisioner.core.lifecycle import Kind
from provisioner.core.models import Activity, Request
from provisioner.core.root import Upgrade
from provisioner.ledger.ledger import Ledger

from tests.core.examples import NOW, ROOMY, catalog, charge, opened_catalog, request
from tests.ledger.memory_table import MemoryTable
from tests.ledger.moto_table import TABLE

DAY = dt.timedelta(days=1)
RESULT = {"endpoint": "localhost", "port": 3306, "secret_arn": "arn"}


@pytest.fixture
def ledger() -> Ledger:
    return Ledger(MemoryTable(), TABLE)


def make(ledger: Ledger, name: str, *, done: bool = True, **body: Any) -> Request:
    """A database that was asked for, and, unless said otherwise, made."""
    new = request(database_name=name, **body)
    ledger.open_create(new, charge(new.root), ROOMY)
    if done:
        ledger.add_event(new.id, applied(RESULT), NOW)
    return new


def applied(result: Any) -> events.Event:
    return events.succeeded(NOW, pipeline_url="https://ci.example/1", commit="c", result=result)


def remove(ledger: Ledger, made: Request, at: dt.datetime = NOW) -> Request:
    database = ledger.database(made.place)
    assert database
    gone = request(kind=Kind.REMOVE, now=at, database_name=made.database_name, environment=made.environment)
    gone = dataclasses.replace(gone, before=database.root)
    ledger.open_change(gone, database, database.charge, ROOMY)
    ledger.add_event(gone.id, events.removed(at, pipeline_url="https://ci.example/2", commit="c"), at)
    return gone


def databases(ledger: Ledger, **query: str) -> list[str]:
    asked = {name: [value] for name, value in query.items()}
    page = lists.databases(asked, "alpha", ledger, catalog(), NOW)
    return [item["database_name"] for item in page["databases"]]


def requests(ledger: Ledger, **query: str) -> list[str]:
    asked = {name: [value] for name, value in query.items()}
    return [item["id"] for item in lists.requests(asked, "alpha", ledger, catalog())["requests"]]


def test_what_was_removed_or_never_made_is_listed_where_it_is_asked_for(ledger: Ledger) -> None:
    make(ledger, "kept")
    remove(ledger, make(ledger, "leftover"))
    cancelled = make(ledger, "never", done=False)
    ledger.add_event(cancelled.id, events.cancelled(NOW), NOW)

    assert databases(ledger) == ["kept"]
    assert sorted(databases(ledger, removed="true")) == ["kept", "leftover", "never"]
    assert sorted(databases(ledger, state="removed")) == ["leftover", "never"]
    assert databases(ledger, state="available,pending") == ["kept"]


def test_a_list_is_kept_to_an_owner_and_to_no_one_with_a_similar_name(ledger: Ledger) -> None:
    make(ledger, "one", owner="jane@acme.example")
    make(ledger, "two", owner="jane@acme.example.org", purpose='"owner":"jane@acme.example"')

    assert databases(ledger, owner="jane@acme.example") == ["one"]
    assert databases(ledger, owner="jane") == []


def test_idle_databases_are_found_across_pages(ledger: Ledger) -> None:
    made = [make(ledger, f"db{number}", now=NOW + number * DAY) for number in range(5)]
    for idle in (made[0], made[3]):
        ledger.keep_activity(idle.place, Activity(origin=idle.id, looked_at=NOW, idle_since=NOW))

    assert databases(ledger, idle="true") == ["db3", "db0"]
    assert databases(ledger, idle="true", page_size="1") == ["db3"]
    assert databases(ledger, idle="false") == ["db4", "db2", "db1"]


def test_a_page_of_idle_databases_is_followed_by_the_next(ledger: Ledger) -> None:
    for number in range(6):
        one = make(ledger, f"db{number}", now=NOW + number * DAY)
        if number % 2:
            ledger.keep_activity(one.place, Activity(origin=one.id, looked_at=NOW, idle_since=NOW))

    found, token = [], None
    for _ in range(9):
        asked = {"idle": ["true"], "page_size": ["2"]} | ({"page_token": [token]} if token else {})
        page = lists.databases(asked, "alpha", ledger, catalog(), NOW)
        found += [item["database_name"] for item in page["databases"]]
        token = page["next_page_token"]
        if token is None:
            break

    assert found == ["db5", "db3", "db1"]


def test_an_end_may_be_said_as_a_time_from_now(ledger: Ledger) -> None:
    make(ledger, "soon", ttl="2d")
    make(ledger, "late", ttl="20d")

    assert databases(ledger, expires_before="7d") == ["soon"]
    assert databases(ledger, expires_before="2026-11-26T00:00:00Z") == ["soon"]


def test_totals_are_what_the_quota_counts_in_the_environment(ledger: Ledger) -> None:
    make(ledger, "one")
    make(ledger, "two", environment="staging")

    asked = {"environment": ["dev"], "owner": ["nobody"]}
    page = lists.databases(asked, "alpha", ledger, catalog(), NOW)

    assert page["databases"] == []
    assert page["totals"] == {"databases": 1, "storage_gb": 20, "monthly_usd": 13.98}


def test_open_requests_are_those_that_have_not_ended(ledger: Ledger) -> None:
    ended = make(ledger, "ended")
    running = make(ledger, "running", done=False)

    assert requests(ledger, open="true") == [running.id]
    assert set(requests(ledger)) == {ended.id, running.id}
    assert requests(ledger, state="done,failed") == [ended.id]
    assert requests(ledger, person="alpha", state="done") == [ended.id]
    assert requests(ledger, person="jane") == []


MISTYPED = {
    "environment=devv": "environment has to be one of dev, staging, prod. Did you mean dev?",
    "state=availabel": "Did you mean available?",
    "state=available,remved": "Did you mean removed?",
    "idle=yes": "idle has to be one of true, false.",
    "enviroment=dev": "There is no query parameter 'enviroment' here",
    "expires_before=soon": "or how long from now, such as 7d.",
    "expires_before=99999999d": "or how long from now, such as 7d.",
}


@pytest.mark.parametrize("query", MISTYPED)
def test_a_mistyped_filter_is_refused_with_what_was_meant(ledger: Ledger, query: str) -> None:
    name, _, value = query.partition("=")
    with pytest.raises(Problem) as refused:
        databases(ledger, **{name: value})
    assert refused.value.status == 400
    assert MISTYPED[query] in refused.value.detail


@given(st.dictionaries(st.sampled_from(lists.DATABASES), st.text(max_size=80)))
def test_any_text_is_a_filter_or_a_refusal(given_query: dict[str, str]) -> None:
    empty = Ledger(MemoryTable(), TABLE)
    with contextlib.suppress(Problem):
        assert databases(empty, **given_query) == []


def snapshots(ledger: Ledger, found: Catalog, now: dt.datetime) -> list[dict[str, Any]]:
    return list(snapshots_document({}, "alpha", ledger, found, now)["snapshots"])


def test_a_removed_database_left_its_final_snapshot(ledger: Ledger) -> None:
    made = make(ledger, "orders", environment="prod", database_engine="postgres")
    remove(ledger, made, NOW + DAY)
    remove(ledger, make(ledger, "toy"))  # dev takes none

    assert snapshots(ledger, opened_catalog(), NOW + 2 * DAY) == [
        {
            "name": f"prod-orders-final-{made.id[:8]}",
            "environment": "prod",
            "database_name": "orders",
            "database_engine": "postgres",
            "engine_version": "17",
            "storage_gb": 50,
            "taken_at": "2026-11-24T12:00:00Z",
            "kept_until": "2027-11-24T12:00:00Z",
            "restore_to": ["dev", "prod"],
            "links": {"database": "/databases/prod/orders"},
        }
    ]
    assert snapshots(ledger, catalog(), NOW + 367 * DAY) == []


def test_the_snapshot_of_a_cluster_has_no_size(ledger: Ledger) -> None:
    cluster: dict[str, Any] = {"environment": "prod", "database_engine": "aurora-mysql", "size": "busy"}
    remove(ledger, make(ledger, "orders", **cluster), NOW + DAY)

    (found,) = snapshots(ledger, catalog(), NOW + 2 * DAY)

    assert (found["database_engine"], found["storage_gb"]) == ("aurora-mysql", None)


def test_snapshots_of_a_name_that_came_again_are_listed_but_for_those_deleted(ledger: Ledger) -> None:
    first = make(ledger, "orders", environment="staging")
    remove(ledger, first, NOW + DAY)
    second = make(ledger, "orders", environment="staging")
    remove(ledger, second, NOW + 2 * DAY)
    names = [f"staging-orders-final-{removed.id[:8]}" for removed in (second, first)]

    assert [left["name"] for left in snapshots(ledger, catalog(), NOW + 3 * DAY)] == names

    deleted = database_events.snapshot_deleted(names[1], NOW, created_at=NOW, kept_days=30)
    ledger.add_database_event(first.place, deleted)

    assert [left["name"] for left in snapshots(ledger, catalog(), NOW + 3 * DAY)] == names[:1]


def test_a_database_names_the_snapshots_of_its_team_under_its_name(ledger: Ledger) -> None:
    first = make(ledger, "orders", environment="staging")
    remove(ledger, first, NOW + DAY)
    remove(ledger, make(ledger, "others", environment="staging"), NOW + DAY)
    make(ledger, "orders", environment="staging")
    there = ledger.database(first.place)
    assert there

    page = database_page(there, ledger, catalog(), NOW + 2 * DAY)
    over = database_page(there, ledger, catalog(), NOW + 40 * DAY)

    assert [each["name"] for each in page["snapshots"]] == [f"staging-orders-final-{first.id[:8]}"]
    assert over["snapshots"] == []


@pytest.mark.parametrize("refused", [False, True])
def test_an_upgrade_left_the_snapshot_from_before_it_for_a_week(ledger: Ledger, refused: bool) -> None:
    made = make(ledger, "orders", database_engine="postgres", engine_version="15")
    database = ledger.database(made.place)
    assert database
    new = request(kind=Kind.UPDATE, database_name="orders", database_engine="postgres")
    name = made.place.before_snapshot(new.id)
    root = dataclasses.replace(
        new.root, engine_version="18", upgrade=Upgrade(from_version="15", snapshot=name)
    )
    ledger.open_change(
        dataclasses.replace(new, root=root, before=database.root), database, database.charge, ROOMY
    )
    assert snapshots(ledger, catalog(), NOW) == []

    run = {"pipeline_url": "https://ci.example/2", "commit": "c"}
    ledger.add_event(new.id, events.started(NOW, **run), NOW)
    done = events.succeeded(NOW, **run, result=RESULT)
    if refused:
        done = events.failed_apply(NOW, **run, cause="c", fix="f", retryable=True)
    ledger.add_event(new.id, done, NOW)

    (left,) = snapshots(ledger, catalog(), NOW + 6 * DAY)
    assert (left["name"], left["engine_version"]) == (name, "15")
    assert left["kept_until"] == "2026-11-30T12:00:00Z"
    assert snapshots(ledger, catalog(), NOW + 8 * DAY) == []


def test_a_removed_database_names_its_own_snapshot_once(ledger: Ledger) -> None:
    made = make(ledger, "orders", environment="staging")
    remove(ledger, made, NOW + DAY)
    there = ledger.database(made.place)
    assert there

    (left,) = database_page(there, ledger, catalog(), NOW + 2 * DAY)["snapshots"]

    assert (left["name"], left["taken_at"]) == (there.final_snapshot, "2026-11-24T12:00:00Z")
