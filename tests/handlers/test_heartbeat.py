"""A run says that it is at work; the request shows which job, and within minutes that it fell silent."""

import datetime as dt
import json
import os
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from unittest import mock

import boto3
import pytest
from provisioner import settings
from provisioner.api import pages
from provisioner.core import events, reruns
from provisioner.core.events import Step
from provisioner.core.lifecycle import State
from provisioner.core.models import Request
from provisioner.handlers import report
from provisioner.pull_requests.worker import Worker, wanted_run
from provisioner.wiring import deployed, repository

from tests.handlers.chain import Chain, now

URL = "https://ci.example/9"
JOB_PAGE = "https://ci.example/jobs/2"  # of the job that said it had started
WORKFLOW, JOB = "0a1b2c3d-0000-4000-8000-000000000001", "0a1b2c3d-0000-4000-8000-000000000002"
NAME = f"{WORKFLOW}/{JOB}"


def beat(chain: Chain, *requests: str, **more: Any) -> dict[str, Any]:
    content = {"version": 1, "type": "heartbeat", "environment": "dev", "pipeline_url": URL, "seconds": 60}
    return dict(report.apply_handler({**content, "requests": requests, **more}, chain.context))


def page(chain: Chain, one: Request, later: float = 0) -> dict[str, Any]:
    found = chain.now(one)
    return pages.request_page(found, chain.ledger, deployed.catalog(), now() + dt.timedelta(seconds=later))


def started(chain: Chain) -> Request:
    one = chain.opened()
    chain.ledger.add_event(one.id, events.merged(1, now(), "someone", commit="c"), now())
    chain.apply(one, "started")
    return chain.now(one)


def test_a_word_is_kept_without_a_new_version_or_an_event(chain: Chain) -> None:
    one = started(chain)
    known = chain.ledger.events(one.id)
    answer = beat(chain, one.id)
    after = chain.now(one)
    assert answer == {"accepted": True, "reason": "1 requests are at work"}
    assert after.beat is not None
    assert (after.beat.seconds, after.beat.pipeline_url, after.version) == (60, URL, one.version)
    assert chain.ledger.events(one.id) == known


def test_the_next_event_leaves_the_last_word_as_it_is(chain: Chain) -> None:
    one = started(chain)
    beat(chain, one.id)
    chain.apply(one, "failed", cause="c")
    after = chain.now(one)
    assert after.beat is not None
    assert after.beat.pipeline_url == URL
    assert page(chain, one)["links"]["pipeline"] == JOB_PAGE  # whose failure is shown


def test_the_link_leads_to_the_job_at_work_and_the_tag_says_that_it_is_another(chain: Chain) -> None:
    one = started(chain)
    before = page(chain, one)
    tag = pages.tag(chain.now(one), before)
    beat(chain, one.id)
    after = page(chain, one)
    assert (before["links"]["pipeline"], after["links"]["pipeline"]) == (JOB_PAGE, URL)
    assert pages.tag(chain.now(one), after) != tag


def test_a_job_that_falls_silent_is_shown_within_minutes(chain: Chain) -> None:
    one = started(chain)
    beat(chain, one.id)
    at = chain.now(one).beat
    assert at is not None
    assert page(chain, one, 170)["waiting_for"]["what"] == "rds"
    shown = page(chain, one, 190)
    assert shown["waiting_for"] == {
        "what": "job",
        "sentence": f"Its job has sent no word since {at.at:%H:%M:%S} UTC, and has most likely ended. "
        "The next run goes on for it as soon as CircleCI says that it has, or an operator does "
        "(`python -m pipeline unlock`).",
        "since": f"{at.at:%Y-%m-%dT%H:%M:%SZ}",
        "link": URL,
        "approval_of": [],
        "approvers": [],
    }
    assert (shown["slower_than_usual"], shown["estimate"]) == (True, None)
    assert pages.tag(chain.now(one), shown) != pages.tag(chain.now(one), page(chain, one))


def test_a_job_that_speaks_again_is_silent_no_longer(chain: Chain) -> None:
    one = started(chain)
    beat(chain, one.id, seconds=1)
    assert page(chain, one, 60)["waiting_for"]["what"] == "job"
    beat(chain, one.id, seconds=60)
    assert page(chain, one, 60)["waiting_for"]["what"] == "rds"


