"""When a request is ready: the steps that are left, as far as anything says how long they take."""

import dataclasses
import datetime as dt

import pytest
from provisioner.core import events
from provisioner.core.durations import Usual
from provisioner.core.estimates import Estimate, Span, estimate
from provisioner.core.events import Event, Step
from provisioner.core.lifecycle import derive

from tests.core.examples import NOW, request

SECOND = dt.timedelta(seconds=1)
ASKED = events.requested(NOW, "alpha-ci")
OPENED = events.opened(7, NOW + 2 * SECOND, url="https://git/7", commit="c")
MERGED = events.merged(7, NOW + 10 * SECOND, "reviewer", commit="d")
STARTED = events.started(NOW + 20 * SECOND, pipeline_url="https://ci/1", commit="d")
DONE = events.succeeded(NOW + 80 * SECOND, pipeline_url="https://ci/1", commit="d", result=None)
FAILED = events.failed_apply(
    NOW + 50 * SECOND, pipeline_url="https://ci/1", commit="d", cause="boom", fix="fix it", retryable=True
)
CLOSED = events.closed(7, NOW + 9 * SECOND, "reviewer")
USUAL = {
    Step.PULL_REQUEST: Usual((4.0,), "pull_request"),
    Step.REVIEW: Usual((60.0, 80.0), "review_dev"),
    Step.QUEUE: Usual((10.0,), "queue"),
    Step.APPLY: Usual((300.0, 400.0, 500.0), "apply#mysql"),
}
STATED = USUAL | {Step.REVIEW: Usual((180.0,), "catalog", stated=480)}


def left(*happened: Event, seconds: float, reviewed: bool = False, stated: bool = False) -> Estimate | None:
    """What is left so many seconds after the request was made."""
    one = dataclasses.replace(request(), progress=derive([ASKED, *happened]))
    return estimate(one, STATED if stated else USUAL, NOW + seconds * SECOND, reviewed=reviewed)


def found(*happened: Event, seconds: float, reviewed: bool = False, stated: bool = False) -> Estimate:
    estimated = left(*happened, seconds=seconds, reviewed=reviewed, stated=stated)
    assert estimated is not None
    return estimated


def test_a_new_request_has_all_steps_before_it() -> None:
    estimated = found(seconds=0)
    assert [step.step for step in estimated.steps] == [Step.PULL_REQUEST, Step.REVIEW, Step.QUEUE, Step.APPLY]
    assert estimated.left == Span(4.0 + 70.0 + 10.0 + 400.0, 4.0 + 80.0 + 10.0 + 500.0)
    assert (estimated.after_approval, estimated.slower_than_usual) == (None, False)


def test_the_running_step_counts_with_what_is_left_of_it() -> None:
    estimated = found(OPENED, MERGED, STARTED, seconds=120)
    assert [(step.step, step.left) for step in estimated.steps] == [(Step.APPLY, Span(300.0, 400.0))]


def test_a_step_that_takes_longer_than_all_before_it_has_no_estimate_and_is_slow() -> None:
    estimated = found(OPENED, MERGED, STARTED, seconds=20 + 501)
    assert (estimated.left, estimated.slower_than_usual) == (None, True)


@pytest.mark.parametrize(("seconds", "slow"), [(20 + 500, False), (20 + 500.1, True)])
def test_slow_is_what_nine_of_ten_did_not_take(seconds: float, slow: bool) -> None:
    assert found(OPENED, MERGED, STARTED, seconds=seconds).slower_than_usual is slow


def test_an_approval_without_history_is_not_guessed_and_what_follows_it_is() -> None:
    estimated = found(OPENED, seconds=100_000, reviewed=True, stated=True)
    assert estimated.left is None
    assert estimated.steps[0].basis == "reviewer"
    assert estimated.after_approval == Span(410.0, 510.0)
    assert not estimated.slower_than_usual


def test_an_approval_with_history_takes_what_it_usually_takes() -> None:
    estimated = found(OPENED, seconds=2, reviewed=True)
    assert (estimated.left, estimated.after_approval) == (Span(480.0, 590.0), Span(410.0, 510.0))


def test_after_the_merge_no_approval_is_waited_for() -> None:
    estimated = found(OPENED, MERGED, seconds=10, reviewed=True, stated=True)
    assert (estimated.left, estimated.after_approval) == (Span(410.0, 510.0), None)


@pytest.mark.parametrize(
    "happened",
    [[OPENED, MERGED, STARTED, DONE], [OPENED, CLOSED], [OPENED, MERGED, STARTED, FAILED]],
    ids=["done", "rejected", "failed"],
)
def test_what_ended_or_failed_has_no_estimate(happened: list[Event]) -> None:
    assert left(*happened, seconds=999) is None


def test_a_clock_that_is_behind_takes_nothing_off() -> None:
    assert found(OPENED, MERGED, STARTED, seconds=0).left == Span(400.0, 500.0)
