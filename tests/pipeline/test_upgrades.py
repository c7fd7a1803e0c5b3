"""An upgrade is applied after its snapshot, whatever stops the apply, and is done once RDS did it."""

import dataclasses
import itertools

import pytest
from provisioner.core.hcl import render
from provisioner.core.root import Root, Upgrade

from pipeline.pace import LEASE
from tests.core.examples import root
from tests.pipeline.fakes import Killed
from tests.pipeline.repository import file_of
from tests.pipeline.setting import Setting

OTHER = "11111111-8f5e-4c1d-9a70-1c2d3e4f5a6b"
SNAPSHOT = "dev-mydb123-before-11111111"
OLD = dataclasses.replace(root(database_engine="postgres"), engine_version="15")
NEW = dataclasses.replace(
    OLD, request_id=OTHER, engine_version="18", upgrade=Upgrade(from_version="15", snapshot=SNAPSHOT)
)


@pytest.fixture
def upgrading(setting: Setting) -> Setting:
    """A database of PostgreSQL 15, and its upgrade, merged and not applied yet."""
    setting.reviewed(file_of(OLD))
    assert setting.apply() == []
    setting.cloud.applied.clear()
    setting.reviewed(file_of(NEW))
    return setting


def version(setting: Setting) -> str:
    return str(setting.instance()["engine_version"])


def test_the_snapshot_comes_first_and_has_the_instances_tags(upgrading: Setting) -> None:
    assert upgrading.apply() == []

    assert upgrading.cloud.applied == [f"snapshot {SNAPSHOT}", "dev/mydb123: update aws_db_instance"]
    assert upgrading.cloud.taken == {SNAPSHOT: "dev-mydb123"}
    assert upgrading.cloud.snapshots[SNAPSHOT]["Team"] == "alpha"
    assert version(upgrading) == "18"


def test_killed_at_any_step_the_next_run_brings_it_to_its_end_with_one_snapshot(upgrading: Setting) -> None:
    before = upgrading.save()
    for kill_at in itertools.count(1):
        upgrading.restore(before)
        upgrading.lifeline.steps, upgrading.lifeline.kill_at = 0, kill_at
        try:
            upgrading.apply()
        except Killed:
            upgrading.lifeline.kill_at = None
            upgrading.now += 2 * LEASE
            assert upgrading.apply() == [], f"after being killed at step {kill_at}"
        else:
            break
        assert upgrading.cloud.taken == {SNAPSHOT: "dev-mydb123"}
        assert version(upgrading) == "18"
    assert kill_at > 10


def test_the_change_after_it_takes_none(upgrading: Setting) -> None:
    upgrading.apply()
    upgrading.cloud.applied.clear()
    after: Root = dataclasses.replace(NEW, request_id=root().request_id, upgrade=None, storage_gb=30)
    upgrading.reviewed(file_of(after))

    assert upgrading.apply() == []
    assert upgrading.cloud.applied == ["dev/mydb123: update aws_db_instance"]


def test_an_upgrade_that_rds_refused_fails_and_says_where_to_look_and_the_way_back(
    upgrading: Setting,
) -> None:
    upgrading.cloud.runs = "15.9"

    (failure,) = upgrading.apply()

    assert "RDS did not upgrade dev/mydb123 to 18: it runs 15.9" in failure
    assert "pg_upgrade_precheck.log" in failure
    assert (
        "take the upgrade back by PATCH with the engine_version 15" in upgrading.functions.reports[-1]["fix"]
    )
    assert upgrading.functions.reports[-1]["retryable"] is True
    back = dataclasses.replace(OLD, request_id=root().request_id)
    upgrading.reviewed(file_of(back))
    assert upgrading.apply() == []
    assert version(upgrading) == "15"


@pytest.mark.parametrize(("runs", "done"), [("18.1", True), ("18", True), ("180.1", False), ("", True)])
def test_it_is_done_once_the_instance_runs_the_major_version(
    upgrading: Setting, runs: str, done: bool
) -> None:
    upgrading.cloud.runs = runs

    assert (upgrading.apply() == []) is done


def test_without_the_right_to_a_snapshot_nothing_is_upgraded(upgrading: Setting) -> None:
    upgrading.cloud.refuses_snapshots = True

    (failure,) = upgrading.apply()

    assert f"dev/mydb123 is not upgraded, since the snapshot {SNAPSHOT} was not taken" in failure
    assert "apply the foundation of this release first" in failure
    assert version(upgrading) == "15"


def test_a_snapshot_of_that_name_of_another_database_stops_it(upgrading: Setting) -> None:
    upgrading.cloud.snapshots[SNAPSHOT] = {}
    upgrading.cloud.taken[SNAPSHOT] = "prod-orders"

    (failure,) = upgrading.apply()

    assert f"the snapshot {SNAPSHOT} is of prod-orders. Next: try again" in failure
    assert version(upgrading) == "15"


def test_its_root_says_so_and_the_next_ones_does_not() -> None:
    assert f'snapshot = "{SNAPSHOT}"' in render(NEW)
    assert "upgrade" not in render(dataclasses.replace(NEW, upgrade=None))
    assert "upgrade" not in render(NEW, 2)
