"""Windows lie in their environment's time, never meet, and are spread; what RDS would refuse is said."""

from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st
from provisioner.core.names import Place
from provisioner.core.windows import DAYS, LENGTH, MODULES_OWN, Windows, fault, minutes_between, spread

DAY = 24 * 60
WEEK = 7 * DAY


def clock(minute: int) -> str:
    return f"{minute % DAY // 60:02}:{minute % 60:02}"


def at(moment: str) -> int:
    """The minute of the day, or of the week, of RDS's text."""
    *day, hours, minutes = moment.split(":")
    return (DAYS.index(day[0]) * DAY if day else 0) + int(hours) * 60 + int(minutes)


@st.composite
def times(draw: st.DrawFn) -> tuple[str, int, int]:
    """A time of the day, with its first minute and how many it lasts."""
    begin, length = draw(st.integers(0, DAY - 1)), draw(st.integers(2 * LENGTH, DAY))
    return f"{clock(begin)}-{clock(begin + length)}", begin, length


PLACES = st.builds(
    Place,
    st.from_regex(r"[a-z][a-z0-9]{0,14}", fullmatch=True),
    st.from_regex(r"[a-z][a-z0-9]{0,30}", fullmatch=True),
)
SOME_DAYS = st.lists(st.sampled_from(DAYS), min_size=1, unique=True)


@given(PLACES, SOME_DAYS, times())
def test_both_windows_lie_in_their_environments_time_and_never_meet(
    place: Place, days: list[str], time: tuple[str, int, int]
) -> None:
    between, begin, length = time

    found = spread(place, days, between)

    backup, maintenance = found.backup.split("-"), (found.maintenance[:9], found.maintenance[10:])
    assert (at(backup[1]) - at(backup[0])) % DAY == LENGTH
    assert (at(maintenance[1]) - at(maintenance[0])) % WEEK == LENGTH
    assert (at(backup[0]) - begin) % DAY + LENGTH <= length
    assert any((at(maintenance[0]) - DAYS.index(day) * DAY - begin) % WEEK + LENGTH <= length for day in days)
    assert not minutes(found.backup) & {minute % DAY for minute in minutes(found.maintenance)}
    assert fault(found) is None
    assert spread(place, days, between) == found


def minutes(window: str) -> set[int]:
    """Every minute of a window, of the day or of the week."""
    middle = len(window) // 2
    first, last = at(window[:middle]), at(window[middle + 1 :])
    period = WEEK if window[0].isalpha() else DAY
    return {(first + step) % period for step in range((last - first - 1) % period + 1)}


def test_they_are_spread_evenly() -> None:
    found = [spread(Place("dev", f"db-{number}"), ["sat", "sun"], "01:00-07:00") for number in range(2400)]

    maintenance = Counter(each.maintenance for each in found)
    backups = Counter(each.backup for each in found)

    assert (len(maintenance), len(backups)) == (24, 12)  # every slot is used
    assert 60 <= min(maintenance.values()) <= max(maintenance.values()) <= 140  # 100 on average
    assert 150 <= min(backups.values()) <= max(backups.values()) <= 250  # 200 on average


def test_they_are_the_same_on_every_machine() -> None:
    """Roots on main hold them: another hash would move every database."""
    assert spread(Place("dev", "mydb123"), ["sat", "sun"], "01:00-07:00") == Windows(
        "01:00-01:30", "sun:03:00-sun:03:30"
    )


@pytest.mark.parametrize(
    ("between", "expected"),
    [
        ("01:00-07:00", (60, 360)),
        ("23:00-01:00", (1380, 120)),
        ("00:00-00:00", (0, DAY)),
        ("12:30-12:29", (750, DAY - 1)),
    ],
)
def test_a_time_may_cross_midnight(between: str, expected: tuple[int, int]) -> None:
    assert minutes_between(between) == expected


@pytest.mark.parametrize("between", ["", "1:00-7:00", "24:00-01:00", "01:60-02:00", "01:00", "01:00-07:00\n"])
def test_what_is_no_time_is_refused(between: str) -> None:
    with pytest.raises(ValueError, match="two times in UTC"):
        minutes_between(between)


@pytest.mark.parametrize(
    ("backup", "maintenance", "said"),
    [
        ("03:00-03:29", "sun:04:30-sun:05:00", "less than 30 minutes"),
        ("03:00-03:30", "sun:04:30-sun:04:59", "less than 30 minutes"),
        ("03:00-03:30", "sun:03:29-sun:04:00", "overlap"),
        ("03:00-03:30", "sun:02:30-sun:03:01", "overlap"),
        ("03:00-03:30", "sun:02:00-sun:05:00", "overlap"),
        ("03:00-05:00", "sun:03:30-sun:04:00", "overlap"),
        ("23:45-00:15", "sun:00:00-sun:00:30", "overlap"),
        ("00:00-00:30", "sun:23:45-mon:00:15", "overlap"),
        ("03:00-03:30", "sun:04:00-mon:04:00", "overlap"),
        ("03:00-03:00", "sun:04:00-sun:04:30", "overlap"),
        ("03:00-03:30", "Sun:04:30-Sun:05:00", "not two windows"),
        ("03:00-03:30", "", "not two windows"),
        ("", "sun:04:30-sun:05:00", "not two windows"),
        ("03:00-03:30\n", "sun:04:30-sun:05:00", "not two windows"),
    ],
)
def test_what_rds_would_refuse_is_said(backup: str, maintenance: str, said: str) -> None:
    assert said in str(fault(Windows(backup, maintenance)))


@pytest.mark.parametrize(
    ("backup", "maintenance"),
    [
        ("03:00-04:00", "sun:04:30-sun:05:30"),
        ("03:30-04:00", "sun:03:00-sun:03:30"),
        ("23:30-00:00", "sun:00:00-sun:00:30"),
        ("00:15-00:45", "sun:23:45-mon:00:15"),
        ("", ""),
    ],
)
def test_what_rds_takes_has_no_fault(backup: str, maintenance: str) -> None:
    assert fault(Windows(backup, maintenance)) is None


def test_they_read_as_people_write_times() -> None:
    assert str(Windows("03:00-03:30", "sun:04:30-sun:05:00")) == (
        "backups 03:00-03:30, maintenance sun:04:30-sun:05:00 (UTC)"
    )
    assert str(MODULES_OWN) == "the module's own"
