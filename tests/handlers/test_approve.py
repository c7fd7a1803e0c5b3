"""Reviewers approve, and the provisioner merges: the commit that was planned and approved, once."""

import datetime as dt
import threading
from collections.abc import Callable
from typing import Any

import pytest
from provisioner.core.events import EventType
from provisioner.core.hcl import render
from provisioner.core.lifecycle import State
from provisioner.core.models import Request
from provisioner.handlers import report
from provisioner.pull_requests.comments import APPROVAL
from provisioner.reports.schema import ApplyQuestion, encode
from provisioner.wiring import messages

from tests.handlers.chain import Chain, now
from tests.handlers.reaping import reap

MINUTE = dt.timedelta(minutes=1)
MERGE = "PUT /pulls/1/merge"
OWNER = "platform-engineer"


def reviewed(chain: Chain, *, plan: bool = True) -> Request:
    """A request in staging, whose pull request is open and planned."""
    one = chain.opened(environment="staging")
    if plan:
        chain.plan(one)
    chain.calls()
    return chain.now(one)


def deliver(chain: Chain, act: Callable[[], Any]) -> list[str]:
    """Do something on GitHub, bring its webhooks in, and let the worker do what is queued; GitHub's calls."""
    with chain.webhooks():
        act()
    chain.work()
    return chain.calls()


def merges(chain: Chain, act: Callable[[], Any]) -> int:
    return deliver(chain, act).count(MERGE)


def approve_after(chain: Chain, wait: dt.timedelta) -> None:
    chain.server.users.approve(1)
    at = (now() + wait).strftime("%Y-%m-%dT%H:%M:%SZ")
    chain.server.hub.pulls[1].reviews[-1].submitted_at = at


def state(chain: Chain, one: Request) -> State:
    return chain.now(one).progress.state


def happened(chain: Chain, one: Request) -> list[EventType]:
    return [event.type for event in chain.events(one)]


def comments(chain: Chain) -> list[str]:
    return [
        comment.body for comment in chain.server.hub.pulls[1].comments if comment.body.startswith(APPROVAL)
    ]


def test_an_approval_of_what_was_planned_is_merged_by_the_worker(chain: Chain) -> None:
    one = reviewed(chain)

    called = deliver(chain, lambda: chain.server.users.approve(1))

    pull = chain.server.hub.pulls[1]
    assert called == [
        "GET /pulls/1",
        "GET /contents/.github/CODEOWNERS",
        "GET /pulls/1/reviews",
        f"GET /orgs/acme/teams/platform/memberships/{OWNER}",
        f"GET /collaborators/{OWNER}/permission",
        MERGE,
        f"DELETE /git/refs/heads/{pull.branch}",
    ]
    assert pull.merged_by == "rds-provisioner[bot]"
    assert {EventType.APPROVAL_AWAITED, EventType.APPROVED} <= set(happened(chain, one))
    (merged,) = (event for event in chain.events(one) if event.type is EventType.MERGED)
    assert merged.actor == "rds-provisioner"
    assert merged.detail == {"commit": pull.merge_commit, "approved_by": [OWNER]}
    assert state(chain, one) is State.MERGED


def test_an_approval_before_the_plan_waits_for_it(chain: Chain) -> None:
    one = reviewed(chain, plan=False)

    assert merges(chain, lambda: chain.server.users.approve(1)) == 0
    chain.plan(one)

    assert chain.calls().count(MERGE) == 1
    assert state(chain, one) is State.MERGED


def test_a_new_commit_takes_the_approval_back(chain: Chain) -> None:
    one = reviewed(chain, plan=False)
    branch = chain.server.hub.pulls[1].branch

    deliver(chain, lambda: chain.server.users.approve(1))
    deliver(chain, lambda: chain.server.users.push(branch, "README.md", b"x\n", "Edit", "mallory"))
    chain.plan(chain.now(one), commit=chain.server.hub.pulls[1].head_sha)

    assert MERGE not in chain.calls()
    assert state(chain, one) is State.PULL_REQUEST_OPEN
    assert merges(chain, lambda: approve_after(chain, MINUTE)) == 1


