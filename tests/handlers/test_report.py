"""Reports move requests, comment once, and merge only what leaves nothing for a reviewer to decide."""

import dataclasses
import itertools
import json
import random
from typing import Any

import pytest
from provisioner.core.database_events import DatabaseEventType
from provisioner.core.events import Event, EventType, Step
from provisioner.core.hcl import render
from provisioner.core.lifecycle import DatabaseState, Kind, State
from provisioner.core.models import Charge, Request
from provisioner.core.names import Place
from provisioner.handlers import report
from provisioner.pull_requests import comments
from provisioner.reports.schema import ApplyOutcome, encode
from provisioner.wiring import intake

from tests.handlers.chain import ALPHA, RESULT, Chain, apply_of, now, plan_of

SUMMARY = {"add": 2, "databases_added": 1, "only_own_database": True}


def bodies(chain: Chain, number: int = 1) -> list[str]:
    return [comment.body for comment in chain.server.hub.pulls[number].comments]


def merged(chain: Chain, number: int = 1) -> bool:
    return chain.server.hub.pulls[number].merged


def done(chain: Chain, **body: Any) -> Request:
    """A database that was created."""
    one = chain.opened(**body)
    number = chain.now(one).progress.pull_request or 0
    if not chain.plan(one)["accepted"] or not merged(chain, number):
        chain.server.users.approve(number)
        chain.server.users.merge(number)
    chain.apply(one, "succeeded")
    chain.calls()
    return chain.now(one)


# A plan


def test_a_plan_that_does_what_was_asked_is_commented_on_and_merged(chain: Chain) -> None:
    one = chain.opened()

    answer = chain.plan(one)

    assert answer == {"accepted": True, "reason": "it merges automatically now.", "request_id": one.id}
    assert chain.calls() == [
        "GET /pulls/1",
        "GET /issues/1/comments",
        "POST /issues/1/comments",
        "PUT /pulls/1/merge",
        f"DELETE /git/refs/heads/{chain.server.hub.pulls[1].branch}",
    ]
    assert merged(chain)
    assert bodies(chain)[0].startswith(comments.PLAN)
    message = chain.server.git.git("show", "-s", "--format=%B", "main").strip()
    assert message == "Create dev/mydb123 (MySQL 8.4) (#1)"
    assert chain.now(one).progress.state is State.MERGED
    assert [event.type for event in chain.events(one)] == [
        EventType.REQUESTED,
        EventType.OPENED,
        EventType.PLANNED,
        EventType.MERGED,
    ]
    assert chain.events(one)[2].detail == {
        "pipeline_url": "https://ci.example/jobs/1",
        "commit": one.progress.commit,
        "as_asked": True,
        "plan": "2 to add, 0 to change, 0 to destroy",
        "counts": {"add": 2, "change": 0, "destroy": 0, "replace": 0},
    }


def test_a_report_that_is_sent_again_neither_comments_nor_merges_again(chain: Chain) -> None:
    one = chain.opened()
    chain.plan(one)
    before = chain.now(one), chain.events(one)

    answers = [chain.plan(one) for _ in range(3)]

    assert {answer["reason"] for answer in answers} == {"nothing; this pull request is closed."}
    assert len(bodies(chain)) == 1
    assert (chain.now(one), chain.events(one)) == before


def test_a_plan_that_comes_after_the_merge_says_that_nobody_reviewed_it(chain: Chain) -> None:
    one = chain.opened()
    chain.server.users.merge(1)
    chain.server.hub.pulls[1].merged_at = "2026-01-01T00:00:00Z"

    answer = chain.plan(one)

    assert "it was merged before this plan was there, so that nobody has reviewed it" in answer["reason"]
    assert "**Next:** read this: it was merged before this plan" in bodies(chain)[0]


