"""What the reports say on a pull request: verdict, policy, plan and the next step, and nothing that acts."""

from typing import Any

import pytest
from hypothesis import given
from provisioner.pull_requests.comments import DRIFT, PLAN
from provisioner.reports.comments import counts, drift_comment, plan_comment
from provisioner.reports.schema import Attribute, DriftReport, PlanReport, RuleResult, Summary

from tests.core.examples import catalog
from tests.golden_files import assert_golden
from tests.pull_requests.hostile import hostile, inert, reached
from tests.pull_requests.test_content import REQUESTS

# https://docs.github.com/en/rest/issues/comments answers 422 to a longer one.
GITHUB_TAKES = 65_536
COMMIT = "5f0c1a2b8f5e4c1d9a701c2d3e4f5a6b7c8d9e0f"
URL = "https://app.circleci.com/jobs/github/acme/databases/42"
PLAN_TEXT = """Terraform will perform the following actions:

  # module.database.aws_db_instance.this will be created
  + resource "aws_db_instance" "this" {
      + identifier = "dev-mydb123"
    }

Plan: 2 to add, 0 to change, 0 to destroy."""
PASSED = (
    RuleResult(rule="rendered", passed=True, detail="exactly what the provisioner writes for these values"),
    RuleResult(rule="size", passed=True, detail="small (db.t4g.micro)"),
)
DENIED = (*PASSED, RuleResult(rule="storage", passed=False, detail="5000 GB; dev allows 20 to 100 GB"))
ABOUT: Any = {"version": 1, "environment": "dev", "database_name": "mydb123", "pipeline_url": URL}
PLANNED = PlanReport(
    **ABOUT,
    branch="rds/dev/mydb123/create-3f0c1a2b",
    commit=COMMIT,
    outcome="passed",
    summary=Summary(add=2, databases_added=1),
    plan_text=PLAN_TEXT,
    policy=PASSED,
)
DRIFTED = DriftReport(**ABOUT, drifted=True, plan_text=PLAN_TEXT)


def plan(
    *, next_step: str = "it merges automatically now.", asked: str | None = "create-mysql-dev", **more: Any
) -> str:
    """A plan's comment; the report takes any value here, also those that no report may have."""
    request = REQUESTS[asked] if asked else None
    return plan_comment(PLANNED.model_copy(update=more), next_step, request, catalog())


def attribute(name: str, before: str, after: str, resource: str = "aws_db_instance.this") -> Attribute:
    return Attribute(resource=resource, name=name, before=before, after=after)


RESIZED = (
    attribute("allocated_storage", "20", "40"),
    attribute("instance_class", "db.t4g.micro", "db.t4g.medium"),
    attribute("tags.Service", "none", "orders"),
)
CHANGED = Summary(change=2, only_own_database=True)
DESTROYED = Summary(destroy=2, databases_destroyed=1, only_own_database=True)
APPROVAL = "it waits for an approval of `@acme/platform`; once that is there, it is merged automatically."


def drifted(**more: Any) -> str:
    return drift_comment(DRIFTED.model_copy(update=more))


COMMENTS = {
    "module-newer": drifted(module_newer=True, drifted=False),
    "plan-passed": plan(),
    "plan-denied": plan(
        outcome="denied",
        summary=None,
        policy=DENIED,
        plan_text="",
        cause="the gate denied it; nothing was planned",
        next_step="change what the policy denies, or close this pull request.",
    ),
    "plan-failed": plan(
        outcome="failed",
        summary=None,
        plan_text="",
        cause="Error: No valid credential sources found",
        next_step="read the cause, fix it, and run the pipeline's workflow again.",
    ),
    "plan-unasked": plan(asked=None),
    "plan-update": plan(asked="update", summary=CHANGED, changed=RESIZED),
    "plan-extend": plan(
        asked="extend",
        summary=CHANGED,
        changed=(attribute("tags.ExpiresAt", "2026-11-30T12:00:00Z", "2026-12-14T12:00:00Z"),),
    ),
    "plan-disarm": plan(
        asked="disarm",
        summary=CHANGED,
        changed=(attribute("deletion_protection", "true", "false"),),
        next_step=APPROVAL,
    ),
    "plan-maintain": plan(
        asked="maintain",
        summary=CHANGED,
        changed=(attribute("engine_version", "16.3", "16.9"),),
        next_step=APPROVAL,
    ),
    "plan-remove-prod": plan(asked="remove-prod", summary=DESTROYED, next_step=APPROVAL),
    "plan-nothing": plan(asked="extend", summary=Summary(), plan_text="No changes."),
    "drift": drifted(),
}


