"""A retry takes up the step that failed: a new pull request, or the pipeline run once more."""

import datetime as dt
import json
import os
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from unittest import mock

import boto3
import pytest
from provisioner.circleci import CircleCi, CircleCiAccess
from provisioner.core.errors import NeedsPerson, Problem, TryLater
from provisioner.core.events import Event, EventType, Step
from provisioner.core.lifecycle import State
from provisioner.core.models import Request
from provisioner.core.names import Place
from provisioner.core.transitions import FIRST_CHECK
from provisioner.wiring import intake

from tests.handlers.chain import ALPHA, Chain, now

RUN = ("/api/v2/project/gh/acme/databases/pipeline", {"branch": "main"})


@dataclass
class Pipelines:
    """What CircleCI was asked for, and how it answers."""

    url: str = ""
    status: int = 201
    text: str = '{"number": 7, "state": "pending"}'
    headers: dict[str, str] = field(default_factory=dict)
    asked: list[tuple[str, Any]] = field(default_factory=list)
    tokens: list[str] = field(default_factory=list)

    def access(self, **more: str) -> CircleCiAccess:
        return CircleCiAccess(project="gh/acme/databases", token="hush", url=self.url, **more)


@pytest.fixture
def circleci() -> Iterator[Pipelines]:
    pipelines = Pipelines()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            pipelines.asked.append((self.path, body))
            pipelines.tokens.append(self.headers["Circle-Token"])
            self.send_response(pipelines.status)
            for name, value in pipelines.headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(pipelines.text)))
            self.end_headers()
            self.wfile.write(pipelines.text.encode())

        def log_message(self, *_: Any) -> None:
            """Quiet."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        pipelines.url = f"http://127.0.0.1:{server.server_port}"
        yield pipelines
        server.shutdown()


@pytest.fixture
def with_token(chain: Chain, circleci: Pipelines) -> Iterator[Pipelines]:
    """A stack that was given CircleCI's token."""
    content = json.dumps({"project": "gh/acme/databases", "token": "hush", "url": circleci.url})
    arn = boto3.client("secretsmanager").create_secret(Name="circleci", SecretString=content)["ARN"]
    with mock.patch.dict(os.environ, {"CIRCLECI_SECRET_ARN": arn}):
        yield circleci


def failed(chain: Chain, **more: Any) -> Request:
    """A request whose apply failed."""
    one = chain.opened()
    chain.ledger.add_event(one.id, Event(id="merged:1", type=EventType.MERGED, at=now(), actor="x"), now())
    chain.apply(one, "started")
    chain.apply(one, "failed", cause="InsufficientDBInstanceCapacity", **more)
    return chain.now(one)


def retry(chain: Chain, one: Request) -> Request:
    accepted = intake.use_cases(now()).retry(one.id, ALPHA)
    return accepted.request


class TestApply:
    def test_a_retry_runs_the_pipeline_of_main_once(self, chain: Chain, with_token: Pipelines) -> None:
        one = failed(chain)
        assert one.progress.failure is not None
        assert one.progress.failure.retryable
        assert one.progress.failure.fix == "fix the cause, then retry the request"

        again = retry(chain, one)
        assert again.progress.state is State.APPLYING
        records = chain.receive() * 3
        assert chain.work(records) == []

        assert with_token.asked == [RUN]
        assert with_token.tokens == ["hush"]
        chain.apply(one, "succeeded", pipeline_url="https://ci.example/2", result={"endpoint": "h"})
        assert chain.now(one).progress.state is State.DONE

    def test_a_second_failure_can_be_retried_again(self, chain: Chain, with_token: Pipelines) -> None:
        one = failed(chain)
        for number in (2, 3):
            retry(chain, one)
            chain.work()
            chain.apply(one, "started", pipeline_url=f"https://ci.example/{number}")
            chain.apply(one, "failed", pipeline_url=f"https://ci.example/{number}")
            assert chain.now(one).progress.state is State.FAILED
        assert with_token.asked == [RUN, RUN]

    def test_without_a_token_the_request_says_what_to_do_by_hand(self, chain: Chain) -> None:
        one = failed(chain)
        retry(chain, one)
        assert chain.work() == []
        failure = chain.now(one).progress.failure
        assert failure is not None
        assert failure.step is Step.APPLY
        assert failure.cause == "no token for CircleCI's API was given"
        assert failure.fix == (
            "run the workflow of the base branch again in CircleCI, or deploy with RetryThroughCircleCi=true"
        )

    def test_a_refused_token_is_a_failure_with_its_fix(self, chain: Chain, with_token: Pipelines) -> None:
        with_token.status, with_token.text = 401, '{"message": "You must log in first."}'
        one = failed(chain)
        retry(chain, one)
        assert chain.work() == []
        failure = chain.now(one).progress.failure
        assert failure is not None
        assert failure.cause == ("running the pipeline again: CircleCI answered 401: You must log in first.")
        assert failure.fix == "put a token that is valid into the secret"
        assert "hush" not in str(chain.events(one))

    def test_a_secret_that_nobody_filled_in_is_a_failure_too(
        self, chain: Chain, with_token: Pipelines
    ) -> None:
        boto3.client("secretsmanager").put_secret_value(
            SecretId=os.environ["CIRCLECI_SECRET_ARN"], SecretString="{}"
        )
        one = failed(chain)
        retry(chain, one)
        assert chain.work() == []
        failure = chain.now(one).progress.failure
        assert failure is not None
        assert failure.fix == 'put {"project": "gh/OWNER/NAME", "token": "..."} into it'

    def test_circleci_out_of_order_keeps_the_message_for_later(
        self, chain: Chain, with_token: Pipelines
    ) -> None:
        with_token.status = 503
        one = failed(chain)
        retry(chain, one)
        assert len(chain.work()) == 1
        with_token.status = 201
        chain.show_all()
        assert chain.work() == []
        assert with_token.asked == [RUN, RUN]
        assert chain.now(one).progress.state is State.APPLYING

    def test_what_would_fail_again_is_not_retried(self, chain: Chain, with_token: Pipelines) -> None:
        one = failed(chain, retryable=False)
        with pytest.raises(Problem) as caught:
            retry(chain, one)
        assert (caught.value.status, caught.value.slug) == (409, "not-retryable")
        assert with_token.asked == []

    def test_a_request_whose_place_another_change_took_is_not_retried(self, chain: Chain) -> None:
        one = failed(chain)
        service = intake.use_cases(now())
        service.change(Place("dev", "mydb123"), {"size": "medium"}, ALPHA)
        with pytest.raises(Problem) as caught:
            retry(chain, one)
        assert (caught.value.status, caught.value.slug) == (409, "superseded")


