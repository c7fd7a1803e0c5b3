"""⑦ Brings a message to its channels, to each at most twice after a crash.

A channel that fails costs the others nothing.
"""

import datetime as dt
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Final

from provisioner.core.errors import NeedsPerson, TryLater
from provisioner.ledger.deliveries import UNCLEAR, Deliveries, Delivery, End
from provisioner.notifier.faults import Unclear
from provisioner.notifier.message import Message, key_of
from provisioner.notifier.recipients import Target

Send = Callable[[str, Message], None]
# Longer than the function runs: what a killed one began is free again then.
LEASE: Final = dt.timedelta(minutes=3)
FIRST_WAIT: Final = 30
LONGEST_WAIT: Final = 4 * 3600
MOST_TRIES: Final = 12  # with the growing waits: about 14 hours
_SEEN_AFTER: Final = 3  # tries; one answer of "later" is no failure of a channel
_LOOK: Final = "look at the notifier's log; this message is not tried again"


@dataclass(frozen=True, slots=True)
class Word:
    """A message, and the channels that it is for."""

    message: Message
    targets: tuple[Target, ...]


@dataclass(slots=True)
class Courier:
    """Sends by the door of each sort of channel; `time_is_left` says when to stop.

    `report` receives what failed, for log and metrics, and whether that is a failure of the channel by now.
    """

    deliveries: Deliveries
    send: Mapping[str, Send]
    clock: Callable[[], dt.datetime]
    report: Callable[[Target, str, bool], None]
    time_is_left: Callable[[], bool] = lambda: True
    _away: set[str] = field(default_factory=set)

    def deliver(self, word: Word) -> dt.datetime | None:
        """Bring it to each channel that lacks it; when something is left to do, None where nothing is."""
        left = [self._to(target, word.message) for target in word.targets]
        return min(filter(None, left), default=None)

    def is_settled(self, message_id: str, targets: tuple[Target, ...]) -> bool:
        """Whether nothing is left to do for a message."""
        found = (self.deliveries.of(key_of(message_id), target.name) for target in targets)
        return all(delivery is not None and delivery.end is not None for delivery in found)

    def _to(self, target: Target, message: Message) -> dt.datetime | None:
        now = self.clock()
        if target.name in self._away or not self.time_is_left():
            return now + dt.timedelta(seconds=FIRST_WAIT)
        began = self.deliveries.begin(key_of(message.id), target.name, now, LEASE)
        if began.begun is None:
            return began.until
        try:
            self.send[target.sort](target.at, message)
        except NeedsPerson as error:
            self._refused(target, began.begun, error.cause, error.fix)
            return None
        except TryLater as error:
            return self._later(target, began.begun, error, unclear=isinstance(error, Unclear))
        except Exception as error:  # ours, or one that no door knows: it may have gone out
            fault = Unclear("sending a message", type(error).__name__)
            return self._later(target, began.begun, fault, unclear=True)
        self.deliveries.ended(began.begun, End.SENT)
        self.deliveries.works(target.name, self.clock())
        return None

    def _refused(self, target: Target, begun: Delivery, cause: str, fix: str, end: End = End.REFUSED) -> None:
        self.deliveries.ended(begun, end)
        self.deliveries.failed(target.name, target.team, self.clock(), cause=cause, fix=fix)
        self.report(target, cause, True)

    def _later(
        self, target: Target, begun: Delivery, error: TryLater, *, unclear: bool
    ) -> dt.datetime | None:
        """Try again in a while, longer each time; the others of this channel wait as well."""
        self._away.add(target.name)
        if unclear and begun.unknown >= UNCLEAR:
            self._refused(target, begun, f"{error.reason}, so that it may have arrived", _LOOK, End.UNCLEAR)
            return None
        if begun.tries >= MOST_TRIES:
            self._refused(target, begun, f"{error.reason}, {MOST_TRIES} times", _LOOK)
            return None
        wait = min(FIRST_WAIT * 2 ** (begun.tries - 1), LONGEST_WAIT)
        until = self.clock() + dt.timedelta(seconds=max(wait, error.retry_after or 0))
        self.deliveries.later(begun, until, unclear=unclear)
        if begun.tries >= _SEEN_AFTER:
            self.deliveries.failed(
                target.name,
                target.team,
                self.clock(),
                cause=error.reason,
                fix="nothing yet; it is tried again",
            )
        self.report(target, error.reason, begun.tries == _SEEN_AFTER)
        return until
