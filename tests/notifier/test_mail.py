"""The door to SES: on moto's, and on botocore's client with the answers of faults."""

import os
import unicodedata
from collections.abc import Iterator
from typing import Any
from unittest import mock

import boto3
import botocore.exceptions
import pytest
from botocore.stub import Stubber
from hypothesis import given
from hypothesis import strategies as st
from moto import mock_aws
from moto.ses.models import ses_backends
from provisioner import settings
from provisioner.core.errors import NeedsPerson, RateLimited, TryLater
from provisioner.notifier.faults import Unclear
from provisioner.notifier.mail import LONGEST_SUBJECT, Mail
from provisioner.notifier.message import Message
from provisioner.notifier.plain import plain

from tests.ledger.moto_table import FAKE_ACCOUNT
from tests.notifier.examples import MESSAGES, failed, occasions

SENDER, JANE = "rds@acme.example", "jane@acme.example"
DOMAINS = frozenset({"acme.example"})


class Taken:
    """A client that keeps each call."""

    def __init__(self, error: Exception | None = None) -> None:
        self.calls: list[dict[str, Any]] = []
        self._error = error

    def send_email(self, **call: Any) -> None:
        self.calls.append(call)
        if self._error:
            raise self._error


@pytest.fixture
def ses() -> Iterator[Any]:
    with mock.patch.dict(os.environ, FAKE_ACCOUNT), mock_aws():
        settings.forget()
        boto3.client("sesv2").create_email_identity(EmailIdentity=SENDER)
        yield settings.client("sesv2")
        settings.forget()


def test_a_mail_has_a_subject_and_the_whole_text(ses: Any) -> None:
    message = occasions()["ready"]
    Mail(ses, SENDER, DOMAINS).send(JANE, message)

    (sent,) = ses_backends["123456789012"]["us-east-1"].sent_messages
    assert (sent.source, sent.destinations["ToAddresses"]) == (SENDER, [JANE])
    assert (sent.subject, sent.body) == ("dev/mydb123 is ready", plain(message))


def test_a_sender_that_is_not_verified_is_for_an_operator(ses: Any) -> None:
    with pytest.raises(NeedsPerson, match="SES answered MessageRejected"):
        Mail(ses, "someone@acme.example", DOMAINS).send(JANE, failed())


@pytest.mark.parametrize(
    ("code", "status", "fault"),
    [
        ("TooManyRequestsException", 429, RateLimited),
        ("LimitExceededException", 400, RateLimited),
        ("ThrottlingException", 400, RateLimited),
        ("InternalFailure", 500, TryLater),
        ("MessageRejected", 400, NeedsPerson),
        ("MailFromDomainNotVerifiedException", 400, NeedsPerson),
        ("AccountSuspendedException", 400, NeedsPerson),
        ("SendingPausedException", 400, NeedsPerson),
        ("BadRequestException", 400, NeedsPerson),
        ("AccessDeniedException", 403, NeedsPerson),
    ],
)
def test_what_ses_refuses_is_split_by_who_acts(
    ses: Any, code: str, status: int, fault: type[Exception]
) -> None:
    with Stubber(ses) as stub:
        stub.add_client_error("send_email", code, "no", status)
        with pytest.raises(fault) as raised:
            Mail(ses, SENDER, DOMAINS).send(JANE, failed())
    assert not isinstance(raised.value, Unclear)


@pytest.mark.parametrize(
    ("error", "unclear"),
    [
        (botocore.exceptions.ReadTimeoutError(endpoint_url="x"), True),
        (botocore.exceptions.ConnectionClosedError(endpoint_url="x"), True),
        (botocore.exceptions.ConnectTimeoutError(endpoint_url="x"), False),
        (botocore.exceptions.EndpointConnectionError(endpoint_url="x"), False),
    ],
)
def test_only_a_missing_answer_is_unclear(error: Exception, unclear: bool) -> None:
    with pytest.raises(TryLater) as raised:
        Mail(Taken(error), SENDER, DOMAINS).send(JANE, failed())
    assert isinstance(raised.value, Unclear) is unclear


def test_the_client_itself_tries_once(ses: Any) -> None:
    """Another try of botocore's after a lost answer would be a mail that nobody counts."""
    assert ses.meta.config.retries["total_max_attempts"] == 1


@pytest.mark.parametrize(
    "address", ["jane@evil.example", "jane@sub.acme.example", "jane", "a@acme.example\nBcc: x@y.zz"]
)
def test_mail_goes_to_the_domains_that_are_allowed_and_nowhere_else(address: str) -> None:
    client = Taken()
    with pytest.raises(NeedsPerson, match="none of the domains"):
        Mail(client, SENDER, DOMAINS).send(address, failed())
    assert client.calls == []


def test_without_a_sender_no_mail_goes_out() -> None:
    client = Taken()
    with pytest.raises(NeedsPerson, match="no sender"):
        Mail(client, "", DOMAINS).send(JANE, failed())
    assert client.calls == []


@given(MESSAGES | st.builds(Message, id=st.just("i"), title=st.text(min_size=150, max_size=400)))
def test_no_text_reaches_a_header_but_as_one_line(message: Message) -> None:
    client = Taken()
    Mail(client, SENDER, DOMAINS).send(JANE, message)

    (call,) = client.calls
    subject = call["Content"]["Simple"]["Subject"]["Data"]
    assert len(subject) <= LONGEST_SUBJECT
    assert len(subject.splitlines()) <= 1
    assert {unicodedata.category(character) for character in subject} & {"Cc", "Cs", "Zl", "Zp"} == set()
    assert set(call["Content"]["Simple"]) == {"Subject", "Body"}
    assert call["Destination"] == {"ToAddresses": [JANE]}
    call["Content"]["Simple"]["Body"]["Text"]["Data"].encode()
