"""Which final snapshots are ours and old enough, without any clock or cloud."""

import datetime as dt

from provisioner.core.catalog import Catalog, parse
from provisioner.core.names import Place
from provisioner.reaper.snapshot_rules import Snapshot, doubt, is_old, place_of

from tests.core.examples import CATALOG_TEXT, catalog
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