@pytest.mark.parametrize("call", ["GET .*/pulls/1", "GET .*/comments", "POST .*/comments", "/merge"])
@pytest.mark.parametrize("harm", [{"status": 502}, {"drop": True}], ids=str)
def test_a_report_that_github_fails_is_sent_again_and_ends_well(
    chain: Chain, call: str, harm: dict[str, Any]
) -> None:
    one = chain.opened()
    chain.server.fault(call, **harm)

    first = chain.plan(one)
    second = chain.plan(one)

    assert (first["accepted"], first["retry"]) == (False, True)
    assert second["accepted"]
    assert merged(chain)
    assert len(bodies(chain)) == 1


def test_a_merge_whose_answer_was_lost_is_learned_by_webhook(chain: Chain) -> None:
    with chain.webhooks():
        one = chain.opened()
        chain.server.fault("/merge", status=502, after_effect=True)
        assert chain.plan(one)["retry"]
        chain.server.webhooks.settle()

    assert chain.now(one).progress.state is State.MERGED
    assert chain.plan(one)["accepted"]


def test_a_branch_that_cannot_be_deleted_does_not_matter(chain: Chain) -> None:
    one = chain.opened()
    chain.server.fault("DELETE", status=502)

    assert chain.plan(one)["accepted"]
    assert chain.now(one).progress.state is State.MERGED


@pytest.mark.parametrize(
    "summary",
    [
        None,
        SUMMARY | {"databases_added": 2},
        SUMMARY | {"databases_added": 0},
        SUMMARY | {"change": 1},
        SUMMARY | {"destroy": 1, "databases_destroyed": 1},
        SUMMARY | {"replace": 1},
        SUMMARY | {"only_own_database": False},
    ],
    ids=str,
)
def test_a_create_that_plans_anything_else_waits_for_an_owner_of_everything(
    chain: Chain, summary: dict[str, Any] | None
) -> None:
    one = chain.opened()

    answer = chain.plan(one, summary=summary)

    assert not merged(chain)
    assert "it waits for an approval of `@acme/platform`, given after the newest plan" in answer["reason"]
    assert answer["reason"] in bodies(chain)[0]
    assert chain.now(one).progress.state is State.PULL_REQUEST_OPEN


@pytest.mark.parametrize(
    ("kind", "summary", "merges"),
    [
        (Kind.UPDATE, {"change": 1, "only_own_database": True}, True),
        (Kind.EXTEND, {"change": 2, "only_own_database": True}, True),
        (Kind.UPDATE, {"change": 1, "destroy": 1, "only_own_database": True}, False),
        (Kind.UPDATE, {"replace": 1, "databases_destroyed": 1, "only_own_database": True}, False),
        (Kind.EXTEND, {"add": 1, "only_own_database": True}, False),
        (Kind.REMOVE, {"destroy": 2, "databases_destroyed": 1, "only_own_database": True}, True),
        (Kind.REMOVE, {"destroy": 2, "databases_destroyed": 2, "only_own_database": True}, False),
        (Kind.REMOVE, {"destroy": 1, "databases_destroyed": 0, "only_own_database": True}, True),
        (Kind.REMOVE, {"destroy": 2, "databases_destroyed": 1, "add": 1, "only_own_database": True}, False),
        (Kind.REMOVE, {"destroy": 2, "databases_destroyed": 1, "only_own_database": False}, False),
    ],
    ids=str,
)
def test_a_later_change_merges_only_when_the_plan_is_of_its_kind(
    chain: Chain, kind: Kind, summary: dict[str, Any], merges: bool
) -> None:
    done(chain)
    service = intake.use_cases(now())
    match kind:
        case Kind.UPDATE:
            accepted = service.change(Place("dev", "mydb123"), {"storage_gb": 40}, ALPHA)
        case Kind.EXTEND:
            accepted = service.change(Place("dev", "mydb123"), {"ttl": "9d"}, ALPHA)
        case _:
            accepted = service.remove(Place("dev", "mydb123"), ALPHA)
    assert not isinstance(accepted, dict)
    assert accepted.request.kind is kind
    assert chain.work() == []
    one = chain.now(accepted.request)

    chain.plan(one, summary=summary)

    assert merged(chain, 2) is merges
    assert chain.now(one).progress.state is (State.MERGED if merges else State.PULL_REQUEST_OPEN)