def test_a_pipeline_that_sends_no_word_is_shown_as_before(chain: Chain) -> None:
    one = started(chain)
    assert page(chain, one, 7200)["waiting_for"]["what"] == "rds"


@pytest.mark.parametrize("later", [659, 662])
def test_the_pipeline_is_run_again_once_for_a_job_that_is_lost(chain: Chain, later: int) -> None:
    one = started(chain)
    beat(chain, one.id)
    found = chain.now(one)
    assert found.beat is not None
    moment, known = found.beat.at + dt.timedelta(seconds=later), chain.ledger.events(one.id)
    wanted = wanted_run(found, known, moment)
    assert wanted == (reruns.of_silent(found.beat.at) if later > 660 else None)
    if wanted:
        run = reruns.redriven(wanted, moment, pipeline=1)
        assert wanted_run(found, [*known, run], moment + dt.timedelta(hours=1)) is None


def test_a_job_that_no_other_run_went_on_for_fails_its_request_with_what_an_operator_does(
    chain: Chain,
) -> None:
    one = started(chain)
    beat(chain, one.id)
    worker = Worker(chain.ledger, deployed.catalog(), repository.github(), "main")
    word = chain.now(one).beat
    assert word is not None

    assert worker.process(one.id, word.at + dt.timedelta(minutes=32)).progress.failure is None
    failure = worker.process(one.id, word.at + dt.timedelta(minutes=34)).progress.failure
    assert failure is not None
    assert (failure.step, failure.cause, failure.fix, failure.retryable) == (
        Step.APPLY,
        f"its job has sent no word since {word.at:%Y-%m-%dT%H:%M:%SZ}: {URL}",
        "see that this job has ended, run `python -m pipeline unlock dev/mydb123`, then retry the request",
        True,
    )
    chain.apply(one, "succeeded", pipeline_url=URL, result={"endpoint": "h"})  # it was a network, and is over
    assert chain.now(one).progress.state is State.DONE


def test_each_word_moves_the_reapers_look_and_silence_brings_it(chain: Chain) -> None:
    one = started(chain)
    beat(chain, one.id)

    def due(later: float) -> list[str]:
        return [found.id for found in chain.ledger.due_requests(now() + dt.timedelta(seconds=later))]

    assert due(650) == []
    assert due(670) == [one.id]
    beat(chain, one.id, seconds=600)
    assert due(670) == []


def test_what_ended_is_not_looked_after_for_a_late_word(chain: Chain) -> None:
    one = started(chain)
    chain.apply(one, "succeeded", result={"endpoint": "h"})
    before = chain.ledger.request(one.id)
    beat(chain, one.id, seconds=600)
    soon = [found.id for found in chain.ledger.due_requests(now() + dt.timedelta(minutes=3))]
    assert (before is not None, soon) == (True, [one.id])  # its record is still to be kept


class TestRefused:
    def test_a_request_of_another_environment_is_not_touched(self, chain: Chain) -> None:
        one = started(chain)
        assert beat(chain, one.id, environment="prod")["reason"] == "0 requests are at work"
        assert chain.now(one).beat is None

    def test_a_request_that_nobody_knows_is_not_made(self, chain: Chain) -> None:
        assert beat(chain, "nobody")["reason"] == "0 requests are at work"
        assert chain.ledger.request("nobody") is None

    def test_a_job_elsewhere_than_on_circleci_is_no_link(self, chain: Chain) -> None:
        one = started(chain)
        answer = beat(chain, one.id, pipeline_url="https://evil.example/1")
        assert (answer["accepted"], chain.now(one).beat) == (False, None)

    def test_the_plans_role_says_nothing_of_applies(self, chain: Chain) -> None:
        one = started(chain)
        content = {
            "version": 1,
            "type": "heartbeat",
            "environment": "dev",
            "requests": [one.id],
            "seconds": 60,
        }
        assert report.plan_handler(content, chain.context)["accepted"] is False
        job = {"version": 1, "type": "has_ended", "environment": "dev", "job": NAME}
        assert report.plan_handler(job, chain.context)["accepted"] is False

    @pytest.mark.parametrize(
        "wrong", [{"seconds": 0}, {"seconds": 601}, {"requests": ["r"] * 65}, {"requests": ["r" * 65]}]
    )
    def test_a_word_out_of_bounds_is_refused(self, chain: Chain, wrong: dict[str, Any]) -> None:
        assert beat(chain, **wrong)["accepted"] is False


