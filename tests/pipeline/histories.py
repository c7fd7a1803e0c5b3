"""Merge histories with runs that overlap, are killed, pause and have clocks apart; one step at a time.

Each run is a thread that waits until the history lets it take its next step, so that a history is its
seed and nothing else. A step is a call to the bucket, to git or to Terraform.
"""

import datetime as dt
import random
import threading
from collections import Counter
from collections.abc import Callable
from concurrent.futures import Executor, Future
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from provisioner.core.names import Place

from pipeline.claims import Claims
from pipeline.fleet import Fleet, Look
from pipeline.git import Checkout
from pipeline.pending import Work
from tests.core.examples import NOW
from tests.pipeline.fakes import Bucket, Killed

PLACES = tuple(Place("dev", name) for name in ("orders", "payments", "users"))
HERE = Checkout(Path())


class Inline(Executor):
    """Does what it is given at once, in the thread that gives it."""

    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:
        future: Future[Any] = Future()
        future.set_result(fn(*args, **kwargs))
        return future


@dataclass
class World:
    """Main, what was applied, and who applies what at this moment."""

    main: dict[Place, str] = field(default_factory=dict)
    merged: set[tuple[Place, str]] = field(default_factory=set)  # every text that main ever had
    reality: dict[Place, str] = field(default_factory=dict)
    markers: dict[Place, set[str]] = field(default_factory=dict)
    locks: dict[Place, str] = field(default_factory=dict)
    objects: dict[str, bytes] = field(default_factory=dict)
    applying: dict[Place, str] = field(default_factory=dict)  # by runs that are alive
    now: dt.datetime = NOW
    faults: list[str] = field(default_factory=list)
    counts: Counter[str] = field(default_factory=Counter)  # what happened how often

    @staticmethod
    def number(text: str) -> int:
        """Which merge a text came with."""
        return int(text.rpartition(" ")[2] or -1)


class Run:
    """One job: a Fleet whose every step waits for the history."""

    def __init__(self, world: World, name: str, history: "History", skew: dt.timedelta) -> None:
        self.name, self.killed, self.paused, self.over = name, False, False, False
        self._world, self._history, self._skew = world, history, skew
        self._go = threading.Semaphore(0)
        self.bucket = Bucket(self)  # type: ignore[arg-type]  # this run is its lifeline
        self.bucket.objects = world.objects
        self.claims = Claims(
            self.bucket,
            "states",
            name,
            lambda: world.now + skew,
            job=name,
            ended=history.has_ended,
            lock_id=world.locks.get,
            release_lock=self._release_lock,
        )
        self.failures: list[str] = []
        self._thread = threading.Thread(target=self._main, daemon=True)

    def advance(self) -> None:
        """Let it take one step."""
        if not self._thread.is_alive():
            self._thread.start()
        self._go.release()
        self._history.baton.acquire()

    def beat(self) -> None:
        """Renew its claims, unless it is just claiming or releasing, as its own heartbeat would wait."""
        if self.claims.guard.acquire(blocking=False):
            try:
                self.claims.renew()
            finally:
                self.claims.guard.release()

    def step(self) -> None:
        """What each of its calls waits for; a renewal belongs to the heartbeat and waits for nothing."""
        if threading.current_thread() is not self._thread:
            return
        self._history.baton.release()
        self._go.acquire()
        if self.killed:
            raise Killed

    def _main(self) -> None:
        self._go.acquire()
        try:
            tally = Fleet(
                self._look, self._apply, self.claims, Inline(), 1, lambda: self._world.now, lambda: None
            ).run()
            self.failures = tally.failures
        except Killed:
            pass
        finally:
            self.over = True
            self._history.baton.release()

    def _look(self) -> Look:
        self.step()
        main = dict(self._world.main)
        self.step()
        work = {}
        for place in PLACES:
            wanted, marked = main.get(place), self._world.markers.get(place, set())
            if wanted is None and marked:
                work[place] = Work(place, "", removal=True, applied_before=True)
            elif wanted is not None and marked != {wanted}:
                work[place] = Work(place, wanted, removal=False, applied_before=bool(marked))
        return Look(HERE, work)

    def _apply(self, work: Work, _: Checkout) -> tuple[bool, list[str]]:
        world, place = self._world, work.place
        self.step()
        world.markers.setdefault(place, set()).add("attempted")
        self.step()
        if place in world.locks:
            return True, [f"{place}: locked by {world.locks[place]}"]
        if other := world.applying.get(place):
            world.faults.append(f"{self.name} and {other} applied {place} at once")
        if not work.removal and (place, work.text) not in world.merged:
            world.faults.append(f"{self.name} applied {work.text!r}, which was never merged")
        if not work.removal and world.number(work.text) < world.number(world.reality.get(place, "")):
            world.faults.append(f"{self.name} took {place} back to {work.text!r}")
        world.locks[place], world.applying[place] = f"lock of {self.name}", self.name
        world.counts["applies"] += 1
        world.counts["applies while another root was applied"] += len(world.applying) > 1
        try:
            for _step in range(3):
                self.step()
            if work.removal:
                world.reality.pop(place, None)
            else:
                world.reality[place] = work.text
            self.step()
            del world.locks[place]
        finally:
            world.applying.pop(place, None)
        self.step()
        if work.removal:
            world.markers.pop(place, None)
        else:
            world.markers[place] = {work.text}
        return True, []

    def _release_lock(self, place: Place, lock_id: str) -> None:
        self.step()
        if self._world.locks.get(place) == lock_id:
            self._world.counts["locks of dead runs released by the next"] += 1
            del self._world.locks[place]