@pytest.mark.parametrize("environment", ["staging", "prod"])
def test_where_the_catalog_says_review_it_waits_for_a_code_owner(chain: Chain, environment: str) -> None:
    one = chain.opened(environment=environment)

    answer = chain.plan(one)

    assert not merged(chain)
    assert answer["reason"] == (
        "it waits for an approval of `@acme/platform`; once that is there, it is merged automatically."
    )
    assert len(bodies(chain)) == 1


def test_a_branch_that_someone_edited_waits_for_the_approval_of_someone_else(chain: Chain) -> None:
    with chain.webhooks():
        one = chain.opened()
        branch = chain.server.hub.pulls[1].branch
        path = "terraform/databases/dev/mydb123/main.tf"
        chain.server.users.push(branch, path, b"edited\n", "Edit")
        head = chain.server.users.push(branch, path, render(one.root).encode(), "And back")
        chain.server.webhooks.settle()

    answer = chain.plan(one, commit=head)

    assert "waits for an approval of `@acme/platform`, given after the newest plan" in answer["reason"]
    assert not merged(chain)


def test_an_edit_whose_webhook_was_lost_waits_for_an_approval_too(chain: Chain) -> None:
    one = chain.opened()
    head = chain.server.users.push(chain.server.hub.pulls[1].branch, "pipeline/gate.py", b"x\n", "Edit")

    assert chain.plan(one, commit=head)["accepted"]

    assert not merged(chain)


def test_a_report_on_an_older_commit_says_nothing(chain: Chain) -> None:
    one = chain.opened()
    chain.server.users.push(chain.server.hub.pulls[1].branch, "README.md", b"x\n", "Edit")

    answer = chain.plan(one)

    assert answer["accepted"]
    assert "moved on" in answer["reason"]
    assert bodies(chain) == []
    assert not merged(chain)


def test_a_push_at_the_last_moment_is_not_merged(chain: Chain) -> None:
    one = chain.opened()
    chain.server.fault(
        "/merge", status=409, body='{"message": "Head branch was modified. Review and try the merge again."}'
    )

    answer = chain.plan(one)

    assert not merged(chain)
    assert "Head branch was modified" in answer["reason"]
    assert len(bodies(chain)) == 1
    assert answer["reason"] in bodies(chain)[0]


def test_two_merges_at_once_are_tried_again(chain: Chain) -> None:
    one = chain.opened()
    chain.server.fault(
        "/merge", status=405, body='{"message": "Base branch was modified. Review and try..."}'
    )

    assert chain.plan(one)["retry"]
    assert chain.plan(one)["accepted"]
    assert merged(chain)


def test_a_pull_request_that_points_elsewhere_is_not_merged(chain: Chain) -> None:
    one = chain.opened()
    chain.server.hub.pulls[1].base = "elsewhere"

    chain.plan(one)

    assert not merged(chain)


def test_a_denied_policy_result_keeps_a_passed_plan_from_merging(chain: Chain) -> None:
    one = chain.opened()

    chain.plan(one, policy=[{"rule": "size", "passed": False, "detail": "too large"}])

    assert not merged(chain)


def test_a_plan_of_another_database_does_not_merge(chain: Chain) -> None:
    one = chain.opened()

    chain.plan(one, database_name="other")

    assert not merged(chain)


@pytest.mark.parametrize("outcome", ["denied", "failed"])
def test_a_plan_that_did_not_pass_fails_the_review_until_one_passes(chain: Chain, outcome: str) -> None:
    one = chain.opened()

    chain.plan(one, outcome=outcome, summary=None, policy=[], cause="out of luck")

    progress = chain.now(one).progress
    assert progress.state is State.FAILED
    assert progress.failure is not None
    assert progress.failure.step is Step.REVIEW
    assert progress.failure.cause == f"the plan was {outcome}: out of luck"
    assert not merged(chain)

    chain.plan(one, pipeline_url="https://ci.example/jobs/9")

    assert merged(chain)
    assert len(bodies(chain)) == 1


