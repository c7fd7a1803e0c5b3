"""What the module of clusters asks of RDS through the provider, call by call, as terraform_model.py does.

test_terraform_clusters.py and test_cluster_module.py try the real ones. Left out is what no rule looks at.
"""

from dataclasses import dataclass, field
from typing import Any

from provisioner.core.root import Capacity, Root

from sandbox.aws.rds_rules import refusal
from sandbox.aws.rds_rules.call import (
    CREATE,
    CREATE_CLUSTER,
    CREATE_CLUSTER_GROUP,
    DELETE,
    DELETE_CLUSTER,
    DELETE_CLUSTER_GROUP,
    MODIFY_CLUSTER,
    RESTORE_CLUSTER,
    RESTORE_CLUSTER_IN_TIME,
    Call,
    Estate,
)
from tests.trials.account import Account, Refused
from tests.trials.terraform_model import KEY, TAG

Record = dict[str, Any]
RANGE = "ServerlessV2ScalingConfiguration"
INSIGHTS = ("EnablePerformanceInsights", "PerformanceInsightsRetentionPeriod", "PerformanceInsightsKMSKeyId")
# What a copy has of its source, and what only one of a cluster that is there has besides.
INHERITED = ("Engine", "EngineVersion", "KmsKeyId", "MasterUsername", "DatabaseName")
# What the provider does not send with a restore, so that a second apply sets it.
NOT_RESTORED = (*INSIGHTS, "EnableIAMDatabaseAuthentication")
CALLED = {
    "EnablePerformanceInsights": "PerformanceInsightsEnabled",
    "EnableIAMDatabaseAuthentication": "IAMDatabaseAuthenticationEnabled",
    "DBClusterParameterGroupName": "DBClusterParameterGroup",
    "Tags": "TagList",
}


@dataclass
class Clusters(Account):
    """What an account holds of clusters besides; their members are instances."""

    clusters: dict[str, Record] = field(default_factory=dict)
    cluster_snapshots: dict[str, Record] = field(default_factory=dict)
    cluster_groups: dict[str, Record] = field(default_factory=dict)

    def ask(self, action: str, **given: Any) -> Call:
        """One call about clusters that RDS takes; raises Refused."""
        estate = Estate(
            instances=self.instances,
            snapshots=self.snapshots,
            clusters=self.clusters,
            cluster_snapshots=self.cluster_snapshots,
            cluster_groups=self.cluster_groups,
        )
        call = Call(action, {name: one for name, one in given.items() if one is not None}, estate, self.now)
        if refused := refusal(call, self.rules):
            raise Refused(call, refused)
        self.calls.append((action, dict(call.given)))
        return call

    def make(self, action: str, **given: Any) -> None:
        """A new cluster, with what it has of its source."""
        call = self.ask(action, **given)
        held = {"ClusterCreateTime": self.now.isoformat(), "BackupRetentionPeriod": 1, "DBClusterMembers": []}
        held |= {name: call.cluster_source[name] for name in INHERITED if name in call.cluster_source}
        if call.migrates:
            held["Engine"] = given["Engine"]
        self.clusters[given["DBClusterIdentifier"]] = held | recorded(call.given)

    def change(self, identifier: str, **given: Any) -> None:
        call = self.ask(MODIFY_CLUSTER, DBClusterIdentifier=identifier, **given)
        self.clusters[identifier] |= recorded(call.given)

    def snapshot_cluster(self, identifier: str, name: str) -> None:
        held = self.clusters[identifier]
        self.cluster_snapshots[name] = {key: held[key] for key in INHERITED} | {"SnapshotType": "manual"}


def recorded(given: Any) -> Record:
    """A cluster's fields as a call names them; RDS keeps no pause of a cluster that never sleeps."""
    found = {CALLED.get(name, name): value for name, value in given.items()}
    if found.pop("ManageMasterUserPassword", False):
        found["MasterUserSecret"] = {"KmsKeyId": found.get("MasterUserSecretKmsKeyId", "")}
    for name in (
        "AllowMajorVersionUpgrade",
        "SnapshotIdentifier",
        "SourceDBClusterIdentifier",
        "RestoreType",
    ):
        found.pop(name, None)
    if found.get("PerformanceInsightsEnabled") is False:
        found["PerformanceInsightsRetentionPeriod"] = None
    return found