class History:
    """One seed: merges, runs and accidents; then one last run, alone."""

    def __init__(self, seed: int, *, accidents: bool = True) -> None:
        """`accidents`: jobs are killed and skipped; without them nothing has to be run again."""
        self.chance, self.world, self.runs = random.Random(seed), World(), list[Run]()
        self.accidents = accidents
        self.baton = threading.Semaphore(0)

    def has_ended(self, name: str) -> bool | None:
        """What CircleCI says of a job: a paused one runs, and sometimes there is no answer."""
        run = next((run for run in self.runs if run.name == name), None)
        return None if self.chance.random() < 0.2 or run is None else run.over

    def play(self, turns: int = 160) -> World:
        for number in range(turns):
            self._turn(number)
        for run in self.runs:
            run.paused = False
        self._finish()
        if not self.accidents:
            return self.world
        self._operator()
        for _ in range(3):  # CircleCI may not answer; the workflow is run again
            if self._ends_well():
                return self.world
        # It never answered: an operator saw that the job has ended, and says so by `unlock`.
        claims = self.runs[-1].claims
        for place in filter(claims.read, PLACES):
            self.world.counts["claims that an operator took away"] += 1
            claims.unlock(place)
        self._ends_well()
        return self.world

    def _ends_well(self) -> bool:
        """Run the workflow once more; whether that left nothing over."""
        self.world.now += dt.timedelta(minutes=30)
        last = self._start()
        self._finish()
        return not last.failures and not self._differs()

    def _turn(self, number: int) -> None:
        alive = [run for run in self.runs if not run.over]
        ready = [run for run in alive if not run.paused]
        choice = self.chance.random()
        if choice < 0.07:
            self._merge(number)
            if not self.accidents or self.chance.random() < 0.8:  # else CircleCI skipped the pipeline
                self._start()
            else:
                self.world.counts["merges whose pipeline was skipped"] += 1
        elif choice < 0.09 and alive and self.accidents:
            self.chance.choice(alive).killed = True
            self.world.counts["runs killed"] += 1
        elif choice < 0.12 and alive:
            run = self.chance.choice(alive)
            run.paused = not run.paused
            self.world.counts["pauses"] += run.paused
        elif choice < 0.2:
            self._pass(dt.timedelta(seconds=self.chance.choice((20, 60, 400, 900))))
        elif choice < 0.22:
            self.world.counts["runs started again by hand"] += 1
            self._start()
        elif ready:
            self.chance.choice(ready).advance()

    def _merge(self, number: int) -> None:
        place, main = self.chance.choice(PLACES), self.world.main
        self.world.counts["merges"] += 1
        if place in main and self.chance.random() < 0.3:
            del main[place]
        else:
            main[place] = f"text {number}"
            self.world.merged.add((place, main[place]))

    def _pass(self, time: dt.timedelta) -> None:
        """Time goes on; whoever is alive and not paused renews meanwhile."""
        while time > dt.timedelta():
            self.world.now += dt.timedelta(seconds=20)
            time -= dt.timedelta(seconds=20)
            for run in self.runs:
                if not (run.over or run.paused or run.killed):
                    run.beat()

    def _start(self) -> Run:
        self.world.counts["runs"] += 1
        self.world.counts["runs begun while another was alive"] += any(not run.over for run in self.runs)
        skew = dt.timedelta(seconds=self.chance.randint(-120, 120))
        self.runs.append(Run(self.world, f"run {len(self.runs)}", self, skew))
        return self.runs[-1]

    def _finish(self) -> None:
        while alive := [run for run in self.runs if not run.over]:
            self.chance.choice(alive).advance()

    def _operator(self) -> None:
        """All jobs have ended: an operator releases locks of which no claim knows, as `locks` says."""
        known = list(self.world.objects.values())
        for place, lock in list(self.world.locks.items()):
            if not any(lock.encode() in body for body in known):
                self.world.counts["locks that an operator released"] += 1
                del self.world.locks[place]

    def _differs(self) -> bool:
        return self.world.main != self.world.reality