def test_a_denial_names_the_rules_in_the_request(chain: Chain) -> None:
    one = chain.opened()
    policy = [
        {"rule": "place", "passed": True, "detail": "fine"},
        {"rule": "storage", "passed": False, "detail": "5000 GB; dev allows 20 to 100 GB"},
    ]

    chain.plan(one, outcome="denied", policy=policy, cause="the gate denied it; nothing was planned")

    failure = chain.now(one).progress.failure
    assert failure is not None
    assert failure.cause == "the plan was denied: storage: 5000 GB; dev allows 20 to 100 GB"


def test_a_report_that_comes_before_the_pull_request_is_sent_again(chain: Chain) -> None:
    one = chain.ask()
    early = dataclasses.replace(one, progress=dataclasses.replace(one.progress, commit="0" * 40))

    answer = chain.plan(early)

    assert (answer["accepted"], answer["retry"]) == (False, True)
    assert "the pull request is not open yet" in answer["reason"]
    assert chain.calls() == []


def test_a_cancelled_request_is_not_merged(chain: Chain) -> None:
    one = chain.opened()
    intake.use_cases(now()).cancel(one.id, ALPHA)

    answer = chain.plan(one)

    assert answer["reason"] == "it was cancelled, and closes automatically."
    assert not merged(chain)


def test_a_missing_permission_is_reported_to_the_pipeline_with_the_next_token(chain: Chain) -> None:
    """The token of before says that it opens all; the next one says what the App lacks."""
    one = chain.opened()
    chain.server.app.permissions["pull_requests"] = "read"

    first, second = chain.plan(one), chain.plan(one)

    assert (first["accepted"], first["retry"]) == (False, True)
    assert (second["accepted"], second["retry"]) == (False, False)
    assert "commenting on pull request 1" in second["reason"]
    assert "the App lacks pull_requests: write" in second["reason"]
    assert not merged(chain)


@pytest.mark.parametrize(
    "change",
    [
        {"version": 2},
        {"type": "party"},
        {"type": None},
        {"environment": None},
        {"outcome": "great"},
        {"branch": 7},
        {"commit": "HEAD"},
        {"pipeline_url": "javascript:alert(1)"},
        {"pipeline_url": "https://ci.example/" + "x" * 1000},
        {"summary": {"add": -1}},
        {"summary": {"add": 10**300}},
        {"policy": "fine"},
    ],
    ids=lambda change: ascii(change)[:40],
)
def test_a_report_that_cannot_be_read_is_refused_with_the_field(chain: Chain, change: dict[str, Any]) -> None:
    one = chain.opened()

    answer = chain.plan(one, **change)

    assert (answer["accepted"], answer["retry"]) == (False, False)
    assert str(next(iter(change))) in answer["reason"]
    assert chain.calls() == []


def test_what_a_newer_pipeline_says_is_ignored_and_logged(
    chain: Chain, caplog: pytest.LogCaptureFixture
) -> None:
    one = chain.opened()

    answer = chain.plan(one, duration=7, summary=SUMMARY | {"moved": 1})

    assert answer == {"accepted": True, "reason": "it merges automatically now.", "request_id": one.id}
    (record,) = [record for record in caplog.records if record.levelname == "WARNING"]
    assert record.getMessage() == "the report has fields that only a newer release reads"
    assert vars(record)["fields"] == ["summary.moved", "duration"]


@pytest.mark.parametrize("event", [{}, [], "text", None, 7], ids=str)
def test_anything_else_than_a_report_is_refused(chain: Chain, event: Any) -> None:
    for handler in (report.plan_handler, report.apply_handler):
        assert handler(event, chain.context)["retry"] is False


def test_the_plans_role_cannot_report_an_apply_nor_the_applys_a_plan(chain: Chain) -> None:
    one = chain.opened()

    assert not report.plan_handler(encode(apply_of(one, "succeeded")), chain.context)["accepted"]
    assert not report.apply_handler(encode(plan_of(one)), chain.context)["accepted"]

    assert chain.now(one).progress.state is State.PULL_REQUEST_OPEN
    assert not merged(chain)