@pytest.mark.parametrize("take_back", ["dismiss", "request_changes"])
def test_an_approval_that_was_taken_back_merges_nothing(chain: Chain, take_back: str) -> None:
    one = reviewed(chain, plan=False)
    users = chain.server.users
    deliver(chain, lambda: users.approve(1))

    deliver(chain, lambda: getattr(users, take_back)(1))
    chain.plan(one)

    assert MERGE not in chain.calls()
    taken = {"dismiss": EventType.APPROVAL_DISMISSED, "request_changes": EventType.CHANGES_REQUESTED}
    assert taken[take_back] in happened(chain, one)
    assert merges(chain, lambda: users.approve(1)) == 1


def test_what_someone_else_approves_stays_and_is_answered_with_whose_approval_it_takes(chain: Chain) -> None:
    one = reviewed(chain)

    assert merges(chain, lambda: chain.server.users.approve(1, "cyd")) == 0

    assert state(chain, one) is State.PULL_REQUEST_OPEN
    (comment,) = comments(chain)
    assert "waits for an approval of `@acme/platform` (`cyd` approved it, but may not decide this)" in comment
    assert merges(chain, lambda: chain.server.users.approve(1)) == 1


def test_without_the_permission_to_read_teams_pull_request_and_log_say_what_to_accept(
    chain: Chain, caplog: pytest.LogCaptureFixture
) -> None:
    one = reviewed(chain)
    del chain.server.app.permissions["members"]

    assert merges(chain, lambda: chain.server.users.approve(1)) == 0

    (comment,) = comments(chain)
    assert "Nothing can be merged here now" in comment
    assert "accepts its permission `Members: read` (docs/deploy.md, step 2)" in comment
    (warning,) = [record for record in caplog.records if record.levelname == "WARNING"]
    assert warning.getMessage().startswith("pull request 1 cannot be merged: the App may not read who")

    chain.server.app.permissions["members"] = "read"
    reap(now() + 16 * MINUTE)
    assert state(chain, one) is State.MERGED


def test_a_comment_or_a_review_of_another_pull_request_queues_nothing(chain: Chain) -> None:
    reviewed(chain)
    users = chain.server.users

    assert deliver(chain, lambda: users.review(1, "COMMENTED")) == []


def test_a_second_approval_and_a_repeated_message_merge_nothing_twice(chain: Chain) -> None:
    one = reviewed(chain)
    users = chain.server.users

    def approve_twice() -> None:
        users.approve(1)
        users.approve(1, "platform-lead")

    assert merges(chain, approve_twice) == 1
    chain.send(one)
    chain.work()
    assert chain.calls() == []


