"""Nothing is sent more than twice, whatever crashes; and which channels fail is known."""

import datetime as dt
from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st
from provisioner.ledger.deliveries import UNCLEAR, Deliveries, End
from provisioner.ledger.table import Table

from tests.core.examples import NOW
from tests.ledger.memory_table import MemoryTable
from tests.ledger.moto_table import TABLE, ledger_on_moto

LEASE = dt.timedelta(minutes=3)
LATER = NOW + LEASE


@pytest.fixture(params=["memory", "moto"])
def deliveries(request: pytest.FixtureRequest) -> Iterator[Deliveries]:
    if request.param == "memory":
        yield Deliveries(Table(MemoryTable(), TABLE))
        return
    with ledger_on_moto() as ledger:
        yield ledger.deliveries


def test_one_try_at_a_time(deliveries: Deliveries) -> None:
    assert deliveries.begin("m", "slack:a", NOW, LEASE).begun is not None
    second = deliveries.begin("m", "slack:a", NOW, LEASE)
    assert (second.begun, second.until) == (None, LATER)
    assert deliveries.begin("m", "slack:b", NOW, LEASE).begun is not None
    assert deliveries.begin("n", "slack:a", NOW, LEASE).begun is not None


def test_what_was_sent_is_settled(deliveries: Deliveries) -> None:
    begun = deliveries.begin("m", "slack:a", NOW, LEASE).begun
    assert begun is not None
    deliveries.ended(begun, End.SENT)
    assert deliveries.begin("m", "slack:a", LATER + LEASE, LEASE).end is End.SENT


def test_after_two_crashes_there_is_no_third_try(deliveries: Deliveries) -> None:
    assert deliveries.begin("m", "slack:a", NOW, LEASE).begun is not None
    assert deliveries.begin("m", "slack:a", LATER, LEASE).begun is not None
    third = deliveries.begin("m", "slack:a", LATER + LEASE, LEASE)
    assert (third.begun, third.end) == (None, End.UNCLEAR)
    known = deliveries.of("m", "slack:a")
    assert known is not None
    assert known.end is End.UNCLEAR


def test_what_certainly_did_not_go_out_is_tried_on(deliveries: Deliveries) -> None:
    at = NOW
    for tries in range(1, 6):
        begun = deliveries.begin("m", "slack:a", at, LEASE).begun
        assert begun is not None
        assert begun.tries == tries
        at += dt.timedelta(minutes=1)
        deliveries.later(begun, at, unclear=False)
        assert deliveries.begin("m", "slack:a", at - dt.timedelta(seconds=1), LEASE).until == at


def test_a_delivery_leaves_the_table_in_the_end(deliveries: Deliveries) -> None:
    begun = deliveries.begin("m", "slack:a", NOW, LEASE).begun
    assert begun is not None
    assert begun.expire_at == int((NOW + dt.timedelta(days=60)).timestamp())


@given(st.lists(st.sampled_from(["crash", "unclear", "not sent", "refused", "sent"]), max_size=12))
def test_however_tries_end_a_channel_gets_a_message_at_most_twice(ends: list[str]) -> None:
    deliveries, at, may_have_arrived = Deliveries(Table(MemoryTable(), TABLE)), NOW, 0
    for end in ends:
        begun = deliveries.begin("m", "slack:a", at, LEASE).begun
        at += LEASE
        if begun is None:
            continue
        may_have_arrived += end in ("crash", "unclear", "sent")
        if end in ("unclear", "not sent"):
            deliveries.later(begun, at, unclear=end == "unclear")
        elif end != "crash":
            deliveries.ended(begun, End.SENT if end == "sent" else End.REFUSED)
    assert may_have_arrived <= UNCLEAR


def test_a_channel_fails_from_its_first_failure_to_its_next_success(deliveries: Deliveries) -> None:
    assert deliveries.failing() == []
    deliveries.works("slack:a", NOW)
    deliveries.failed("slack:a", "alpha", NOW, cause="Slack answered 404", fix="another webhook")
    deliveries.failed("mail:x@acme.example", "beta", NOW + LEASE, cause="no", fix="yes")
    deliveries.failed("slack:a", "alpha", LATER, cause="Slack answered 410", fix="another webhook")
    found = deliveries.failing()
    assert [(each.channel, each.team, each.since, each.last_at, each.cause) for each in found] == [
        ("slack:a", "alpha", NOW, LATER, "Slack answered 410"),
        ("mail:x@acme.example", "beta", NOW + LEASE, NOW + LEASE, "no"),
    ]
    deliveries.works("slack:a", LATER)
    assert [each.channel for each in deliveries.failing()] == ["mail:x@acme.example"]
    deliveries.failed("slack:a", "alpha", LATER + LEASE, cause="again", fix="")
    assert [each.since for each in deliveries.failing() if each.channel == "slack:a"] == [LATER + LEASE]
