"""Comments carry verdict, policy, plan and the next step; nothing in a plan gets out of its fence."""

from collections.abc import Sequence
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from provisioner.core.lifecycle import Kind, State
from provisioner.core.policy import PolicyResult
from provisioner.pull_requests import comments
from provisioner.pull_requests.comments import (
    drift_comment,
    ended_comment,
    expiry_comment,
    idle_comment,
    outcome_comment,
    plan_comment,
)

from tests.golden_files import assert_golden
from tests.pull_requests.hostile import hostile, inert, reached

COMMIT = "5f0c1a2b8f5e4c1d9a701c2d3e4f5a6b7c8d9e0f"
URL = "https://app.circleci.com/jobs/github/acme/databases/42"
SUMMARY = {"add": 2, "change": 0, "destroy": 0, "replace": 0}
PLAN = """Terraform will perform the following actions:

  # module.database.aws_db_instance.this will be created
  + resource "aws_db_instance" "this" {
      + identifier = "dev-mydb123"
    }

Plan: 2 to add, 0 to change, 0 to destroy."""
PASSED = (
    PolicyResult("rendered", True, "exactly what the provisioner writes for these values"),
    PolicyResult("size", True, "small (db.t4g.micro)"),
)
DENIED = (*PASSED, PolicyResult("storage", False, "5000 GB; dev allows 20 to 100 GB"))
RESULT = {
    "identifier": "dev-mydb123",
    "endpoint": "dev-mydb123.abc.us-east-1.rds.amazonaws.com",
    "port": 3306,
    "database_name": "mydb123",
    "secret_arn": "arn:aws:secretsmanager:us-east-1:123456789012:secret:rds!db-1",
    "arn": "arn:aws:rds:us-east-1:123456789012:db:dev-mydb123",
    "resource_id": "db-ABC",
}


def plan(
    outcome: str = "passed",
    *,
    results: Sequence[PolicyResult] = PASSED,
    plan_text: str = PLAN,
    cause: str | None = None,
    place: str = "dev/mydb123",
    pipeline_url: str = URL,
    next_step: str = "it merges by itself now.",
) -> str:
    return plan_comment(
        outcome=outcome,
        place=place,
        commit=COMMIT,
        summary=SUMMARY if outcome == "passed" else None,
        results=results,
        plan_text=plan_text,
        pipeline_url=pipeline_url,
        cause=cause,
        next_step=next_step,
    )


def outcome(name: str, **more: Any) -> str:
    said = {"result": None, "cause": None, "retryable": True, "pipeline_url": URL, "place": "dev/mydb123"}
    return outcome_comment(outcome=name, **said | more)


COMMENTS = {
    "plan-passed": plan(),
    "plan-denied": plan(
        "denied",
        results=DENIED,
        plan_text="",
        cause="the gate denied it; nothing was planned",
        next_step="change what the policy denies, or close this pull request.",
    ),
    "plan-failed": plan(
        "failed",
        plan_text="",
        cause="Error: No valid credential sources found",
        next_step="read the cause, mend it, and run the pipeline's workflow again.",
    ),
    "outcome-started": outcome("started"),
    "outcome-succeeded": outcome("succeeded", result=RESULT),
    "outcome-removed": outcome("removed"),
    "outcome-failed": outcome("failed", cause="Error: DBInstanceAlreadyExists"),
    "outcome-failed-for-good": outcome("failed", cause="Error: no such snapshot", retryable=False),
    "expiry-first": expiry_comment(
        place="dev/mydb123", expires_at="2026-11-30T12:00:00Z", last=False, automatic=True
    ),
    "expiry-last": expiry_comment(
        place="prod/orders", expires_at="2026-11-30T12:00:00Z", last=True, automatic=False
    ),
    "idle-warning": idle_comment(
        place="dev/mydb123", idle_since="2026-11-09T13:00:00Z", removed_at="2026-11-26T12:00:00Z"
    ),
    "idle-report": idle_comment(place="staging/orders", idle_since="2026-10-24T13:00:00Z", removed_at=None),
    "idle-over": idle_comment(place="dev/mydb123", idle_since=None, removed_at=None),
    "ended-rejected": ended_comment(state=State.REJECTED, kind=Kind.CREATE, place="dev/mydb123"),
    "ended-cancelled": ended_comment(state=State.CANCELLED, kind=Kind.DISARM, place="prod/orders"),
    "drift": drift_comment(place="dev/mydb123", plan_text=PLAN, pipeline_url=URL),
}


