"""The pipeline with an Aurora cluster: what a plan may touch, whose it is, and what a killed apply left."""

# ruff: noqa: N803 - boto3's own argument names

import dataclasses
import datetime as dt
from typing import Any

import pytest
from botocore.exceptions import ClientError
from provisioner.core.engines import CLUSTER, INSTANCE
from provisioner.core.hcl import render, render_removed
from provisioner.core.names import Place
from provisioner.core.root import Restore, Root, Upgrade

from pipeline import upgrades
from pipeline.apply_checks import Refused
from pipeline.instances import Instances
from pipeline.pending import Work
from pipeline.plan_changes import (
    ResourceChange,
    changes_of,
    decode,
    destroyed_databases,
    encode,
    foreign_resources,
    summarise,
)
from pipeline.review_check import beyond_review
from pipeline.sources import foreign_source
from tests.core.examples import ID, root
from tests.pipeline.test_plan_changes import resource

PLACE = Place("dev", "nap")
DATABASE = "module.database.aws_rds_cluster.this"
MEMBER = 'module.database.aws_rds_cluster_instance.member["1"]'
GROUP = "module.database.aws_rds_cluster_parameter_group.this"


def nap(**fields: Any) -> Root:
    made = root(database_name="nap", database_engine="aurora-postgresql")
    return dataclasses.replace(made, **fields)


def change(address: str, actions: list[str], before: Any = None, after: Any = None) -> dict[str, Any]:
    kind = address.removeprefix("module.database.").partition(".")[0]
    return resource(actions, address=address, before=before, after=after) | {"type": kind}


def changes(*found: dict[str, Any]) -> list[ResourceChange]:
    return changes_of({"resource_changes": list(found)})


def created(member: str = "dev-nap-member-1", cluster: str = "dev-nap") -> list[ResourceChange]:
    return changes(
        change(GROUP, ["create"], after={"name_prefix": "dev-nap-"}),
        change(DATABASE, ["create"], after={"cluster_identifier": cluster}),
        change(MEMBER, ["create"], after={"cluster_identifier": cluster, "identifier": member}),
    )


class TestPlan:
    def test_a_cluster_is_one_database_with_its_members(self) -> None:
        assert foreign_resources(created(), place=PLACE) == []
        found = summarise(created(), place=PLACE)
        assert (found.add, found.databases_added, found.only_own_database) == (3, 1, True)
        assert decode(encode(created())) == created()

    @pytest.mark.parametrize(
        ("made", "words"),
        [
            (created(cluster="dev-other"), "is the database dev-other"),
            (created(member="dev-other-member-1"), "is the member dev-other-member-1"),
            (created(member="dev-nap-member-3"), "is the member dev-nap-member-3"),
            (created(member="dev-nap"), "is the member dev-nap"),
        ],
    )
    def test_what_is_another_databases_is_foreign(self, made: list[ResourceChange], words: str) -> None:
        assert any(words in text for text in foreign_resources(made, place=PLACE))

    def test_a_cluster_that_goes_is_lost_data(self) -> None:
        gone = changes(
            change(DATABASE, ["delete", "create"], before={"cluster_identifier": "dev-nap"}, after={})
        )
        assert destroyed_databases(gone) == [f"{DATABASE}: replace"]
        assert summarise(gone, place=PLACE).databases_destroyed == 1

    def test_a_removal_sees_what_protects_it(self) -> None:
        before = {"cluster_identifier": "dev-nap", "deletion_protection": True, "skip_final_snapshot": True}
        (one,) = changes(change(DATABASE, ["delete"], before=before))
        assert (one.is_database, one.protected, one.skips_snapshot) == (True, True, True)


class Rds:
    """Clusters, instances and snapshots by identifier, with their tags."""

    def __init__(self, **found: dict[str, dict[str, str]]) -> None:
        self._found = found

    def describe_db_clusters(self, *, DBClusterIdentifier: str) -> dict[str, Any]:
        return self._one("clusters", DBClusterIdentifier, "DBClusters", "DBClusterNotFoundFault")

    def describe_db_instances(self, *, DBInstanceIdentifier: str) -> dict[str, Any]:
        return self._one("instances", DBInstanceIdentifier, "DBInstances", "DBInstanceNotFound")

    def describe_db_snapshots(self, *, DBSnapshotIdentifier: str) -> dict[str, Any]:
        return self._one("snapshots", DBSnapshotIdentifier, "DBSnapshots", "DBSnapshotNotFound")

    def describe_db_cluster_snapshots(self, *, DBClusterSnapshotIdentifier: str) -> dict[str, Any]:
        code = "DBClusterSnapshotNotFoundFault"
        return self._one("cluster_snapshots", DBClusterSnapshotIdentifier, "DBClusterSnapshots", code)

    def _one(self, kind: str, identifier: str, answer: str, code: str) -> dict[str, Any]:
        tags = self._found.get(kind, {}).get(identifier)
        if tags is None:
            raise ClientError({"Error": {"Code": code, "Message": ""}}, "Describe")
        return {answer: [{"TagList": [{"Key": key, "Value": text} for key, text in tags.items()]}]}