# An apply


def test_an_apply_goes_from_applying_to_done_with_its_result_and_a_comment_on_each(chain: Chain) -> None:
    one = chain.opened()
    chain.plan(one)

    chain.apply(one, "started")
    assert chain.now(one).progress.state is State.APPLYING
    assert "Creating `dev/mydb123`" in bodies(chain)[1]
    answer = chain.apply(one, "succeeded")

    progress = chain.now(one).progress
    assert answer == {"accepted": True, "reason": f"request {one.id} is done"}
    assert progress.state is State.DONE
    assert progress.result == RESULT
    assert len(bodies(chain)) == 3
    assert "dev-mydb123.example" in bodies(chain)[2]
    assert "secret:one" not in "".join(bodies(chain))
    database = chain.ledger.database(Place("dev", "mydb123"))
    assert database is not None
    assert database.state is DatabaseState.AVAILABLE
    assert database.result == RESULT


def test_a_failed_apply_says_why_and_starts_again_without_a_new_pull_request(chain: Chain) -> None:
    one = chain.opened()
    chain.plan(one)
    chain.apply(one, "started")

    chain.apply(one, "failed")

    failure = chain.now(one).progress.failure
    assert failure is not None
    assert failure.step is Step.APPLY
    assert failure.cause == "Error: out of addresses"
    assert failure.fix == "fix the cause, then retry the request"
    assert "Error: out of addresses" in bodies(chain)[2]
    assert "no new pull request is needed" in bodies(chain)[2]

    chain.apply(one, "started", pipeline_url="https://ci.example/jobs/3")
    assert chain.now(one).progress.state is State.APPLYING
    chain.apply(one, "succeeded", pipeline_url="https://ci.example/jobs/3")
    assert chain.now(one).progress.state is State.DONE
    heads = [body.splitlines()[1] for body in bodies(chain)[1:]]
    assert heads == [
        "## ⏳ Creating `dev/mydb123`",
        "## ❌ Creating `dev/mydb123` failed",
        "## ✅ `dev/mydb123` is ready",
    ]


def test_a_failure_that_the_pipeline_knows_says_what_to_do_about_it(chain: Chain) -> None:
    one = chain.opened()
    chain.plan(one, outcome="failed", cause="Error: AccessDenied", fix="compare terraform/foundation")

    failure = chain.now(one).progress.failure
    assert failure is not None
    assert failure.fix == (
        "compare terraform/foundation. To plan again, run the pipeline's workflow again; "
        "or cancel the request"
    )
    assert "Error: AccessDenied\ncompare terraform/foundation\n" in bodies(chain)[0]

    chain.plan(one)
    chain.apply(one, "failed", cause="Error: QuotaExceeded", fix="raise it in Service Quotas, then try again")
    failure = chain.now(one).progress.failure
    assert failure is not None
    assert (failure.cause, failure.fix) == (
        "Error: QuotaExceeded",
        "raise it in Service Quotas, then try again",
    )
    assert "Error: QuotaExceeded\nraise it in Service Quotas, then try again\n" in bodies(chain)[-1]


@pytest.mark.parametrize(
    "order", list(itertools.permutations(["started", "failed", "succeeded"])), ids="-".join
)
def test_late_and_repeated_reports_of_an_apply_never_undo_its_success(
    chain: Chain, order: tuple[ApplyOutcome, ...]
) -> None:
    one = chain.opened()
    chain.plan(one)
    outcomes = [*order, *order]
    random.Random(str(order)).shuffle(outcomes)

    for outcome in [*order, *outcomes]:
        chain.apply(one, outcome)

    assert chain.now(one).progress.state is State.DONE
    assert chain.now(one).progress.result == RESULT


