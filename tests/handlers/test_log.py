"""GET /requests/{id}/log: a request's own log, for its team alone, or a sentence why there is none."""

import os
from collections.abc import Iterator
from typing import Any
from unittest import mock

import boto3
import pytest
from botocore.exceptions import ClientError, EndpointConnectionError
from provisioner import settings
from provisioner.core import events

from tests.core.examples import MISSION_BODY, NOW
from tests.handlers.api_client import Answer, Client
from tests.handlers.conftest import Cloud
from tests.handlers.described import OPENAPI, assert_described

ALPHA, BETA = Client("key-alpha"), Client("key-beta")
ROUTE = "/requests/{request_id}/log"
PLACE = "dev/mydb123"


class Logs:
    """The bucket, with logs in it as the pipeline writes them."""

    def __init__(self) -> None:
        self.s3: Any = boto3.client("s3", region_name="us-east-1")
        self.s3.create_bucket(Bucket="states")
        self.request = ALPHA.call("POST", "/provision-rds", MISSION_BODY).json["id"]

    def write(self, step: str, name: str, body: bytes, *, place: str = PLACE, request: str = "") -> None:
        key = f"logs/{step}/{place}/{request or self.request}/{name}.txt"
        self.s3.put_object(Bucket="states", Key=key, Body=body)

    def read(self, client: Client = ALPHA, *, tag: str | None = None, **query: str) -> Answer:
        headers = {"if-none-match": tag} if tag else None
        answer = client.call("GET", f"/requests/{self.request}/log", query=query or None, headers=headers)
        if answer.status not in (200, 304):
            assert_described(answer, ROUTE, "get")
        return answer


@pytest.fixture
def logs(cloud: Cloud) -> Iterator[Logs]:
    with mock.patch.dict(os.environ, {"STATE_BUCKET": "states"}):
        settings.forget()
        yield Logs()


def test_the_team_reads_the_newest_try_of_the_latest_step(logs: Logs) -> None:
    logs.write("plan", "20261123T120000Z-a", b"planned\n")
    assert logs.read().text == "planned\n"
    logs.write("apply", "20261123T121000Z-b", b"failed\n")
    logs.write("apply", "20261123T122000Z-c", "done ✓\n".encode())
    answer = logs.read()
    assert (answer.status, answer.text) == (200, "done ✓\n")
    assert {name: answer.headers[name] for name in answer.headers if name.startswith("x-")} == {
        "x-content-type-options": "nosniff",
        "x-log-step": "apply",
        "x-log-attempt": "2",
        "x-log-attempts": "2",
        "x-log-next-offset": "9",
    }
    assert answer.headers["content-type"] == "text/plain; charset=utf-8"
    assert answer.headers["cache-control"] == "private, no-cache"
    described = OPENAPI["paths"][ROUTE]["get"]["responses"]["200"]["headers"]
    assert {name.lower() for name in described} <= set(answer.headers)


def test_an_earlier_try_and_an_earlier_step_are_asked_for_by_number_and_name(logs: Logs) -> None:
    logs.write("plan", "1", b"planned\n")
    logs.write("apply", "1", b"first\n")
    logs.write("apply", "2", b"second\n")
    assert [logs.read(attempt="1").text, logs.read(step="plan").text] == ["first\n", "planned\n"]
    assert (
        logs.read(attempt="3").json["detail"] == "The apply has 2 so far; leave attempt out for the newest."
    )


def test_another_team_gets_the_answer_for_what_is_unknown(logs: Logs) -> None:
    logs.write("apply", "1", b"theirs")
    refused = logs.read(BETA)
    unknown = BETA.call("GET", "/requests/00000000-0000-4000-8000-000000000000/log")
    own = ("instance", "request_id", "detail")
    assert refused.status == 404
    assert "theirs" not in refused.text
    assert {name: value for name, value in refused.json.items() if name not in own} == {
        name: value for name, value in unknown.json.items() if name not in own
    }
    assert refused.json["detail"].replace(logs.request, "") == unknown.json["detail"].replace(
        "00000000-0000-4000-8000-000000000000", ""
    )


def test_a_log_is_read_on_from_where_the_last_answer_ended(logs: Logs) -> None:
    logs.write("apply", "1", b"one\n")
    first = logs.read()
    offset = first.headers["x-log-next-offset"]
    assert logs.read(offset=offset).text == ""
    logs.write("apply", "1", b"one\ntwo\n")
    second = logs.read(offset=offset)
    assert (second.text, second.headers["x-log-next-offset"]) == ("two\n", "8")
    logs.write("apply", "1", b"cut\n")  # its middle was left out meanwhile
    assert logs.read(offset="8").text == "cut\n"


def test_an_answer_that_is_known_is_not_sent_again(logs: Logs) -> None:
    logs.write("apply", "1", b"one\n")
    tag = logs.read().headers["etag"]
    again = logs.read(tag=tag)
    assert (again.status, again.text or "") == (304, "")
    assert logs.read(tag=tag, offset="4").status == 200  # another part of it
    logs.write("apply", "1", b"one\ntwo\n")
    assert logs.read(tag=tag).status == 200


