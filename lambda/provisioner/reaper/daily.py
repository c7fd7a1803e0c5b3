"""⑥ What the reaper does once a day, by a turn in the ledger: after a fault, or a kill, again in an hour."""

import datetime as dt
from collections.abc import Callable
from typing import Final, Protocol, TypeVar

from provisioner.core.errors import NeedsPerson, TryLater
from provisioner.intake.opening import Opening

_DAY: Final = dt.timedelta(days=1)
_HOUR: Final = dt.timedelta(hours=1)


class Outcome(Protocol):
    """What one day's run did; `errors` are what has to be tried again."""

    errors: list[str]


Done = TypeVar("Done", bound=Outcome)


def once_a_day(opening: Opening, turn: str, outcome: Done, work: Callable[[Done], None]) -> Done | None:
    """Do the work of the day, and write into the outcome what it did; None where it is not due.

    With an error in the outcome it is due again in an hour, else in a day.
    """
    now, turns = opening.now, opening.ledger.turns
    if not turns.acquire(turn, now, now + _HOUR):
        return None
    try:
        work(outcome)
    except (TryLater, NeedsPerson) as error:
        outcome.errors.append(str(error))
    if not outcome.errors:
        turns.schedule(turn, now + _DAY)
    return outcome