def test_a_removal_ends_the_database_and_keeps_its_history(chain: Chain) -> None:
    created = done(chain)
    accepted = intake.use_cases(now()).remove(Place("dev", "mydb123"), ALPHA)
    assert not isinstance(accepted, dict)
    chain.work()
    one = chain.now(accepted.request)
    chain.plan(one, summary={"destroy": 2, "databases_destroyed": 1, "only_own_database": True})
    assert merged(chain, 2)
    assert chain.server.git.file("main", "terraform/databases/dev/mydb123/main.tf") is None

    answer = chain.apply(one, "removed")

    assert answer["reason"] == f"request {one.id} is done"
    database = chain.ledger.database(Place("dev", "mydb123"))
    assert database is not None
    assert database.state is DatabaseState.REMOVED
    assert chain.ledger.request_ids(Place("dev", "mydb123")) == [created.id, one.id]
    assert "`dev/mydb123` is removed" in bodies(chain, 2)[1]


def test_a_disarmed_database_goes_on_to_its_removal(chain: Chain) -> None:
    done(chain, environment="prod")
    accepted = intake.use_cases(now()).remove(Place("prod", "mydb123"), ALPHA)
    assert not isinstance(accepted, dict)
    chain.work()
    disarm = chain.now(accepted.request)
    assert disarm.kind is Kind.DISARM

    for _ in range(3):
        chain.apply(disarm, "succeeded")

    following = chain.ledger.request(disarm.follow_up or "")
    assert following is not None
    assert following.kind is Kind.REMOVE
    assert len(chain.receive()) == 1


def test_an_apply_is_recorded_though_github_is_away(chain: Chain) -> None:
    one = chain.opened()
    chain.plan(one)
    chain.server.fault(".", status=502, times=50)

    assert chain.apply(one, "succeeded")["accepted"]
    assert chain.now(one).progress.state is State.DONE


def test_an_apply_of_a_request_whose_pull_request_is_not_known_yet_is_kept_without_a_comment(
    chain: Chain,
) -> None:
    one = chain.ask()

    assert chain.apply(one, "started")["accepted"]

    assert chain.now(one).progress.state is State.APPLYING
    assert chain.calls() == []


def test_an_apply_of_what_nobody_asked_for_changes_nothing(chain: Chain) -> None:
    one = chain.opened()
    stranger = {"request_id": None, "database_name": "other"}

    answer = chain.apply(one, "succeeded", **stranger)

    assert answer["accepted"]
    assert "no request asked for this" in answer["reason"]
    assert chain.now(one).progress.state is State.PULL_REQUEST_OPEN


@pytest.mark.parametrize("under_way", [False, True], ids=["available", "with a change under way"])
def test_a_database_that_someone_removed_in_git_is_removed_in_the_ledger(
    chain: Chain, under_way: bool
) -> None:
    one = done(chain)
    if under_way:
        intake.use_cases(now()).change(Place("dev", "mydb123"), {"size": "medium"}, ALPHA)
    held = chain.ledger.quota_used("alpha", "dev")

    for _ in range(2):
        answer = chain.apply(one, "removed", request_id=None)
        assert "the change was made in git alone" in answer["reason"]

    database = chain.ledger.database(Place("dev", "mydb123"))
    assert database is not None
    assert (database.state, database.active) == (DatabaseState.REMOVED, None)
    assert [note.type for note in chain.ledger.database_events(Place("dev", "mydb123"))] == [
        DatabaseEventType.REMOVED_IN_GIT
    ]
    assert held.databases == 1
    assert chain.ledger.quota_used("alpha", "dev") == Charge()
    assert chain.now(one).progress.state is State.DONE


def test_late_word_of_a_namesakes_removal_does_not_touch_a_new_database(chain: Chain) -> None:
    one = chain.opened()
    chain.apply(one, "removed", request_id=None)
    database = chain.ledger.database(Place("dev", "mydb123"))
    assert database is not None
    assert database.state is DatabaseState.PENDING


def test_an_apply_that_names_another_databases_request_changes_nothing(chain: Chain) -> None:
    one = chain.opened()

    chain.apply(one, "succeeded", database_name="other")
    chain.apply(one, "removed", request_id=one.id)

    assert chain.now(one).progress.state is State.PULL_REQUEST_OPEN


