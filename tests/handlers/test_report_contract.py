"""Every report that the pipeline can make is taken by the functions, and moves what it is about."""

import datetime as dt
import io
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any, get_args

import pytest
from provisioner.core.lifecycle import State
from provisioner.core.models import Request
from provisioner.core.names import Place
from provisioner.handlers import report
from provisioner.pull_requests.comments import DRIFT
from provisioner.reports.schema import ApplyOutcome, PlanOutcome, parse, unknown_fields
from provisioner.wiring import intake

from tests.handlers.chain import ALPHA, Chain
from tests.pipeline.fakes import INSTANCE
from tests.pipeline.repository import Repository
from tests.pipeline.setting import Setting

PLACE = Place("dev", "mydb123")


class DeployedFunctions:
    """The Lambda client of the pipeline, with the real functions behind it."""

    def __init__(self, context: Any) -> None:
        self.context = context
        self.taken: list[tuple[str, Any]] = []  # (type, outcome or drifted) of each report that was accepted

    def invoke(self, *, FunctionName: str, Payload: bytes) -> dict[str, Any]:  # noqa: N803 - boto3's names
        handler = {"plan-report": report.plan_handler, "apply-report": report.apply_handler}[FunctionName]
        content = json.loads(Payload)
        assert unknown_fields(content) == []
        answer = handler(content, self.context)
        if answer["accepted"]:
            read = parse(content)
            self.taken.append((read.type, read.drifted if read.type == "drift" else read.outcome))
        return {"Payload": io.BytesIO(json.dumps(answer).encode())}


class Both:
    """The functions and the pipeline on one repository."""

    def __init__(self, chain: Chain, directory: Path) -> None:
        self.chain = chain
        self.functions = DeployedFunctions(chain.context)
        self.repository = Repository(directory, origin=chain.server.git.path)
        self.pipeline = Setting(self.repository, self.functions)
        self.pipeline.now = dt.datetime.now(dt.UTC)

    def planned(self, request: Request) -> bool:
        """The plan job of a request's branch."""
        branch = request.place.branch(request.kind, request.id)
        self.repository.git("fetch", "--quiet", "origin")
        self.repository.git("checkout", "--quiet", "--force", "--detach", f"origin/{branch}")
        return self.pipeline.plan(branch)

    def created(self) -> Request:
        """A database that was planned, merged and applied."""
        request = self.chain.opened()
        assert self.planned(request)
        assert self.pipeline.apply() == []
        return self.chain.now(request)

    def taken(self) -> list[tuple[str, Any]]:
        """What was accepted since the last look."""
        found = list(self.functions.taken)
        self.functions.taken.clear()
        return found


@pytest.fixture
def both(chain: Chain, tmp_path: Path) -> Both:
    (tmp_path / "pipeline").mkdir()
    return Both(chain, tmp_path / "pipeline")


def passed(both: Both) -> None:
    request = both.chain.opened()
    assert both.planned(request)
    assert both.chain.now(request).progress.state is State.MERGED


def denied(both: Both) -> None:
    request = both.chain.opened()
    branch = request.place.branch(request.kind, request.id)
    both.chain.server.users.push(branch, PLACE.root_path, b'data "external" "x" {}\n', "Edit")
    assert not both.planned(request)
    assert both.chain.now(request).progress.state is State.FAILED


def plan_failed(both: Both) -> None:
    both.created()
    both.taken()
    both.pipeline.cloud.states[str(PLACE)].tainted.add(INSTANCE)
    request = intake.use_cases(dt.datetime.now(dt.UTC)).change(PLACE, {"storage_gb": 40}, ALPHA).request
    both.chain.work()
    assert not both.planned(both.chain.now(request))
    assert both.chain.now(request).progress.state is State.FAILED


def succeeded(both: Both) -> None:
    assert both.created().progress.state is State.DONE


def apply_failed(both: Both) -> None:
    request = both.chain.opened()
    assert both.planned(request)
    both.pipeline.cloud.fail[INSTANCE] = "InternalFailure"
    assert len(both.pipeline.apply()) == 1
    assert both.chain.now(request).progress.state is State.FAILED


def removed(both: Both) -> None:
    both.created()
    both.taken()
    request = intake.use_cases(dt.datetime.now(dt.UTC)).remove(PLACE, ALPHA).request
    both.chain.work()
    assert both.planned(both.chain.now(request))
    assert both.pipeline.apply() == []
    assert both.chain.now(request).progress.state is State.DONE


def drifted(both: Both) -> None:
    both.created()
    both.taken()
    both.pipeline.instance()["instance_class"] = "db.m7g.large"
    assert both.pipeline.drift() == []
    assert both.chain.server.hub.pulls[1].comments[-1].body.startswith(DRIFT)


def not_drifted(both: Both) -> None:
    both.created()
    both.taken()
    assert both.pipeline.drift() == []
    assert not any(comment.body.startswith(DRIFT) for comment in both.chain.server.hub.pulls[1].comments)


CASES: dict[Callable[[Both], None], list[tuple[str, Any]]] = {
    passed: [("plan", "passed")],
    denied: [("plan", "denied")],
    plan_failed: [("plan", "failed")],
    succeeded: [("plan", "passed"), ("apply", "started"), ("apply", "succeeded")],
    apply_failed: [("plan", "passed"), ("apply", "started"), ("apply", "failed")],
    removed: [("plan", "passed"), ("apply", "started"), ("apply", "removed")],
    drifted: [("drift", True)],
    not_drifted: [("drift", False)],
}


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.__name__)
def test_the_functions_take_what_the_pipeline_reports(both: Both, case: Callable[[Both], None]) -> None:
    case(both)
    assert both.taken() == CASES[case]


def test_no_report_is_left_out() -> None:
    seen = {name for taken in CASES.values() for name in taken}
    plans = {("plan", outcome) for outcome in get_args(PlanOutcome)}
    applies = {("apply", outcome) for outcome in get_args(ApplyOutcome)}
    assert seen == plans | applies | {("drift", True), ("drift", False)}
