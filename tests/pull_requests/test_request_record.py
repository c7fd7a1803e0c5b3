"""What stands on a pull request brings the request back as it was, and no words of a user can pass for it."""

import dataclasses
import datetime as dt
from typing import Unpack

import pytest
from hypothesis import given
from hypothesis import strategies as st
from provisioner.core.database_events import DatabaseEvent, DatabaseEventType
from provisioner.core.events import Detail, Event, EventType, Step
from provisioner.core.lifecycle import Kind, derive
from provisioner.core.models import Request
from provisioner.core.root import Restore
from provisioner.pull_requests import content, request_record
from provisioner.pull_requests.request_record import Record, RecordError

from tests.core.examples import ID, NOW, catalog, request
from tests.golden_files import assert_golden
from tests.pull_requests.hostile import ATTACKS

FORGED = request_record.section(request(ID, team="mallory"))
hostile = st.lists(
    st.one_of(
        st.sampled_from((*ATTACKS, FORGED, f"\n{FORGED}\n", "```\n\n</details>\n", "-->", "\\u003c")),
        st.text(max_size=20),
    ),
    max_size=6,
).map("".join)


def event(number: int = 1, happened: EventType = EventType.PLANNED, **detail: Unpack[Detail]) -> Event:
    at = NOW + dt.timedelta(seconds=number)
    return Event(id=f"{happened}:{number}", type=happened, at=at, actor="pipeline", detail=detail)


def note(number: int = 1) -> DatabaseEvent:
    at = NOW + dt.timedelta(days=number)
    return DatabaseEvent(
        id=f"expiring:{number}", type=DatabaseEventType.EXPIRING, at=at, actor="x", detail={"last": True}
    )


def asked(one: Request) -> Request:
    """The request as it was before anything but asking happened to it."""
    first = Event(id="requested", type=EventType.REQUESTED, at=one.created_at, actor=one.actor)
    return dataclasses.replace(one, progress=derive([first]))


def test_the_comment_reads_like_this() -> None:
    one = request(ID)
    assert_golden("comments/record.md", request_record.comment(one, [event(1, plan="1 to add")], [note()]))


def test_a_cluster_comes_back_with_its_capacity() -> None:
    one = request(ID, database_engine="aurora-mysql", size="sleepy")
    assert one.root.capacity is not None

    found = request_record.parse(request_record.section(one))

    assert found is not None
    assert found.request.root == one.root


def test_a_request_and_what_happened_to_it_come_back_as_they_were() -> None:
    was = request(
        ID, database_engine="postgres", environment="prod", tags={"Service": "a"}, purpose="Orders — “new”"
    )
    one = dataclasses.replace(
        was,
        kind=Kind.DISARM,
        before=dataclasses.replace(was.root, restore=Restore(database="prod-x", point_in_time="latest")),
        reason="No longer used.",
        follow_up="11111111-2222-5333-8444-555555555555",
    )
    events = [event(1, result={"port": 5432, "endpoint": None}), event(2, EventType.MERGED)]

    assert request_record.parse(request_record.comment(one, events, [note()])) == Record(
        request=asked(one), events=events, database_events=[note()]
    )


def test_a_pull_requests_body_brings_its_request_back() -> None:
    one = request(ID, purpose="Load tests", tags={"a": "b"})
    body = content.body(one, [], catalog())
    assert request_record.parse(body) == Record(request=asked(one), events=[], database_events=[])
    assert request_record.parse(body.replace("\n", "\r\n")) == request_record.parse(
        body
    )  # as GitHub's page saves it


@given(hostile, hostile)
def test_no_words_of_a_user_pass_for_a_record_or_end_one(reason: str, purpose: str) -> None:
    one = request(ID)
    root = dataclasses.replace(one.root, purpose=purpose, owner=reason)
    one = dataclasses.replace(one, root=root, reason=reason, asked={"purpose": purpose})
    body = content.body(one, [], catalog())
    assert request_record.parse(body) == Record(request=asked(one), events=[], database_events=[])
    text = request_record.comment(one, [event(1, cause=reason)], [])
    assert request_record.parse(text) == Record(
        request=asked(one), events=[event(1, cause=reason)], database_events=[]
    )
    assert text.isascii()


@given(hostile)
def test_words_without_a_record_are_none(words: str) -> None:
    assert request_record.parse(f"## Title\n\n```text\n{words}\n```\n\n**Next:** wait.\n") is None


@pytest.mark.parametrize(
    "content",
    ["", "{", "[]", "{}", '{"request": {}, "events": [], "notes": []}', '{"request": null}', "1"],
)
def test_a_record_that_cannot_be_read_says_so(content: str) -> None:
    text = f"<!-- record v1 -->\n\n```json\n{content}\n```\n\n</details>"
    with pytest.raises(RecordError):
        request_record.parse(text)


def test_a_record_of_a_newer_version_says_so() -> None:
    with pytest.raises(RecordError, match="version 2"):
        request_record.parse(FORGED.replace("record v1", "record v2"))


def test_too_many_notes_give_way_oldest_first() -> None:
    notes = [note(number) for number in range(2000)]
    text = request_record.comment(request(ID), [event()], notes)
    assert len(text) < 65_536
    kept = request_record.parse(text)
    assert kept is not None
    assert kept.events == [event()]
    assert 100 < len(kept.database_events) < 2000
    assert kept.database_events == notes[-len(kept.database_events) :]


@pytest.mark.parametrize("failures", [40, 400])
def test_however_often_a_request_failed_its_record_fits_and_says_where_it_stands(failures: int) -> None:
    """Terraform draws boxes around its errors, and each of their lines takes six characters."""
    events = [event(0, EventType.REQUESTED), event(1, EventType.OPENED, pull_request=1)]
    for number in range(failures):
        detail: Detail = {"step": Step.APPLY, "cause": "\u2502" * 2000, "fix": "fix it", "retryable": True}
        events += [
            event(2 * number + 2, EventType.FAILED, **detail),
            event(2 * number + 3, EventType.RETRIED),
        ]

    text = request_record.comment(request(ID), events, [note(number) for number in range(400)])

    assert len(text) <= 65_536
    kept = request_record.parse(text)
    assert kept is not None
    assert derive(kept.events) == derive(events)
    assert kept.events[-2] == events[-2]
