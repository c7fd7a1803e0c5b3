"""Real Terraform, the real provider and the module against the emulated RDS that refuses what RDS refuses.

A covering set: each two of the values below that can meet meet in some database. Each size, the edges of 400
GiB, storage that RDS has grown and each kind of restore are in it. All wait for the provider side by side.
"""

import itertools
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from provisioner.core.root import Root

from sandbox.aws import control
from sandbox.aws.servers import free_port
from sandbox.aws.start import start
from sandbox.cloud import Cloud
from sandbox.processes import Processes
from tests.trials.combinations import CATALOG, ENGINES, changed, covering, new, sizes_of
from tests.trials.harness import Harness, lay_foundation

# From and to in GiB: below, at and above 400, within and across.
GROWTHS = [(20, 399), (20, 400), (20, 401), (399, 440), (400, 500)]


@dataclass
class Trial:
    """One estate on its way: what is asked of it, and what was counted."""

    cloud: Cloud
    harness: Harness
    log: Path
    roots: dict[str, Root] = field(default_factory=dict)
    counts: dict[str, int] = field(default_factory=dict)

    def settle(self) -> None:
        """Apply, twice where a restore in time needs it, and see that a plan is empty then."""
        self.harness.write(self.roots.values())
        for last in (False, True):
            ended = self.harness.apply()
            assert ended.status == 0, ended.output[-6000:]
            left = self.harness.plan()
            if not left or last:
                break
            assert all("in-time" in address for address in left), left
        assert left == {}
        self.count("plans left without change", len(self.roots))

    def count(self, what: str, by: int = 1) -> None:
        self.counts[what] = self.counts.get(what, 0) + by

    def described(self, identifier: str) -> dict[str, Any]:
        found = self.cloud.client("rds").describe_db_instances(DBInstanceIdentifier=identifier)
        instance: dict[str, Any] = found["DBInstances"][0]
        return instance

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
        yield Trial(cloud, Harness(place / "root", cloud), place / "logs" / "aws.log")
    finally:
        processes.stop()


def rows() -> list[dict[str, Any]]:
    """Every combination that the catalog allows, of which a covering set is tried: RDS's quota is 40."""
    found = []
    for environment, rules in CATALOG.environments.items():
        for engine, before, after, growth, grown in itertools.product(
            ENGINES, sizes_of(environment), sizes_of(environment), GROWTHS, (True, False)
        ):
            if growth[1] <= rules.storage_gb.maximum:
                row = {"environment": environment, "engine": engine, "from": before, "to": after}
                found.append({**row, "growth": growth, "grown": grown})
    return found


def sources() -> list[dict[str, Any]]:
    """What is restored: for each engine one as it was made, and one that RDS has grown over 400 GiB."""
    return [
        {
            "environment": "staging",
            "engine": engine,
            "from": "small",
            "to": "small",
            "growth": (size, size),
            "grown": size == 399,
        }
        for engine in ENGINES
        for size in (20, 399)
    ]


def body(row: dict[str, Any], number: int) -> dict[str, Any]:
    versions = CATALOG.engines[row["engine"]].versions
    return {
        "environment": row["environment"],
        "database_engine": row["engine"],
        "engine_version": versions[number % len(versions)],
        "size": row["from"],
        "storage_gb": row["growth"][0],
    }


def restored(trial: Trial, source: Root, name: str, **asked: Any) -> Root:
    """A database restored from another one, as the API makes its root."""
    wanted = {
        "environment": source.environment,
        "database_engine": source.engine,
        "engine_version": source.engine_version,
        "size": sizes_of(source.environment)[-1],
    }
    root = new({**wanted, **asked}, name, source=source)
    trial.roots[root.place.identifier] = root
    trial.count("restores")
    return root


def snapshot_of(trial: Trial, root: Root) -> dict[str, str]:
    """A snapshot as a removal leaves it."""
    name = f"{root.place.identifier}-final-{root.request_id[:8]}"
    trial.cloud.client("rds").create_db_snapshot(
        DBSnapshotIdentifier=name, DBInstanceIdentifier=root.place.identifier
    )
    return {"snapshot": name}


def in_time(root: Root) -> dict[str, str]:
    return {"database": str(root.place), "point_in_time": "latest"}


def test_every_two_things_that_can_meet_end_in_a_plan_without_changes(
    trial: Trial, capsys: pytest.CaptureFixture[str]
) -> None:
    chosen = [*sources(), *covering(rows())]
    for number, row in enumerate(chosen):
        root = new(body(row, number), f"d{number}", number=number)
        trial.roots[root.place.identifier] = root
    trial.count("combinations", len(chosen))
    trial.settle()

    before = dict(trial.roots)
    grown = {}
    for root, row in zip(before.values(), chosen, strict=True):
        if row["grown"]:
            control.grow(trial.cloud, root.place.identifier)
            grown[root.place.identifier] = trial.described(root.place.identifier)["AllocatedStorage"]
    assert trial.harness.plan() == {}
    control.pass_hours(trial.cloud, 7)

    for (identifier, root), row in zip(before.items(), chosen, strict=True):
        asked = {"size": row["to"], "storage_gb": row["growth"][1], "tags": {"Service": "orders"}}
        after = changed(root, asked, number=1000)
        if after is not None:
            trial.roots[identifier] = after
            trial.count("changes")
    restore(trial, before, grown)
    trial.settle()

    sizes = {identifier: trial.described(identifier)["AllocatedStorage"] for identifier in trial.roots}
    for identifier, root in trial.roots.items():
        assert sizes[identifier] >= max(root.storage_gb, grown.get(identifier, 0)), identifier
        assert trial.described(identifier)["MasterUserSecret"]["SecretArn"], identifier
    assert trial.refusals() == []
    trial.count("refusals met", 0)
    with capsys.disabled():
        print("\nReal Terraform: " + ", ".join(f"{by} {what}" for what, by in trial.counts.items()))


def restore(trial: Trial, before: dict[str, Root], grown: dict[str, int]) -> None:
    """From a snapshot and in time, of each engine: as large, larger, and of what RDS has grown."""
    for source in list(before.values())[: len(sources())]:
        kind = "grown" if source.place.identifier in grown else "plain"
        name, made = f"{source.engine}-{kind}", snapshot_of(trial, source)
        restored(trial, source, f"{name}-copy", restore_from=made)
        restored(trial, source, f"{name}-in-time", restore_from=in_time(source))
        if kind == "plain":
            restored(trial, source, f"{name}-larger-copy", storage_gb=450, restore_from=made)
            restored(trial, source, f"{name}-larger-in-time", storage_gb=450, restore_from=in_time(source))
