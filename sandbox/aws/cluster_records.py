"""What MiniStack's records of Aurora clusters lack, how RDS shows them, and their metrics."""

import contextvars
from collections.abc import Callable, Mapping
from typing import Any
from xml.sax.saxutils import escape

from ministack.services import cloudwatch, rds

from sandbox.aws.query import Parameters, Response, members, value, yes

Record = dict[str, Any]
HOST = "localhost"
CAPACITY = "ServerlessV2ScalingConfiguration"
# The time without a connection where a cluster may sleep and nothing is said:
# https://docs.aws.amazon.com/AmazonRDS/latest/APIReference/API_ServerlessV2ScalingConfiguration.html
PAUSE_SECONDS = 300
# RDS asks for TLS through a parameter of the cluster's group; these are the defaults of the newest versions.
TLS_PARAMETER = {
    "aurora-postgresql": ("rds.force_ssl", "1"),
    "aurora-mysql": ("require_secure_transport", "OFF"),
}
VERSIONS = {
    "aurora-postgresql": rds.AURORA_POSTGRESQL_ENGINE_VERSIONS,
    "aurora-mysql": rds.AURORA_MYSQL_ENGINE_VERSIONS,
}


def fill() -> None:
    """Let MiniStack keep and show when a cluster sleeps, its logs and its insights."""
    shown = rds._cluster_xml
    rds._serverlessv2_from_params = capacity
    rds._serverlessv2_xml = capacity_xml
    rds._cluster_xml = lambda cluster: shown(cluster) + more_xml(cluster)


def version(engine: str, asked: str) -> str:
    """The version that RDS chooses for a major one, or for none."""
    known = [name for name, _ in VERSIONS.get(engine, [])]
    default = str(rds._default_engine_version(engine))
    if not asked or default.startswith(f"{asked}."):
        return default
    of_major = rds.AURORA_POSTGRESQL_DEFAULT_ENGINE_VERSIONS.get(asked)
    fitting = [of_major] if of_major else [name for name in known if name.startswith(f"{asked}.")]
    return fitting[-1] if fitting else asked


def capacity(asked: Parameters) -> Record | None:
    """The capacity range of a call, with the time after which a cluster sleeps that may shrink to nothing."""
    found: Record = {
        name: float(text)
        for name in ("MinCapacity", "MaxCapacity")
        if (text := value(asked, f"{CAPACITY}.{name}"))
    }
    if found.get("MinCapacity") == 0:
        found["SecondsUntilAutoPause"] = int(
            value(asked, f"{CAPACITY}.SecondsUntilAutoPause") or PAUSE_SECONDS
        )
    return found or None


def capacity_xml(cluster: Record) -> str:
    found = cluster.get(CAPACITY)
    return f"<{CAPACITY}>{elements(found)}</{CAPACITY}>" if found else ""


def more_xml(cluster: Record) -> str:
    """What RDS shows of a cluster and MiniStack does not."""
    logs = "".join(
        f"<member>{escape(name)}</member>" for name in cluster.get("EnabledCloudwatchLogsExports", [])
    )
    insights = {
        name: found
        for name in ("PerformanceInsightsKMSKeyId", "PerformanceInsightsRetentionPeriod")
        if (found := cluster.get(name))
    }
    enabled = str(cluster.get("PerformanceInsightsEnabled", False)).lower()
    return (
        f"<EnabledCloudwatchLogsExports>{logs}</EnabledCloudwatchLogsExports>"
        f"<PerformanceInsightsEnabled>{enabled}</PerformanceInsightsEnabled>"
        f"<DatabaseInsightsMode>standard</DatabaseInsightsMode>{elements(insights)}"
    )


def elements(fields: Mapping[str, Any]) -> str:
    return "".join(f"<{name}>{escape(str(text))}</{name}>" for name, text in fields.items())


def answer(action: str, cluster: Record) -> Response:
    inner = f"<{action}Result><DBCluster>{rds._cluster_xml(cluster)}</DBCluster></{action}Result>"
    response: Response = rds._xml(200, f"{action}Response", inner)
    return response


def keep_what_ministack_drops(cluster: Record, asked: Parameters) -> None:
    if exports := members(asked, "EnableCloudwatchLogsExports"):
        cluster["EnabledCloudwatchLogsExports"] = exports
    prefix = "CloudwatchLogsExportConfiguration"
    enabled, disabled = (members(asked, f"{prefix}.{turn}LogTypes") for turn in ("Enable", "Disable"))
    if enabled or disabled:
        before = cluster.get("EnabledCloudwatchLogsExports", [])
        cluster["EnabledCloudwatchLogsExports"] = sorted({*before, *enabled} - {*disabled})
    if value(asked, "EnablePerformanceInsights"):
        cluster["PerformanceInsightsEnabled"] = yes(asked, "EnablePerformanceInsights")
    if key := value(asked, "PerformanceInsightsKMSKeyId"):
        cluster["PerformanceInsightsKMSKeyId"] = key
    if days := value(asked, "PerformanceInsightsRetentionPeriod"):
        cluster["PerformanceInsightsRetentionPeriod"] = int(days)
    for member in rds._cluster_member_instances(cluster):
        inherit(member, cluster)


