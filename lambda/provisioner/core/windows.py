"""When RDS backs a database up and maintains it: two windows, spread over its environment's by a stable hash.

RDS takes windows in UTC, 30 minutes long at least, and the daily one of backups may never meet the weekly one
of maintenance:
https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/USER_UpgradeDBInstance.Maintenance.html
https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/USER_WorkingWithAutomatedBackups.html
"""

import hashlib
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Literal

from provisioner.core.names import Place

Day = Literal["mon", "tue", "wed", "thu", "fri", "sat", "sun"]
DAYS: Final = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
# Minutes: what RDS asks for at least, and what each window gets.
LENGTH: Final = 30
_DAY: Final = 24 * 60
_WEEK: Final = 7 * _DAY
_TIME: Final = r"(?:[01][0-9]|2[0-3]):[0-5][0-9]"
_BETWEEN: Final = re.compile(rf"({_TIME})-({_TIME})")
_MAINTENANCE: Final = re.compile(rf"({'|'.join(DAYS)}):({_TIME})-({'|'.join(DAYS)}):({_TIME})")


@dataclass(frozen=True, slots=True)
class Windows:
    """Both windows as RDS writes them, in UTC: `03:00-03:30` each day, and `sun:04:30-sun:05:00` each week.

    Both are "" in a root from before it said them, whose windows are the module's own.
    """

    backup: str
    maintenance: str

    def __str__(self) -> str:
        """As people read it."""
        if not self.backup:
            return "the module's own"
        return f"backups {self.backup}, maintenance {self.maintenance} (UTC)"


MODULES_OWN: Final = Windows("", "")


def minutes_between(between: str) -> tuple[int, int]:
    """The minute of the day at which `01:00-07:00` begins, and how many it lasts, across midnight too.

    The same time twice is the whole day. Raises ValueError for any other text.
    """
    match = _BETWEEN.fullmatch(between)
    if not match:
        raise ValueError("write two times in UTC, such as 01:00-07:00")
    begin, end = map(_minute, match.groups())
    return begin, (end - begin - 1) % _DAY + 1


def spread(place: Place, days: Sequence[str], between: str) -> Windows:
    """A database's windows: two slots of its environment's time, the weekly one on one of its days.

    A day is the one on which `between` begins. Where a slot lies follows from the database's place alone, so
    that whoever computes it comes to the same, and a hundred databases are spread evenly.
    """
    begin, length = minutes_between(between)
    slots = length // LENGTH
    drawn = int.from_bytes(hashlib.sha256(str(place).encode()).digest())
    drawn, maintained = divmod(drawn, slots)
    drawn, ahead = divmod(drawn, slots - 1)
    backed_up = (maintained + 1 + ahead) % slots
    day = days[drawn % len(days)]
    backup = (begin + backed_up * LENGTH) % _DAY
    maintenance = DAYS.index(day) * _DAY + begin + maintained * LENGTH
    return Windows(
        f"{_clock(backup)}-{_clock(backup + LENGTH)}",
        f"{_moment(maintenance)}-{_moment(maintenance + LENGTH)}",
    )


def fault(windows: Windows) -> str | None:
    """What RDS would refuse of two windows, in a sentence; None where it takes them."""
    backup, maintenance = _BETWEEN.fullmatch(windows.backup), _MAINTENANCE.fullmatch(windows.maintenance)
    if windows == MODULES_OWN:
        return None
    if not backup or not maintenance:
        return f"{windows.backup!r} and {windows.maintenance!r} are not two windows as RDS writes them"
    begin, length = minutes_between(windows.backup)
    first_day, first, last_day, last = maintenance.groups()
    weekly = DAYS.index(first_day) * _DAY + _minute(first)
    weekly_length = (DAYS.index(last_day) * _DAY + _minute(last) - weekly - 1) % _WEEK + 1
    if min(length, weekly_length) < LENGTH:
        return f"a window of less than {LENGTH} minutes: {windows}"
    if (begin - weekly) % _DAY < weekly_length or (weekly - begin) % _DAY < length:
        return f"the two windows overlap: {windows}"
    return None


def _minute(time: str) -> int:
    hours, minutes = time.split(":")
    return int(hours) * 60 + int(minutes)


def _clock(minute: int) -> str:
    hours, minutes = divmod(minute % _DAY, 60)
    return f"{hours:02}:{minutes:02}"


def _moment(minute: int) -> str:
    return f"{DAYS[minute % _WEEK // _DAY]}:{_clock(minute)}"