class TestQueue:
    def test_a_merge_that_no_pipeline_takes_up_is_given_one(
        self, chain: Chain, with_token: Pipelines
    ) -> None:
        one = chain.opened()
        before = now() - FIRST_CHECK[Step.QUEUE] - dt.timedelta(seconds=1)
        chain.ledger.add_event(
            one.id, Event(id="merged:1", type=EventType.MERGED, at=before, actor="x"), before
        )
        for _ in range(3):
            chain.send(one)
            assert chain.work() == []
        assert with_token.asked == [RUN]
        assert chain.now(one).progress.state is State.MERGED

    def test_a_young_merge_is_left_to_the_webhook(self, chain: Chain, with_token: Pipelines) -> None:
        one = chain.opened()
        chain.ledger.add_event(
            one.id, Event(id="merged:1", type=EventType.MERGED, at=now(), actor="x"), now()
        )
        chain.send(one)
        assert chain.work() == []
        assert with_token.asked == []

    def test_without_a_token_it_waits_for_the_steps_end(self, chain: Chain) -> None:
        one = chain.opened()
        before = now() - FIRST_CHECK[Step.QUEUE]
        chain.ledger.add_event(
            one.id, Event(id="merged:1", type=EventType.MERGED, at=before, actor="x"), before
        )
        chain.send(one)
        assert chain.work() == []
        assert chain.now(one).progress.state is State.MERGED


class TestCircleCi:
    def test_a_project_of_its_github_app_is_run_by_its_definition(self, circleci: Pipelines) -> None:
        assert CircleCi(circleci.access(definition_id="d-1")).run("main") == 7
        branch = {"branch": "main"}
        assert circleci.asked == [
            (f"{RUN[0]}/run", {"definition_id": "d-1", "config": branch, "checkout": branch})
        ]

    @pytest.mark.parametrize(("status", "wait"), [(429, 30.0), (500, 30.0), (503, 30.0)])
    def test_a_passing_fault_says_when_to_try_again(
        self, circleci: Pipelines, status: int, wait: float
    ) -> None:
        circleci.status, circleci.headers = status, {"Retry-After": "30"}
        with pytest.raises(TryLater) as caught:
            CircleCi(circleci.access()).run("main")
        assert caught.value.retry_after == wait

    def test_nobody_there_is_a_passing_fault(self) -> None:
        with pytest.raises(TryLater):
            CircleCi(CircleCiAccess(project="gh/a/b", token="hush", url="http://127.0.0.1:9")).run("main")

    @pytest.mark.parametrize("text", ["<html>", "[]", "", '"no"'])
    @pytest.mark.parametrize("status", [302, 400, 403, 404, 418])
    def test_a_refusal_needs_an_operator_whatever_it_says(
        self, circleci: Pipelines, status: int, text: str
    ) -> None:
        circleci.status, circleci.text = status, text
        with pytest.raises(NeedsPerson) as caught:
            CircleCi(circleci.access()).run("main")
        assert "hush" not in str(caught.value)

    @pytest.mark.parametrize("text", ["", "{", "[]", "{}", '{"project": "x"}', '{"token": "x", "more": 1}'])
    def test_a_secret_that_nobody_filled_in_says_what_to_put_there(self, text: str) -> None:
        with pytest.raises(NeedsPerson) as caught:
            CircleCiAccess.parse(text)
        assert caught.value.fix == 'put {"project": "gh/OWNER/NAME", "token": "..."} into it'

    def test_the_token_is_not_shown(self) -> None:
        assert "hush" not in repr(CircleCiAccess(project="gh/a/b", token="hush"))
