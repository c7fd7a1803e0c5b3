"""What databases cost in a month: by the hour, as they were, with the prices of now."""

import dataclasses
import datetime as dt

import pytest
from hypothesis import given
from hypothesis import strategies as st
from provisioner.core import costs, events
from provisioner.core.costs import Span
from provisioner.core.lifecycle import Kind, derive
from provisioner.core.models import Request
from provisioner.core.prices import Price
from provisioner.core.root import NEVER, Root

from tests.core.examples import catalog, request, root

PRICE = Price(730.0, "us-east-1", dt.date(2026, 11, 1), 2.3)
BEGIN = dt.datetime(2026, 11, 1, tzinfo=dt.UTC)
DAY = dt.timedelta(days=1)
NEXT = dt.datetime(2026, 12, 1, tzinfo=dt.UTC)
ENDLESS = dataclasses.replace(root(), expires_at=NEVER)
LARGER = dataclasses.replace(ENDLESS, instance_class="db.t4g.medium")


def done(kind: Kind, at: dt.datetime, said: Root = ENDLESS) -> Request:
    made = request(kind=kind, now=at - dt.timedelta(minutes=20))
    end = events.succeeded(at, pipeline_url="https://ci", commit="c", result=None)
    progress = derive([events.requested(made.created_at, "alpha"), end])
    return dataclasses.replace(made, root=said, progress=progress)


def cost(*requests: Request, now: dt.datetime, gone: dt.datetime | None = None) -> tuple[float, float] | None:
    place = ENDLESS.place
    lives = costs.spans(requests, {place: gone} if gone else {}).get(place, [])
    found = costs.cost(lives, BEGIN, now, catalog().price)
    return None if found is None else (found.accrued or 0.0, found.forecast or 0.0)


def test_a_database_costs_from_its_creation_until_its_removal() -> None:
    made, removed = done(Kind.CREATE, BEGIN + DAY), done(Kind.REMOVE, BEGIN + 11 * DAY)
    ten_days = round(13.98 * 240 / 730, 2)
    assert cost(made, now=BEGIN + 11 * DAY) == (ten_days, round(13.98 * 29 * 24 / 730, 2))
    assert cost(made, removed, now=BEGIN + 20 * DAY) == (ten_days, ten_days)
    assert cost(removed, made, now=BEGIN + 20 * DAY) == (ten_days, ten_days)  # in any order


def test_a_size_costs_while_it_is_that_size() -> None:
    made, resized = done(Kind.CREATE, BEGIN - DAY), done(Kind.UPDATE, BEGIN + 10 * DAY, LARGER)
    first, second = round(13.98 * 240 / 730, 2), round(49.75 * 240 / 730, 2)
    assert cost(made, resized, now=BEGIN + 20 * DAY) == (
        round(first + second, 2),
        round(first + round(49.75 * 480 / 730, 2), 2),
    )


def test_a_creation_costs_from_its_apply_on_while_its_users_are_still_to_be_made_and_after() -> None:
    made, resized = done(Kind.CREATE, BEGIN - DAY), done(Kind.UPDATE, BEGIN + 10 * DAY, LARGER)
    asked = events.requested(made.created_at, "alpha", users=True)
    end = events.succeeded(BEGIN - DAY, pipeline_url="https://ci", commit="c", result=None)
    failed = events.failed_users(BEGIN, cause="no way in", fix="look")
    for more in ([], [failed], [failed, events.users_ready(BEGIN + 15 * DAY)]):
        waits = dataclasses.replace(made, progress=derive([asked, end, *more]))
        now = BEGIN + 20 * DAY
        assert cost(waits, resized, now=now) == cost(made, resized, now=now)


def test_a_forecast_ends_with_the_database() -> None:
    ends = dataclasses.replace(root(), expires_at="2026-11-11T00:00:00Z")
    ten_days = round(13.98 * 240 / 730, 2)
    assert cost(done(Kind.CREATE, BEGIN, ends), now=BEGIN + 5 * DAY) == (
        round(13.98 * 120 / 730, 2),
        ten_days,
    )
    assert cost(done(Kind.CREATE, BEGIN, ends), now=BEGIN + 12 * DAY) == (  # it is there, past its end
        round(13.98 * 288 / 730, 2),
        round(13.98 * 288 / 730, 2),
    )


def test_one_that_went_without_a_request_costs_until_then() -> None:
    made = done(Kind.CREATE, BEGIN)
    found = cost(made, now=BEGIN + 20 * DAY, gone=BEGIN + DAY)
    assert found == (round(13.98 * 24 / 730, 2),) * 2
    again = done(Kind.CREATE, BEGIN + 5 * DAY)  # the same name came again
    assert cost(made, again, now=BEGIN + 6 * DAY, gone=BEGIN + DAY) is not None


def test_another_month_has_nothing_of_it() -> None:
    assert cost(done(Kind.CREATE, NEXT), now=NEXT + DAY) is None
    assert cost(done(Kind.CREATE, BEGIN - 2 * DAY), done(Kind.REMOVE, BEGIN - DAY), now=NEXT) is None


def test_what_has_no_price_has_no_cost() -> None:
    unknown = dataclasses.replace(ENDLESS, instance_class="db.x9.huge")
    lives = [Span(unknown, BEGIN, None)]
    found = costs.cost(lives, BEGIN, BEGIN + DAY, catalog().price)
    assert found is not None
    assert (found.accrued, found.forecast) == (None, None)


@pytest.mark.parametrize("month", range(1, 13))
def test_a_month_ends_where_the_next_one_begins(month: int) -> None:
    end = costs.month_end(dt.datetime(2027, month, 1, tzinfo=dt.UTC))
    assert (end.day, end.month) == (1, month % 12 + 1)


@given(st.lists(st.integers(0, 60 * 24), min_size=1, max_size=6), st.integers(0, 90 * 24))
def test_what_has_accrued_is_never_more_than_the_forecast_nor_than_the_whole_month(
    hours: list[int], now: int
) -> None:
    begin = BEGIN - 30 * DAY
    times = sorted(begin + dt.timedelta(hours=each) for each in hours)
    requests = [done(Kind.CREATE if number == 0 else Kind.UPDATE, at) for number, at in enumerate(times)]
    lives = costs.spans(requests, {})[ENDLESS.place]
    present = max(begin + dt.timedelta(hours=now), times[-1])

    found = costs.cost(lives, BEGIN, present, lambda _: PRICE)

    if found is not None:
        assert found.accrued is not None
        assert found.forecast is not None
        assert 0 <= found.accrued <= found.forecast + 0.01
        assert found.forecast <= 720.0 + 0.05
