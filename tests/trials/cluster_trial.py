"""The exhaustive trial of clusters on the rule model: every root, change, upgrade, copy and end."""

import copy
import dataclasses
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import pytest
from provisioner.core.engines import becomes
from provisioner.core.errors import Problem
from provisioner.core.root import Root
from provisioner.core.upgrades import targets

from sandbox.aws.rds_rules import RULES
from sandbox.aws.rds_rules.call import Rule
from tests.trials import cluster_model, terraform_model
from tests.trials.account import Refused
from tests.trials.cluster_model import Clusters
from tests.trials.combinations import CATALOG, CLUSTERS, changed, clusters, creations, new

COLUMNS = ("combinations", "changes", "upgrades", "restores", "refusals met", "plans left without change")
VERSIONS = {str(name): known.versions for name, known in CLUSTERS.items()}


def run(bodies: Iterable[dict[str, Any]], rules: Sequence[Rule] = RULES) -> Counter[str]:
    """Try these clusters and all that may follow; raises AssertionError or Refused where one goes wrong."""
    counts: Counter[str] = Counter(dict.fromkeys(COLUMNS, 0))
    for body in bodies:
        root = new(body)
        account = Clusters(rules=rules)
        counts["combinations"] += 1
        _settled(root, account, counts)
        _changes(root, account, counts)
        _restores(root, account, counts)
        _end(root, account, counts)
    return counts


def migrate(counts: Counter[str], rules: Sequence[Rule] = RULES) -> None:
    """Each instance whose snapshot RDS makes a cluster of, in each size; each other one the API refuses."""
    for body in creations([20]):
        source, account = new(body), Clusters(rules=rules)
        terraform_model.settle(source, account)
        snapshot = f"{source.place.identifier}-final-{source.request_id[:8]}"
        account.snapshot(source.place.identifier, snapshot)
        account.snapshots[snapshot]["EngineVersion"] = f"{source.engine_version}.4"
        engine = str(becomes(source.engine))
        for size in CATALOG.sizes_of(source.environment, engine):
            wanted: dict[str, Any] = {"environment": source.environment, "database_engine": engine}
            wanted |= {"size": size}
            wanted |= {"engine_version": source.engine_version, "restore_from": {"snapshot": snapshot}}
            if source.engine_version not in VERSIONS[engine]:
                with pytest.raises(Problem):
                    new(wanted, "copy", source=source)
                continue
            counts["restores"] += 1
            _settled(new(wanted, "copy", source=source), copy.deepcopy(account), counts)


def table(counts: Counter[str]) -> str:
    """The counts for people to read."""
    return "\n".join(f"  {counts[name]:>8,}  {name}" for name in COLUMNS)


def _changes(root: Root, account: Clusters, counts: Counter[str]) -> None:
    """Each size and each version that may follow, alone and together; then one that touches neither."""
    versions = [
        None,
        *(found for found in targets(root.engine, root.engine_version) if found in VERSIONS[root.engine]),
    ]
    for size in [None, *CATALOG.sizes_of(root.environment, root.engine)]:
        for version in versions:
            body = {"size": size, "engine_version": version, "tags": {"Service": "orders"}}
            after = changed(root, {name: value for name, value in body.items() if value is not None})
            assert after is not None, (root, body)
            there = copy.deepcopy(account)
            counts["changes"] += 1
            counts["upgrades"] += version is not None
            _settled(after, there, counts)
            extended = changed(after, {"ttl": "8d"} if root.environment == "dev" else {"tags": {}}, number=2)
            assert extended is not None
            assert extended.upgrade is None
            calls = len(there.calls)
            _settled(extended, there, counts)
            assert there.calls[calls:] == [], "an extension asks nothing of the cluster"
            if version is not None:
                _taken_back(after, there, counts)


def _taken_back(upgraded: Root, account: Clusters, counts: Counter[str]) -> None:
    """RDS takes no version back, and the API writes no root that asks for it."""
    assert upgraded.upgrade is not None
    assert changed(upgraded, {"engine_version": upgraded.upgrade.from_version}, applied=upgraded) is None
    there = copy.deepcopy(account)
    held = there.clusters[upgraded.place.identifier]["EngineVersion"]
    with pytest.raises(Refused, match=f"Cannot upgrade .* from {held}"):
        there.change(
            upgraded.place.identifier,
            EngineVersion=upgraded.upgrade.from_version,
            AllowMajorVersionUpgrade=True,
            DBClusterParameterGroupName=f"default.{upgraded.engine}{upgraded.upgrade.from_version}",
        )
    counts["refusals met"] += 1


def _restores(source: Root, account: Clusters, counts: Counter[str]) -> None:
    """From a snapshot, as of now and as of an hour ago, in each size; and of the snapshot of an instance."""
    snapshot = f"{source.place.identifier}-before-{source.request_id[:8]}"
    account.snapshot_cluster(source.place.identifier, snapshot)
    account.pass_hours(2)
    for wanted in _copies(source, snapshot, account):
        there = copy.deepcopy(account)
        counts["restores"] += 1
        _settled(wanted, there, counts)
        made = there.clusters[wanted.place.identifier]
        assert made["EngineVersion"] == account.clusters[source.place.identifier]["EngineVersion"]
        assert made["MasterUserSecret"]["KmsKeyId"]


def _copies(source: Root, snapshot: str, account: Clusters) -> Iterator[Root]:
    earlier = account.now.replace(hour=account.now.hour - 1).strftime("%Y-%m-%dT%H:%M:%SZ")
    place = {"database": str(source.place)}
    origins = (
        {"snapshot": snapshot},
        {**place, "point_in_time": "latest"},
        {**place, "point_in_time": earlier},
    )
    for size in CATALOG.sizes_of(source.environment, source.engine):
        for origin in origins:
            body = {
                "environment": source.environment,
                "database_engine": source.engine,
                "size": size,
                "restore_from": origin,
            }
            try:
                yield new(body, "copy", source=source)
            except Problem as problem:
                raise AssertionError((body, problem)) from problem


def _end(root: Root, account: Clusters, counts: Counter[str]) -> None:
    """A protected cluster is disarmed first; another one goes at once, with what the catalog keeps."""
    if root.deletion_protection:
        with pytest.raises(Refused, match="Cannot delete protected Cluster"):
            cluster_model.remove(root, copy.deepcopy(account))
        counts["refusals met"] += 1
        root = dataclasses.replace(root, deletion_protection=False)
        _settled(root, account, counts)
    cluster_model.remove(root, account)
    assert root.place.identifier not in account.clusters
    assert cluster_model.members_of(root.place.identifier, account) == []
    kept = f"{root.place.identifier}-final-{root.request_id[:8]}" in account.cluster_snapshots
    assert kept is root.final_snapshot


def _settled(root: Root, account: Clusters, counts: Counter[str]) -> None:
    """Apply as the pipeline does; the cluster is as asked for, and a plan is empty after it."""
    left = cluster_model.settle(root, account)
    assert left == {}, (root, left)
    counts["plans left without change"] += 1
    found = account.clusters[root.place.identifier]
    assert found["ServerlessV2ScalingConfiguration"]["MaxCapacity"] == cluster_model.of(root).max_acu
    assert found["EngineVersion"].startswith(f"{root.engine_version}."), root
    assert len(found["DBClusterMembers"]) == (2 if root.multi_az else 1)


ALL = tuple(clusters())