@pytest.mark.parametrize("name", COMMENTS)
def test_a_comment_is_as_agreed(name: str) -> None:
    assert_golden(f"comments/{name}.md", COMMENTS[name])


@pytest.mark.parametrize("name", COMMENTS)
def test_a_comment_begins_with_its_marker_and_ends_with_the_next_step(name: str) -> None:
    first, *_, last = COMMENTS[name].rstrip("\n").split("\n")

    assert first in (PLAN, DRIFT)
    assert last.startswith("**Next:**")


@given(text=hostile)
def test_a_hostile_plan_cause_or_policy_reaches_nothing(text: str) -> None:
    def with_words(words: str) -> str:
        rule = RuleResult(rule=words, passed=False, detail=words)
        return plan(outcome="denied", policy=(rule,), plan_text=words, cause=words)

    plain = with_words(text if text.isspace() else "plain")
    if text.strip():
        assert reached(with_words(text)) == reached(plain)


@given(text=hostile.filter(str.strip))
def test_a_hostile_drift_reaches_nothing(text: str) -> None:
    assert reached(drifted(plan_text=text)) == reached(COMMENTS["drift"])


@given(text=hostile.filter(str.strip))
def test_a_hostile_attribute_reaches_nothing(text: str) -> None:
    text = text[:200]
    there = attribute(text, text, text, text)

    plain = plan(changed=(attribute("plain", "plain", "plain", "plain"),))
    if text.strip():
        assert reached(plan(changed=(there,))) == reached(plain)


def test_twenty_changed_attributes_are_shown_and_the_rest_counted() -> None:
    text = plan(asked="update", changed=tuple(attribute(f"tags.n{n:02}", "1", "2") for n in range(23)))

    assert "tags.n19" in text
    assert "tags.n20" not in text
    assert "The whole plan has 3 more." in text


def test_a_plan_that_destroys_what_was_to_be_changed_puts_the_data_at_risk() -> None:
    replaced = Summary(replace=1, databases_added=1, databases_destroyed=1)
    text = plan(asked="update", summary=replaced)

    assert "## ✅ The plan replaces `dev/mydb123`" in text
    assert "- **Data at risk:** ⚠ all of it: the plan destroys the database" in text


@given(text=hostile.filter(str.strip))
def test_a_hostile_place_or_address_reaches_nothing(text: str) -> None:
    assert reached(plan(database_name=text)) == reached(plan())
    links = [words for kind, words in reached(plan(pipeline_url=text)) if kind == "link_open"]
    assert links in ([text], ["#"])
    assert [kind for kind, _ in reached(plan(pipeline_url=text))] == [kind for kind, _ in reached(plan())]


@pytest.mark.parametrize(
    "text", ["x" * 3_000_000, "`" * 3_000_000, "a`" * 40_000, "```\n" * 40_000, "é😀\n" * 60_000], ids=len
)
def test_no_comment_is_longer_than_github_takes(text: str) -> None:
    many = tuple(RuleResult(rule=text, passed=False, detail=text) for _ in range(200))
    long: Any = {"database_name": text, "plan_text": text, "cause": text}

    attributes = tuple(
        Attribute(resource=text[:200], name=text[:200], before=text[:200], after=text[:200])
        for _ in range(40)
    )
    assert len(plan(outcome="failed", policy=many, **long)) <= GITHUB_TAKES
    assert len(plan(policy=many, changed=attributes, **long)) <= GITHUB_TAKES
    assert len(drifted(database_name=text, plan_text=text)) <= GITHUB_TAKES


def test_a_plan_that_is_cut_says_so_and_keeps_its_beginning() -> None:
    text = plan(plan_text="first line\n" + "x" * 60_000)

    assert "first line" in inert(text)
    assert "Cut after 48,000 characters; the pipeline has all of it." in text


def test_a_long_policy_table_shows_what_is_denied() -> None:
    rules = [RuleResult(rule=f"rule {n}", passed=True, detail="fine") for n in range(40)]
    denied = RuleResult(rule="last", passed=False, detail="not fine")

    text = plan(outcome="denied", policy=(*rules, denied))

    assert "| ❌ | `last` | `not fine` |" in text
    assert "denied" in text


@pytest.mark.parametrize(
    ("summary", "text"),
    [
        (Summary(), "0 to add, 0 to change, 0 to destroy"),
        (Summary(add=2, change=1, destroy=3), "2 to add, 1 to change, 3 to destroy"),
        (Summary(replace=1), "0 to add, 0 to change, 1 to replace, 0 to destroy"),
    ],
)
def test_a_plan_is_counted_in_terraforms_words(summary: Summary, text: str) -> None:
    assert counts(summary) == text
