"""A job that is at work says so; one that fell silent is noticed, and no other."""

import dataclasses
import datetime as dt

import pytest
from hypothesis import given
from hypothesis import strategies as st
from provisioner.core import events
from provisioner.core.beats import GIVEN_UP, LOST, beat_of, next_look, pipeline_url, silent_since
from provisioner.core.events import Event, Step
from provisioner.core.lifecycle import derive
from provisioner.core.models import Beat, Request

from tests.core.examples import NOW, request

MERGED = events.merged(1, NOW, "someone", commit="c")
STARTED = events.started(NOW, pipeline_url="https://ci.example/1", commit="c")
FAILED = events.failed_apply(
    NOW + dt.timedelta(seconds=90),
    pipeline_url="https://ci.example/1",
    commit="c",
    cause="c",
    fix="f",
    retryable=True,
)
RETRIED = events.retried(1, NOW + dt.timedelta(seconds=300), "alpha")
DONE = events.succeeded(
    NOW + dt.timedelta(seconds=90), pipeline_url="https://ci.example/1", commit="c", result=None
)


def after(seconds: float) -> dt.datetime:
    return NOW + dt.timedelta(seconds=seconds)


def applied(*known: Event, at: float = 60, seconds: int = 60, url: str = "https://ci.example/2") -> Request:
    """A request after these events, whose job sent its last word `at` seconds after its start."""
    made = request()
    first = events.requested(NOW - dt.timedelta(minutes=5), "alpha")
    beat = Beat(at=after(at), seconds=seconds, pipeline_url=url)
    return dataclasses.replace(made, progress=derive([first, *known]), beat=beat)


@pytest.mark.parametrize(
    ("later", "since"), [(60, None), (200, None), (240, None), (241, after(60)), (7200, after(60))]
)
def test_a_job_is_silent_once_three_words_are_missing(later: float, since: dt.datetime | None) -> None:
    assert silent_since(applied(MERGED, STARTED), after(later)) == since


@pytest.mark.parametrize("known", [(MERGED,), (MERGED, STARTED)])
def test_a_job_that_works_on_what_is_merged_is_watched(known: tuple[Event, ...]) -> None:
    assert silent_since(applied(*known), after(3600)) == after(60)


@pytest.mark.parametrize(
    "known",
    [(), (MERGED, STARTED, FAILED), (MERGED, STARTED, DONE), (MERGED, STARTED, FAILED, RETRIED)],
)
def test_what_has_not_begun_has_ended_or_is_tried_again_has_no_job_to_watch(known: tuple[Event, ...]) -> None:
    found = applied(*known)
    assert (silent_since(found, after(7200)), beat_of(found)) == (None, None)


def test_a_word_of_the_run_before_says_nothing_of_this_one() -> None:
    assert silent_since(applied(MERGED, STARTED, at=-1), after(7200)) is None


def test_a_pipeline_that_sends_no_word_is_never_silent() -> None:
    found = dataclasses.replace(applied(MERGED, STARTED), beat=None)
    assert silent_since(found, after(7200)) is None
    assert pipeline_url(found) == "https://ci.example/1"


def test_the_link_leads_to_the_job_that_works_on_it_now() -> None:
    assert pipeline_url(applied(MERGED)) == "https://ci.example/2"
    assert pipeline_url(applied(MERGED, STARTED)) == "https://ci.example/2"
    assert pipeline_url(applied(MERGED, STARTED, url="")) == "https://ci.example/1"
    assert pipeline_url(applied(MERGED, STARTED, DONE)) == "https://ci.example/1"


@given(seconds=st.integers(1, 600), missed=st.integers(1, GIVEN_UP), late=st.floats(0, 1e6))
def test_silence_is_counted_by_what_is_missed_whatever_the_pace(
    seconds: int, missed: int, late: float
) -> None:
    found = applied(MERGED, STARTED, seconds=seconds)
    silent = silent_since(found, after(60 + late), missed)
    assert (silent is not None) is (dt.timedelta(seconds=late) > dt.timedelta(seconds=seconds * missed))


@given(seconds=st.integers(1, 600))
def test_the_reaper_looks_when_the_job_is_lost(seconds: int) -> None:
    found = applied(MERGED, STARTED, seconds=seconds)
    assert found.beat
    look = next_look(found.beat)
    assert silent_since(found, look, LOST) == after(60)
    assert silent_since(found, look - dt.timedelta(seconds=2), LOST) is None
    assert found.progress.step is Step.APPLY
