"""The migration's command: a dry run first, then slowly, ended and run again, and silent about nothing."""

from typing import Any

import pytest
from provisioner.core.names import Place
from provisioner.ledger.ledger import Ledger
from provisioner.ledger.migration import Migration

from ops.migrate import Migrate
from ops.stack import Stopped
from tests.core.examples import ROOMY, charge, request
from tests.ledger.memory_table import MemoryTable
from tests.ledger.moto_table import TABLE
from tests.ledger.test_migration import as_earlier_releases_wrote_it

DATABASES = 7


class Run:
    """A ledger with rows of an earlier release, and the command on it."""

    def __init__(self) -> None:
        self.table = MemoryTable()
        self.ledger = Ledger(self.table, TABLE)
        self.said, self.slept = list[str](), list[float]()
        for number in range(DATABASES):
            one = request(database_name=f"db-{number}")
            self.ledger.open_create(one, charge(one.root), ROOMY)
        as_earlier_releases_wrote_it(self.table)

    def command(self, *, size: int = 3, a_second: float = 6) -> Migrate:
        return Migrate(self.ledger.migration, size, a_second, self.slept.append, self.said.append)

    def rows(self) -> Any:
        return {pk: {sk: dict(row) for sk, row in rows.items()} for pk, rows in self.table.rows.items()}


def test_the_dry_run_says_what_it_would_do_and_writes_nothing() -> None:
    run = Run()
    before = run.rows()

    assert run.command().look() == 2 * DATABASES + 1

    assert run.rows() == before
    assert "DB#dev#db-0: a row of an earlier release" in run.said
    assert "QUOTA#alpha#dev: its team is found by no list" in run.said
    open_ones = [text for text in run.said if text.endswith(": an open request among those that have ended")]
    assert len(open_ones) == DATABASES


def test_it_changes_every_row_and_then_says_that_nothing_is_left() -> None:
    run = Run()

    changed = 2 * DATABASES  # each database and its request; the first one brings its team's quota along
    assert run.command().run() == changed

    assert run.ledger.migration.is_complete()
    assert run.said[0].endswith(f"changed {changed}.")
    assert run.said[1].endswith("changed 0.")
    assert len(run.said) == 2
    assert run.command().look() == 0


def test_it_keeps_to_its_pace() -> None:
    run = Run()
    run.command(size=3, a_second=6).run()
    rows = sum(len(rows) for rows in run.table.rows.values())
    assert set(run.slept) == {0.5}
    assert len(run.slept) >= 2 * (rows // 3 - 1)  # two passes


def test_ended_at_any_time_it_goes_on_from_there() -> None:
    run = Run()

    class Ended(Exception):
        pass

    def end(_: float) -> None:
        raise Ended

    runs = 0
    while not run.ledger.migration.is_complete():
        runs += 1
        try:
            Migrate(run.ledger.migration, 3, 100, end, run.said.append).run()
        except Ended:
            assert run.ledger.migration.standing().position is not None
    assert runs > 5
    assert sum(text.startswith("Going on after") for text in run.said) > 3
    assert run.command().look() == 0


def test_a_row_that_cannot_be_read_is_named_and_keeps_it_from_being_complete() -> None:
    run = Run()
    run.table.rows["DB#dev#db-3"]["DB"]["state"] = {"S": "sealed"}

    with pytest.raises(Stopped, match="Not complete: DB#dev#db-3 cannot be read by this release"):
        run.command().run()

    assert any("'sealed' is not a valid DatabaseState" in text for text in run.said)
    assert not run.ledger.migration.is_complete()
    others = [run.ledger.database(Place("dev", f"db-{number}")) for number in range(DATABASES) if number != 3]
    assert all(other is not None and other.listed is not None for other in others)


def test_a_row_that_could_not_be_read_before_a_break_is_not_forgotten_after_it() -> None:
    run = Run()
    run.command().run()
    run.table.rows["DB#dev#db-0"]["DB"]["state"] = {"S": "sealed"}
    parts = run.command(size=100)._pass()
    next(parts)  # the part with that row; then the command is ended
    assert not run.ledger.migration.is_complete()


def test_while_an_earlier_release_still_writes_it_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    run = Run()
    keep = Migration.keep

    def kept(self: Migration, standing: Any) -> None:
        as_earlier_releases_wrote_it(run.table, "db-1")
        keep(self, standing)

    monkeypatch.setattr(Migration, "keep", kept)
    with pytest.raises(Stopped, match="its functions still write"):
        run.command().run()
    assert not run.ledger.migration.is_complete()


def test_run_again_it_stays_complete_until_it_finds_something() -> None:
    run = Run()
    run.command().run()
    run.said.clear()
    seen = []
    look = Migrate(
        run.ledger.migration,
        2,
        100,
        lambda _: seen.append(run.ledger.migration.is_complete()),
        run.said.append,
    )

    assert look.run() == 0
    assert set(seen) == {True}

    as_earlier_releases_wrote_it(run.table, "db-6")
    seen.clear()
    assert look.run() == 2
    assert seen[0]
    assert not all(seen)
    assert run.ledger.migration.is_complete()
