"""The worker turns each message into one pull request, however often and badly it is delivered."""

import dataclasses
import datetime as dt
import random
from typing import Any

import pytest
from botocore.exceptions import ClientError
from provisioner import settings
from provisioner.core.events import Event, EventType, Step
from provisioner.core.lifecycle import State
from provisioner.core.names import Place
from provisioner.pull_requests import comments
from provisioner.wiring import intake, repository

from tests.handlers.chain import ALPHA, Chain, Context, now
from tests.handlers.conftest import Cloud, no_table

FAULTS = ["access_tokens", "GET .*/git/ref/", "POST .*/git/refs", "PUT .*/contents/", "POST .*/pulls"]


def assert_one_pull_request(chain: Chain) -> None:
    assert len(chain.server.hub.pulls) == 1
    pull = chain.server.hub.pulls[1]
    assert chain.server.git.ahead("main", pull.branch) == 1


def test_a_message_becomes_a_pull_request_with_six_calls(chain: Chain) -> None:
    one = chain.ask()

    assert chain.work() == []

    assert chain.calls() == [
        "GET /contents/terraform/modules/rds_database/ROOT_FORMAT",
        "GET /git/ref/heads/main",
        "POST /git/refs",
        "PUT /contents/terraform/databases/dev/mydb123/main.tf",
        "POST /pulls",
        "POST /issues/1/labels",
    ]
    progress = chain.now(one).progress
    assert progress.state is State.PULL_REQUEST_OPEN
    assert progress.pull_request == 1
    assert progress.pull_request_url == f"{chain.server.url}/acme/databases/pull/1"
    assert progress.commit == chain.server.hub.pulls[1].head_sha
    # GitHub counts whole seconds, and nothing is opened before it is asked for.
    opened_at = dt.datetime.fromisoformat(chain.server.hub.pulls[1].created_at)
    assert progress.since == max(opened_at, one.created_at + dt.timedelta(microseconds=1))
    assert chain.hidden() == []


def test_a_warm_worker_signs_in_once(chain: Chain) -> None:
    chain.ask()
    chain.ask(database_name="other")

    chain.work()

    assert [call["path"] for call in chain.server.calls if "access_tokens" in call["path"]] == [
        "/app/installations/815/access_tokens"
    ]


@pytest.mark.parametrize("seed", range(3))
def test_five_deliveries_in_any_order_make_one_pull_request_each(chain: Chain, seed: int) -> None:
    chain.ask()
    chain.ask(database_name="other")
    records = chain.receive() * 5
    random.Random(seed).shuffle(records)

    for record in records:
        assert chain.work([record]) == []

    assert sorted(pull.branch.split("/")[2] for pull in chain.server.hub.pulls.values()) == [
        "mydb123",
        "other",
    ]
    assert len(chain.calls()) == 12  # six each


@pytest.mark.parametrize("call", FAULTS)
@pytest.mark.parametrize(
    "harm", [{"status": 502}, {"status": 502, "after_effect": True}, {"drop": True}], ids=str
)
def test_a_fault_at_any_call_is_fixed_by_the_next_delivery(
    chain: Chain, call: str, harm: dict[str, Any]
) -> None:
    one = chain.ask()
    chain.server.fault(call, **harm)

    assert len(chain.work()) == 1
    assert chain.hidden() == [30]
    assert chain.now(one).progress.state is State.REQUESTED
    chain.show_all()

    assert chain.work() == []
    assert_one_pull_request(chain)
    assert chain.now(one).progress.commit == chain.server.hub.pulls[1].head_sha