@pytest.mark.parametrize("name", COMMENTS)
def test_a_comment_is_as_agreed(name: str) -> None:
    assert_golden(f"comments/{name}.md", COMMENTS[name])


@pytest.mark.parametrize("name", COMMENTS)
def test_a_comment_begins_with_its_marker_and_ends_with_the_next_step(name: str) -> None:
    first, *_, last = COMMENTS[name].rstrip("\n").split("\n")

    about = ("PLAN", "OUTCOME", "EXPIRY", "IDLE", "ENDED", "DRIFT")
    assert first in [getattr(comments, name) for name in about]
    assert last.startswith("**Next:**")


@given(text=hostile)
def test_a_hostile_plan_cause_or_policy_reaches_nothing(text: str) -> None:
    def with_words(words: str) -> str:
        return plan("denied", results=[PolicyResult(words, False, words)], plan_text=words, cause=words)

    plain = with_words(text if text.isspace() else "plain")
    if text.strip():
        assert reached(with_words(text)) == reached(plain)


@given(text=hostile.filter(str.strip))
def test_a_hostile_cause_or_drift_reaches_nothing(text: str) -> None:
    assert reached(outcome("failed", cause=text)) == reached(outcome("failed", cause="plain"))
    drifted = drift_comment(place="dev/mydb123", plan_text=text, pipeline_url=URL)
    assert reached(drifted) == reached(COMMENTS["drift"])


@given(text=hostile.filter(str.strip))
def test_a_hostile_place_or_address_reaches_nothing(text: str) -> None:
    assert reached(plan(place=text)) == reached(plan())
    links = [words for kind, words in reached(plan(pipeline_url=text)) if kind == "link_open"]
    assert links in ([text], ["#"])
    assert [kind for kind, _ in reached(plan(pipeline_url=text))] == [kind for kind, _ in reached(plan())]


@pytest.mark.parametrize(
    "text", ["x" * 3_000_000, "`" * 3_000_000, "a`" * 40_000, "```\n" * 40_000, "é😀\n" * 60_000], ids=len
)
def test_no_comment_is_longer_than_github_takes(text: str) -> None:
    many = [PolicyResult(text, False, text) for _ in range(200)]

    assert len(plan("failed", results=many, plan_text=text, cause=text, place=text)) <= comments.LIMIT
    assert len(outcome("failed", cause=text, place=text)) <= comments.LIMIT
    assert len(drift_comment(place=text, plan_text=text, pipeline_url=URL)) <= comments.LIMIT


def test_a_plan_that_is_cut_says_so_and_keeps_its_beginning() -> None:
    text = plan(plan_text="first line\n" + "x" * 60_000)

    assert "first line" in inert(text)
    assert "Cut after 48,000 characters; the pipeline has all of it." in text


def test_a_long_policy_table_shows_what_is_denied() -> None:
    results = [PolicyResult(f"rule {n}", True, "fine") for n in range(40)] + [
        PolicyResult("last", False, "not fine")
    ]

    text = plan("denied", results=results)

    assert "| ❌ | `last` | `not fine` |" in text
    assert "denied" in text


@given(st.dictionaries(st.sampled_from([*RESULT, "password", "master_user_password"]), hostile))
def test_an_outcome_shows_the_known_fields_only_and_never_a_password(result: dict[str, str]) -> None:
    text = outcome("succeeded", result=result | {"password": "hunter2", "token": "hunter2"})

    assert "hunter2" not in text
    assert all(kind != "link_open" or words == URL for kind, words in reached(text))