def wanted(root: Root, account: Clusters, key: str = KEY) -> Record:
    """What the module makes of a root where the alias leads to this key; None is left alone."""
    held = account.clusters.get(root.place.identifier, {})
    capacity = of(root)
    return {
        RANGE: scaling(capacity),
        **_insights(capacity, held, key),
        "EngineVersion": version(root, account),
        "DBClusterParameterGroupName": group(root),
        "BackupRetentionPeriod": root.backup_retention_days,
        "PreferredBackupWindow": root.backup_window,
        "PreferredMaintenanceWindow": root.maintenance_window,
        "DeletionProtection": root.deletion_protection,
        "EnableIAMDatabaseAuthentication": True,
        "MasterUserSecretKmsKeyId": (held.get("MasterUserSecret") or {}).get("KmsKeyId", key),
    }


def scaling(capacity: Capacity) -> Record:
    """The range, with a pause where the cluster sleeps."""
    pause = {"SecondsUntilAutoPause": capacity.pause_after} if capacity.pause_after else {}
    return {"MinCapacity": capacity.min_acu, "MaxCapacity": capacity.max_acu, **pause}


def version(root: Root, account: Clusters) -> str:
    """To the minor one: what is there, else the source's, else the region's default; RDS has one for each."""
    default = default_version(root)
    held = account.clusters.get(root.place.identifier)
    if held is not None:
        kept = str(held["EngineVersion"])
        return kept if kept.startswith(f"{root.engine_version}.") else default
    source = _source(root, account)
    return str(source["EngineVersion"]) if source.get("Engine") == root.engine else default


def default_version(root: Root) -> str:
    """The minor version that the region has of a major one; of the model, which knows no other."""
    return "8.0.mysql_aurora.3.10.0" if root.engine == "aurora-mysql" else f"{root.engine_version}.9"


def group(root: Root) -> str:
    """The parameter group of a version; the provider makes the name's end up."""
    return f"{root.place.identifier}-{root.engine_version.replace('.', '')}"


def changes(root: Root, account: Clusters, key: str = KEY) -> Record:
    """What a plan would change of a cluster that is there; empty where a plan is empty."""
    held = account.clusters[root.place.identifier]
    found = {
        name: value
        for name, value in wanted(root, account, key).items()
        if name not in ("Tags", "MasterUserSecretKmsKeyId")
        and value is not None
        and value != held.get(CALLED.get(name, name))
    }
    members = members_of(root.place.identifier, account)
    return found | ({} if len(members) == _members(root) else {"members": _members(root)})


def apply(root: Root, account: Clusters, key: str = KEY) -> None:
    """One apply: group, cluster, members; raises Refused."""
    identifier, target = root.place.identifier, wanted(root, account, key)
    if group(root) not in account.cluster_groups:
        family = f"{root.engine}{root.engine_version}"
        account.ask(
            CREATE_CLUSTER_GROUP,
            DBClusterParameterGroupName=group(root),
            DBParameterGroupFamily=family,
        )
        account.cluster_groups[group(root)] = {"DBParameterGroupFamily": family}
    if identifier in account.clusters:
        differing = {name: target[name] for name in changes(root, account, key) if name in target}
        if differing:
            account.change(identifier, **_change(differing, root))
        account.clusters[identifier]["TagList"] = target["Tags"]
    else:
        _make(root, account, target)
    _follow_members(root, account)
    for name in [name for name in account.cluster_groups if name.startswith(f"{identifier}-")]:
        if name != group(root):
            account.ask(DELETE_CLUSTER_GROUP, DBClusterParameterGroupName=name)
            del account.cluster_groups[name]


def settle(root: Root, account: Clusters, key: str = KEY) -> Record:
    """What the pipeline does with a root, which applies a restore twice; what a plan would still change."""
    for _ in range(2 if root.restore else 1):
        apply(root, account, key)
    return changes(root, account, key)


def remove(root: Root, account: Clusters) -> None:
    """Terraform's destroy; raises Refused where the cluster is protected."""
    identifier = root.place.identifier
    for member in members_of(identifier, account):
        account.ask(DELETE, DBInstanceIdentifier=member, SkipFinalSnapshot=True)
        del account.instances[member]
    account.clusters[identifier]["DBClusterMembers"] = []
    name = f"{identifier}-final-{root.request_id[:8]}"
    kept = {"FinalDBSnapshotIdentifier": name} if root.final_snapshot else {"SkipFinalSnapshot": True}
    account.ask(DELETE_CLUSTER, DBClusterIdentifier=identifier, **kept)
    if root.final_snapshot:
        account.snapshot_cluster(identifier, name)
    del account.clusters[identifier]


def of(root: Root) -> Capacity:
    """The capacity of a cluster's root."""
    assert root.capacity is not None
    return root.capacity


def members_of(identifier: str, account: Clusters) -> list[str]:
    """The cluster's instances."""
    found = account.instances.items()
    return [name for name, instance in found if instance.get("DBClusterIdentifier") == identifier]


