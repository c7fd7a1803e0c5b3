"""What is published follows the schema, and says who and why."""

import dataclasses
import datetime as dt
import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft202012Validator
from provisioner.core.database_events import DatabaseEvent, DatabaseEventType
from provisioner.core.events import Detail, Event, EventType, Step
from provisioner.core.lifecycle import Kind
from provisioner.notify import cloudevents

from tests.core.examples import NOW, database
from tests.notify.documents import OPENED, REQUESTED, SOURCE, after, at

DOCS = Path(__file__).parents[2] / "docs"
SCHEMA = Draft202012Validator(
    json.loads((DOCS / "events.v1.schema.json").read_text()),
    format_checker=Draft202012Validator.FORMAT_CHECKER,
)
FAILED: Detail = {
    "step": Step.APPLY,
    "cause": "InstanceQuotaExceeded",
    "fix": "raise the quota",
    "retryable": True,
}
PUBLISHED = [
    (REQUESTED, Kind.CREATE, "requested"),
    (OPENED, Kind.UPDATE, "opened"),
    (at(EventType.APPROVED), Kind.CREATE, "approved"),
    (at(EventType.CHANGES_REQUESTED), Kind.CREATE, "changes_requested"),
    (at(EventType.APPROVAL_AWAITED, waits_for="w"), Kind.CREATE, "approval_awaited"),
    (at(EventType.MERGED), Kind.EXTEND, "merged"),
    (at(EventType.STARTED, pipeline_url="https://ci.example.com/1"), Kind.CREATE, "applying"),
    (at(EventType.SUCCEEDED, result={"endpoint": "h", "port": 5432}), Kind.CREATE, "applied"),
    (at(EventType.SUCCEEDED), Kind.DISARM, "applied"),
    (at(EventType.SUCCEEDED), Kind.REMOVE, "removed"),
    (at(EventType.FAILED, **FAILED), Kind.CREATE, "failed"),
    (at(EventType.FAILED, **FAILED | {"step": Step.USERS}), Kind.CREATE, "failed"),
    (at(EventType.RETRIED), Kind.UPDATE, "retried"),
    (at(EventType.CLOSED), Kind.CREATE, "rejected"),
    (at(EventType.CANCELLED), Kind.CREATE, "cancelled"),
]
KEPT = (
    EventType.PLANNED,
    EventType.APPROVAL_DISMISSED,
    EventType.EDITED,
    EventType.REOPENED,
    EventType.CANCEL_ASKED,
    EventType.REDRIVEN,
    EventType.USERS_READY,  # an event of the database, with the users' secrets, is
)


@pytest.mark.parametrize(
    ("event", "kind", "name"),
    PUBLISHED,
    ids=[f"{kind}-{name}-{number}" for number, (_, kind, name) in enumerate(PUBLISHED)],
)
def test_an_event_of_a_request_is_published_as_the_schema_says(event: Event, kind: Kind, name: str) -> None:
    changed = after(OPENED, event, kind=kind)
    document = cloudevents.of_request(event, changed, source=SOURCE)
    assert document is not None
    SCHEMA.validate(document)
    assert document["type"] == f"rds-provisioner.{name}.v1"
    assert document["subject"] == "dev/mydb123"
    assert document["data"]["event"] == name
    assert document["data"]["request"] == {"id": changed.id, "kind": kind.value, "reason": ""}


@pytest.mark.parametrize("happened", KEPT)
def test_what_nobody_outside_needs_is_not_published(happened: EventType) -> None:
    assert cloudevents.of_request(at(happened), after(OPENED), source=SOURCE) is None


def test_every_event_is_either_published_or_kept() -> None:
    published = {event.type for event, _, _ in PUBLISHED}
    assert published | set(KEPT) == set(EventType)


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
    closed = after(OPENED, first, reopened, second)
    assert cloudevents.of_request(first, closed, source=SOURCE) is not None
    assert cloudevents.of_request(second, closed, source=SOURCE) is None


def test_a_failure_says_the_step_the_cause_and_the_fix() -> None:
    document = cloudevents.of_request(at(EventType.FAILED, **FAILED), after(OPENED), source=SOURCE)
    assert document is not None
    assert document["data"]["error"] == FAILED


@pytest.mark.parametrize("noted", list(DatabaseEventType))
def test_what_happens_to_a_database_is_published_as_the_schema_says(noted: DatabaseEventType) -> None:
    note = DatabaseEvent(id=f"{noted}:1", type=noted, at=NOW, actor="rds-provisioner", detail={"last": True})
    document = cloudevents.of_database(note, database(), source=SOURCE)
    SCHEMA.validate(document)
    assert document["data"]["event"] == noted.value
    assert document["data"]["detail"] == {"last": True}
    assert document["data"]["request"] is None


def test_every_event_stands_in_the_document_for_subscribers() -> None:
    text = (DOCS / "events.md").read_text().partition("## The document")[0]
    for name in [*(name for _, _, name in PUBLISHED), *DatabaseEventType]:
        assert f"`{name}`" in text


def test_the_example_of_the_document_is_one() -> None:
    text = (DOCS / "events.md").read_text()
    example = json.loads(text.partition("```json\n")[2].partition("```")[0])
    SCHEMA.validate(example)


@given(name=st.from_regex(r"[a-z][a-z0-9]{0,39}", fullmatch=True), noted=st.sampled_from(DatabaseEventType))
def test_a_mails_subject_fits_sns(name: str, noted: DatabaseEventType) -> None:
    """ASCII, no line break, under 100 characters: https://docs.aws.amazon.com/sns/latest/api/API_Publish.html"""
    named = dataclasses.replace(database(), database_name=name)
    note = DatabaseEvent(id="1", type=noted, at=NOW, actor="x")
    line = cloudevents.subject(cloudevents.of_database(note, named, source=SOURCE))
    assert line.isascii()
    assert line.isprintable()
    assert len(line) < 100