OURS = {"ManagedBy": "rds-provisioner", "RequestId": ID, "Team": "alpha"}


class TestInstances:
    def test_a_database_whose_kind_is_not_known_is_looked_for_among_both(self) -> None:
        assert Instances(Rds(clusters={"dev-nap": OURS})).request_of("dev-nap") == ID
        assert Instances(Rds(instances={"dev-nap": OURS})).request_of("dev-nap") == ID
        assert Instances(Rds()).request_of("dev-nap") is None

    def test_of_a_known_kind_the_other_does_not_count(self) -> None:
        there = Instances(Rds(instances={"dev-nap": OURS}))
        assert there.request_of("dev-nap", CLUSTER) is None
        assert there.request_of("dev-nap", INSTANCE) == ID

    def test_a_cluster_lacks_its_secret_as_an_instance_does(self) -> None:
        there = Instances(Rds(clusters={"dev-nap": OURS}))
        assert there.lacks_secret("dev-nap", ID, CLUSTER)
        assert not there.lacks_secret("dev-nap", "another", CLUSTER)


class TestSource:
    CLONE = nap(database_name="copy", restore=Restore(database="dev-nap", point_in_time="latest"))
    SNAPSHOT = nap(database_name="copy", restore=Restore(snapshot="dev-nap-final-11111111"))

    def test_a_cluster_of_the_team_may_be_cloned(self) -> None:
        assert foreign_source(self.CLONE, Instances(Rds(clusters={"dev-nap": OURS}))) is None
        found = Rds(cluster_snapshots={"dev-nap-final-11111111": OURS})
        assert foreign_source(self.SNAPSHOT, Instances(found)) is None

    def test_an_instance_or_its_snapshot_is_none_of_a_clusters_sources(self) -> None:
        words = "RDS has no database dev-nap of a cluster"
        assert str(foreign_source(self.CLONE, Instances(Rds(instances={"dev-nap": OURS})))).startswith(words)
        found = Instances(Rds(snapshots={"dev-nap-final-11111111": OURS}))
        assert "RDS has no snapshot dev-nap-final-11111111 of a cluster" in str(
            foreign_source(self.SNAPSHOT, found)
        )

    def test_an_instances_snapshot_is_looked_for_among_those_of_instances(self) -> None:
        made = nap(restore=Restore(snapshot="dev-db-final-11111111", engine="postgres"))
        found = {"dev-db-final-11111111": OURS}
        assert foreign_source(made, Instances(Rds(snapshots=found))) is None
        assert foreign_source(made, Instances(Rds(cluster_snapshots=found))) == (
            "RDS has no snapshot dev-db-final-11111111: ask for a restore from one that is there"
        )
        theirs = {"dev-db-final-11111111": OURS | {"Team": "victims"}}
        assert foreign_source(made, Instances(Rds(snapshots=theirs))) == (
            "snapshot dev-db-final-11111111 is of team victims, not alpha: data stays with its team"
        )
        by_hand = {"dev-db-final-11111111": {"Team": "alpha"}}
        assert "was not made by the provisioner" in str(
            foreign_source(made, Instances(Rds(snapshots=by_hand)))
        )

    def test_another_teams_data_stays_with_it(self) -> None:
        theirs = Instances(Rds(clusters={"dev-nap": OURS | {"Team": "victims"}}))
        assert "is of team victims, not alpha" in str(foreign_source(self.CLONE, theirs))


def test_what_rds_makes_of_a_cluster_is_known_by_address() -> None:
    work = Work(PLACE, render(nap()), removal=False, applied_before=False)
    assert [(address, identifier, kind.name) for address, identifier, kind in work.made] == [
        (DATABASE, "dev-nap", "cluster"),
        (MEMBER, "dev-nap-member-1", "instance"),
        (MEMBER.replace("1", "2"), "dev-nap-member-2", "instance"),
    ]
    gone = Work(PLACE, render_removed(PLACE), removal=True, applied_before=True)
    assert [address for address, _, _ in gone.made] == ["module.database.aws_db_instance.this"]