def test_a_request_that_others_keep_writing_is_tried_again_after_a_while(
    chain: Chain, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    one = chain.ask()

    def conflict(*, TransactItems: list[Any]) -> None:  # noqa: N803
        reasons = [{"Code": "TransactionConflict"} for _ in TransactItems]
        answer: Any = {
            "Error": {"Code": "TransactionCanceledException", "Message": "conflict"},
            "CancellationReasons": reasons,
        }
        raise ClientError(answer, "TransactWriteItems")

    with monkeypatch.context() as busy:
        busy.setattr(settings.client("dynamodb"), "transact_write_items", conflict)
        assert len(chain.work()) == 1

    assert chain.hidden() == [30]
    assert "unexpected" not in capsys.readouterr().out
    chain.show_all()
    assert chain.work() == []
    assert chain.now(one).progress.state is State.PULL_REQUEST_OPEN


@pytest.mark.parametrize("calls_made", range(4))
def test_a_killed_worker_is_replaced_when_its_claim_ends(chain: Chain, calls_made: int) -> None:
    one = chain.ask()
    # A kill gives no claim back: this one was taken 100 seconds ago, for 90, by a worker that got so far.
    chain.ledger.claim(one.id, now() - dt.timedelta(seconds=100), dt.timedelta(seconds=90))
    github, branch = repository.github(), f"rds/dev/mydb123/create-{one.id[:8]}"
    if calls_made >= 1:
        main = github.branch_head("main")
    if calls_made >= 2:
        github.create_branch(branch, main)
    if calls_made >= 3:
        from provisioner.core.hcl import render

        github.put_file(
            Place("dev", "mydb123").root_path, render(one.root), branch=branch, message="Half", replaces=None
        )

    assert chain.work() == []

    assert_one_pull_request(chain)
    assert chain.now(one).progress.commit == chain.server.hub.pulls[1].head_sha


def test_two_deliveries_at_once_never_both_work(chain: Chain) -> None:
    one = chain.ask()
    chain.ledger.claim(one.id, now(), dt.timedelta(seconds=90))

    assert len(chain.work()) == 1

    assert chain.calls() == []
    assert chain.hidden() == [91]


def test_a_rate_limit_hides_the_whole_batch_for_as_long_as_github_asks(chain: Chain) -> None:
    requests = [chain.ask(database_name=f"db{n}") for n in range(4)]
    chain.server.fault("POST .*/git/refs", status=403, headers={"retry-after": "42"}, body="{}")

    assert len(chain.work()) == 4

    assert len(chain.calls()) == 3
    assert all(42 <= seconds <= 44 for seconds in chain.hidden())
    assert {chain.now(request).progress.state for request in requests} == {State.REQUESTED}
    assert list(chain.ledger.due_requests(now() + dt.timedelta(seconds=80))) == []


def test_a_later_batch_makes_no_call_either_while_github_wants_quiet(chain: Chain) -> None:
    chain.ask()
    chain.server.fault("POST .*/git/refs", status=403, headers={"retry-after": "42"}, body="{}")
    chain.work()
    chain.calls()
    late = chain.ask(database_name="late")

    assert len(chain.work()) == 1

    assert chain.calls() == []
    assert chain.now(late).attempts == 0


def test_a_long_rate_limit_hides_for_hours_but_never_beyond_what_sqs_allows(chain: Chain) -> None:
    chain.ask()
    chain.server.fault("POST .*/git/refs", status=429, headers={"retry-after": "999999"}, body="{}")

    chain.work()

    assert chain.hidden() == [11 * 3600]


def test_deferrals_do_not_spend_the_redrive_budget(chain: Chain) -> None:
    one = chain.ask()
    chain.server.fault("GET .*/git/ref/", status=502, times=9)
    counts = []
    for _ in range(9):
        records = chain.receive()
        counts.append(int(records[0]["attributes"]["ApproximateReceiveCount"]))
        chain.work(records)
        assert len(chain.hidden()) == 1
        chain.show_all()

    assert counts == [1, 2, 3, 4, 1, 2, 3, 4, 1]
    assert chain.work() == []
    assert_one_pull_request(chain)
    assert chain.now(one).progress.state is State.PULL_REQUEST_OPEN


def test_the_waits_double_and_a_fresh_copy_is_delayed_too(chain: Chain) -> None:
    chain.ask()
    chain.server.fault("GET .*/git/ref/", status=502, times=4)
    waits = []
    for _ in range(4):
        chain.work()
        waits += chain.hidden()
        chain.show_all()

    assert waits == [30, 60, 120, 240]


def test_a_refusal_for_good_fails_the_request_with_cause_and_fix(chain: Chain) -> None:
    one = chain.ask()
    chain.server.app.permissions["contents"] = "read"

    assert chain.work() == []

    progress = chain.now(one).progress
    assert progress.state is State.FAILED
    assert progress.failure is not None
    assert progress.failure.step is Step.PULL_REQUEST
    assert progress.failure.cause == (
        f"creating branch rds/dev/mydb123/create-{one.id[:8]}: "
        "GitHub answered 403: Resource not accessible by integration; the App lacks contents: write"
    )
    assert "read and write permission for contents and pull requests" in progress.failure.fix
    assert progress.failure.retryable
    assert chain.hidden() == []


def test_a_failed_request_works_after_the_cause_was_fixed_and_it_was_retried(chain: Chain) -> None:
    one = chain.ask()
    chain.server.app.permissions["pull_requests"] = "read"
    chain.work()
    chain.server.app.permissions["pull_requests"] = "write"

    intake.use_cases(now()).retry(one.id, ALPHA)
    assert chain.work() == []

    assert_one_pull_request(chain)
    assert chain.now(one).progress.state is State.PULL_REQUEST_OPEN


def test_an_unreadable_message_stays_for_the_dead_letters_and_holds_nobody_up(chain: Chain) -> None:
    chain.sqs.send_message(QueueUrl=chain.queue, MessageBody="{not json")
    one = chain.ask()
    records = chain.receive()
    bad = next(record["messageId"] for record in records if record["body"] == "{not json")

    assert chain.work(records) == [bad]

    assert chain.now(one).progress.state is State.PULL_REQUEST_OPEN


def test_a_message_of_a_newer_version_stays(chain: Chain) -> None:
    one = chain.ask()
    records = [
        record | {"body": record["body"].replace('"version":1', '"version":2')} for record in chain.receive()
    ]

    assert len(chain.work(records)) == 1
    assert chain.now(one).attempts == 0


def test_a_request_that_the_ledger_does_not_show_yet_is_tried_later(chain: Chain) -> None:
    one = chain.ask()
    records = chain.receive()
    strange = [
        record | {"body": record["body"].replace(one.id, one.id[::-1][:8] + one.id[8:])} for record in records
    ]

    assert len(chain.work(strange)) == 1
    assert chain.calls() == []


def test_a_message_that_cannot_even_be_deferred_leaves_the_others_alone(chain: Chain) -> None:
    chain.ask()
    fine = chain.ask(database_name="fine")
    records = sorted(chain.receive(), key=lambda record: fine.id in record["body"])
    chain.server.fault("GET .*/git/ref/", status=502)

    stay = chain.work([records[0] | {"receiptHandle": "expired"}, records[1]][:2])

    assert stay == [records[0]["messageId"]]
    assert chain.now(fine).progress.state is State.PULL_REQUEST_OPEN


def test_an_unexpected_error_leaves_the_message_for_the_redrive(
    cloud: Cloud, chain: Chain, monkeypatch: pytest.MonkeyPatch
) -> None:
    chain.ask()
    monkeypatch.setattr(cloud.dynamodb, "get_item", no_table)

    assert len(chain.work()) == 1
    assert chain.calls() == []


def test_nothing_is_begun_that_cannot_be_finished(chain: Chain) -> None:
    chain.ask()
    chain.context = Context(left_milliseconds=20_000)

    assert len(chain.work()) == 1

    assert chain.calls() == []
    assert chain.hidden() == [2]


@pytest.mark.parametrize("state", [State.PULL_REQUEST_OPEN, State.MERGED, State.REJECTED])
def test_a_request_that_is_past_its_pull_request_needs_no_call(chain: Chain, state: State) -> None:
    one = chain.opened()
    if state is not State.PULL_REQUEST_OPEN:
        happened = EventType.MERGED if state is State.MERGED else EventType.CLOSED
        chain.ledger.add_event(one.id, Event(id="x", type=happened, at=now(), actor="p"), now())
    chain.send(one)

    assert chain.work() == []
    assert chain.calls() == []


def test_a_pull_request_that_was_closed_meanwhile_is_not_opened_again(chain: Chain) -> None:
    one = chain.ask()
    chain.server.fault("POST .*/pulls", status=502, after_effect=True)
    chain.work()
    chain.server.users.close(1)
    chain.show_all()

    assert chain.work() == []

    assert len(chain.server.hub.pulls) == 1
    assert chain.now(one).progress.state is State.REJECTED


def test_a_pull_request_that_was_merged_meanwhile_is_seen_as_merged(chain: Chain) -> None:
    one = chain.ask()
    chain.server.fault("POST .*/pulls", status=502, after_effect=True)
    chain.work()
    commit = chain.server.users.merge(1)
    chain.show_all()

    assert chain.work() == []

    merged = next(event for event in chain.events(one) if event.type is EventType.MERGED)
    assert merged.detail == {"commit": commit}
    assert chain.now(one).progress.state is State.MERGED


def test_a_request_that_was_cancelled_before_it_began_needs_no_call(chain: Chain) -> None:
    one = chain.ask()
    intake.use_cases(now()).cancel(one.id, ALPHA)

    assert chain.work() == []

    assert chain.calls() == []
    assert chain.now(one).progress.state is State.CANCELLED


def test_a_cancelled_request_has_its_pull_request_closed_and_its_branch_deleted(chain: Chain) -> None:
    one = chain.opened()
    intake.use_cases(now()).cancel(one.id, ALPHA)

    assert chain.work() == []

    pull = chain.server.hub.pulls[1]
    assert (pull.state, pull.merged) == ("closed", False)
    assert chain.server.git.head(pull.branch) is None
    assert chain.now(one).progress.state is State.CANCELLED


def test_a_cancels_reason_stands_on_the_pull_request_that_it_closes(chain: Chain) -> None:
    one = chain.opened()
    intake.use_cases(now()).cancel(one.id, ALPHA, reason="asked for twice")

    assert chain.work() == []

    (said,) = (comment.body for comment in chain.server.hub.pulls[1].comments)
    assert said.startswith(comments.CANCELLED)
    assert "asked for twice" in said


def test_a_failed_request_can_be_cancelled_with_what_is_left_of_it(chain: Chain) -> None:
    one = chain.ask()
    chain.server.app.permissions["pull_requests"] = "read"
    chain.work()
    assert chain.now(one).progress.state is State.FAILED

    intake.use_cases(now()).cancel(one.id, ALPHA)
    assert chain.work() == []

    assert chain.server.git.head(f"rds/dev/mydb123/create-{one.id[:8]}") is None
    assert chain.now(one).progress.state is State.CANCELLED


def test_a_request_whose_plan_failed_can_be_cancelled(chain: Chain) -> None:
    one = chain.opened()
    chain.plan(one, outcome="denied", cause="too large")
    assert chain.now(one).progress.state is State.FAILED

    intake.use_cases(now()).cancel(one.id, ALPHA)
    assert chain.work() == []

    assert chain.server.hub.pulls[1].state == "closed"
    assert chain.now(one).progress.state is State.CANCELLED


def test_a_lost_cancel_of_a_failed_request_is_sent_again_by_the_reaper(chain: Chain) -> None:
    one = chain.opened()
    chain.plan(one, outcome="denied", cause="too large")
    intake.use_cases(now()).cancel(one.id, ALPHA)

    due = list(chain.ledger.due_requests(now() + dt.timedelta(minutes=20)))

    assert [found.id for found in due] == [one.id]


def test_a_cancel_that_lost_to_a_merge_leaves_the_request_merged(chain: Chain) -> None:
    one = chain.opened()
    intake.use_cases(now()).cancel(one.id, ALPHA)
    chain.server.users.merge(1)

    assert chain.work() == []

    assert chain.now(one).progress.state is State.MERGED


def test_a_cancel_between_two_tries_closes_what_the_first_one_opened(chain: Chain) -> None:
    one = chain.ask()
    chain.server.fault("POST .*/pulls", status=502, after_effect=True)
    chain.work()
    intake.use_cases(now()).cancel(one.id, ALPHA)
    chain.show_all()

    assert chain.work() == []

    assert chain.server.hub.pulls[1].state == "closed"
    assert chain.now(one).progress.state is State.CANCELLED


def test_a_branch_that_someone_got_to_first_is_published_but_not_called_ours(chain: Chain) -> None:
    one = chain.ask()
    github = repository.github()
    branch = f"rds/dev/mydb123/create-{one.id[:8]}"
    github.create_branch(branch, github.branch_head("main"))
    chain.server.users.push(branch, "pipeline/gate.py", b"evil\n", "Get in first")

    chain.work()

    assert chain.now(one).progress.commit == ""
    answer = chain.plan(dataclasses.replace(chain.now(one)), commit=chain.server.hub.pulls[1].head_sha)
    assert answer["accepted"]
    assert chain.server.hub.pulls[1].state == "open"
