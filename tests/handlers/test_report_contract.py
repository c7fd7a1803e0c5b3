"""Every report that the pipeline can make is taken by the functions, and moves what it is about."""

import datetime as dt
from collections.abc import Callable
from typing import Any, get_args

import pytest
from provisioner.core.lifecycle import State
from provisioner.pull_requests.comments import DRIFT
from provisioner.reports.schema import ApplyOutcome, PlanOutcome
from provisioner.wiring import intake

from pipeline.circleci_jobs import ended_by
from tests.handlers.both import PLACE, Both
from tests.handlers.chain import ALPHA
from tests.pipeline.fakes import INSTANCE


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


def not_asked_for(both: Both) -> None:
    both.created()
    both.taken()
    both.chain.server.users.push("main", PLACE.root_path, None, "Remove")
    assert both.pipeline.apply() == []
    assert str(PLACE) in both.pipeline.cloud.states


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


def asked_of_a_job(both: Both) -> None:
    look = ended_by(both.pipeline.applies, "https://ci.example/1")
    assert look("0a1b2c3d-0000-4000-8000-000000000001/0a1b2c3d-0000-4000-8000-000000000002") is None


BEAT = ("heartbeat", "1 requests are at work")
CASES: dict[Callable[[Both], None], list[tuple[str, Any]]] = {
    passed: [("plan", "passed")],
    denied: [("plan", "denied")],
    plan_failed: [("plan", "failed")],
    succeeded: [("plan", "passed"), ("may_apply", True), ("apply", "started"), BEAT, ("apply", "succeeded")],
    apply_failed: [("plan", "passed"), ("may_apply", True), ("apply", "started"), BEAT, ("apply", "failed")],
    removed: [("plan", "passed"), ("may_apply", True), ("apply", "started"), BEAT, ("apply", "removed")],
    not_asked_for: [("may_apply", False)],
    drifted: [("drift", True)],
    not_drifted: [("drift", False)],
    asked_of_a_job: [("has_ended", None)],
}


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.__name__)
def test_the_functions_take_what_the_pipeline_reports(both: Both, case: Callable[[Both], None]) -> None:
    case(both)
    assert both.taken() == CASES[case]


def test_no_report_is_left_out() -> None:
    seen = {name for taken in CASES.values() for name in taken}
    plans = {("plan", outcome) for outcome in get_args(PlanOutcome)}
    applies = {("apply", outcome) for outcome in get_args(ApplyOutcome)}
    assert seen == plans | applies | {
        *(("drift", True), ("drift", False), ("may_apply", True), ("may_apply", False)),
        *(BEAT, ("has_ended", None)),
    }