class TestUpgrade:
    """The snapshot before an upgrade, and whether RDS did it: of a cluster by the calls for clusters."""

    class Aurora(Rds):
        """Notes what it is asked for, and has the snapshots that were taken."""

        def __init__(self, version: str = "17.4") -> None:
            super().__init__(clusters={"dev-nap": OURS})
            self.version, self.taken, self.waited = version, dict[str, Any](), list[str]()

        def describe_db_clusters(self, *, DBClusterIdentifier: str) -> dict[str, Any]:
            found = super().describe_db_clusters(DBClusterIdentifier=DBClusterIdentifier)
            return {"DBClusters": [found["DBClusters"][0] | {"EngineVersion": self.version}]}

        def describe_db_cluster_snapshots(self, *, DBClusterSnapshotIdentifier: str) -> dict[str, Any]:
            if DBClusterSnapshotIdentifier not in self.taken:
                return super().describe_db_cluster_snapshots(
                    DBClusterSnapshotIdentifier=DBClusterSnapshotIdentifier
                )
            return {"DBClusterSnapshots": [self.taken[DBClusterSnapshotIdentifier]]}

        def create_db_cluster_snapshot(self, **asked: Any) -> None:
            self.taken[asked["DBClusterSnapshotIdentifier"]] = asked

        def get_waiter(self, name: str) -> "TestUpgrade.Aurora":
            self.waited.append(name)
            return self

        def wait(self, **asked: Any) -> None:
            assert asked["DBClusterSnapshotIdentifier"] in self.taken

    SNAPSHOT = "dev-nap-before-3f0c1a2b"

    def test_the_snapshot_is_the_clusters_with_its_tags_and_taken_once(self) -> None:
        aurora = self.Aurora()
        there = Instances(aurora)

        assert there.snapshot_before(self.SNAPSHOT, "dev-nap", CLUSTER).endswith("is taken.")
        aurora.taken[self.SNAPSHOT]["SnapshotCreateTime"] = dt.datetime(2026, 11, 24, 9, 5, tzinfo=dt.UTC)
        assert there.snapshot_before(self.SNAPSHOT, "dev-nap", CLUSTER) == (
            f"The snapshot {self.SNAPSHOT} is there already, of 2026-11-24 09:05 UTC: what was written since "
            "is not in it."
        )

        (taken,) = aurora.taken.values()
        assert taken["DBClusterIdentifier"] == "dev-nap"
        assert {tag["Key"]: tag["Value"] for tag in taken["Tags"]} == OURS
        assert aurora.waited == ["db_cluster_snapshot_available"] * 2

    def test_a_snapshot_of_another_cluster_stops_it(self) -> None:
        aurora = self.Aurora()
        aurora.taken[self.SNAPSHOT] = {"DBClusterIdentifier": "prod-orders"}
        with pytest.raises(ValueError, match="is of prod-orders"):
            Instances(aurora).snapshot_before(self.SNAPSHOT, "dev-nap", CLUSTER)

    @pytest.mark.parametrize(("runs", "done"), [("17.4", True), ("16.8", False)])
    def test_it_is_done_once_the_cluster_runs_the_version(self, runs: str, done: bool) -> None:
        upgraded = nap(engine_version="17", upgrade=Upgrade(from_version="16", snapshot=self.SNAPSHOT))
        there = Instances(self.Aurora(runs))
        if done:
            upgrades.check_done(upgraded, there)
            return
        with pytest.raises(Refused, match=r"it runs 16\.8.*--source-type db-cluster"):
            upgrades.check_done(upgraded, there)


class TestReview:
    """AWS's default minor version may be another one by the time a creation is approved."""

    @staticmethod
    def made(version: str, action: str = "create") -> list[ResourceChange]:
        before = None if action == "create" else {"cluster_identifier": "dev-nap", "engine_version": "16.4"}
        after = {"cluster_identifier": "dev-nap", "engine_version": version}
        return changes(change(DATABASE, [action], before=before, after=after))

    def test_a_creation_may_have_another_minor_version_than_reviewed(self) -> None:
        assert beyond_review(self.made("16.4"), self.made("16.6"), applied_before=False) == []

    def test_another_major_version_was_not_reviewed(self) -> None:
        mysql = [f"8.{number}.mysql_aurora.3.08.0" for number in (0, 4)]
        for was, is_now in (("16.4", "17.2"), mysql):
            (found,) = beyond_review(self.made(was), self.made(is_now), applied_before=False)
            assert found.endswith("engine_version differs from what was reviewed")

    def test_a_change_has_the_version_that_was_reviewed(self) -> None:
        (found,) = beyond_review(
            self.made("16.6", "update"), self.made("16.8", "update"), applied_before=True
        )
        assert found.endswith("engine_version differs from what was reviewed")
