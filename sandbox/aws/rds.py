"""Fills the gaps in MiniStack's RDS: real servers, RDS-managed secrets, restores with their data.

Each function here stands in front of one of MiniStack's own actions and calls it. Whatever MiniStack does
well stays its own.
"""

from collections.abc import Callable, Mapping
from typing import Any

from ministack.core.responses import json_response
from ministack.services import rds, secretsmanager

from sandbox.aws import upgrading
from sandbox.aws.background import in_background
from sandbox.aws.fleet import Fleet
from sandbox.aws.managed_secret import delete_secret, make_secret, new_password, secret_value
from sandbox.aws.query import Action, Instance, Parameters, Response, answer, error, members, value, yes
from sandbox.aws.servers import Login, Server, ServerError

# RDS asks for TLS through a parameter of the group; these are the defaults of current major versions.
TLS_PARAMETER = {
    "postgres": ("rds.force_ssl", "1"),
    "mysql": ("require_secure_transport", "0"),
    "mariadb": ("require_secure_transport", "0"),
}


class Gaps:
    """Wraps MiniStack's RDS and Secrets Manager actions for as long as the process lives."""

    def __init__(self, fleet: Fleet) -> None:
        self._fleet = fleet
        self._actions: dict[str, Action] = dict(rds._ACTION_MAP)
        self._instance_xml: Callable[[Instance], str] = rds._instance_xml
        self._rotate_secret: Callable[[Mapping[str, Any]], Response] = secretsmanager._rotate_secret

    def fill(self) -> None:
        rds._get_docker = lambda: None
        rds._instance_xml = self.instance_xml
        secretsmanager._rotate_secret = self.rotate_secret
        rds._ACTION_MAP.update(
            CreateDBInstance=self.create_instance,
            ModifyDBInstance=self.modify_instance,
            DeleteDBInstance=self.delete_instance,
            StartDBInstance=self.start_instance,
            StopDBInstance=self.stop_instance,
            CreateDBSnapshot=self.create_snapshot,
            DeleteDBSnapshot=self.delete_snapshot,
            RestoreDBInstanceFromDBSnapshot=self.restore_from_snapshot,
            RestoreDBInstanceToPointInTime=self.restore_to_point_in_time,
        )

    def create_instance(self, parameters: Parameters) -> Response:
        if yes(parameters, "ManageMasterUserPassword"):
            parameters = {**parameters, "MasterUserPassword": [new_password()]}
        response = self._actions["CreateDBInstance"](parameters)
        if response[0] != 200:
            return response
        instance = rds._instances[value(parameters, "DBInstanceIdentifier")]
        self._complete(instance, parameters)
        return answer("CreateDBInstance", instance)

    def modify_instance(self, parameters: Parameters) -> Response:
        password = value(parameters, "MasterUserPassword")
        held = dict(rds._resolve_instance(value(parameters, "DBInstanceIdentifier")) or {})
        # MiniStack would connect to a separate container to change the password.
        response = self._actions["ModifyDBInstance"](
            {name: given for name, given in parameters.items() if name != "MasterUserPassword"}
        )
        if response[0] != 200:
            return response
        instance = rds._resolve_instance(value(parameters, "DBInstanceIdentifier"))
        keep_what_ministack_drops(instance, parameters)
        if password:
            self._set_password(instance, password)
        if yes(parameters, "ManageMasterUserPassword") and "_MasterUserSecret" not in instance:
            self._set_password(instance, new_password())
            make_secret(instance, value(parameters, "MasterUserSecretKmsKeyId"))
        elif yes(parameters, "RotateMasterUserPassword"):
            self._rotate(instance)
        elif value(parameters, "ManageMasterUserPassword") == "false":
            delete_secret(instance)
        server = self._fleet.get(instance["DbiResourceId"])
        upgrading.begin(server, instance, held, lambda status: instance.update(DBInstanceStatus=status))
        return answer("ModifyDBInstance", instance)

    def delete_instance(self, parameters: Parameters) -> Response:
        instance = rds._resolve_instance(value(parameters, "DBInstanceIdentifier"))
        response = self._actions["DeleteDBInstance"](parameters)
        if response[0] == 200 and instance:
            final = (
                None
                if yes(parameters, "SkipFinalSnapshot")
                else value(parameters, "FinalDBSnapshotIdentifier")
            )
            self._fleet.remove(instance["DbiResourceId"], final)
            delete_secret(instance)
        return response

    def start_instance(self, parameters: Parameters) -> Response:
        return self._switch("StartDBInstance", parameters, lambda server: server.start())

    def stop_instance(self, parameters: Parameters) -> Response:
        return self._switch("StopDBInstance", parameters, lambda server: server.stop())

    def create_snapshot(self, parameters: Parameters) -> Response:
        response = self._actions["CreateDBSnapshot"](parameters)
        if response[0] == 200:
            instance = rds._resolve_instance(value(parameters, "DBInstanceIdentifier"))
            self._fleet.snapshot(instance["DbiResourceId"], value(parameters, "DBSnapshotIdentifier"))
        return response

    def delete_snapshot(self, parameters: Parameters) -> Response:
        response = self._actions["DeleteDBSnapshot"](parameters)
        if response[0] == 200:
            self._fleet.forget_snapshot(value(parameters, "DBSnapshotIdentifier"))
        return response

    def restore_from_snapshot(self, parameters: Parameters) -> Response:
        snapshot_id = value(parameters, "DBSnapshotIdentifier").rsplit(":", 1)[-1]
        source = rds._snapshots.get(snapshot_id)
        if not source:
            return error("DBSnapshotNotFound", f"DBSnapshot {snapshot_id} not found.", 404)
        return self._restore("RestoreDBInstanceFromDBSnapshot", parameters, source, snapshot_id)

    def restore_to_point_in_time(self, parameters: Parameters) -> Response:
        """Restores the data of this moment: the sandbox keeps no log to replay to an earlier one."""
        identifier = value(parameters, "SourceDBInstanceIdentifier")
        source = rds._resolve_instance(identifier)
        if not source:
            return error("DBInstanceNotFound", f"DBInstance {identifier} not found.", 404)
        target = value(parameters, "TargetDBInstanceIdentifier")
        snapshot_id = f"point-in-time-{target}"
        self._fleet.snapshot(source["DbiResourceId"], snapshot_id)
        parameters = {**parameters, "DBInstanceIdentifier": [target]}
        response = self._restore("RestoreDBInstanceToPointInTime", parameters, source, snapshot_id)
        self._fleet.forget_snapshot(snapshot_id)
        return response

    def rotate_secret(self, data: Mapping[str, Any]) -> Response:
        _, secret = secretsmanager._resolve(data.get("SecretId"))
        for instance in rds._instances.values():
            if secret and instance.get("_MasterUserSecret", {}).get("SecretArn") == secret["ARN"]:
                self._rotate(instance)
                version, _ = secretsmanager._find_stage_version(secret, "AWSCURRENT")
                found = {"ARN": secret["ARN"], "Name": secret["Name"], "VersionId": version}
                rotated: Response = json_response(found)
                return rotated
        return self._rotate_secret(data)

    def instance_xml(self, instance: Instance) -> str:
        xml = self._instance_xml(instance)
        logs = "".join(
            f"<member>{name}</member>" for name in instance.get("EnabledCloudwatchLogsExports", [])
        )
        xml = xml.replace(
            "<EnabledCloudwatchLogsExports/>",
            f"<EnabledCloudwatchLogsExports>{logs}</EnabledCloudwatchLogsExports>",
        )
        if key := instance.get("PerformanceInsightsKMSKeyId"):
            xml += f"<PerformanceInsightsKMSKeyId>{key}</PerformanceInsightsKMSKeyId>"
        if secret := instance.get("_MasterUserSecret"):
            fields = "".join(f"<{name}>{text}</{name}>" for name, text in secret.items() if text)
            xml += f"<MasterUserSecret>{fields}</MasterUserSecret>"
        return xml

    def _restore(self, action: str, parameters: Parameters, source: Instance, snapshot_id: str) -> Response:
        """MiniStack's own restore forgets most settings, so restore by creating with the source's values."""
        inherited = {
            name: [str(source[name])]
            for name in (
                "Engine",
                "EngineVersion",
                "MasterUsername",
                "DBName",
                "DBInstanceClass",
                "StorageType",
                # A snapshot knows none of these; from a database they come along.
                "PreferredMaintenanceWindow",
                "PreferredBackupWindow",
            )
            if source.get(name)
        }
        inherited["AllocatedStorage"] = [str(source.get("AllocatedStorage", 20))]
        inherited["StorageEncrypted"] = [str(source.get("StorageEncrypted", False)).lower()]
        inherited["KmsKeyId"] = [source.get("KmsKeyId", "")]
        request = {**inherited, **parameters, "MasterUserPassword": [new_password()]}
        response = self._actions["CreateDBInstance"](request)
        if response[0] != 200:
            return response
        instance = rds._instances[value(request, "DBInstanceIdentifier")]
        self._complete(instance, request, snapshot_id)
        return answer(action, instance)

    def _complete(self, instance: Instance, parameters: Parameters, snapshot_id: str | None = None) -> None:
        keep_what_ministack_drops(instance, parameters)
        password = value(parameters, "MasterUserPassword")
        instance["_MasterUserPassword"] = password
        if yes(parameters, "ManageMasterUserPassword"):
            make_secret(instance, value(parameters, "MasterUserSecretKmsKeyId"))
        login = Login(
            user=instance["MasterUsername"],
            password=password,
            database=instance["DBName"],
            require_tls=requires_tls(instance),
        )
        data_of = self._fleet.snapshot_directory(snapshot_id) if snapshot_id else None
        server = self._fleet.add(instance["DbiResourceId"], instance["Engine"], login, data_of)
        if server is None:
            return
        instance["Endpoint"]["Port"] = server.port
        instance["DBInstanceStatus"] = "creating"
        in_background(start, server, instance, restored=snapshot_id is not None)

    def _switch(self, action: str, parameters: Parameters, turn: Callable[[Server], None]) -> Response:
        response = self._actions[action](parameters)
        instance = rds._resolve_instance(value(parameters, "DBInstanceIdentifier"))
        if response[0] == 200 and instance and (server := self._fleet.get(instance["DbiResourceId"])):
            turn(server)
        return response

    def _rotate(self, instance: Instance) -> None:
        password = new_password()
        self._set_password(instance, password)
        secretsmanager.put_secret_value_in_process(
            instance["_MasterUserSecret"]["SecretArn"], secret_value(instance["MasterUsername"], password)
        )

    def _set_password(self, instance: Instance, password: str) -> None:
        if server := self._fleet.get(instance["DbiResourceId"]):
            server.set_password(instance["MasterUsername"], password)
        instance["_MasterUserPassword"] = password


