"""An upgrade that RDS refused is tried again when someone asks for it, and not by whatever runs next."""

import datetime as dt
from typing import Any

import pytest
from provisioner.core.events import Step, failed_stuck
from provisioner.core.hcl import FORMAT_PATH
from provisioner.core.lifecycle import State
from provisioner.core.models import Request
from provisioner.pull_requests.comments import NOT_APPLIED
from provisioner.wiring import intake

from tests.handlers.both import PLACE, Both
from tests.handlers.chain import ALPHA


def merged(both: Both, body: dict[str, Any]) -> Request:
    """A change that was asked for, planned and merged."""
    request = intake.use_cases(dt.datetime.now(dt.UTC)).change(PLACE, body, ALPHA).request
    both.chain.work()
    request = both.chain.now(request)
    assert both.planned(request)
    both.taken()
    return both.chain.now(request)


def created(both: Both) -> None:
    """A database of PostgreSQL 15, where main has a module that can upgrade it."""
    both.chain.server.users.push("main", FORMAT_PATH, b"3\n", "Release")
    request = both.chain.opened(database_engine="postgres", engine_version="15")
    assert both.planned(request)
    assert both.pipeline.apply() == []


@pytest.fixture
def refused(both: Both) -> Request:
    """An upgrade that RDS refused."""
    created(both)
    upgrade = merged(both, {"engine_version": "18"})
    both.pipeline.cloud.runs = "15.9"
    (failure,) = both.pipeline.apply()
    assert "RDS did not upgrade dev/mydb123 to 18" in failure
    both.taken()
    both.pipeline.cloud.planned.clear()
    return both.chain.now(upgrade)


def test_a_later_run_leaves_it_and_says_how_it_is_tried_again(
    both: Both, refused: Request, capsys: pytest.CaptureFixture[str]
) -> None:
    assert both.pipeline.apply() == []

    assert both.taken() == [("may_apply", False)]
    assert both.pipeline.cloud.planned == []
    output = capsys.readouterr().out
    assert f"its upgrade failed, and is tried again when request {refused.id} is retried" in output
    assert "RootsNotApplied" not in output, "no alarm: a request asked for it"
    assert both.chain.now(refused).progress == refused.progress
    number = refused.progress.pull_request or 0
    comments = [comment.body for comment in both.chain.server.hub.pulls[number].comments]
    assert not any(NOT_APPLIED in body for body in comments)


def test_a_retry_tries_it_again(both: Both, refused: Request) -> None:
    use_cases = intake.use_cases(dt.datetime.now(dt.UTC))
    use_cases.retry(refused.id, ALPHA)
    both.pipeline.cloud.runs = ""

    assert both.pipeline.apply() == []

    assert both.chain.now(refused).progress.state is State.DONE


def test_the_version_before_is_applied_without_a_retry(both: Both, refused: Request) -> None:
    merged(both, {"engine_version": "15"})
    assert both.pipeline.apply() == []
    assert both.pipeline.instance()["engine_version"] == "15"


def test_any_other_change_that_failed_is_tried_again_by_the_next_run(both: Both) -> None:
    both.created()
    request = merged(both, {"storage_gb": 40})
    both.chain.apply(request, "failed")
    assert both.chain.now(request).progress.state is State.FAILED
    both.taken()

    assert both.pipeline.apply() == []
    assert both.chain.now(request).progress.state is State.DONE


def test_an_upgrade_whose_run_was_killed_is_finished_by_the_next(both: Both) -> None:
    created(both)
    upgrade = merged(both, {"engine_version": "18"})
    both.chain.apply(upgrade, "started")
    now = dt.datetime.now(dt.UTC)
    stuck = failed_stuck(Step.APPLY, now, now, cause="no word", fix="retry", retryable=True)
    both.chain.ledger.add_event(upgrade.id, stuck, now)
    assert both.chain.now(upgrade).progress.state is State.FAILED

    assert both.pipeline.apply() == []

    assert both.chain.now(upgrade).progress.state is State.DONE
