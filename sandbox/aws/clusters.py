"""Aurora Serverless v2 clusters: a real server behind each, which sleeps; snapshots, restores and clones.

Each function stands in front of one of MiniStack's own actions, as in `rds`. All members of a cluster lead to
one server, the reader too; a cluster without a member has none. A clone is a copy here: its data is small.
"""

from collections.abc import Callable, Mapping
from typing import Any

from ministack.core.responses import json_response
from ministack.services import rds, secretsmanager

from sandbox.aws import cluster_records as records
from sandbox.aws import upgrading
from sandbox.aws.background import in_background
from sandbox.aws.fleet import Fleet
from sandbox.aws.managed_secret import make_cluster_secret, new_password, secret_value
from sandbox.aws.query import Action, Instance, Parameters, Response, answer, error, value, yes
from sandbox.aws.servers import Login, Server, ServerError
from sandbox.aws.sleeping import Sleeper

Record = dict[str, Any]
# Changes that wake a cluster which sleeps:
# https://docs.aws.amazon.com/AmazonRDS/latest/AuroraUserGuide/aurora-serverless-v2-auto-pause.html
WAKES = ("ServerlessV2ScalingConfiguration.MaxCapacity", "DBClusterParameterGroupName", "EngineVersion")
PASSWORD = ("ManageMasterUserPassword", "MasterUserSecretKmsKeyId", "RotateMasterUserPassword")


