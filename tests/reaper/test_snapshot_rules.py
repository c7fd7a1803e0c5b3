"""Which final snapshots are ours and old enough, without any clock or cloud."""

import dataclasses
import datetime as dt

from provisioner.core.catalog import Catalog, parse
from provisioner.core.names import Place
from provisioner.reaper.snapshot_rules import Snapshot, doubt, is_old, place_of

from tests.core.examples import CATALOG_TEXT, catalog, database
from tests.reaper.account import DAY, HOUR, TAGS


def test_a_name_is_read_from_its_end() -> None:
    tags = TAGS | {"Environment": "dev"}

    def read(identifier: str, instance: str) -> Place | None:
        return place_of(identifier, instance, tags)

    assert read("dev-a-final-b-final-0a1b2c3d", "dev-a-final-b") == Place("dev", "a-final-b")
    assert read("dev-a-final-0a1b2c3d", "dev-b") is None
    assert read("dev-a-final-0a1b2c3d-copy", "dev-a") is None


def test_an_environment_that_does_not_say_how_long_keeps_for_ever() -> None:
    created_at = dt.datetime(2020, 1, 1, tzinfo=dt.UTC)
    snapshot = Snapshot("dev-a-final-0a1b2c3d", Place("dev", "a"), created_at)

    assert not is_old(snapshot, catalog(), created_at + 9999 * DAY)
    assert is_old(snapshot, _keeping("dev", 1), created_at + DAY + HOUR)
    assert not is_old(snapshot, _keeping("dev", 1), created_at + DAY)
    assert doubt(snapshot, None, ()) == "the ledger does not know its database"


def _keeping(environment: str, days: int) -> Catalog:
    text = CATALOG_TEXT.replace(
        f"  {environment}:\n", f"  {environment}:\n    keep_final_snapshot_days: {days}\n", 1
    )
    return parse(text)


def test_a_snapshot_from_before_an_upgrade_is_kept_a_week_also_while_its_database_lives() -> None:
    created_at = dt.datetime(2026, 11, 23, tzinfo=dt.UTC)
    before = Snapshot("prod-a-before-0a1b2c3d", Place("prod", "a"), created_at)
    final = Snapshot("prod-a-final-0a1b2c3d", Place("prod", "a"), created_at)
    alive = dataclasses.replace(database(environment="prod"), database_name="a", created_at=created_at - DAY)

    assert not is_old(before, catalog(), created_at + 7 * DAY)
    assert is_old(before, catalog(), created_at + 7 * DAY + HOUR)
    assert not is_old(final, catalog(), created_at + 7 * DAY + HOUR)
    assert doubt(before, alive, ()) is None
    assert doubt(final, alive, ()) == "its database is available"
    assert doubt(before, alive, {"prod-a-before-0a1b2c3d"}) == "a database is being made from it"
    assert doubt(before, None, ()) == "the ledger does not know its database"
    assert (before.kept_days(catalog()), final.kept_days(catalog())) == (7, 365)
    tags = TAGS | {"Environment": "prod"}
    assert place_of("prod-a-before-0a1b2c3d", "prod-a", tags) == Place("prod", "a")
    assert place_of("prod-a-before-0a1b2c3d", "prod-b", tags) is None
