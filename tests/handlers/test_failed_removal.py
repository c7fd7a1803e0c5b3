"""A removal that the reaper asked for and that failed: its pull request is closed, and another one opened."""

import datetime as dt

from provisioner.core.lifecycle import Kind, State
from provisioner.core.models import Request
from provisioner.core.names import Place

from tests.handlers.chain import Chain, now
from tests.handlers.reaping import reap

HOUR, MINUTE = dt.timedelta(hours=1), dt.timedelta(minutes=1)
REMOVED = {
    "add": 0,
    "change": 0,
    "destroy": 2,
    "replace": 0,
    "databases_added": 0,
    "databases_destroyed": 1,
    "only_own_database": True,
}


def expired(chain: Chain) -> None:
    """dev/mydb123 is there, past its end, and its removal asked for."""
    created = chain.opened(ttl="8h")
    chain.server.users.merge(1)
    chain.apply(created, "started")
    chain.apply(created, "succeeded")
    assert reap(now() + 7.9 * HOUR).warned == 1
    assert reap(now() + 9 * HOUR).expired == 1


def removals(chain: Chain) -> list[Request]:
    known = map(chain.ledger.request, chain.ledger.request_ids(Place("dev", "mydb123")))
    return [request for request in known if request and request.kind is Kind.REMOVE]


def test_what_github_refused_once_is_opened_at_the_second_try(chain: Chain) -> None:
    expired(chain)
    chain.server.fault("GET .*/git/ref/heads", status=409, body='{"message": "Git Repository is empty."}')
    assert chain.work() == []
    assert [request.progress.state for request in removals(chain)] == [State.FAILED]

    reap(now() + 9 * HOUR + 5 * MINUTE)
    assert chain.work() == []
    assert [request.progress.state for request in removals(chain)] == [State.CANCELLED]
    assert reap(now() + 11 * HOUR).expired == 1
    assert chain.work() == []

    assert [request.progress.state for request in removals(chain)] == [
        State.CANCELLED,
        State.PULL_REQUEST_OPEN,
    ]
    assert sorted(chain.server.hub.pulls) == [1, 2]


def test_a_plan_that_failed_is_made_again_on_another_pull_request_and_merged(chain: Chain) -> None:
    expired(chain)
    assert chain.work() == []
    (first,) = removals(chain)
    chain.plan(first, outcome="failed", cause="the state is locked")

    reap(now() + 9 * HOUR + 5 * MINUTE)
    assert chain.work() == []
    assert chain.server.hub.pulls[2].state == "closed"
    assert reap(now() + 11 * HOUR).expired == 1
    assert chain.work() == []
    _, second = removals(chain)
    chain.plan(second, summary=REMOVED)

    assert [request.progress.state for request in removals(chain)] == [State.CANCELLED, State.MERGED]
    assert chain.server.hub.pulls[3].merged
