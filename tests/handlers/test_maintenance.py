"""A maintenance goes the way of every change, and takes nothing away without a review."""

import datetime as dt
from typing import Any
from uuid import uuid4

import pytest
from provisioner.core.hcl import FORMAT_PATH, format_of, parse
from provisioner.core.lifecycle import DatabaseState, Kind, State
from provisioner.core.models import Request
from provisioner.core.names import Place
from provisioner.wiring import changes

from tests.handlers.chain import Chain, now
from tests.handlers.reaping import reap

DEV = Place("dev", "mydb123")


@pytest.fixture
def created(chain: Chain) -> Request:
    """dev/mydb123 is there, in the first format."""
    one = chain.opened()
    chain.server.users.merge(1)
    chain.apply(one, "started")
    chain.apply(one, "succeeded")
    assert format_of(text_on(chain, "main")) == 1
    return chain.now(one)


def text_on(chain: Chain, ref: str) -> str:
    there = chain.server.git.file(ref, DEV.root_path)
    assert there is not None
    return there[1].decode()


def maintained(chain: Chain) -> Request:
    """The maintenance of dev/mydb123 by a main that takes the third format."""
    chain.server.users.push("main", FORMAT_PATH, b"3\n", "Release")
    opening, database = changes.opening(now()), chain.ledger.database(DEV)
    assert database is not None
    one = opening.maintenance(database, reason="A newer module.", request_id=str(uuid4()))
    opening.open_change(one, opening.check_free(database))
    assert chain.work() == []
    chain.calls()
    return chain.now(one)


def summary(**counts: Any) -> dict[str, Any]:
    nothing = dict.fromkeys(
        ("add", "change", "destroy", "replace", "databases_added", "databases_destroyed"), 0
    )
    return {**nothing, "only_own_database": True, **counts}


def test_a_maintenance_writes_the_same_root_in_the_newest_format(chain: Chain, created: Request) -> None:
    one = maintained(chain)

    pull = chain.server.hub.pulls[2]
    text = text_on(chain, pull.branch)
    assert pull.branch == f"rds/dev/mydb123/maintain-{one.id[:8]}"
    assert format_of(text) == 3
    assert parse(text) == one.root
    assert one.progress.commit == pull.head_sha  # the file of the first format was what it expected
    database = chain.ledger.database(DEV)
    assert database is not None
    assert database.state is DatabaseState.UPDATING


@pytest.mark.parametrize(
    "plan", [summary(change=1), summary(change=2), summary(add=2, change=1)], ids=["one", "two", "additions"]
)
def test_a_plan_that_takes_nothing_away_merges_where_the_environment_says_auto(
    chain: Chain, created: Request, plan: dict[str, Any]
) -> None:
    one = maintained(chain)

    assert chain.plan(one, summary=plan)["reason"] == "it merges automatically now."
    chain.apply(one, "started")
    chain.apply(one, "succeeded")

    database = chain.ledger.database(DEV)
    assert database is not None
    assert (database.state, database.root.request_id) == (DatabaseState.AVAILABLE, one.id)
    assert database.origin == created.id


@pytest.mark.parametrize(
    "plan",
    [
        summary(destroy=1),
        summary(replace=1, change=1),
        summary(add=1, databases_added=1),
        summary(change=1, only_own_database=False),
    ],
    ids=["a destroy", "a replacement", "another database", "someone else's"],
)
def test_a_plan_that_takes_something_away_is_left_to_a_reviewer(
    chain: Chain, created: Request, plan: dict[str, Any]
) -> None:
    one = maintained(chain)

    chain.plan(one, summary=plan)

    assert chain.now(one).progress.state is State.PULL_REQUEST_OPEN
    assert not chain.server.hub.pulls[2].merged


def test_a_maintenance_that_failed_before_its_merge_makes_way_for_its_team(
    chain: Chain, created: Request
) -> None:
    one = maintained(chain)
    chain.plan(one, outcome="failed", cause="the state is locked")

    reap(now() + dt.timedelta(minutes=5))
    assert chain.work() == []

    assert chain.now(one).progress.state is State.CANCELLED
    assert chain.server.hub.pulls[2].state == "closed"
    database = chain.ledger.database(DEV)
    assert database is not None
    assert (database.state, database.active) == (DatabaseState.AVAILABLE, None)
    assert one.kind is Kind.MAINTAIN
