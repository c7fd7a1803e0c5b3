"""Real Terraform, the real provider and the clusters' module against the emulated RDS: a covering set.

Each two of the values below that can meet meet in some cluster. Each size and version, upgrades and each kind
of restore are in it. The emulated clusters have no server here; test_cluster_module.py has.
"""

import tempfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from provisioner.core.root import Root
from provisioner.core.upgrades import targets

from sandbox.aws.servers import free_port
from sandbox.aws.start import start
from sandbox.cloud import Cloud
from sandbox.processes import Processes
from tests.trials.combinations import CATALOG, CLUSTERS, changed, clusters, covering, new
from tests.trials.harness import TERRAFORM, Harness, lay_foundation

VERSIONS = {str(name): known.versions for name, known in CLUSTERS.items()}


@dataclass
class Trial:
    """One estate on its way: what is asked of it, and what was counted."""

    cloud: Cloud
    harness: Harness
    log: Path
    roots: dict[str, Root] = field(default_factory=dict)
    counts: dict[str, int] = field(default_factory=dict)

    def settle(self) -> None:
        """Apply, twice where a restore needs it, and see that a plan is empty then."""
        self.harness.write(self.roots.values())
        for last in (False, True):
            ended = self.harness.apply()
            assert ended.status == 0, ended.output[-6000:]
            left = self.harness.plan()
            if not left or last:
                break
            assert all("copy" in address for address in left), left
        assert left == {}
        self.count("plans left without change", len(self.roots))

    def count(self, what: str, by: int = 1) -> None:
        self.counts[what] = self.counts.get(what, 0) + by

    def add(self, root: Root, what: str) -> None:
        self.roots[root.place.identifier] = root
        self.count(what)

    def described(self, identifier: str) -> dict[str, Any]:
        found = self.cloud.client("rds").describe_db_clusters(DBClusterIdentifier=identifier)
        cluster: dict[str, Any] = found["DBClusters"][0]
        return cluster

    def refusals(self) -> list[str]:
        return [line for line in self.log.read_text().splitlines() if "RDS refuses" in line]


@pytest.fixture(scope="module")
def trial(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Trial]:
    place = tmp_path_factory.mktemp("trial")
    databases = Path(tempfile.mkdtemp(prefix="rds-"))
    cloud, processes = Cloud(free_port()), Processes(place / "logs")
    start(cloud, processes, databases, servers=False)
    try:
        lay_foundation(cloud, CATALOG.environments)
        harness = Harness(place / "root", cloud, TERRAFORM / "modules" / "rds_cluster")
        yield Trial(cloud, harness, place / "logs" / "aws.log")
    finally:
        processes.stop()


def rows() -> list[dict[str, Any]]:
    """Every combination that the catalog allows, of which a covering set is tried."""
    return [
        {**body, "to": size}
        for body in clusters()
        for size in CATALOG.sizes_of(body["environment"], body["database_engine"])
    ]


def copies(trial: Trial, source: Root) -> Iterator[tuple[str, Root]]:
    """Each kind of restore of a cluster."""
    snapshot = f"{source.place.identifier}-final-{source.request_id[:8]}"
    trial.cloud.client("rds").create_db_cluster_snapshot(
        DBClusterSnapshotIdentifier=snapshot, DBClusterIdentifier=source.place.identifier
    )
    origins = {
        "copy": {"snapshot": snapshot},
        "clone-copy": {"database": str(source.place), "point_in_time": "latest"},
    }
    wanted = {"environment": source.environment, "database_engine": source.engine}
    for name, origin in origins.items():
        body = {**wanted, "engine_version": source.engine_version, "restore_from": origin}
        yield name, new(body, f"{source.place.database_name}-{name}", source=source)


def test_every_two_things_that_can_meet_end_in_a_plan_without_changes(
    trial: Trial, capsys: pytest.CaptureFixture[str]
) -> None:
    chosen = covering(rows())
    for number, row in enumerate(chosen):
        body = {name: value for name, value in row.items() if name != "to"}
        trial.add(new(body, f"c{number}", number=number), "combinations")
    trial.settle()

    before = dict(trial.roots)
    restored: set[str] = set()
    for (identifier, root), row in zip(before.items(), chosen, strict=True):
        newest = targets(root.engine, root.engine_version)[-1:]
        asked = {"size": row["to"], "tags": {"Service": "orders"}}
        if newest and newest[0] in VERSIONS[root.engine]:
            asked["engine_version"] = newest[0]
            trial.count("upgrades")
        if root.engine not in restored and not row.get("high_availability"):
            restored.add(root.engine)
            for _, copied in copies(trial, root):
                trial.add(copied, "restores")
        after = changed(root, asked, number=1000)
        assert after is not None, (root, asked)
        trial.roots[identifier] = after
        trial.count("changes")
    trial.settle()

    for identifier, root in trial.roots.items():
        cluster = trial.described(identifier)
        range_of = cluster["ServerlessV2ScalingConfiguration"]
        assert root.capacity is not None
        wanted = (root.capacity.min_acu, root.capacity.max_acu)
        assert (range_of["MinCapacity"], range_of["MaxCapacity"]) == wanted, identifier
        assert len(cluster["DBClusterMembers"]) == (2 if root.multi_az else 1), identifier
        assert cluster["EngineVersion"].startswith(f"{root.engine_version}."), identifier
        assert cluster["MasterUserSecret"]["SecretArn"], identifier

    for identifier, root in trial.roots.items():
        extended = changed(root, {"tags": {"Service": "shop"}}, number=2000)
        assert extended is not None
        assert extended.upgrade is None
        trial.roots[identifier] = extended
    trial.settle()
    assert trial.refusals() == []
    with capsys.disabled():
        print("\nReal Terraform, clusters: " + ", ".join(f"{by} {what}" for what, by in trial.counts.items()))