def test_two_workers_at_once_merge_once(chain: Chain) -> None:
    one = reviewed(chain)
    with chain.webhooks():
        chain.server.users.approve(1)
    record = chain.receive()[0]
    workers = [threading.Thread(target=chain.work, args=([record],)) for _ in range(2)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()

    assert state(chain, one) is State.MERGED
    assert happened(chain, one).count(EventType.MERGED) == 1
    assert len(chain.server.git.git("log", "--format=%s", "main").splitlines()) == 2


@pytest.mark.parametrize("fault", [{"status": 502}, {"status": 502, "after_effect": True}], ids=str)
def test_a_merge_whose_answer_was_lost_is_looked_at_by_the_next_delivery(
    chain: Chain, fault: dict[str, Any]
) -> None:
    one = reviewed(chain)
    chain.server.fault("/merge", **fault)
    with chain.webhooks():
        chain.server.users.approve(1)

    assert len(chain.work()) == 1
    assert state(chain, one) is State.PULL_REQUEST_OPEN
    chain.show_all()
    assert chain.work() == []

    assert state(chain, one) is State.MERGED
    assert len(chain.server.git.git("log", "--format=%s", "main").splitlines()) == 2


def test_an_approval_that_github_does_not_list_yet_is_looked_at_again(chain: Chain) -> None:
    one = reviewed(chain)
    with chain.webhooks():
        chain.server.users.approve(1)
    (late,) = chain.server.hub.pulls[1].reviews
    chain.server.hub.pulls[1].reviews.clear()

    assert len(chain.work()) == 1
    chain.server.hub.pulls[1].reviews.append(late)
    chain.show_all()
    assert chain.work() == []

    assert state(chain, one) is State.MERGED


def test_a_review_whose_message_was_lost_is_seen_by_the_reaper(
    chain: Chain, monkeypatch: pytest.MonkeyPatch
) -> None:
    one = reviewed(chain)

    def down(_: object) -> None:
        raise ConnectionError

    with monkeypatch.context() as broken:
        broken.setattr(messages, "send", down)
        assert deliver(chain, lambda: chain.server.users.approve(1)) == []

    assert reap(now()).merged == 1
    assert state(chain, one) is State.MERGED


def test_a_review_whose_webhook_was_lost_is_seen_by_the_reaper(chain: Chain) -> None:
    one = reviewed(chain)
    chain.server.users.approve(1)

    assert reap(now() + 16 * MINUTE).merged == 1
    assert state(chain, one) is State.MERGED


def test_a_merge_by_hand_is_a_merge(chain: Chain) -> None:
    one = reviewed(chain)

    with chain.webhooks():
        chain.server.users.approve(1)
        chain.server.users.merge(1, "platform-lead")
    assert chain.work() == []

    (merged,) = (event for event in chain.events(one) if event.type is EventType.MERGED)
    assert merged.actor == "platform-lead"
    assert MERGE not in chain.calls()


def test_a_merge_that_github_refuses_is_made_a_minute_later(chain: Chain) -> None:
    one = reviewed(chain)
    chain.server.fault("/merge", status=405, body='{"message": "Required status check is pending."}')

    assert merges(chain, lambda: chain.server.users.approve(1)) == 1
    assert state(chain, one) is State.PULL_REQUEST_OPEN

    assert reap(now() + MINUTE).merged == 1


def test_in_an_auto_environment_what_is_not_as_asked_waits_two_weeks_for_an_owner_of_everything(
    chain: Chain,
) -> None:
    one = chain.opened()
    chain.plan(one, summary={"add": 3, "databases_added": 2, "only_own_database": True})
    assert reap(now() + dt.timedelta(hours=3)).failed == 0
    chain.calls()

    assert merges(chain, lambda: chain.server.users.approve(1, "cyd")) == 0
    assert merges(chain, lambda: approve_after(chain, MINUTE)) == 1


def asked_to_apply(chain: Chain, one: Request) -> dict[str, Any]:
    """The answer to main's pipeline, which asks whether it may apply what the request asked for."""
    question = ApplyQuestion(
        version=1,
        environment=one.environment,
        database_name=one.database_name,
        commit=chain.server.git.head("main") or "",
        pipeline_url="https://ci.example/jobs/2",
        text=render(one.root),
    )
    answer: dict[str, Any] = report.apply_handler(encode(question), chain.context)
    return answer


def merged_by_hand(chain: Chain) -> Request:
    one = reviewed(chain)
    with chain.webhooks():
        chain.server.users.merge(1, "cyd")
    return chain.now(one)


def test_what_the_app_merged_with_its_approvals_is_applied(chain: Chain) -> None:
    one = reviewed(chain)
    deliver(chain, lambda: chain.server.users.approve(1))

    assert asked_to_apply(chain, one)["may_apply"]


def test_what_was_merged_by_hand_without_the_approval_due_is_not_applied(chain: Chain) -> None:
    one = merged_by_hand(chain)

    answer = asked_to_apply(chain, one)

    assert not answer["may_apply"]
    assert answer["reason"] == (
        "cyd merged pull request 1 by hand, but it waits for an approval of `@acme/platform`"
    )
    failure = chain.now(one).progress.failure
    assert failure is not None
    assert (failure.cause, failure.retryable) == (answer["reason"], True)
    assert failure.fix == (
        "one of the code owners approves the pull request, also after its merge, then retry the request; "
        "or revert the merge"
    )


def test_an_approval_after_such_a_merge_lets_it_be_applied(chain: Chain) -> None:
    one = merged_by_hand(chain)
    chain.server.users.approve(1)

    assert asked_to_apply(chain, one)["may_apply"]


def test_what_was_applied_before_is_not_held_against_later_reviews(chain: Chain) -> None:
    one = merged_by_hand(chain)
    chain.apply(one, "succeeded")

    assert asked_to_apply(chain, one)["may_apply"]