class Clusters:
    """Wraps MiniStack's cluster actions for as long as the process lives.

    `scale` is by how much shorter the time without a connection is after which a cluster sleeps: 0.01 makes
    three seconds of five minutes.
    """

    def __init__(self, fleet: Fleet, scale: float = 1.0) -> None:
        self._fleet = fleet
        self._scale = scale
        self._own: dict[str, Action] = dict(rds._ACTION_MAP)
        self._instances: dict[str, Action] = {}
        self._rotate_secret: Any = None

    def fill(self) -> None:
        """Stand in front of what is there, the actions for instances included."""
        records.fill()
        self._instances = dict(rds._ACTION_MAP)
        self._rotate_secret = secretsmanager._rotate_secret
        secretsmanager._rotate_secret = self.rotate_secret
        rds._ACTION_MAP.update(
            CreateDBCluster=self.create,
            ModifyDBCluster=self.modify,
            DeleteDBCluster=self.delete,
            StartDBCluster=lambda asked: self._switch("StartDBCluster", asked, lambda server: server.start()),
            StopDBCluster=lambda asked: self._switch("StopDBCluster", asked, lambda server: server.stop()),
            CreateDBInstance=self.create_member,
            DeleteDBInstance=self.delete_member,
            CreateDBClusterSnapshot=self.create_snapshot,
            DeleteDBClusterSnapshot=self.delete_snapshot,
            RestoreDBClusterFromSnapshot=self.restore_from_snapshot,
            RestoreDBClusterToPointInTime=self.restore_to_point_in_time,
        )

    def create(self, asked: Parameters) -> Response:
        return self._make("CreateDBCluster", asked)

    def modify(self, asked: Parameters) -> Response:
        cluster = rds._resolve_cluster_in_request_region(value(asked, "DBClusterIdentifier"))
        if cluster and yes(asked, "RotateMasterUserPassword") and not cluster.get("MasterUserSecret"):
            return self._own["ModifyDBCluster"](asked)
        request = {name: text for name, text in asked.items() if name not in PASSWORD}
        if cluster and (version := value(asked, "EngineVersion")):
            request["EngineVersion"] = [records.version(cluster["Engine"], version)]
        held = dict(cluster or {})
        response = self._own["ModifyDBCluster"](request)
        if response[0] != 200:
            return response
        records.keep_what_ministack_drops(cluster, asked)
        if any(value(asked, name) for name in WAKES):
            self._wake(cluster)
        if yes(asked, "ManageMasterUserPassword") and not cluster.get("MasterUserSecret"):
            self._set_password(cluster, new_password())
            make_cluster_secret(cluster, value(asked, "MasterUserSecretKmsKeyId"))
        elif yes(asked, "RotateMasterUserPassword"):
            self._rotate(cluster)
        self._tune(cluster)
        self._upgrade(cluster, held)
        return records.answer("ModifyDBCluster", cluster)

    def delete(self, asked: Parameters) -> Response:
        cluster = rds._resolve_cluster_in_request_region(value(asked, "DBClusterIdentifier"))
        name = "" if yes(asked, "SkipFinalSnapshot") else value(asked, "FinalDBSnapshotIdentifier")
        tags = list(cluster.get("TagList", [])) if cluster else []
        response = self._own["DeleteDBCluster"](asked)
        if response[0] == 200:
            if name:
                records.add_snapshot(name, cluster, tags)
            self._fleet.remove(cluster["DbClusterResourceId"], records.place_of(name) if name else None)
        return response

    def create_member(self, asked: Parameters) -> Response:
        """A member of a cluster; any other instance is made by what stands behind."""
        if not value(asked, "DBClusterIdentifier"):
            return self._instances["CreateDBInstance"](asked)
        response = self._own["CreateDBInstance"](asked)
        if response[0] != 200:
            return response
        member = rds._instances[value(asked, "DBInstanceIdentifier")]
        cluster = rds._resolve_cluster_in_request_region(member["DBClusterIdentifier"])
        records.inherit(member, cluster)
        if server := self._fleet.get(cluster["DbClusterResourceId"]):
            member["Endpoint"].update(Address=records.HOST, Port=server.port)
            member["DBInstanceStatus"] = "creating"
            in_background(start, server, cluster, member)
        return answer("CreateDBInstance", member)

    def delete_member(self, asked: Parameters) -> Response:
        member = rds._resolve_instance(value(asked, "DBInstanceIdentifier"))
        response = self._instances["DeleteDBInstance"](asked)
        cluster = rds._clusters.get((member or {}).get("DBClusterIdentifier"))
        if response[0] == 200 and cluster:
            records.fail_over(cluster)
            server = self._fleet.get(cluster["DbClusterResourceId"])
            if server and not cluster["DBClusterMembers"]:
                server.stop()
        return response

    def create_snapshot(self, asked: Parameters) -> Response:
        """It does not wake a cluster that sleeps."""
        response = self._own["CreateDBClusterSnapshot"](asked)
        if response[0] == 200:
            cluster = rds._resolve_cluster_in_request_region(value(asked, "DBClusterIdentifier"))
            name = value(asked, "DBClusterSnapshotIdentifier")
            rds._db_cluster_snapshots[name]["DatabaseName"] = cluster["DatabaseName"]
            self._fleet.snapshot(cluster["DbClusterResourceId"], records.place_of(name))
        return response

    def delete_snapshot(self, asked: Parameters) -> Response:
        response = self._own["DeleteDBClusterSnapshot"](asked)
        if response[0] == 200:
            self._fleet.forget_snapshot(records.place_of(value(asked, "DBClusterSnapshotIdentifier")))
        return response

    def restore_from_snapshot(self, asked: Parameters) -> Response:
        """Of an instance's snapshot, which is named by its ARN alone, RDS makes a cluster too."""
        named = value(asked, "SnapshotIdentifier")
        if named.startswith("arn:") and ":snapshot:" in named:
            name = named.rsplit(":snapshot:", 1)[-1]
            if (of_instance := rds._snapshots.get(name)) is None:
                return error("DBSnapshotNotFound", f"DBSnapshot {name} not found.", 404)
            return self._make("RestoreDBClusterFromSnapshot", asked, of_instance, name)
        name = named.rsplit(":cluster-snapshot:", 1)[-1]
        source = rds._db_cluster_snapshots.get(name)
        if not source:
            return error("DBClusterSnapshotNotFoundFault", f"DBClusterSnapshot {name} not found.", 404)
        return self._make("RestoreDBClusterFromSnapshot", asked, source, records.place_of(name))

    def restore_to_point_in_time(self, asked: Parameters) -> Response:
        """Restores the data of this moment: the sandbox keeps no log to replay to an earlier one."""
        name = value(asked, "SourceDBClusterIdentifier")
        source = rds._resolve_cluster_in_request_region(name)
        if not source:
            return error("DBClusterNotFoundFault", f"DBCluster {name} not found.", 404)
        if value(asked, "RestoreType") == "copy-on-write":
            self._wake(source)
        place = records.place_of(f"point-in-time-{value(asked, 'DBClusterIdentifier')}")
        self._fleet.snapshot(source["DbClusterResourceId"], place)
        version = {"EngineVersion": [source["EngineVersion"]]}
        response = self._make("RestoreDBClusterToPointInTime", {**asked, **version}, source, place)
        self._fleet.forget_snapshot(place)
        return response

    def rotate_secret(self, data: Mapping[str, Any]) -> Response:
        _, secret = secretsmanager._resolve(data.get("SecretId"))
        for cluster in rds._clusters.values():
            if secret and (cluster.get("MasterUserSecret") or {}).get("SecretArn") == secret["ARN"]:
                self._rotate(cluster)
                version, _ = secretsmanager._find_stage_version(secret, "AWSCURRENT")
                found = {"ARN": secret["ARN"], "Name": secret["Name"], "VersionId": version}
                rotated: Response = json_response(found)
                return rotated
        response: Response = self._rotate_secret(data)
        return response

    def _make(
        self, action: str, asked: Parameters, source: Record | None = None, place: str | None = None
    ) -> Response:
        """A new cluster, or one that begins as a copy of `source` with the data at `place`."""
        request = {**records.inherited(source), **asked} if source else dict(asked)
        request["EngineVersion"] = [
            records.version(value(request, "Engine"), value(request, "EngineVersion"))
        ]
        response = self._own["CreateDBCluster"](request)
        if response[0] != 200:
            return response
        cluster = rds._clusters[value(request, "DBClusterIdentifier")]
        records.keep_what_ministack_drops(cluster, request)
        login = Login(
            user=cluster["MasterUsername"],
            password=cluster["_MasterUserPassword"],
            database=cluster["DatabaseName"] or "mydb",
            require_tls=records.requires_tls(cluster),
        )
        data_of = self._fleet.snapshot_directory(place) if place else None
        server = self._fleet.add(cluster["DbClusterResourceId"], cluster["Engine"], login, data_of)
        if server is not None:
            cluster.update(Endpoint=records.HOST, ReaderEndpoint=records.HOST, Port=server.port)
        self._tune(cluster)
        return records.answer(action, cluster)

    def _tune(self, cluster: Record) -> None:
        """Let the server sleep as the cluster's capacity says."""
        server = self._fleet.get(cluster["DbClusterResourceId"])
        if not isinstance(server, Sleeper):
            return
        seconds = (cluster.get("ServerlessV2ScalingConfiguration") or {}).get("SecondsUntilAutoPause")
        server.pause_after = seconds * self._scale if seconds else None
        server.report = records.reporter(cluster)

    def _wake(self, cluster: Record) -> None:
        server = self._fleet.get(cluster["DbClusterResourceId"])
        if isinstance(server, Sleeper):
            server.wake()

    def _upgrade(self, cluster: Record, held: Record) -> None:
        """Bring the server to another major version; without a member there is none yet."""
        server = self._fleet.get(cluster["DbClusterResourceId"]) if cluster["DBClusterMembers"] else None
        upgrading.begin(server, cluster, held, lambda status: records.show(cluster, status))

    def _switch(self, action: str, asked: Parameters, turn: Callable[[Server], None]) -> Response:
        response = self._own[action](asked)
        cluster = rds._resolve_cluster_in_request_region(value(asked, "DBClusterIdentifier"))
        if response[0] == 200 and cluster and (server := self._fleet.get(cluster["DbClusterResourceId"])):
            turn(server)
        return response

    def _rotate(self, cluster: Record) -> None:
        password = new_password()
        self._set_password(cluster, password)
        secretsmanager.put_secret_value_in_process(
            cluster["MasterUserSecret"]["SecretArn"], secret_value(cluster["MasterUsername"], password)
        )

    def _set_password(self, cluster: Record, password: str) -> None:
        """Without a member there is no server yet: it takes the password when it starts."""
        cluster["_MasterUserPassword"] = password
        server = self._fleet.get(cluster["DbClusterResourceId"])
        if server and cluster["DBClusterMembers"]:
            server.set_password(cluster["MasterUsername"], password)


def start(server: Server, cluster: Record, member: Instance) -> None:
    """Start the server with the first member; its data may know another password, a source's."""
    try:
        server.start()
        server.set_password(cluster["MasterUsername"], cluster["_MasterUserPassword"])
    except (ServerError, OSError) as problem:
        rds.logger.error("the server of %s did not start: %s", cluster["DBClusterIdentifier"], problem)
        member["DBInstanceStatus"] = "failed"
    else:
        member["DBInstanceStatus"] = "available"
        rds._refresh_cluster_status(cluster["DBClusterIdentifier"])