def start(server: Server, instance: Instance, *, restored: bool) -> None:
    try:
        server.start()
        if restored:
            # The copied data knows the source's password; this instance has a separate one.
            server.set_password(instance["MasterUsername"], instance["_MasterUserPassword"])
    except (ServerError, OSError) as problem:
        rds.logger.error("the server of %s did not start: %s", instance["DBInstanceIdentifier"], problem)
        instance["DBInstanceStatus"] = "failed"
    else:
        instance["DBInstanceStatus"] = "available"


def keep_what_ministack_drops(instance: Instance, parameters: Parameters) -> None:
    if exports := members(parameters, "EnableCloudwatchLogsExports"):
        instance["EnabledCloudwatchLogsExports"] = exports
    prefix = "CloudwatchLogsExportConfiguration"
    enabled = members(parameters, f"{prefix}.EnableLogTypes")
    disabled = members(parameters, f"{prefix}.DisableLogTypes")
    if enabled or disabled:
        before = instance.get("EnabledCloudwatchLogsExports", [])
        instance["EnabledCloudwatchLogsExports"] = sorted({*before, *enabled} - {*disabled})
    if value(parameters, "EnablePerformanceInsights"):
        instance["PerformanceInsightsEnabled"] = yes(parameters, "EnablePerformanceInsights")
    if key := value(parameters, "PerformanceInsightsKMSKeyId"):
        instance["PerformanceInsightsKMSKeyId"] = key
    if days := value(parameters, "PerformanceInsightsRetentionPeriod"):
        instance["PerformanceInsightsRetentionPeriod"] = int(days)


def requires_tls(instance: Instance) -> bool:
    if instance["Engine"] not in TLS_PARAMETER:
        return False
    name, default = TLS_PARAMETER[instance["Engine"]]
    group = rds._param_groups.get(instance["DBParameterGroups"][0]["DBParameterGroupName"]) or {}
    setting = group.get("Parameters", {}).get(name, {}).get("ParameterValue", default)
    return str(setting).lower() in ("1", "on", "true")
