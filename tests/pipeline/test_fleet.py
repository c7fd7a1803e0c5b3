"""Roots are applied side by side, as many as there is room for, and main is looked at again after each."""

import threading
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from provisioner.core.names import Place

from pipeline.claims import Claims
from pipeline.fleet import Fleet, Look, Tally, stale
from pipeline.git import Checkout
from pipeline.output import about, say
from pipeline.pace import LEASE
from pipeline.pending import Work
from tests.core.examples import NOW
from tests.pipeline.fakes import Bucket

HERE = Checkout(Path())
Apply = Callable[[Work, Checkout], tuple[bool, list[str]]]


class Main:
    """Main's roots by name, and what was applied of them."""

    def __init__(self, **roots: str) -> None:
        self.roots, self.applied, self.bucket = dict(roots), dict[str, str](), Bucket()
        self.looks = 0

    def look(self) -> Look:
        self.looks += 1
        return Look(HERE, self._work())

    def _work(self) -> Mapping[Place, Work]:
        places = {Place("dev", name): text for name, text in self.roots.items()}
        return {
            place: Work(place, text, removal=False, applied_before=False)
            for place, text in places.items()
            if self.applied.get(place.database_name) != text
        }

    def apply(self, work: Work, _: Checkout) -> tuple[bool, list[str]]:
        self.applied[work.place.database_name] = work.text
        return True, []

    def claims(self, holder: str = "run 1") -> Claims:
        return Claims(self.bucket, "states", holder, lambda: NOW)

    def run(
        self, at_once: int = 4, apply: Apply | None = None, may_begin: Callable[[], str | None] = lambda: None
    ) -> Tally:
        with ThreadPoolExecutor(at_once) as pool:
            return Fleet(
                self.look, apply or self.apply, self.claims(), pool, at_once, lambda: NOW, may_begin
            ).run()


def test_three_are_alive_at_once() -> None:
    main, together = Main(a="1", b="1", c="1"), threading.Barrier(3)

    def apply(work: Work, checkout: Checkout) -> tuple[bool, list[str]]:
        together.wait(20)  # raises BrokenBarrierError unless all three are here
        return main.apply(work, checkout)

    assert main.run(3, apply) == Tally(done=3)
    assert main.applied == main.roots


def test_no_more_than_there_is_room_for() -> None:
    main = Main(**{f"d{number}": "1" for number in range(7)})
    alive, most, guard = 0, 0, threading.Lock()

    def apply(work: Work, checkout: Checkout) -> tuple[bool, list[str]]:
        nonlocal alive, most
        with guard:
            alive += 1
            most = max(most, alive)
        threading.Event().wait(0.005)
        with guard:
            alive -= 1
        return main.apply(work, checkout)

    assert main.run(2, apply).done == 7
    assert most == 2


def test_what_is_merged_meanwhile_is_applied_by_the_same_run() -> None:
    main = Main(a="1")

    def apply(work: Work, checkout: Checkout) -> tuple[bool, list[str]]:
        main.roots.update({"a": "2", "b": "1"})
        return main.apply(work, checkout)

    assert main.run(1, apply).done == 3
    assert main.applied == {"a": "2", "b": "1"}


def test_a_failure_stops_no_other_and_is_not_tried_again() -> None:
    main, tried = Main(a="1", b="1"), list[str]()

    def apply(work: Work, checkout: Checkout) -> tuple[bool, list[str]]:
        tried.append(work.place.database_name)
        if work.place.database_name == "a":
            return True, ["dev/a: it broke"]
        return main.apply(work, checkout)

    tally = main.run(1, apply)
    assert (tally.done, tally.failures, sorted(tried)) == (1, ["dev/a: it broke"], ["a", "b"])
    assert tally.summary("dev") == "dev: 1 done, 1 not."


def test_what_another_run_works_on_is_left_to_it() -> None:
    main = Main(a="1", b="1")
    main.claims("run 0").take(Place("dev", "a"))
    tally = main.run()
    assert (main.applied, list(tally.left)) == ({"b": "1"}, [Place("dev", "a")])
    assert tally.summary("dev") == "dev: 1 done, 0 not, 1 left to the runs that work on them."
    assert stale(tally, NOW) == []
    assert stale(tally, NOW + 2 * LEASE) == [
        "dev/a is claimed by run 0, which no longer renews its claim. If that job has ended, "
        "run `python -m pipeline unlock dev/a`, then the workflow again"
    ]


def test_every_claim_is_released_whatever_happens() -> None:
    main = Main(a="1", b="1")

    def apply(work: Work, checkout: Checkout) -> tuple[bool, list[str]]:
        return False, []

    assert main.run(2, apply).unasked == 2
    assert main.bucket.objects == {}


def test_nothing_begins_once_there_is_a_reason() -> None:
    main = Main(a="1", b="1")
    tally = main.run(may_begin=lambda: "out of time: run the workflow again")
    assert tally.failures == [
        "dev/a: not begun, out of time: run the workflow again",
        "dev/b: not begun, out of time: run the workflow again",
    ]
    assert (main.applied, main.bucket.objects) == ({}, {})


def test_where_main_cannot_be_read_again_what_runs_is_finished_and_said() -> None:
    main = Main(a="1")

    def apply(work: Work, checkout: Checkout) -> tuple[bool, list[str]]:
        main.look = fails  # type: ignore[method-assign]
        return main.apply(work, checkout)

    def fails() -> Look:
        raise OSError("no network")

    with ThreadPoolExecutor(1) as pool:
        fleet = Fleet(lambda: main.look(), apply, main.claims(), pool, 1, lambda: NOW, lambda: None)  # noqa: PLW0108
        tally = fleet.run()
    assert (tally.done, tally.failures) == (
        1,
        ["main was not read again: no network. Run the workflow again"],
    )


def test_each_line_says_which_root_it_is_about(capsys: pytest.CaptureFixture[str]) -> None:
    def speak(name: str) -> None:
        with about(name):
            for number in range(50):
                say(f"line {number}\nand more")

    threads = [threading.Thread(target=speak, args=(name,)) for name in ("dev/a", "dev/b")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    say("the end")
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == 201
    assert lines[-1] == "the end"
    for name in ("dev/a", "dev/b"):
        mine = [line.removeprefix(f"{name}  ") for line in lines if line.startswith(name)]
        assert mine == [text for number in range(50) for text in (f"line {number}", "and more")]
