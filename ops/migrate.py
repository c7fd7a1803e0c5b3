"""Brings the ledger's rows of earlier releases to what lists read: python -m ops.migrate.

Without --write it says what it would do, and writes nothing. With it, it goes through the table, slowly
enough for the functions that serve meanwhile, until a whole pass finds nothing left to change. Ended at any
time and run again, it goes on from there. Each row is written on condition of the version that was read, so
that no change of the functions is lost.
"""

import argparse
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Final, TypeVar

from provisioner.ledger.codecs import Row
from provisioner.ledger.ledger import Ledger
from provisioner.ledger.migration import Migration, Standing

from ops.stack import STACK, Stack, Stopped, client, resumable

Found = TypeVar("Found")
_MOST_PASSES: Final = 5


@dataclass(slots=True)
class Migrate:
    """Goes through the table, `size` rows at a time and `a_second` of them a second.

    `unread` are the rows that this release cannot read, each with the reason.
    """

    migration: Migration
    size: int
    a_second: float
    sleep: Callable[[float], None]
    say: Callable[[str], None]
    unread: dict[str, str] = field(default_factory=dict)

    def look(self) -> int:
        """Say which rows would change; how many. Writes nothing."""
        found, position = 0, None
        while True:
            rows, position = self.migration.part(position, self.size)
            for row in rows:
                if why := self._read(row, self.migration.differs):
                    self.say(f"{row['pk']}: {why}")
                    found += 1
            if position is None:
                return found
            self._pause()

    def run(self) -> int:
        """Change what has to, until nothing is left; how many rows were changed. Raises Stopped."""
        changed = 0
        for _ in range(_MOST_PASSES):
            found = sum(self._pass())
            changed += found
            if self.unread:
                names = ", ".join(sorted(self.unread))
                raise Stopped(
                    f"Not complete: {names} cannot be read by this release (see above); lists go on as "
                    "before. Use the release that wrote them, or fix the rows, and run it again."
                )
            if self.migration.standing().complete:
                return changed
        raise Stopped(
            f"{_MOST_PASSES} passes each found rows of an earlier release: its functions still write. Run it "
            "again once the deployment has ended."
        )

    def _pass(self) -> Iterator[int]:
        """One pass, or the rest of one that was ended; how many rows of each part were changed."""
        standing = self.migration.standing()
        if standing.position:
            self.say(f"Going on after {standing.looked_at} rows.")
        else:
            standing = replace(standing, looked_at=0, changed=0)
        while True:
            rows, position = self.migration.part(standing.position, self.size)
            unread = len(self.unread)
            changed = sum(bool(self._read(row, self.migration.bring)) for row in rows)
            total = standing.changed + changed + len(self.unread) - unread
            at_end = position is None
            standing = Standing(
                position=position,
                looked_at=standing.looked_at + len(rows),
                changed=total,
                complete=not total and not self.unread and (at_end or standing.complete),
            )
            self.migration.keep(standing)
            yield changed
            if at_end:
                self.say(f"A pass over {standing.looked_at} rows changed {total}.")
                return
            self._pause()

    def _read(self, row: Row, act: Callable[[Row], Found]) -> Found | None:
        try:
            return act(row)
        except (KeyError, ValueError) as error:
            self.unread[str(row["pk"])] = str(error)
            self.say(f"{row['pk']}: cannot be read: {error!r}")
            return None

    def _pause(self) -> None:
        self.sleep(self.size / self.a_second)


def main(arguments: Sequence[str] | None = None) -> int:
    """The command line; the exit status: 0 nothing is left, 1 something is, 2 refused."""
    chosen = _parser().parse_args(arguments)
    return resumable(lambda: _run(chosen, Stack.find(chosen.stack)))


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="migrate", description="Brings the ledger's rows of earlier releases to what lists read."
    )
    parser.add_argument("--write", action="store_true", help="do it; without this, nothing is written")
    parser.add_argument("--stack", default=STACK, help=f"the stack (default: {STACK})")
    parser.add_argument("--at-once", type=int, default=100, help="rows read at a time (default: 100)")
    parser.add_argument(
        "--a-second", type=float, default=200, help="rows looked at in a second (default: 200)"
    )
    return parser


def _run(chosen: argparse.Namespace, stack: Stack) -> int:
    ledger = Ledger(client("dynamodb"), stack.output("LedgerTable"))
    size, pace = max(chosen.at_once, 1), max(chosen.a_second, 1.0)
    migrate = Migrate(ledger.migration, size, pace, time.sleep, _say)
    if chosen.write:
        changed = migrate.run()
        print(f"Complete: {changed} rows were changed.")
        return 0
    found = migrate.look()
    if found or migrate.unread:
        print(f"\n{found} rows would change. Nothing was written; with --write, it does it.")
        return 1
    complete = ledger.migration.standing().complete
    print("Nothing is left to change." if complete else "No row differs; run it with --write to say so.")
    return int(not complete)


def _say(text: str) -> None:
    print(text, flush=True)


if __name__ == "__main__":
    sys.exit(main())