def _insights(capacity: Capacity, held: Record, key: str) -> Record:
    kept = {tag["Key"]: tag["Value"] for tag in held.get("TagList", ())}.get(TAG)
    known = kept if kept not in (None, "none") else key
    return {
        "EnablePerformanceInsights": capacity.monitoring,
        "PerformanceInsightsRetentionPeriod": 7 if capacity.monitoring else None,
        "PerformanceInsightsKMSKeyId": known if capacity.monitoring else None,
        "Tags": [{"Key": TAG, "Value": known if capacity.monitoring or known == kept else "none"}],
    }


def _source(root: Root, account: Clusters) -> Record:
    if root.restore is None:
        return {}
    if root.restore.database:
        return account.clusters[root.restore.database]
    snapshots = account.snapshots if root.restore.engine else account.cluster_snapshots
    return snapshots[str(root.restore.snapshot)]


def _make(root: Root, account: Clusters, target: Record) -> None:
    identifier = root.place.identifier
    common = {
        "DBClusterIdentifier": identifier,
        RANGE: target[RANGE],
        "DBClusterParameterGroupName": target["DBClusterParameterGroupName"],
        "DeletionProtection": target["DeletionProtection"],
        "Tags": target["Tags"],
    }
    secret = {
        "ManageMasterUserPassword": True,
        "MasterUserSecretKmsKeyId": target["MasterUserSecretKmsKeyId"],
    }
    later = {
        name: target[name]
        for name in ("BackupRetentionPeriod", "PreferredBackupWindow", "PreferredMaintenanceWindow")
    }
    versioned = {"Engine": root.engine, "EngineVersion": target["EngineVersion"]}
    if root.restore is None:
        names = {"DatabaseName": root.database_name.replace("-", "_"), "MasterUsername": "dbadmin"}
        more = {name: target[name] for name in NOT_RESTORED}
        account.make(CREATE_CLUSTER, KmsKeyId=KEY, **versioned, **names, **common, **secret, **later, **more)
        return
    if root.restore.snapshot:
        arn = f"arn:aws:rds:eu-central-1:000000000000:snapshot:{root.restore.snapshot}"
        name = arn if root.restore.engine else root.restore.snapshot
        account.make(RESTORE_CLUSTER, SnapshotIdentifier=name, KmsKeyId=KEY, **versioned, **common)
    else:
        given: Record = {"SourceDBClusterIdentifier": root.restore.database, "RestoreType": _copied(root)}
        time = root.restore.point_in_time
        given |= {"UseLatestRestorableTime": True} if time in (None, "latest") else {"RestoreToTime": time}
        account.make(RESTORE_CLUSTER_IN_TIME, **given, **common)
    account.change(identifier, **secret, **later)


def _copied(root: Root) -> str:
    assert root.restore is not None
    same = str(root.restore.database).startswith(f"{root.environment}-")
    return "copy-on-write" if same and root.restore.point_in_time in (None, "latest") else "full-copy"


def _change(differing: Record, root: Root) -> Record:
    """The arguments of the provider's change: an upgrade's flag goes with its version."""
    asked = dict(differing)
    if "EngineVersion" in asked and root.upgrade:
        asked["AllowMajorVersionUpgrade"] = True
    if {*INSIGHTS} & {*asked} and asked.get("EnablePerformanceInsights") is False:
        asked = {name: value for name, value in asked.items() if name not in INSIGHTS[1:]}
    return asked


def _follow_members(root: Root, account: Clusters) -> None:
    """As many members as the root has zones, of the version of their cluster."""
    identifier = root.place.identifier
    there = members_of(identifier, account)
    named = [f"{identifier}-member-{number}" for number in range(1, _members(root) + 1)]
    for name in set(there) - set(named):
        account.ask(DELETE, DBInstanceIdentifier=name, SkipFinalSnapshot=True)
        del account.instances[name]
    for name in [name for name in named if name not in there]:
        given: Record = {
            "DBInstanceIdentifier": name,
            "DBClusterIdentifier": identifier,
            "Engine": root.engine,
        }
        monitored: Record = {
            "MonitoringInterval": 60,
            "MonitoringRoleArn": "arn:aws:iam::000000000000:role/monitoring",
        }
        given |= {"DBInstanceClass": "db.serverless", **(monitored if of(root).monitoring else {})}
        account.ask(CREATE, **given)
        account.instances[name] = given
    account.clusters[identifier]["DBClusterMembers"] = [{"DBInstanceIdentifier": name} for name in named]


def _members(root: Root) -> int:
    return 2 if root.multi_az else 1
