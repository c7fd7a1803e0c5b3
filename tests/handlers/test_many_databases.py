"""A team of 1,000 databases, and as many that were removed: a list reads the rows that it shows."""

import datetime as dt
from collections.abc import Iterator

import pytest
from provisioner.core.models import Charge
from provisioner.ledger.migration import Standing

from tests.core.examples import NOW, charge, request
from tests.handlers.api_client import Client
from tests.handlers.conftest import Cloud, cloud_with
from tests.ledger.many import Counting, fill
from tests.ledger.test_migration import as_earlier_releases_wrote_it

DATABASES = 1000
# What each call reads besides: the quota of the three environments.
BESIDES = 3
PLENTY = Charge(databases=10**6, storage_gb=10**9, monthly_cents=10**9)


@pytest.fixture
def many() -> Iterator[tuple[Cloud, Counting]]:
    table = Counting()
    with cloud_with(lambda: table) as cloud:
        fill(table, DATABASES, removed=DATABASES)
        Client().call("GET", "/whoami")  # reads the key, which is known for a minute from then on
        table.forget()
        yield cloud, table


def listed(**query: str) -> tuple[list[str], int]:
    """The names in a whole list, a hundred a page, and how many calls that took."""
    found, calls = list[str](), 0
    token: str | None = None
    while True:
        more: dict[str, str] = {"page_token": token} if token else {}
        answer = Client().call("GET", "/databases", query={"page_size": "100", **query, **more})
        assert answer.status == 200
        calls += 1
        found += [item["database_name"] for item in answer.json["databases"]]
        token = answer.json["next_page_token"]
        if token is None:
            return found, calls


def test_a_list_reads_no_row_that_it_does_not_show(many: tuple[Cloud, Counting]) -> None:
    _, table = many

    names, calls = listed()

    assert sorted(names) == [f"db-{number:04}" for number in range(DATABASES)]
    assert calls <= 11  # the last may be empty
    assert table.read == DATABASES + calls * BESIDES


def test_a_page_reads_its_own_rows(many: tuple[Cloud, Counting]) -> None:
    _, table = many
    answer = Client().call("GET", "/databases", query={"page_size": "25"})
    assert len(answer.json["databases"]) == 25
    assert table.read == 25 + BESIDES


def test_the_removed_ones_are_read_alone_once_all_rows_are_migrated(many: tuple[Cloud, Counting]) -> None:
    cloud, table = many
    cloud.ledger.migration.keep(Standing(complete=True))
    table.forget()

    names, calls = listed(state="removed")

    assert sorted(names) == [f"gone-{number:04}" for number in range(DATABASES)]
    assert table.read == DATABASES + calls * (BESIDES + 1)  # and whether the migration is complete


def test_before_the_migration_a_list_is_whole_and_reads_more(many: tuple[Cloud, Counting]) -> None:
    _, table = many
    as_earlier_releases_wrote_it(table)
    table.forget()

    names, _ = listed()

    assert sorted(names) == [f"db-{number:04}" for number in range(DATABASES)]
    assert table.read > 2 * DATABASES


def test_the_board_reads_what_there_is_and_not_what_there_was(many: tuple[Cloud, Counting]) -> None:
    cloud, table = many
    cloud.ledger.migration.keep(Standing(complete=True))
    table.forget()
    (newest,) = cloud.ledger.databases("alpha", page_size=1, page_token=None).items
    table.forget()

    fleet = cloud.ledger.all_teams.fleet(newest.created_at.replace(year=newest.created_at.year + 1))

    assert len(fleet.databases) == DATABASES
    assert table.read == DATABASES + 2  # the one quota, and whether the migration is complete


def open_requests() -> list[str]:
    """The databases of the open requests, twenty-five a page."""
    found, token = list[str](), ""
    while True:
        query = {"open": "true", "page_size": "25"} | ({"page_token": token} if token else {})
        answer = Client().call("GET", "/requests", query=query)
        assert answer.status == 200
        found += [item["database_name"] for item in answer.json["requests"]]
        token = answer.json["next_page_token"] or ""
        if not token:
            return found


def ask(cloud: Cloud, count: int) -> list[str]:
    """So many requests that have not ended; the names of their databases, newest first."""
    for number in range(count):
        one = request(database_name=f"new-{number}", now=NOW + dt.timedelta(days=1, seconds=number))
        cloud.ledger.open_create(one, charge(one.root), PLENTY)
    return [f"new-{number}" for number in reversed(range(count))]


def test_the_open_requests_are_read_alone_once_all_rows_are_migrated(many: tuple[Cloud, Counting]) -> None:
    cloud, table = many
    asked = ask(cloud, 30)
    cloud.ledger.migration.keep(Standing(complete=True))
    table.forget()

    assert open_requests() == asked

    assert table.read == len(asked) + 2  # for each of the two pages: whether the migration is complete


def test_before_the_migration_the_open_requests_are_found_among_all(many: tuple[Cloud, Counting]) -> None:
    cloud, table = many
    asked = ask(cloud, 30)
    as_earlier_releases_wrote_it(table)
    table.forget()

    assert open_requests() == asked

    assert table.read > DATABASES
