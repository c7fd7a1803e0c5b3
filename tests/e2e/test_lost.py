"""An apply is killed in the middle: noticed in minutes, taken over and done; its log is its team's alone."""

import pytest

from tests.e2e.running import events
from tests.e2e.scenes import Lost

pytestmark = [pytest.mark.e2e, pytest.mark.xdist_group("e2e")]


def test_the_request_says_within_minutes_that_its_job_fell_silent(lost: Lost) -> None:
    waiting = lost.silent["waiting_for"]
    assert (lost.silent["state"], waiting["what"], waiting["link"]) == ("applying", "job", lost.killed)
    assert waiting["sentence"].startswith("Its job has sent no word since ")
    assert (lost.silent["slower_than_usual"], lost.silent["estimate"]) == (True, None)
    assert lost.seconds < 120


def test_another_job_takes_over_and_says_whose_place_it_took(lost: Lost) -> None:
    assert lost.done["links"]["pipeline"] != lost.killed
    assert events(lost.done)[-2:] == ["succeeded", "users_ready"]
    said = f"It goes on for {lost.killed}, last seen at "
    taken = [entry for entry in lost.done["timeline"] if (entry.get("detail") or {}).get("notes")]
    assert taken[-1]["detail"]["notes"][0].startswith(said)
    assert "CircleCI says that this job has ended." in taken[-1]["detail"]["notes"][0]
    assert "; its state lock " in taken[-1]["detail"]["notes"][0]
    assert any(said in comment["body"] for comment in lost.pull["comments"])


def test_each_jobs_words_are_kept_and_the_killed_ones_too(lost: Lost) -> None:
    first, second = lost.logs
    assert (first.status, second.status) == (200, 200)
    assert "aws_db_instance.this: Creating..." in first.body
    assert f"It goes on for {lost.killed}" in second.body
    assert "staging/shop" not in first.body + second.body
    assert (second.headers["x-log-step"], second.headers["x-log-attempts"]) == ("apply", "2")


def test_another_team_is_refused_the_log_as_if_there_were_no_such_request(lost: Lost) -> None:
    assert (lost.refused.status, lost.refused.body["title"]) == (404, "Not found")
    assert "staging" not in str(lost.refused.body)
