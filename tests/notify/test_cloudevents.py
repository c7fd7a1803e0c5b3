"""What is told to the outside follows the schema, says who and why, and can be checked by its receiver."""

import dataclasses
import datetime as dt
import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft202012Validator
from provisioner.core.database_events import DatabaseEvent, DatabaseEventType
from provisioner.core.events import Event, EventType
from provisioner.core.lifecycle import Kind, derive
from provisioner.core.models import Database, Request
from provisioner.notify import cloudevents
from standardwebhooks.webhooks import Webhook, WebhookVerificationError

from tests.core.examples import NOW, database, request

DOCS = Path(__file__).parents[2] / "docs"
SCHEMA = Draft202012Validator(
    json.loads((DOCS / "events.v1.schema.json").read_text()),
    format_checker=Draft202012Validator.FORMAT_CHECKER,
)
SOURCE = "urn:rds-provisioner"
SECRET = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ012345678901"
REQUESTED = Event(id="requested", type=EventType.REQUESTED, at=NOW, actor="alpha-ci")
OPENED = Event(
    id="opened:7",
    type=EventType.OPENED,
    at=NOW,
    actor="rds-provisioner",
    detail={"pull_request": 7, "pull_request_url": "https://github.com/acme/databases/pull/7", "commit": "c"},
)


def at(happened: EventType, **detail: object) -> Event:
    return Event(id=f"{happened}:1", type=happened, at=NOW, actor="somebody", detail=detail)


def after(*events: Event, kind: Kind = Kind.CREATE) -> Request:
    """A request to which these events happened."""
    return dataclasses.replace(request(), kind=kind, progress=derive([REQUESTED, *events]))


FAILED = {"step": "apply", "cause": "InstanceQuotaExceeded", "fix": "raise the quota", "retryable": True}
TOLD = [
    (REQUESTED, Kind.CREATE, "requested"),
    (OPENED, Kind.UPDATE, "opened"),
    (at(EventType.APPROVED), Kind.CREATE, "approved"),
    (at(EventType.MERGED), Kind.EXTEND, "merged"),
    (at(EventType.STARTED, pipeline_url="https://ci.example.com/1"), Kind.CREATE, "applying"),
    (at(EventType.SUCCEEDED, result={"endpoint": "h", "port": 5432}), Kind.CREATE, "applied"),
    (at(EventType.SUCCEEDED), Kind.DISARM, "applied"),
    (at(EventType.SUCCEEDED), Kind.REMOVE, "removed"),
    (at(EventType.FAILED, **FAILED), Kind.CREATE, "failed"),
    (at(EventType.CLOSED), Kind.CREATE, "rejected"),
    (at(EventType.CANCELLED), Kind.CREATE, "cancelled"),
]


@pytest.mark.parametrize(("event", "kind", "name"), TOLD, ids=[f"{kind}-{name}" for _, kind, name in TOLD])
def test_an_event_of_a_request_is_told_as_the_schema_says(event: Event, kind: Kind, name: str) -> None:
    one = after(OPENED, event, kind=kind)
    document = cloudevents.of_request(event, one, source=SOURCE)
    assert document is not None
    SCHEMA.validate(document)
    assert document["type"] == f"rds-provisioner.{name}.v1"
    assert document["subject"] == "dev/mydb123"
    assert document["data"]["event"] == name
    assert document["data"]["request"] == {"id": one.id, "kind": kind.value, "reason": ""}


@pytest.mark.parametrize(
    "happened",
    [
        EventType.PLANNED,
        EventType.EDITED,
        EventType.REOPENED,
        EventType.CANCEL_ASKED,
        EventType.RETRIED,
        EventType.REDRIVEN,
    ],
)
def test_what_nobody_outside_needs_is_not_told(happened: EventType) -> None:
    assert cloudevents.of_request(at(happened), after(OPENED), source=SOURCE) is None


def test_every_event_is_either_told_or_kept() -> None:
    told = {event.type for event, _, _ in TOLD}
    kept = {
        EventType.PLANNED,
        EventType.EDITED,
        EventType.REOPENED,
        EventType.CANCEL_ASKED,
        EventType.RETRIED,
        EventType.REDRIVEN,
    }
    assert told | kept == set(EventType)


