"""`?wait=`: an answer that comes when the request's state changes, or the time is over.

A waiting call keeps a function busy, so that few may wait at once: SLOTS_OF_KEY for a key, and
SLOTS_OF_STACK in all. Whoever finds no slot is answered at once, and comes again at Retry-After.
"""

import datetime as dt
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Final

from provisioner.core.models import Request
from provisioner.ledger.turns import Turns

MAXIMUM_SECONDS: Final = 20
SLOTS_OF_KEY: Final = 2
SLOTS_OF_STACK: Final = 10
_PAUSE_SECONDS: Final = 1.0
# What a slot outlives its call by, where the function is killed.
_SPARE: Final = dt.timedelta(seconds=5)


@dataclass(frozen=True, slots=True)
class Watch:
    """Waits for a request to change; `clock` and `pause` are passed in."""

    turns: Turns
    clock: Callable[[], dt.datetime]
    pause: Callable[[float], None]

    def changed(
        self, found: Request, look: Callable[[], Request | None], seconds: int, *, key: str
    ) -> Request:
        """The request once it is another version, or as it is after `seconds`, or at once without a slot."""
        if seconds <= 0:
            return found
        until = self.clock() + dt.timedelta(seconds=seconds)
        with self._slot(f"key-{key}", SLOTS_OF_KEY, until) as mine:
            if not mine:
                return found
            with self._slot("stack", SLOTS_OF_STACK, until) as ours:
                return self._poll(found, look, until) if ours else found

    def _poll(self, found: Request, look: Callable[[], Request | None], until: dt.datetime) -> Request:
        while self.clock() < until:
            self.pause(_PAUSE_SECONDS)
            newer = look()
            if newer is not None and newer.version != found.version:
                return newer
        return found

    @contextmanager
    def _slot(self, kind: str, slots: int, until: dt.datetime) -> Iterator[bool]:
        """Whether one of the slots is free; it is held meanwhile."""
        names = (f"wait-{kind}-{number}" for number in range(slots))
        taken = next((name for name in names if self.turns.acquire(name, self.clock(), until + _SPARE)), None)
        try:
            yield taken is not None
        finally:
            if taken is not None:
                self.turns.schedule(taken, self.clock())
