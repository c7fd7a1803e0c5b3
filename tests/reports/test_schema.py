"""The contract of the reports is strict for the pipeline, which builds them, and open for the functions."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from provisioner.core.names import Place
from provisioner.core.policy import PolicyResult
from provisioner.reports.schema import (
    PLAN_TEXT_LIMIT,
    Answer,
    ApplyQuestion,
    ApplyReport,
    Attribute,
    DriftReport,
    Heartbeat,
    JobQuestion,
    PlanReport,
    Report,
    ReportError,
    RuleResult,
    Summary,
    encode,
    encode_answer,
    parse,
    unknown_fields,
)
from pydantic import BaseModel, ValidationError

LAMBDA = Path(__file__).parents[2] / "lambda"
ABOUT: Any = {
    "version": 1,
    "environment": "dev",
    "database_name": "mydb123",
    "pipeline_url": "https://ci.example/1",
    "commit": "0" * 40,
}
PLANNED = PlanReport(
    **ABOUT,
    branch="rds/dev/mydb123/create-3f0c1a2b",
    outcome="passed",
    summary=Summary(add=2, databases_added=1, only_own_database=True),
    plan_text="Plan: 2 to add",
    policy=(RuleResult(rule="size", passed=True, detail="small"),),
)
APPLIED = ApplyReport(**ABOUT, outcome="succeeded", request_id="r", result={"port": 3306})
DRIFTED = DriftReport(**ABOUT, drifted=True, plan_text="~ tags")
ASKED = ApplyQuestion(**ABOUT, text="# dev/mydb123")
BEAT = Heartbeat(**ABOUT, requests=("r", "s"), seconds=60)
JOB = JobQuestion(**ABOUT, job="0a1b2c3d-0000-4000-8000-000000000001/0a1b2c3d-0000-4000-8000-000000000002")
REPORTS = [PLANNED, APPLIED, DRIFTED, ASKED, ApplyQuestion(**ABOUT, text=None), BEAT, JOB]


@pytest.mark.parametrize("report", REPORTS, ids=lambda report: report.type)
def test_a_report_comes_through_json_as_it_was_built(report: Report) -> None:
    sent = json.loads(json.dumps(encode(report)))
    assert parse(sent) == report
    assert unknown_fields(sent) == []


def test_what_version_1_says_is_written_down() -> None:
    """Whoever changes this list raises the version, and keeps reading this one for a release."""
    about = ["version", "environment", "database_name", "pipeline_url", "commit", "type"]
    assert list(PlanReport.model_fields) == [
        *about, "branch", "outcome", "summary", "plan_text", "policy", "cause", "changed", "fix",
    ]  # fmt: skip
    assert list(ApplyReport.model_fields) == [
        *about, "outcome", "request_id", "result", "cause", "retryable", "notes", "fix",
    ]  # fmt: skip
    assert list(DriftReport.model_fields) == [*about, "drifted", "module_newer", "plan_text"]
    assert list(ApplyQuestion.model_fields) == [*about, "text"]
    assert list(Heartbeat.model_fields) == [*about, "requests", "seconds"]
    assert list(JobQuestion.model_fields) == [*about, "job"]
    assert set(Answer.model_fields) == {
        *("accepted", "reason", "retry", "denied", "break_glass", "may_apply", "fix", "request_id", "ended"),
    }
    assert list(Summary.model_fields) == [
        "add", "change", "destroy", "replace", "databases_added", "databases_destroyed", "only_own_database",
    ]  # fmt: skip
    assert list(RuleResult.model_fields) == ["rule", "passed", "detail"]
    assert list(Attribute.model_fields) == ["resource", "name", "before", "after"]


@pytest.mark.parametrize(
    ("model", "required"),
    [
        (PlanReport, {"version", "environment", "database_name", "branch", "outcome"}),
        (ApplyReport, {"version", "environment", "database_name", "outcome"}),
        (DriftReport, {"version", "environment", "database_name", "drifted"}),
        (ApplyQuestion, {"version", "environment", "database_name", "text"}),
        (Heartbeat, {"version", "environment", "requests", "seconds"}),
        (JobQuestion, {"version", "environment", "job"}),
        (Answer, {"accepted"}),
        (Summary, set()),
        (RuleResult, {"rule", "passed"}),
        (Attribute, {"resource", "name", "before", "after"}),
    ],
)
def test_what_version_1_requires_is_written_down(model: type[BaseModel], required: set[str]) -> None:
    """A pipeline of an earlier release sends no field that is required later."""
    assert {name for name, field in model.model_fields.items() if field.is_required()} == required


def test_an_answer_says_what_it_has_to_say_and_a_newer_one_may_say_more() -> None:
    """Functions of an earlier release answer with these three, and no more."""
    old = {"accepted": False, "retry": True, "reason": "later"}
    assert encode_answer(Answer.model_validate(old)) == old
    assert Answer.model_validate({"accepted": True}).may_apply is None
    assert Answer.model_validate({"accepted": True, "may_apply": True, "since": "later"}).may_apply


@pytest.mark.parametrize(
    "build",
    [
        lambda: DriftReport(**ABOUT, drifted=True, plan_txt="misspelt"),  # type: ignore[call-arg]
        lambda: Summary(ad=1),  # type: ignore[call-arg]
        lambda: RuleResult(rule="size", passed=True, details="x"),  # type: ignore[call-arg]
        lambda: DriftReport(**ABOUT, drifted=True, plan_text="x" * (PLAN_TEXT_LIMIT + 1)),
        lambda: ApplyReport(**ABOUT, outcome="done"),  # type: ignore[arg-type]
        lambda: ApplyReport(**ABOUT | {"version": 2}, outcome="started"),
    ],
)
def test_the_pipeline_cannot_build_what_the_contract_does_not_have(build: Any) -> None:
    with pytest.raises(ValidationError):
        build()


def test_what_a_newer_pipeline_says_is_ignored_and_named() -> None:
    sent = encode(PLANNED) | {"duration": 7}
    sent["summary"]["moved"] = 1
    sent["policy"][0]["link"] = "x"
    assert parse(sent) == PLANNED
    assert unknown_fields(sent) == ["summary.moved", "policy.0.link", "duration"]


def test_what_is_named_has_a_bound() -> None:
    sent = encode(DRIFTED) | {f"{number:03}" + "x" * 10_000: 1 for number in range(500)}
    found = unknown_fields(sent)
    assert (len(found), max(map(len, found))) == (20, 80)


@pytest.mark.parametrize("version", [None, 0, 2, "1"], ids=repr)
def test_another_version_is_refused(version: Any) -> None:
    with pytest.raises(ReportError, match="version"):
        parse(encode(DRIFTED) | {"version": version})
    without = encode(DRIFTED)
    del without["version"]
    with pytest.raises(ReportError, match="version"):
        parse(without)


@pytest.mark.parametrize("content", [{"type": "x" * 100_000}, {"type": "plan", "policy": [1] * 50_000}])
def test_the_reason_of_a_refusal_has_a_bound(content: Any) -> None:
    with pytest.raises(ReportError) as refused:
        parse(content)
    assert len(str(refused.value)) <= 2_000


def test_a_report_is_about_a_place_and_a_rule_is_the_policys() -> None:
    assert PLANNED.place == Place("dev", "mydb123")
    verdict = PolicyResult("size", False, "too large")
    assert RuleResult.of(verdict) == RuleResult(rule="size", passed=False, detail="too large")
    assert RuleResult.of(verdict).result() == verdict


def test_the_contract_needs_neither_aws_nor_powertools() -> None:
    script = (
        "import sys\n"
        "for name in ('boto3', 'botocore', 'aws_lambda_powertools', 'urllib3', 'jwt'):\n"
        "    sys.modules[name] = None  # an import of it fails\n"
        "from provisioner.reports import schema\n"
        "print(*(name for name in sys.modules if name.startswith('provisioner.')))\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", script],
        env={"PYTHONPATH": str(LAMBDA)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.stderr == ""
    packages = {name.split(".")[1] for name in done.stdout.split()}
    assert packages == {"core", "reports"}
