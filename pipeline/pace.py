"""One clock for all that a run says of being alive: HEARTBEAT_SECONDS, from which the rest follows.

With each beat the claims are renewed and the logs written; with every third the functions learn of it.
"""

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from pipeline.bad_setting import BadSetting

HEARTBEAT_SECONDS: Final = 20.0
MOST_SECONDS: Final = 60
# Thirty beats missed, and the job has most likely died.
_BEATS_OF_LEASE: Final = 30
BEATS_OF_REPORT: Final = 3
LEASE: Final = dt.timedelta(seconds=HEARTBEAT_SECONDS * _BEATS_OF_LEASE)


@dataclass(frozen=True, slots=True)
class Pace:
    """How often a run's heart beats, in seconds."""

    seconds: float = HEARTBEAT_SECONDS

    @property
    def lease(self) -> dt.timedelta:
        """How long a claim holds that is not renewed."""
        return dt.timedelta(seconds=self.seconds * _BEATS_OF_LEASE)

    @property
    def report_seconds(self) -> int:
        """How often the functions learn that the run is at work."""
        return round(self.seconds * BEATS_OF_REPORT)


def pace(environment: Mapping[str, str]) -> Pace:
    """HEARTBEAT_SECONDS of the environment, or 20; raises BadSetting."""
    given = environment.get("HEARTBEAT_SECONDS", "")
    if not given:
        return Pace()
    if not given.isdecimal() or not 1 <= int(given) <= MOST_SECONDS:
        raise BadSetting(
            f"HEARTBEAT_SECONDS is {given!r}: set a number from 1 to {MOST_SECONDS}, or leave it out"
        )
    return Pace(float(given))