def test_an_apply_whose_request_id_is_lost_finds_the_active_request(chain: Chain) -> None:
    one = chain.opened()
    chain.plan(one)

    chain.apply(one, "started", request_id=None)

    assert chain.now(one).progress.state is State.APPLYING


def test_no_report_of_an_apply_puts_a_password_on_the_pull_request(chain: Chain) -> None:
    one = chain.opened()
    chain.plan(one)

    chain.apply(one, "succeeded", result=RESULT | {"password": "hunter2"})

    assert "hunter2" not in json.dumps(bodies(chain))
    assert chain.events(one)[-1].detail["result"] == RESULT


# Drift


@pytest.mark.parametrize("handler", [report.plan_handler, report.apply_handler])
def test_drift_is_said_once_on_the_databases_pull_request(chain: Chain, handler: Any) -> None:
    done(chain)
    event = {
        "version": 1,
        "type": "drift",
        "environment": "dev",
        "database_name": "mydb123",
        "drifted": True,
        "plan_text": "~ storage 20 -> 40",
        "pipeline_url": "https://ci.example/jobs/5",
    }

    for _ in range(2):
        assert handler(event, chain.context) == {"accepted": True, "reason": "drift noted"}

    said = [body for body in bodies(chain) if body.startswith(comments.DRIFT)]
    assert len(said) == 1
    assert "~ storage 20 -> 40" in said[0]


def test_no_drift_and_drift_of_the_unknown_call_nobody(chain: Chain) -> None:
    event = {"version": 1, "type": "drift", "environment": "dev", "database_name": "mydb123", "drifted": True}

    assert report.plan_handler(event, chain.context)["accepted"]
    assert report.plan_handler(event | {"drifted": False}, chain.context)["accepted"]
    assert chain.calls() == []


def test_a_late_close_does_not_undo_what_was_applied(chain: Chain) -> None:
    one = done(chain)

    chain.ledger.add_event(one.id, Event(id="late", type=EventType.CLOSED, at=now(), actor="x"), now())

    assert chain.now(one).progress.state is State.DONE


@pytest.mark.parametrize("url", ["https://evil.example/", "https://ci.example.evil.example/jobs/1"])
def test_a_report_with_a_link_elsewhere_is_refused_and_says_which_are_taken(chain: Chain, url: str) -> None:
    one = chain.opened()

    for answer in (
        chain.plan(one, pipeline_url=url),
        chain.apply(one, "started", pipeline_url=url),
    ):
        assert (answer["accepted"], answer["retry"]) == (False, False)
        assert answer["reason"] == (
            f"pipeline_url {url!r} is no job's address below https://ci.example; where CircleCI has another "
            "one, deploy with it as CircleCiUrl"
        )

    assert chain.now(one).progress == one.progress
    assert chain.server.hub.pulls[1].comments == []


def test_an_apply_that_names_no_request_that_there_can_be_is_refused(chain: Chain) -> None:
    one = chain.opened()

    answer = chain.apply(one, "started", request_id="x" * 3000)

    assert (answer["accepted"], answer["retry"]) == (False, False)
    assert "request_id" in answer["reason"]


def test_a_newer_module_is_said_on_the_databases_pull_request_and_counted_apart(
    chain: Chain, capsys: pytest.CaptureFixture[str]
) -> None:
    one = chain.opened()
    drift = {
        "version": 1,
        "type": "drift",
        "environment": "dev",
        "database_name": "mydb123",
        "drifted": False,
        "module_newer": True,
        "plan_text": "1 to change",
    }

    assert report.plan_handler(drift, chain.context)["reason"] == "a newer module is noted"

    headline = "## 🧩 The module of `dev/mydb123` has a newer version"
    assert bodies(chain)[0].startswith(f"{comments.DRIFT}\n{headline}\n")
    said = capsys.readouterr().out
    assert '"OlderModules":[1.0]' in said
    assert "DriftedDatabases" not in said
    assert chain.now(one) == one
