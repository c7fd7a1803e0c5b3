"""A request that ended without a merge stays ended; what is merged all the same counts."""

import datetime as dt
import time
from collections.abc import Iterator
from dataclasses import replace

import pytest
from provisioner.core.events import Event, EventType
from provisioner.core.lifecycle import DatabaseState, Kind, State
from provisioner.core.models import Charge, Database, Request
from provisioner.core.names import Place
from provisioner.reaper.outcome import Outcome

from tests.core.examples import ROOMY, charge
from tests.core.examples import request as new_request
from tests.handlers.chain import Chain, now
from tests.handlers.reaping import reap

NOTHING = Charge()


def reap_later() -> Outcome:
    """The reaper's look at what it should look after, once webhooks are received."""
    later = now() + dt.timedelta(minutes=10)
    return reap(later)


@pytest.fixture
def connected(chain: Chain) -> Iterator[Chain]:
    """GitHub's own deliveries reach the functions."""
    with chain.webhooks():
        yield chain


def rejected(chain: Chain) -> Request:
    """A create whose pull request a reviewer closed, after which everything about it is done."""
    one = chain.opened()
    chain.server.users.close(1, "ann")
    chain.server.webhooks.settle()
    assert reap_later() == Outcome()
    assert chain.now(one).progress.state is State.REJECTED
    assert chain.ledger.quota_used("alpha", "dev") == NOTHING
    chain.calls()
    return one


def reopen(chain: Chain) -> None:
    time.sleep(1.1 - now().microsecond / 1e6)  # GitHub distinguishes closes by the second
    chain.server.users.reopen(1, "ann")
    chain.server.webhooks.settle()


def database(chain: Chain) -> Database:
    found = chain.ledger.database(Place("dev", "mydb123"))
    assert found is not None
    return found


def ended_comments(chain: Chain) -> list[str]:
    comments = chain.server.hub.pulls[1].comments
    return [
        comment.body for comment in comments if comment.body.startswith("<!-- rds-provisioner: ended -->")
    ]


def test_a_pull_request_that_is_opened_again_is_closed_with_the_reason(connected: Chain) -> None:
    one = rejected(connected)

    reopen(connected)

    assert connected.now(one).progress.state is State.REJECTED
    assert database(connected).state is DatabaseState.REMOVED
    assert reap_later() == Outcome()
    connected.server.webhooks.settle()
    assert connected.server.hub.pulls[1].state == "closed"
    (comment,) = ended_comments(connected)
    assert "ask again with `POST /provision-rds`" in comment
    assert connected.now(one).progress.state is State.REJECTED
    assert [event.actor for event in connected.events(one) if event.type is EventType.CLOSED] == [
        "ann",
        "rds-provisioner",
    ]
    reap_later()  # receives its own close once
    connected.calls()
    assert reap_later() == Outcome()
    assert connected.calls() == []


def test_each_time_that_it_is_opened_again(connected: Chain) -> None:
    rejected(connected)
    for _ in range(3):
        reopen(connected)
        reap_later()
        connected.server.webhooks.settle()
        assert connected.server.hub.pulls[1].state == "closed"
    assert len(ended_comments(connected)) == 1


def test_its_name_may_be_anothers_by_then(connected: Chain) -> None:
    rejected(connected)
    other = new_request(team="beta", now=now())
    connected.ledger.open_create(other, charge(other.root), ROOMY)

    reopen(connected)
    reap_later()

    found = database(connected)
    assert (found.team, found.active, found.state) == ("beta", other.id, DatabaseState.PENDING)
    assert connected.ledger.quota_used("alpha", "dev") == NOTHING


def test_what_a_reviewer_merges_before_it_is_closed_again_is_the_teams_database(connected: Chain) -> None:
    one = rejected(connected)
    reopen(connected)

    connected.server.users.merge(1, "ann")
    connected.server.webhooks.settle()

    assert connected.now(one).progress.state is State.MERGED
    assert connected.ledger.quota_used("alpha", "dev") == charge(one.root)
    found = database(connected)
    assert (found.state, found.active, found.root) == (DatabaseState.PENDING, one.id, one.root)
    connected.apply(one, "started")
    connected.apply(one, "succeeded")
    found = database(connected)
    assert (found.state, found.active, found.charge) == (
        DatabaseState.AVAILABLE,
        None,
        charge(one.root),
    )
    assert ended_comments(connected) == []


def test_a_merge_whose_webhook_was_lost_is_found_by_the_reaper(chain: Chain) -> None:
    with chain.webhooks():
        one = rejected(chain)
        reopen(chain)
    chain.server.users.merge(1, "ann")

    reap_later()

    assert chain.now(one).progress.state is State.MERGED
    assert database(chain).active == one.id
    assert ended_comments(chain) == []


@pytest.mark.parametrize("state", [DatabaseState.AVAILABLE, DatabaseState.REMOVED])
def test_a_change_that_was_rejected_and_merged_counts_while_its_database_is_there(
    chain: Chain, state: DatabaseState
) -> None:
    ledger, first = chain.ledger, chain.opened()
    chain.apply(first, "succeeded")
    larger = replace(
        new_request(kind=Kind.UPDATE, now=now(), storage_gb=40), before=first.root, asked=first.asked
    )
    ledger.open_change(larger, database(chain), charge(larger.root), ROOMY)

    def happen(one: Request, happened: EventType) -> None:
        ledger.add_event(one.id, Event(id=happened, type=happened, at=now(), actor="ann"), now())

    happen(larger, EventType.CLOSED)
    assert database(chain).root == first.root
    if state is DatabaseState.REMOVED:
        removal = replace(new_request(kind=Kind.REMOVE, now=now()), before=first.root)
        ledger.open_change(removal, database(chain), charge(first.root), ROOMY)
        happen(removal, EventType.SUCCEEDED)

    happen(larger, EventType.MERGED)
    happen(larger, EventType.SUCCEEDED)

    found = database(chain)
    held = (larger.root, charge(larger.root)) if state is DatabaseState.AVAILABLE else (first.root, NOTHING)
    assert (found.state, found.active) == (state, None)
    assert (found.root, found.charge) == held
    assert ledger.quota_used("alpha", "dev") == held[1]
