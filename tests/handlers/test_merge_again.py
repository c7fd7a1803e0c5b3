"""A merge that GitHub refuses is tried again by the reaper, under the conditions of the first try."""

import datetime as dt
import itertools
from collections.abc import Callable
from typing import Any

import pytest
from provisioner.core.events import EventType
from provisioner.core.lifecycle import State
from provisioner.core.models import Request
from provisioner.reaper.outcome import Outcome
from provisioner.wiring import intake

from tests.handlers.chain import ALPHA, Chain, now
from tests.handlers.reaping import reap

MINUTE = dt.timedelta(minutes=1)
PENDING = '{"message": "Required status check \\"ci/circleci: plan\\" is pending."}'
MERGED = ["GET /pulls/1", "PUT /pulls/1/merge"]


def reap_after(after: dt.timedelta) -> Outcome:
    """The reaper's look at what is stuck, that much later."""
    return reap(now() + after)


def refused(chain: Chain, *, status: int = 405, times: int = 1, **plan: Any) -> Request:
    """A request whose plan was reported, and whose merge GitHub refused."""
    one = chain.opened()
    chain.server.fault("/merge", status=status, body=PENDING, times=times)
    chain.plan(one, **plan)
    chain.calls()
    return one


def state(chain: Chain, one: Request) -> State:
    return chain.now(one).progress.state


@pytest.mark.parametrize("status", [403, 405, 409, 422])
def test_a_merge_that_github_refuses_is_made_a_minute_later(chain: Chain, status: int) -> None:
    one = refused(chain, status=status)
    assert state(chain, one) is State.PULL_REQUEST_OPEN
    assert reap_after(MINUTE / 2) == Outcome()
    assert chain.calls() == []

    outcome = reap_after(MINUTE)

    branch = chain.server.hub.pulls[1].branch
    assert outcome == Outcome(merged=1)
    assert chain.calls() == [*MERGED, f"DELETE /git/refs/heads/{branch}"]
    assert state(chain, one) is State.MERGED
    assert [event.type for event in chain.events(one)][-2:] == [EventType.PLANNED, EventType.MERGED]
    assert reap_after(2 * MINUTE) == Outcome()


def test_the_comment_says_that_the_merge_is_tried_again(chain: Chain) -> None:
    refused(chain)

    (comment,) = chain.server.hub.pulls[1].comments
    assert comment.body.endswith(
        '**Next:** GitHub did not let it merge yet (Required status check "ci/circleci: plan" is pending.). '
        "It is tried again automatically; where the reason stays, look at the rules for the base branch.\n"
    )


def test_a_merge_that_stays_refused_is_tried_less_and_less_often_and_then_fails(chain: Chain) -> None:
    one = refused(chain, times=1000)

    minutes = []
    for minute in range(1, 17):
        reap_after(minute * MINUTE)
        minutes += [minute] * chain.calls().count("PUT /pulls/1/merge")

    gaps = [later - earlier for earlier, later in itertools.pairwise(minutes)]
    assert minutes[:2] == [1, 3]
    assert gaps == sorted(gaps)
    assert len(minutes) < 6
    assert reap_after(3 * 60 * MINUTE).failed == 1
    failure = chain.now(one).progress.failure
    assert failure is not None
    assert failure.cause == "gate, plan and approval did not come to an end within 2 hours"


def test_a_merge_whose_answer_was_lost_is_seen_at_the_next_look(chain: Chain) -> None:
    one = refused(chain)
    chain.server.fault("/merge", status=502, after_effect=True)

    assert reap_after(MINUTE).errors
    assert state(chain, one) is State.PULL_REQUEST_OPEN

    reap_after(4 * MINUTE)
    assert state(chain, one) is State.MERGED
    assert chain.calls().count("PUT /pulls/1/merge") == 1


def test_a_merge_that_was_never_asked_for_is_made_at_the_first_look(chain: Chain) -> None:
    one = chain.opened()
    chain.server.fault("/merge", status=502)
    assert chain.plan(one)["retry"]

    reap_after(16 * MINUTE)

    assert state(chain, one) is State.MERGED


def edit(chain: Chain, _one: Request) -> None:
    branch = chain.server.hub.pulls[1].branch
    chain.server.users.push(branch, "README.md", b"x\n", "Edit")


def redirect(chain: Chain, _one: Request) -> None:
    chain.server.hub.pulls[1].base = "elsewhere"


def cancel(_chain: Chain, one: Request) -> None:
    intake.use_cases(now()).cancel(one.id, ALPHA)


def plan_more(chain: Chain, one: Request) -> None:
    chain.server.fault("/merge", status=405, body=PENDING)
    chain.plan(one, summary={"add": 3, "databases_added": 2}, pipeline_url="https://ci.example/jobs/7")


def fail_the_plan(chain: Chain, one: Request) -> None:
    chain.plan(one, outcome="failed", summary=None, policy=[], pipeline_url="https://ci.example/jobs/7")


@pytest.mark.parametrize("change", [edit, redirect, cancel, plan_more, fail_the_plan])
def test_what_has_changed_since_the_refusal_is_not_merged(
    chain: Chain, change: Callable[[Chain, Request], None]
) -> None:
    one = refused(chain)
    change(chain, one)
    chain.calls()

    for minutes in (1, 5, 20):
        reap_after(minutes * MINUTE)

    assert "PUT /pulls/1/merge" not in chain.calls()
    assert not chain.server.hub.pulls[1].merged


def test_an_edit_that_was_undone_still_takes_an_approval(chain: Chain) -> None:
    one = refused(chain)
    pull = chain.server.hub.pulls[1]
    with chain.webhooks():
        edit(chain, one)
    chain.server.git.git("update-ref", f"refs/heads/{pull.branch}", str(one.progress.commit))

    reap_after(20 * MINUTE)

    assert not pull.merged


@pytest.mark.parametrize(
    "plan",
    [
        {"summary": None},
        {"summary": {"add": 2, "databases_added": 2, "only_own_database": True}},
        {"policy": [{"rule": "size", "passed": False, "detail": "too large"}]},
        {"database_name": "other"},
    ],
    ids=str,
)
def test_what_did_not_merge_automatically_at_first_does_not_later(chain: Chain, plan: dict[str, Any]) -> None:
    one = chain.opened()
    chain.plan(one, **plan)

    reap_after(16 * MINUTE)

    assert state(chain, one) is State.PULL_REQUEST_OPEN


@pytest.mark.parametrize("environment", ["staging", "prod"])
def test_where_the_catalog_says_review_the_reaper_merges_nothing(chain: Chain, environment: str) -> None:
    one = chain.opened(environment=environment)
    chain.plan(one)

    reap_after(16 * MINUTE)

    assert state(chain, one) is State.PULL_REQUEST_OPEN


def test_what_nobody_has_planned_yet_is_not_merged(chain: Chain) -> None:
    one = chain.opened()

    reap_after(16 * MINUTE)

    assert state(chain, one) is State.PULL_REQUEST_OPEN
