"""What earlier modules made goes on with the one of now: changed in place, and then as its root says.

tests/compatibility/samples/modules has the modules: `first` of the first release, which made PostgreSQL only
(RDS refuses its MySQL), and `second`, the last one before roots had formats.
"""

import dataclasses
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from provisioner.core.root import Root

from sandbox.aws.servers import free_port
from sandbox.aws.start import start
from sandbox.cloud import Cloud
from sandbox.processes import Processes
from tests.compatibility.samples import HOME
from tests.core.examples import root
from tests.trials.harness import TERRAFORM, Harness, lay_foundation

LARGE: dict[str, Any] = {"size": "large", "storage_gb": 100}
MADE_BY: dict[str, list[Root]] = {
    "first": [
        root(database_name="small-pg", database_engine="postgres", environment="dev"),
        root(database_name="large-pg", database_engine="postgres", environment="staging", **LARGE),
        root(database_name="old-pg", database_engine="postgres", engine_version="15", environment="dev"),
    ],
    "second": [
        root(database_name="small-my", environment="dev"),  # without Performance Insights, which RDS refuses
        root(database_name="large-my", environment="staging", **LARGE),
        root(database_name="second-pg", database_engine="postgres", environment="prod"),
    ],
}
ROOTS = [made for roots in MADE_BY.values() for made in roots]


@pytest.fixture
def cloud(tmp_path: Path) -> Iterator[Cloud]:
    databases = Path(tempfile.mkdtemp(prefix="rds-"))
    found, processes = Cloud(free_port()), Processes(tmp_path / "logs")
    start(found, processes, databases, servers=False)
    lay_foundation(found, ["dev", "staging", "prod"])
    yield found
    processes.stop()
    shutil.rmtree(databases, ignore_errors=True)


def instances(cloud: Cloud) -> dict[str, dict[str, Any]]:
    found = cloud.client("rds").describe_db_instances()["DBInstances"]
    return {instance["DBInstanceIdentifier"]: instance for instance in found}


def test_what_earlier_modules_made_is_changed_in_place_and_ends_without_a_difference(
    cloud: Cloud, tmp_path: Path
) -> None:
    harnesses = {name: Harness(tmp_path / name, cloud, module=HOME / "modules" / name) for name in MADE_BY}
    for name, harness in harnesses.items():
        harness.write(MADE_BY[name])
        made = harness.apply()
        assert made.status == 0, made.output
    before = instances(cloud)
    assert set(before) == {made.place.identifier for made in ROOTS}

    for name, harness in harnesses.items():
        now = dataclasses.replace(harness, module=TERRAFORM / "modules" / "rds_database")
        now.write(MADE_BY[name])
        changed = now.apply()
        assert changed.status == 0, changed.output
        assert ", 0 destroyed." in changed.output, changed.output
        assert now.plan() == {}

    after = instances(cloud)
    assert set(after) == set(before)
    for identifier, instance in after.items():
        for kept in ("DbiResourceId", "InstanceCreateTime", "Engine", "KmsKeyId", "EngineLifecycleSupport"):
            assert instance.get(kept) == before[identifier].get(kept), (identifier, kept)