def inherit(member: Record, cluster: Record) -> None:
    """What a member has of its cluster."""
    for name in (
        "StorageEncrypted",
        "KmsKeyId",
        "PreferredBackupWindow",
        "BackupRetentionPeriod",
        "EngineVersion",
    ):
        member[name] = cluster[name]
    group = member["DBParameterGroups"][0]
    if group["DBParameterGroupName"].startswith("default."):
        group["DBParameterGroupName"] = f"default.{family(cluster)}"
    member["IAMDatabaseAuthenticationEnabled"] = cluster["IAMDatabaseAuthenticationEnabled"]
    member["PerformanceInsightsEnabled"] = cluster.get("PerformanceInsightsEnabled", False)
    for name in ("PerformanceInsightsKMSKeyId", "PerformanceInsightsRetentionPeriod"):
        member[name] = cluster.get(name) if member["PerformanceInsightsEnabled"] else None


def family(cluster: Record) -> str:
    """The parameter group family of a cluster's version."""
    engine = str(cluster["Engine"])
    parts = 1 if engine == "aurora-postgresql" else 2
    return engine + ".".join(cluster["EngineVersion"].split(".")[:parts])


def show(cluster: Record, status: str) -> None:
    """Put a status on a cluster and on its members, which have its version."""
    cluster["Status"] = status
    for member in rds._cluster_member_instances(cluster):
        member["DBInstanceStatus"] = status
        inherit(member, cluster)


def inherited(source: Record) -> Parameters:
    """What a restored cluster has of its source: a snapshot, or a cluster. It has a separate password.

    Of an instance's snapshot it has the data with its name and master user, and nothing of its settings.
    """
    names = ("Engine", "MasterUsername", "DatabaseName", "KmsKeyId", "BackupRetentionPeriod")
    windows = ("PreferredBackupWindow", "PreferredMaintenanceWindow")
    found = {name: [str(source[name])] for name in (*names, *windows) if source.get(name)}
    if "DBSnapshotIdentifier" in source:
        found = {"MasterUsername": [source["MasterUsername"]], "DatabaseName": [source.get("DBName") or ""]}
        found["KmsKeyId"] = [source.get("KmsKeyId", "")]
    found["StorageEncrypted"] = [str(source.get("StorageEncrypted", False)).lower()]
    return found


def add_snapshot(name: str, cluster: Record, tags: list[dict[str, str]]) -> None:
    """The record of a cluster's final snapshot, with the cluster's tags where they are to be copied."""
    snapshot = rds._create_cluster_snapshot_internal(name, cluster)
    kept = tags if cluster.get("CopyTagsToSnapshot") else []
    snapshot.update(DatabaseName=cluster["DatabaseName"], TagList=kept)
    rds._tags[snapshot["DBClusterSnapshotArn"]] = kept


def place_of(snapshot: str) -> str:
    """Where the fleet keeps a cluster snapshot's data: an instance's snapshot may have the same name."""
    return f"cluster:{snapshot}"


def fail_over(cluster: Record) -> None:
    """Without a writer the first reader becomes one."""
    left = cluster["DBClusterMembers"]
    if left and not any(member["IsClusterWriter"] for member in left):
        left[0]["IsClusterWriter"] = True


def requires_tls(cluster: Record) -> bool:
    name, default = TLS_PARAMETER.get(cluster["Engine"], ("", "0"))
    group = rds._db_cluster_param_groups.get(cluster["DBClusterParameterGroup"]) or {}
    setting = group.get("Parameters", {}).get(name, {}).get("ParameterValue", default)
    return str(setting).lower() in ("1", "on", "true")


def reporter(cluster: Record) -> Callable[[bool, int], None]:
    """Reports to CloudWatch what a cluster's server is at, under the account and region of this call.

    The capacity is the smallest one that a server runs with; the sandbox measures no load.
    """
    context = contextvars.copy_context()

    def record(awake: bool, connections: int) -> None:
        least = (cluster.get(CAPACITY) or {}).get("MinCapacity") or 0.5
        places = [{"DBClusterIdentifier": cluster["DBClusterIdentifier"]}]
        places += [
            {"DBInstanceIdentifier": member["DBInstanceIdentifier"]} for member in cluster["DBClusterMembers"]
        ]
        for place in places:
            cloudwatch.record_metric("AWS/RDS", "ServerlessDatabaseCapacity", least * awake, "Count", place)
            if awake:
                cloudwatch.record_metric("AWS/RDS", "DatabaseConnections", connections, "Count", place)

    # A context is entered by one thread at a time.
    return lambda awake, connections: context.copy().run(record, awake, connections)