def test_before_the_pipeline_began_there_is_a_sentence_and_a_time_to_come_again(logs: Logs) -> None:
    answer = logs.read()
    assert (answer.status, answer.json["type"], answer.headers["retry-after"]) == (
        404,
        "urn:rds-provisioner:problem:no-log",
        "5",
    )
    assert answer.json["detail"] == (
        "No log of this request was kept: the pipeline keeps one as soon as it begins. Ask again in a moment."
    )


def test_what_ended_without_a_log_says_so_without_a_time(cloud: Cloud, logs: Logs) -> None:
    cloud.ledger.add_event(logs.request, events.cancelled(NOW), NOW)
    answer = logs.read(step="plan")
    assert answer.json["detail"].startswith("No log of its plan was kept: it ended before the pipeline began")
    assert "retry-after" not in answer.headers


@pytest.mark.parametrize(
    "query", [{"step": "destroy"}, {"attempt": "-1"}, {"attempt": "1000"}, {"offset": "x"}, {"page": "1"}]
)
def test_what_is_no_parameter_is_refused(logs: Logs, query: dict[str, str]) -> None:
    answer = ALPHA.call("GET", f"/requests/{logs.request}/log", query=query)
    assert answer.status == 400
    assert_described(answer, ROUTE, "get")


def test_a_stack_without_the_bucket_says_which_step_is_missing(cloud: Cloud) -> None:
    made = ALPHA.call("POST", "/provision-rds", MISSION_BODY).json["id"]
    answer = ALPHA.call("GET", f"/requests/{made}/log")
    assert (answer.status, answer.json["detail"]) == (
        503,
        "Logs cannot be read here: the stack was deployed without StateBucket. An operator applies the "
        "foundation, then deploys the stack with its bucket as StateBucket (docs/upgrade.md).",
    )


@pytest.mark.parametrize(
    ("code", "reason"),
    [
        ("AccessDenied", "the function may not read logs/ in the state bucket"),
        ("NoSuchBucket", "the state bucket is not there"),
    ],
)
@pytest.mark.parametrize("call", ["list_objects_v2", "get_object"])
def test_a_bucket_that_cannot_be_read_says_which_step_is_missing(
    logs: Logs, call: str, code: str, reason: str
) -> None:
    logs.write("apply", "1", b"one\n")
    refused = ClientError({"Error": {"Code": code, "Message": "no"}}, call)
    with mock.patch.object(settings.client("s3"), call, side_effect=refused):
        answer = logs.read()
    assert answer.status == 503
    assert answer.json["detail"].startswith(f"Logs cannot be read here: {reason}.")


@pytest.mark.parametrize(
    "fault",
    [
        ClientError({"Error": {"Code": "SlowDown", "Message": "later"}}, "ListObjectsV2"),
        EndpointConnectionError(endpoint_url="https://s3"),
    ],
    ids=["slow", "unreachable"],
)
@pytest.mark.parametrize("call", ["list_objects_v2", "get_object"])
def test_a_bucket_that_fails_for_a_while_is_asked_again_later(
    logs: Logs, call: str, fault: Exception
) -> None:
    logs.write("apply", "1", b"one\n")
    with mock.patch.object(settings.client("s3"), call, side_effect=fault):
        answer = logs.read()
    assert (answer.status, answer.json["retryable"]) == (503, True)
    assert "StateBucket" not in answer.text


class TestHostile:
    """Whoever may push a branch may write logs of plans."""

    def test_a_log_of_five_megabytes_is_answered_in_bounds(self, logs: Logs) -> None:
        logs.write("plan", "1", b"x" * 5_000_000)
        answer = logs.read()
        assert answer.text.endswith("x\n[4475712 bytes follow; read on with offset=524288]\n")
        assert len(answer.text) < 525_000

    def test_what_a_terminal_would_follow_is_taken_out(self, logs: Logs) -> None:
        logs.write("plan", "1", "a\x1b]0;evil\x07b\x00c\u202ed\r\ne\rf\tg\n".encode())
        assert logs.read().text == "a\ufffd]0;evil\ufffdb\ufffdc\ufffdd\ne\ufffdf\tg\n"

    def test_what_is_no_text_is_answered_all_the_same(self, logs: Logs) -> None:
        logs.write("plan", "1", b"\xff\xfe ok")
        assert logs.read().text == "\ufffd\ufffd ok"

    def test_names_that_are_none_are_passed_over(self, logs: Logs) -> None:
        logs.write("plan", "1", b"planned")
        logs.write("plan", "9999/../../apply/evil", b"evil")
        logs.write("plan", "évil", b"evil")
        logs.write("plan", "x", b"evil", request=f"{logs.request}0")
        logs.write("plan", "x", b"evil", place="dev/mydb1234")
        answer = logs.read()
        assert (answer.text, answer.headers["x-log-attempts"]) == ("planned", "1")
