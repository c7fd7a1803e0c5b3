"""Times are written one way, and read with their zone or not at all."""

import datetime as dt
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st
from provisioner.core.times import instant, parse_instant, parse_time

TIMES = st.integers(0, 250_000_000_000).map(lambda second: dt.datetime.fromtimestamp(second, dt.UTC))


def test_a_time_is_written_in_utc_and_whole_seconds() -> None:
    east = dt.timezone(dt.timedelta(hours=2))
    assert instant(dt.datetime(2026, 11, 20, 1, 30, 15, 999_999, east)) == "2026-11-19T23:30:15Z"


@given(TIMES)
def test_a_written_time_is_read_back(time: dt.datetime) -> None:
    assert parse_instant(instant(time)) == parse_time(instant(time)) == time


@pytest.mark.parametrize(
    "text", ["2026-11-20", "2026-11-20T10:00:00", "2026-11-20T10:00:00+00:00", "2026-11-20T10:00:00.5Z", ""]
)
def test_only_what_was_written_here_is_an_instant(text: str) -> None:
    with pytest.raises(ValueError, match=r"does not match|unconverted"):
        parse_instant(text)


def test_a_time_of_any_zone_is_read_as_utc() -> None:
    assert parse_time("2026-11-20T10:00:00+02:00") == dt.datetime(2026, 11, 20, 8, tzinfo=dt.UTC)
    assert parse_time("1970-01-01T00:00:00Z") == dt.datetime(1970, 1, 1, tzinfo=dt.UTC)


@pytest.mark.parametrize(
    "text",
    [
        "tomorrow",
        "2026-11-20T10:00:00",  # whose ten o'clock?
        "1969-12-31T23:59:59Z",
        "9999-12-31T23:59:59-14:00",  # after the last time that UTC has
    ],
)
def test_what_is_no_time_is_answered_with_how_to_write_it(text: str) -> None:
    wrong = f"{text!r} is not a time: write RFC 3339 with a zone, such as 2026-11-20T10:00:00Z"
    with pytest.raises(ValueError, match=f"^{re.escape(wrong)}$"):
        parse_time(text)