class CircleCi:
    """Its API, as far as it is asked of a workflow's jobs."""

    def __init__(self) -> None:
        self.status, self.content, self.seen = 200, b"{}", list[tuple[str, str | None]]()


@pytest.fixture
def circleci(chain: Chain) -> Iterator[CircleCi]:
    made = CircleCi()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            made.seen.append((self.path, self.headers["Circle-Token"]))
            self.send_response(made.status)
            self.send_header("Content-Length", str(len(made.content)))
            self.end_headers()
            self.wfile.write(made.content)

        def log_message(self, *_: Any) -> None:
            """Quiet."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        url = f"http://127.0.0.1:{server.server_port}"
        kept = json.dumps({"project": "gh/acme/databases", "token": "hush", "url": url})
        arn = boto3.client("secretsmanager").create_secret(Name="circleci", SecretString=kept)["ARN"]
        with mock.patch.dict(os.environ, {"CIRCLECI_SECRET_ARN": arn}):
            settings.forget()
            yield made
        server.shutdown()


def ended(chain: Chain, job: str = NAME) -> dict[str, Any]:
    content = {"version": 1, "type": "has_ended", "environment": "dev", "pipeline_url": URL, "job": job}
    return dict(report.apply_handler(content, chain.context))


class TestEnded:
    @pytest.mark.parametrize(
        ("status", "over"),
        [
            ("success", True),
            ("failed", True),
            ("canceled", True),
            ("timedout", True),
            ("infrastructure_fail", True),
            ("terminated-unknown", True),
            ("running", False),
            ("queued", False),
            ("on_hold", False),
            ("a new word", None),
        ],
    )
    def test_a_status_is_over_under_way_or_unknown(
        self, chain: Chain, circleci: CircleCi, status: str, over: bool | None
    ) -> None:
        items = [{"id": "another", "status": "success"}, {"id": JOB, "status": status}]
        circleci.content = json.dumps({"items": items}).encode()
        answer = ended(chain)
        assert (answer["accepted"], answer.get("ended")) == (True, over)
        assert circleci.seen == [(f"/api/v2/workflow/{WORKFLOW}/job", "hush")]

    @pytest.mark.parametrize(
        "content", [b"", b"{", b"[]", b'{"items": 1}', b'{"items": [1, {}, {"id": "x"}]}']
    )
    def test_an_answer_that_does_not_say_it_is_no_answer(
        self, chain: Chain, circleci: CircleCi, content: bytes
    ) -> None:
        circleci.content = content
        assert ended(chain).get("ended") is None

    @pytest.mark.parametrize("status", [401, 403, 404])
    def test_a_refusal_is_no_answer(self, chain: Chain, circleci: CircleCi, status: int) -> None:
        circleci.status = status
        circleci.content = json.dumps({"items": [{"id": JOB, "status": "success"}]}).encode()
        assert ended(chain).get("ended") is None

    @pytest.mark.parametrize("status", [429, 500, 503])
    def test_a_circleci_that_is_down_is_asked_again_later(
        self, chain: Chain, circleci: CircleCi, status: int
    ) -> None:
        circleci.status = status
        answer = ended(chain)
        assert (answer["accepted"], answer["retry"], answer.get("ended")) == (False, True, None)

    def test_without_a_token_nothing_is_known(self, chain: Chain) -> None:
        assert ended(chain) == {"accepted": True, "reason": "there is no token"}

    @pytest.mark.parametrize("job", ["", "x/y", f"../{NAME}", f"{NAME}/artifacts", f"{WORKFLOW}?/{JOB}"])
    def test_what_names_no_job_reaches_nobody(self, chain: Chain, circleci: CircleCi, job: str) -> None:
        assert ended(chain, job)["accepted"] is False
        assert circleci.seen == []


def test_whose_place_a_run_took_is_said_on_the_pull_request_and_in_the_event(chain: Chain) -> None:
    one = started(chain)
    said = "It goes on for https://ci.example/dead: CircleCI says that this job has ended."
    chain.apply(one, "succeeded", pipeline_url=URL, result={"endpoint": "h"}, notes=(said,))
    (event,) = [event for event in chain.ledger.events(one.id) if event.type.value == "succeeded"]
    assert event.detail["notes"] == [said]
    bodies = [comment.body for comment in chain.server.hub.pulls[1].comments]
    assert [body for body in bodies if f"```text\n{said}\n```" in body] == [bodies[-1]]
