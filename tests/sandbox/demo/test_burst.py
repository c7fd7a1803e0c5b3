"""What the burst shows follows from each request's own events."""

from sandbox.client import Client
from sandbox.demo.burst import Asked, Times, alive_at_once, table, times_of, waited_for_another

ONE = Asked("burst00", "alpha", Client("http://localhost:1", "k"), "id")


def times(merged: float, started: float, ready: float) -> Times:
    return Times(ONE, 0, merged, started, ready)


def test_side_by_side_are_alive_at_once_and_wait_for_nobody() -> None:
    both = [times(10, 12, 90), times(11, 20, 95)]
    assert alive_at_once(both) == 2
    assert [waited_for_another(each, both) for each in both] == [False, False]


def test_one_after_the_other_waited() -> None:
    both = [times(10, 12, 90), times(11, 91, 170)]
    assert alive_at_once(both) == 1
    assert [waited_for_another(each, both) for each in both] == [False, True]


def test_what_was_merged_after_the_other_was_ready_did_not_wait_for_it() -> None:
    both = [times(10, 12, 90), times(100, 110, 170)]
    assert [waited_for_another(each, both) for each in both] == [False, False]


def test_times_count_from_the_first_request() -> None:
    events = [
        {"event": "merged", "seconds": 20},
        {"event": "started", "seconds": 25.5},
        {"event": "succeeded", "seconds": 90},
    ]
    late = {"created_at": "2026-11-26T12:00:04Z", "timeline": events}
    found = times_of(ONE, late, {"a": late, "b": {"created_at": "2026-11-26T12:00:01Z"}})
    assert (found.asked_at, found.merged, found.started, found.ready) == (3, 23, 28.5, 93)


def test_the_table_begins_with_what_was_ready_first() -> None:
    assert table([times(10, 12, 90), times(9, 20, 60.4)]) == [
        "database   team      asked   merged    apply    ready  waited for others",
        "burst00    alpha       0 s      9 s     20 s     60 s  no",
        "burst00    alpha       0 s     10 s     12 s     90 s  no",
    ]
