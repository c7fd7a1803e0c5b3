"""⑥ Asks for a removal in the product's own name, again until it is merged or someone refuses it.

A try that failed before its merge is cancelled (see stuck.py): its pull request is closed, and the database
may be changed meanwhile. The next try is another request, with a fresh plan. It follows an hour later, then
after twice the time, up to a day. A try that was closed, or cancelled by the team, is the last one.
"""

import datetime as dt
from collections.abc import Collection
from enum import StrEnum
from itertools import count
from typing import Final
from uuid import UUID, uuid5

from provisioner.core.events import ACTOR, Event, EventType
from provisioner.core.lifecycle import ENDED, WITHOUT_MERGE
from provisioner.core.models import Database, Request
from provisioner.intake.opening import Opening

_FIRST_WAIT: Final = dt.timedelta(hours=1)
_LONGEST_WAIT: Final = dt.timedelta(days=1)
_DOUBLINGS: Final = 5  # reach the longest wait


class Asked(StrEnum):
    """What came of asking for a removal."""

    OPENED = "opened"
    LATER = "later"  # a try is under way or merged, or failed a moment ago, or another change came first
    REFUSED = "refused"


def ask(opening: Opening, database: Database, *, namespace: UUID, name: str, reason: str) -> Asked:
    """Ask for the removal of a database as it was just read; `name` names the reason, for all tries alike."""
    known = set(opening.ledger.request_ids(database.place))
    number = next(number for number in count(1) if _try_id(namespace, name, number) not in known)
    if number > 1:
        last = _newest_step(opening, _try_id(namespace, name, number - 1))
        if answer := _answered(opening, last, tries=number - 1):
            return answer
        reason += f" This is try {number}."
    request_id = _try_id(namespace, name, number)
    opened = opening.remove_automatically(database, reason=reason, request_id=request_id)
    return Asked.OPENED if opened else Asked.LATER


def was_given_up(known: Collection[Event]) -> bool:
    """Whether a request was cancelled by the reaper, and not by its team."""
    return any(event.type is EventType.CANCEL_ASKED and event.actor == ACTOR for event in known)


def _try_id(namespace: UUID, name: str, number: int) -> str:
    """The id of a try: the same whoever asks, and another one for each try."""
    return str(uuid5(namespace, name if number == 1 else f"{name}#{number}"))


def _newest_step(opening: Opening, request_id: str) -> Request | None:
    """The request of a try; where that disarmed the database first, its follow-up as soon as there is one."""
    request = opening.ledger.request(request_id)
    follow_up = request.follow_up if request else None
    return (opening.ledger.request(follow_up) if follow_up else None) or request


def _answered(opening: Opening, last: Request | None, *, tries: int) -> Asked | None:
    """What the last try leaves to do; None where it is time for the next one."""
    if last is None:  # written a moment ago
        return Asked.LATER
    progress = last.progress
    if progress.state in WITHOUT_MERGE and not was_given_up(opening.ledger.events(last.id)):
        return Asked.REFUSED
    if progress.state in ENDED:  # given up; or it disarmed the database, and another change came then
        wait = min(_FIRST_WAIT * 2 ** min(tries - 1, _DOUBLINGS), _LONGEST_WAIT)
        return None if opening.now >= progress.since + wait else Asked.LATER
    return Asked.LATER
