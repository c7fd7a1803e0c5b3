"""GET /requests/{id}: with `wait` it answers when the request changes, and with an ETag only what is new."""

import time

import pytest
from provisioner.core import events

from tests.core.examples import MISSION_BODY, NOW
from tests.handlers.api_client import Answer, Client
from tests.handlers.conftest import Cloud
from tests.handlers.described import assert_described

ALPHA = Client("key-alpha")
ROUTE = "/requests/{request_id}"


def get(request_id: str, tag: str | None = None, **query: str) -> Answer:
    headers = {"if-none-match": tag} if tag else None
    return ALPHA.call("GET", f"/requests/{request_id}", query=query or None, headers=headers)


@pytest.fixture
def pauses(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """The seconds that the function slept."""
    slept: list[float] = []
    monkeypatch.setattr(time, "sleep", slept.append)
    return slept


def test_an_answer_that_is_known_is_not_sent_again(cloud: Cloud) -> None:
    made = ALPHA.call("POST", "/provision-rds", MISSION_BODY).json["id"]
    first = get(made)
    again = get(made, first.headers["etag"])
    assert_described(first, ROUTE, "get")
    assert (again.status, again.text or "") == (304, "")
    assert again.headers["retry-after"] == "5"
    opened = events.opened(1, NOW, url="https://git/1", commit="c")
    cloud.ledger.add_event(made, opened, NOW)
    changed = get(made, first.headers["etag"])
    assert (changed.status, changed.json["state"]) == (200, "pull_request_open")


def test_a_waiting_call_answers_once_the_request_changes(
    cloud: Cloud, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = ALPHA.call("POST", "/provision-rds", MISSION_BODY).json["id"]

    def opens(_: float) -> None:
        cloud.ledger.add_event(made, events.opened(1, NOW, url="https://git/1", commit="c"), NOW)

    monkeypatch.setattr(time, "sleep", opens)
    answer = get(made, wait="20")
    assert (answer.status, answer.json["state"]) == (200, "pull_request_open")


def test_a_call_that_knows_less_than_there_is_does_not_wait(cloud: Cloud, pauses: list[float]) -> None:
    made = ALPHA.call("POST", "/provision-rds", MISSION_BODY).json["id"]
    assert get(made, 'W/"0"', wait="20").status == 200
    assert pauses == []


def test_what_ended_is_answered_at_once(cloud: Cloud, pauses: list[float]) -> None:
    made = ALPHA.call("POST", "/provision-rds", MISSION_BODY).json["id"]
    cloud.ledger.add_event(made, events.cancelled(NOW), NOW)
    answer = get(made, wait="20")
    assert (answer.json["state"], answer.headers.get("retry-after"), pauses) == ("cancelled", None, [])


@pytest.mark.parametrize("wait", ["-1", "1.5", "soon", "1000"])
def test_a_wait_is_a_number_of_seconds(cloud: Cloud, wait: str) -> None:
    made = ALPHA.call("POST", "/provision-rds", MISSION_BODY).json["id"]
    answer = get(made, wait=wait)
    assert (answer.status, answer.json["detail"]) == (
        400,
        "wait has to be a number of seconds from 0 to 20.",
    )
    assert_described(answer, ROUTE, "get")
