"""A record comes back as it was written, and nobody but its writer can make, change or end one."""

import dataclasses
import datetime as dt
import re
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from provisioner import pr_record
from provisioner.lifecycle import Event, Happened, Kind, Note, Noted
from provisioner.pr_record import Record, RecordError, line, read
from provisioner.terraform import Restore

from tests.core.examples import ID, NOW, request
from tests.github.hostile import ATTACKS

FORGED = line(request=request(ID, team="mallory"))
hostile = st.lists(
    st.one_of(
        st.sampled_from((*ATTACKS, FORGED, f"\n{FORGED}\n", "--!>", "--->", "\\", '"', "\ud800", "\\u002d-")),
        st.text(max_size=20),
    ),
    max_size=6,
).map("".join)


def event(number: int = 1, happened: Happened = Happened.PLANNED, **detail: Any) -> Event:
    at = NOW + dt.timedelta(seconds=number)
    return Event(id=f"{happened}:{number}", type=happened, at=at, actor="pipeline", detail=detail)


def note(number: int = 1, **detail: Any) -> Note:
    at = NOW + dt.timedelta(days=number)
    return Note(id=f"expiring:{number}", type=Noted.EXPIRING, at=at, actor="x", detail=detail)


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
    text = line(request=one, events=[event(result={"port": 5432, "endpoint": None})], notes=[note(last=True)])

    assert read(text) == Record(one, (event(result={"port": 5432, "endpoint": None}),), (note(last=True),))


def test_a_record_is_one_comment_that_nobody_sees() -> None:
    text = line(events=[event(cause="a --> b <b>")])

    assert text == (
        '<!-- rds-provisioner: record v1 {"events":[{"actor":"pipeline","at":"2026-11-23T12:00:01.000000Z",'
        '"detail":{"cause":"a -\\u002d\\u003e b \\u003cb\\u003e"},"id":"planned:1","type":"planned"}]} -->'
    )


@given(hostile, hostile, hostile)
def test_nothing_written_into_a_record_ends_it_or_makes_another(first: str, second: str, third: str) -> None:
    one = dataclasses.replace(request(ID), reason=first, actor=second, asked={"x": third})
    events = (dataclasses.replace(event(), detail={"cause": first, second: third}),)

    text = line(request=one, events=events)

    inside = text.removeprefix("<!--").removesuffix("-->")
    assert not re.search(r"--|<|>|[\x00-\x1f\x7f\u2028\u2029]", inside)
    assert inside.encode()  # GitHub takes UTF-8 only
    assert read(f"words\n{text}\n") == Record(one, events)


@given(hostile)
def test_a_record_among_somebodys_words_is_none(words: str) -> None:
    text = f"## Create\n\n```text\n{words}\n```\n\n**Next:** wait.\n"

    assert read(text) is None
    true = line(events=[event()])
    assert read(text + true) == Record(None, (event(),))


@pytest.mark.parametrize("end", ["", "\n", "\r\n", "  \n\n"])
def test_line_ends_of_githubs_own_do_not_matter(end: str) -> None:
    assert read(f"words\r\n{line(events=[event()])}{end}") == Record(None, (event(),))


@pytest.mark.parametrize(
    "text",
    [
        "<!-- rds-provisioner: record v2 {} -->",
        "<!-- rds-provisioner: record v1 {} -->",
        "<!-- rds-provisioner: record v1 {not json} -->",
        '<!-- rds-provisioner: record v1 {"events":[{"id":"x"}]} -->',
        '<!-- rds-provisioner: record v1 {"events":[],"request":{}} -->',
        '<!-- rds-provisioner: record v1 {"events":1} -->',
        "<!-- rds-provisioner: record v1 " + '{"a":' * 9_000 + "1" + "}" * 9_000 + " -->",
        "<!-- rds-provisioner: record v1",
    ],
    ids=lambda text: text[:60],
)
def test_a_record_that_cannot_be_read_says_so(text: str) -> None:
    with pytest.raises(RecordError):
        read(text)


def test_the_largest_request_fits_into_a_body_with_room_for_what_people_read() -> None:
    tags = {f"{'-' * 60}{number:04}": "-" * 128 for number in range(20)}
    one = request(ID, tags=tags, purpose="-" * 256)
    one = dataclasses.replace(one, kind=Kind.UPDATE, before=one.root, reason="-" * 256, asked={"tags": tags})

    text = line(request=one, events=[event()], room=pr_record.BODY_ROOM)

    assert len(text) <= 50_000
    assert read(text) == Record(one, (event(),))


def test_what_does_not_fit_goes_in_order_of_its_worth() -> None:
    """First the causes of failures that were overcome, then old notes, then what was repeated."""
    failures = [event(number, Happened.FAILED, step="apply", cause="x" * 2000) for number in range(20)]
    notes = [note(number) for number in range(30)]

    cut = read(line(events=failures, notes=notes))
    short = read(line(events=failures, notes=notes, room=10_000))
    ends = read(line(events=failures, notes=notes, room=4_000))
    nothing = read(line(events=failures, notes=notes, room=100))

    assert cut
    assert short
    assert ends
    assert [len(one.detail["cause"]) for one in cut.events] == [201] * 19 + [2000]
    assert cut.notes == tuple(notes)
    assert len(short.events) == 20
    assert short.notes == tuple(notes[-len(short.notes) :])
    assert 0 < len(short.notes) < 30
    assert [one.id for one in ends.events] == ["failed:0", "failed:19"]
    assert ends.notes == ()
    assert nothing == Record()