def test_a_pull_request_that_a_cancel_closed_was_not_rejected() -> None:
    closed = at(EventType.CLOSED)
    cancelling = after(OPENED, at(EventType.CANCEL_ASKED), closed)
    cancelled = after(OPENED, at(EventType.CANCEL_ASKED), closed, at(EventType.CANCELLED))
    assert cloudevents.of_request(closed, cancelling, source=SOURCE) is None
    assert cloudevents.of_request(closed, cancelled, source=SOURCE) is None


def test_a_second_close_rejects_nothing() -> None:
    first = at(EventType.CLOSED)
    reopened = dataclasses.replace(at(EventType.REOPENED), at=NOW + dt.timedelta(minutes=1))
    second = dataclasses.replace(first, id="closed:2", at=NOW + dt.timedelta(minutes=5))
    one = after(OPENED, first, reopened, second)
    assert cloudevents.of_request(first, one, source=SOURCE) is not None
    assert cloudevents.of_request(second, one, source=SOURCE) is None


def test_a_failure_says_the_step_the_cause_and_the_fix() -> None:
    document = cloudevents.of_request(at(EventType.FAILED, **FAILED), after(OPENED), source=SOURCE)
    assert document is not None
    assert document["data"]["error"] == FAILED


@pytest.mark.parametrize("noted", list(DatabaseEventType))
def test_what_happens_to_a_database_is_told_as_the_schema_says(noted: DatabaseEventType) -> None:
    note = DatabaseEvent(id=f"{noted}:1", type=noted, at=NOW, actor="rds-provisioner", detail={"last": True})
    document = cloudevents.of_database(note, database(), source=SOURCE)
    SCHEMA.validate(document)
    assert document["data"]["event"] == noted.value
    assert document["data"]["detail"] == {"last": True}
    assert document["data"]["request"] is None


def test_every_event_stands_in_the_document_for_subscribers() -> None:
    text = (DOCS / "events.md").read_text().partition("## The document")[0]
    for name in [*(name for _, _, name in TOLD), *DatabaseEventType]:
        assert f"`{name}`" in text


def test_the_example_of_the_document_is_one() -> None:
    text = (DOCS / "events.md").read_text()
    example = json.loads(text.partition("```json\n")[2].partition("```")[0])
    SCHEMA.validate(example)


@given(name=st.from_regex(r"[a-z][a-z0-9]{0,39}", fullmatch=True), noted=st.sampled_from(DatabaseEventType))
def test_a_mails_subject_fits_sns(name: str, noted: DatabaseEventType) -> None:
    """ASCII, no line break, under 100 characters: https://docs.aws.amazon.com/sns/latest/api/API_Publish.html"""
    one: Database = dataclasses.replace(database(), database_name=name)
    note = DatabaseEvent(id="1", type=noted, at=NOW, actor="x")
    line = cloudevents.subject(cloudevents.of_database(note, one, source=SOURCE))
    assert line.isascii()
    assert line.isprintable()
    assert len(line) < 100


class TestSignature:
    @given(body=st.binary(max_size=2000))
    def test_a_receiver_with_the_standards_library_believes_it(self, body: bytes) -> None:
        body = json.dumps({"text": body.decode("latin-1")}).encode()
        now = int(dt.datetime.now(dt.UTC).timestamp())  # the library refuses what is older than 5 minutes
        headers = {
            "webhook-id": "msg",
            "webhook-timestamp": str(now),
            "webhook-signature": cloudevents.signature(SECRET, "msg", now, body),
        }
        assert Webhook(SECRET).verify(body, headers) == json.loads(body)
        with pytest.raises(WebhookVerificationError):
            Webhook(SECRET).verify(body + b" ", headers)
        with pytest.raises(WebhookVerificationError):
            Webhook(SECRET[::-1]).verify(body, headers)

    def test_the_id_holds_no_dot_and_stays_the_same(self) -> None:
        one = after(OPENED)
        first, again = (cloudevents.of_request(OPENED, one, source=SOURCE) for _ in range(2))
        assert first is not None
        assert again is not None
        assert cloudevents.message_id(first) == cloudevents.message_id(again)
        assert cloudevents.message_id(first) != cloudevents.message_id(first | {"id": "other"})
        assert "." not in cloudevents.message_id(first)

    @pytest.mark.parametrize("secret", ["", "whsec_", "not base64!", "abc"])
    def test_a_secret_that_anybody_could_sign_with_is_refused(self, secret: str) -> None:
        with pytest.raises(ValueError, match="secret"):
            cloudevents.signature(secret, "msg", 1, b"{}")
