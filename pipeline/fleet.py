"""Many roots at once, over all runs: each under a claim, and main looked at again after every release.

What this run finds claimed by another is left to it. That run looks at main after it has released its claim,
so that whatever was merged before this run met the claim is found by one of the two.
"""

import datetime as dt
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import FIRST_COMPLETED, Executor, Future, wait
from dataclasses import dataclass, field
from typing import Final

from botocore.exceptions import BotoCoreError, ClientError
from provisioner.core.names import Place

from pipeline.at_once import in_turn
from pipeline.claims import Claim, ClaimDenied, Claims
from pipeline.git import Checkout
from pipeline.output import say
from pipeline.pending import Work


@dataclass(frozen=True, slots=True)
class Look:
    """Main at one moment, in a directory of that commit, and what differs from what was applied."""

    checkout: Checkout
    work: Mapping[Place, Work]


@dataclass(slots=True)
class Tally:
    """What became of the roots that one run met."""

    done: int = 0
    failures: list[str] = field(default_factory=list)
    unasked: int = 0
    left: dict[Place, Claim] = field(default_factory=dict)

    def summary(self, environment: str) -> str:
        """One line for the end of the job's log."""
        parts = [f"{self.done} done", f"{len(self.failures)} not"]
        parts += [f"{self.unasked} not asked for"] if self.unasked else []
        parts += [f"{len(self.left)} left to the runs that work on them"] if self.left else []
        return f"{environment}: {', '.join(parts)}."


@dataclass(slots=True)
class Fleet:
    """One run over an environment. `apply` brings one root to what main says: (asked for, failures)."""

    look: Callable[[], Look]
    apply: Callable[[Work, Checkout], tuple[bool, list[str]]]
    claims: Claims
    pool: Executor
    at_once: int
    clock: Callable[[], dt.datetime]
    may_begin: Callable[[], str | None]  # why nothing more begins; None while it does
    tally: Tally = field(default_factory=Tally)
    _tried: set[tuple[Place, str]] = field(default_factory=set)
    _running: dict[Future[tuple[bool, list[str]]], Place] = field(default_factory=dict)

    def run(self) -> Tally:
        """Apply until main and what was applied are alike, but for what failed or others work on."""
        while True:
            fresh = [item for item in in_turn(self._work()) if self._is_new(item)]
            if fresh and (reason := self.may_begin()):
                self.tally.failures += [f"{item.place}: not begun, {reason}" for item in fresh]
                self._tried |= {_key(item) for item in fresh}
                fresh = []
            released = self._begun(fresh)
            if self._running:
                self._collect()
            elif not released:
                return self.tally

    def _work(self) -> Iterable[Work]:
        """What differs now; where main cannot be read again, what runs is finished and said."""
        try:
            return self.look().work.values()
        except Exception as error:
            if not self._tried:
                raise
            self.tally.failures.append(f"main was not read again: {error}. Run the workflow again")
            return ()

    def _is_new(self, item: Work) -> bool:
        return _key(item) not in self._tried and item.place not in self._running.values()

    def _begun(self, fresh: list[Work]) -> bool:
        """`_begin`; where AWS or git answers no more, what has begun is finished and said all the same."""
        try:
            return self._begin(fresh)
        except Exception as error:
            if not self._tried:
                raise
            left = [item for item in fresh if self._is_new(item)]
            self.tally.failures += [
                f"{item.place}: not begun: {error}. Run the workflow again" for item in left
            ]
            self._tried |= {_key(item) for item in left}
            return False

    def _begin(self, fresh: list[Work]) -> bool:
        """Begin as many as there is room for; whether a claim was released unused."""
        claimed: list[Place] = []
        # Under the claims: what is applied is what main says now, and not what another run did meanwhile.
        try:
            for item in fresh:
                if len(self._running) + len(claimed) >= self.at_once:
                    break
                if self._claim(item.place):
                    claimed.append(item.place)
            if not claimed:
                return False
            seen = self.look()
        except Exception:
            for place in claimed:
                self._release(place)
            raise
        released = False
        for place in claimed:
            work = seen.work.get(place)
            if work is None or not self._is_new(work):
                self.claims.release(place)
                released = True
            else:
                self._tried.add(_key(work))
                self._running[self.pool.submit(self._apply, work, seen.checkout)] = place
        return released

    def _claim(self, place: Place) -> bool:
        other = self.claims.take(place)
        if other is None:
            self.tally.left.pop(place, None)
            return True
        now = self.clock()
        if place not in self.tally.left:
            say(f"{place}: left to its holder: {other.describe(now)}.")
        self.tally.left[place] = other
        return False

    def _apply(self, work: Work, checkout: Checkout) -> tuple[bool, list[str]]:
        try:
            return self.apply(work, checkout)
        finally:
            self._release(work.place)

    def _release(self, place: Place) -> None:
        """Give a place back; a claim that stays, since the session ended, say, hides nothing of the apply."""
        try:
            self.claims.release(place)
        except (BotoCoreError, ClientError, ClaimDenied) as error:
            say(f"{place}: its claim was not released: {error}. It ends with its lease, once the job has.")

    def _collect(self) -> None:
        """Wait for the first that ends, and count it."""
        ended, _ = wait(self._running, return_when=FIRST_COMPLETED)
        for future in ended:
            del self._running[future]
            asked, failures = future.result()
            self.tally.failures += failures
            self.tally.unasked += not asked
            self.tally.done += asked and not failures


STALE: Final = (
    "is claimed by {holder}, which no longer renews its claim. If that job has ended, "
    "run `python -m pipeline unlock {place}`, then the workflow again"
)


def stale(tally: Tally, now: dt.datetime) -> list[str]:
    """What to say of roots whose holder has fallen silent: nobody else will come back to them."""
    return [
        f"{place} " + STALE.format(holder=claim.holder, place=place)
        for place, claim in tally.left.items()
        if claim.expired(now)
    ]


def _key(item: Work) -> tuple[Place, str]:
    return item.place, item.digest
