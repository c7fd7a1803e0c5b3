import datetime as dt

import pytest
from provisioner.notifier.words import end, length, usd


@pytest.mark.parametrize(
    ("hours", "said"),
    [
        (24 * 7 - 0.1, "7 days"),
        (23.9, "1 day"),
        (20, "1 day"),
        (19.4, "19 hours"),
        (4, "4 hours"),
        (0.95, "1 hour"),
        (34 / 60, "34 minutes"),
        (0, "1 minute"),
        (-5, "1 minute"),
    ],
)
def test_a_length_has_one_unit(hours: float, said: str) -> None:
    assert length(dt.timedelta(hours=hours)) == said


def test_an_end_is_to_the_minute_and_in_utc() -> None:
    assert end("2026-11-08T07:05:00Z") == "8 Nov 2026, 07:05 UTC"
    assert end("never") == "never"


def test_large_amounts_have_no_cents() -> None:
    assert (usd(13.98), usd(1234.5)) == ("USD 13.98", "USD 1,234")
