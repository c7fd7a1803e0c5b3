"""The door to Slack: what each answer, and each missing one, means for the message."""

from collections.abc import Iterator

import pytest
import urllib3
from provisioner.core.errors import NeedsPerson, RateLimited, TryLater
from provisioner.notifier.faults import Unclear
from provisioner.notifier.slack import Slack
from provisioner.notifier.slack_blocks import payload

from tests.notifier.examples import failed
from tests.notifier.receiver import Receiver, receiving

LOCAL = ("http://127.0.0.1:",)


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with receiving() as server:
        yield server


def send(url: str) -> None:
    Slack(begins=LOCAL, timeout=urllib3.Timeout(connect=1, read=0.3)).send(url, payload(failed()))


def test_a_message_arrives_as_it_was_made(receiver: Receiver) -> None:
    send(receiver.url)
    assert receiver.got == [payload(failed())]


@pytest.mark.parametrize(
    ("header", "seconds"),
    [
        ({"Retry_After": "17"}, 17),
        ({}, 30),
        ({"Retry_After": "soon"}, 30),
        ({"Retry_After": "999999"}, 14400),
    ],
)
def test_slack_says_how_long_to_wait(receiver: Receiver, header: dict[str, str], seconds: float) -> None:
    receiver.answer(429, "rate_limited", **header)
    with pytest.raises(RateLimited) as raised:
        send(receiver.url)
    assert raised.value.retry_after == seconds


@pytest.mark.parametrize(
    ("status", "text", "cause"),
    [
        (400, "invalid_payload", "Slack answered 400 invalid_payload"),
        (403, "action_prohibited", "Slack answered 403 action_prohibited"),
        (404, "no_service", "Slack answered 404 no_service"),
        (404, "<html>not <b>found</b>", "Slack answered 404"),
        (410, "channel_is_archived", "Slack answered 410 channel_is_archived"),
        (302, "", "Slack answered 302"),
    ],
)
def test_a_refusal_is_for_an_operator(receiver: Receiver, status: int, text: str, cause: str) -> None:
    receiver.answer(status, text, Location=receiver.url)
    with pytest.raises(NeedsPerson) as raised:
        send(receiver.url)
    assert (raised.value.cause, bool(raised.value.fix)) == (cause, True)
    assert len(receiver.got) == 1  # a redirect is not followed


@pytest.mark.parametrize("status", [500, 502, 503])
def test_a_fault_of_slack_passes(receiver: Receiver, status: int) -> None:
    receiver.answer(status, "rollup_error")
    with pytest.raises(TryLater) as raised:
        send(receiver.url)
    assert not isinstance(raised.value, Unclear)


def test_without_an_answer_nobody_can_say(receiver: Receiver) -> None:
    receiver.answers = [None]
    with pytest.raises(Unclear):
        send(receiver.url)
    receiver.answer(504)
    with pytest.raises(Unclear):
        send(receiver.url)
    receiver.answer(200)
    receiver.seconds = 0.6
    with pytest.raises(Unclear):
        send(receiver.url)
    assert len(receiver.got) == 3


def test_where_nobody_listens_nothing_went_out() -> None:
    with pytest.raises(TryLater) as raised:
        send("http://127.0.0.1:9/services/T0/B0/hidden")
    assert not isinstance(raised.value, Unclear)


@pytest.mark.parametrize(
    "url",
    [
        "",
        "https://example.com/hook",
        "http://hooks.slack.com/services/x",
        "https://hooks.slack.com.evil.example/x",
        "https://hooks.slack.com/a\r\nHost: evil.example",
        "https://hooks.slack.com@evil.example/",
    ],
)
def test_no_other_address_is_called(url: str) -> None:
    with pytest.raises(NeedsPerson, match="does not hold the address of an incoming webhook"):
        Slack().send(url, {})


@pytest.mark.parametrize("answer", [None, (404, "no_service", {}), (500, "", {}), (429, "", {})])
def test_no_fault_names_the_address(
    receiver: Receiver, answer: tuple[int, str, dict[str, str]] | None
) -> None:
    receiver.answers = [answer]
    with pytest.raises((TryLater, NeedsPerson)) as raised:
        send(receiver.url)
    assert "hidden" not in f"{raised.value} {raised.value.__cause__} {vars(raised.value)}"
