"""Stand-ins for what the pipeline talks to: S3, Lambda, and Terraform with the AWS behind it.

Each of their calls is a step at which the job may be killed: `Lifeline` counts them.
"""

# ruff: noqa: N803 - boto3's own argument names

import copy
import datetime as dt
import hashlib
import io
import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from botocore.exceptions import ClientError
from provisioner.core.hcl import parse
from provisioner.core.hcl_literals import RootSyntaxError
from provisioner.core.root import Root

from pipeline.interruption import Interruption
from pipeline.plan_changes import PROVIDER
from pipeline.terraform_cli import Terraform, TerraformError

GROUP = "module.database.aws_db_parameter_group.this"
INSTANCE = "module.database.aws_db_instance.this"
MANAGED = "manage_master_user_password"
PREVENTED = "Error: Instance cannot be destroyed\n\n... has lifecycle.prevent_destroy set"


class Killed(BaseException):
    """The job has died; nothing catches this, and nothing cleans up."""


@dataclass
class Lifeline:
    """Counts the steps of a job, and kills it before or after one of them."""

    steps: int = 0
    kill_at: int | None = None

    def step(self) -> None:
        self.steps += 1
        if self.steps == self.kill_at:
            raise Killed(f"step {self.steps}")


class Bucket:
    """As much of an S3 client as the pipeline uses; tests/pipeline/test_store.py holds it to moto's."""

    def __init__(self, lifeline: Lifeline | None = None) -> None:
        self.objects: dict[str, bytes] = {}
        self._written: dict[str, dt.datetime] = {}
        self._clock = dt.datetime(2026, 11, 23, tzinfo=dt.UTC)
        self._lifeline = lifeline or Lifeline()

    def get_object(self, *, Bucket: str, Key: str) -> dict[str, Any]:
        self._lifeline.step()
        if Key not in self.objects:
            raise ClientError({"Error": {"Code": "NoSuchKey", "Message": Key}}, "GetObject")
        return {"Body": io.BytesIO(self.objects[Key]), "ETag": self._tag(Key)}

    def put_object(
        self,
        *,
        Bucket: str,
        Key: str,
        Body: bytes,
        ContentType: str,
        IfNoneMatch: str | None = None,
        IfMatch: str | None = None,
    ) -> dict[str, Any]:
        self._lifeline.step()
        if IfNoneMatch == "*" and Key in self.objects:
            raise ClientError({"Error": {"Code": "PreconditionFailed", "Message": Key}}, "PutObject")
        self._check(Key, IfMatch, "PutObject")
        self._clock += dt.timedelta(seconds=1)
        self.objects[Key], self._written[Key] = Body, self._clock
        return {"ETag": self._tag(Key)}

    def delete_object(self, *, Bucket: str, Key: str, IfMatch: str | None = None) -> None:
        self._lifeline.step()
        self._check(Key, IfMatch, "DeleteObject")
        self.objects.pop(Key, None)

    def _tag(self, key: str) -> str:
        return f'"{hashlib.md5(self.objects[key], usedforsecurity=False).hexdigest()}"'

    def _check(self, key: str, tag: str | None, call: str) -> None:
        if tag is None:
            return
        if key not in self.objects:
            raise ClientError({"Error": {"Code": "NoSuchKey", "Message": key}}, call)
        if self._tag(key) != tag:
            raise ClientError({"Error": {"Code": "PreconditionFailed", "Message": key}}, call)

    def get_paginator(self, name: str) -> "Bucket":
        assert name == "list_objects_v2"
        return self

    def paginate(self, *, Bucket: str, Prefix: str) -> Iterator[dict[str, Any]]:
        self._lifeline.step()
        keys = sorted(key for key in self.objects if key.startswith(Prefix))
        yield from [{"Contents": [{"Key": key, "LastModified": self._written[key]}]} for key in keys] or [{}]


class Functions:
    """A Lambda client whose functions note what they are sent; `answers` are given first.

    They say that every root was asked for, but those of the places in `unasked`.
    """

    def __init__(self, lifeline: Lifeline | None = None) -> None:
        self.reports: list[dict[str, Any]] = []
        self.answers: list[dict[str, Any]] = []
        self.questions: list[dict[str, Any]] = []
        self.unasked: set[str] = set()
        self.request_id: str | None = None  # which asked for it; functions of earlier releases do not say
        self.beats: list[dict[str, Any]] = []
        self._lifeline = lifeline or Lifeline()

    def invoke(self, *, FunctionName: str, Qualifier: str, Payload: bytes) -> dict[str, Any]:
        assert Qualifier == "live", "past the alias, a broken deployment would take every report at once"
        self._lifeline.step()
        content = json.loads(Payload)
        if content["type"] == "may_apply":
            self.questions.append(content)
            answer = self._permission(f"{content['environment']}/{content['database_name']}")
        elif content["type"] == "heartbeat":
            self.beats.append(content)
            answer = {"accepted": True}
        else:
            self.reports.append(content)
            answer = self.answers.pop(0) if self.answers else {"accepted": True, **self._known()}
        error = {"FunctionError": "Unhandled"} if "errorType" in answer else {}
        return {"Payload": io.BytesIO(json.dumps(answer).encode()), **error}

    def _permission(self, place: str) -> dict[str, Any]:
        if place in self.unasked:
            fix = "revert the commit"
            return {"accepted": True, "may_apply": False, "reason": "no request made it", "fix": fix}
        return {"accepted": True, "may_apply": True, "reason": "request 1 asked for it", **self._known()}

    def _known(self) -> dict[str, str]:
        return {"request_id": self.request_id} if self.request_id else {}

    def outcomes(self) -> list[str]:
        return [f"{report['database_name']}: {report.get('outcome')}" for report in self.reports]


@dataclass
class State:
    """One Terraform state, which here is also the truth about its resources."""

    resources: dict[str, dict[str, Any]] = field(default_factory=dict)
    tainted: set[str] = field(default_factory=set)
    outputs: dict[str, Any] = field(default_factory=dict)


@dataclass
class Cloud:
    """What the applies made, by state key; and how Terraform behaves in it."""

    states: dict[str, State] = field(default_factory=dict)
    lifeline: Lifeline = field(default_factory=Lifeline)
    applied: list[str] = field(default_factory=list)  # "<state key>: <action> <address>"
    planned: list[str] = field(default_factory=list)  # the state key of each plan
    fail: dict[str, str] = field(default_factory=dict)  # address -> the error that its apply ends with
    restored_class: str | None = None  # a restore leaves the instance with its source's class
    orphans: dict[str, dict[str, Any]] = field(default_factory=dict)  # instances that no state knows
    secrets: set[str] = field(default_factory=set)  # the instances whose master password RDS manages
    snapshots: dict[str, dict[str, str]] = field(default_factory=dict)  # the tags of each
    taken: dict[str, str] = field(default_factory=dict)  # the instance of each snapshot
    refuses_snapshots: bool = False
    runs: str = ""  # the version that each instance runs, where that is not its root's
    killed_while_creating: bool = False
    endpoint: str | None = "db.example.com"
    words: str = ""  # what a plan says next to its count

    def terraform(self, directory: Path, interruption: Interruption | None = None) -> "FakeTerraform":
        return FakeTerraform(directory, {}, interruption or Interruption(), cloud=self)


class Rds:
    """An RDS client that sees every instance of a cloud, in a state or not."""

    def __init__(self, cloud: Cloud) -> None:
        self._cloud = cloud

    def describe_db_clusters(self, *, DBClusterIdentifier: str) -> dict[str, Any]:
        self._cloud.lifeline.step()
        raise ClientError({"Error": {"Code": "DBClusterNotFoundFault", "Message": ""}}, "DescribeDBClusters")

    def describe_db_snapshots(self, *, DBSnapshotIdentifier: str) -> dict[str, Any]:
        self._cloud.lifeline.step()
        if DBSnapshotIdentifier in self._cloud.snapshots:
            found = self._cloud.snapshots[DBSnapshotIdentifier]
            tags = [{"Key": k, "Value": v} for k, v in found.items()]
            instance = self._cloud.taken.get(DBSnapshotIdentifier, "")
            return {"DBSnapshots": [{"TagList": tags, "DBInstanceIdentifier": instance}]}
        raise ClientError({"Error": {"Code": "DBSnapshotNotFound", "Message": ""}}, "DescribeDBSnapshots")

    def create_db_snapshot(
        self, *, DBSnapshotIdentifier: str, DBInstanceIdentifier: str, Tags: list[dict[str, str]]
    ) -> None:
        self._cloud.lifeline.step()
        if self._cloud.refuses_snapshots:
            raise ClientError({"Error": {"Code": "AccessDenied", "Message": "no"}}, "CreateDBSnapshot")
        assert DBSnapshotIdentifier not in self._cloud.snapshots
        self._cloud.snapshots[DBSnapshotIdentifier] = {tag["Key"]: tag["Value"] for tag in Tags}
        self._cloud.taken[DBSnapshotIdentifier] = DBInstanceIdentifier
        self._cloud.applied.append(f"snapshot {DBSnapshotIdentifier}")

    def get_waiter(self, name: str) -> "Rds":
        assert name == "db_snapshot_available"
        return self

    def wait(self, *, DBSnapshotIdentifier: str) -> None:
        self._cloud.lifeline.step()
        assert DBSnapshotIdentifier in self._cloud.snapshots

    def describe_db_instances(self, *, DBInstanceIdentifier: str) -> dict[str, Any]:
        self._cloud.lifeline.step()
        known = [
            state.resources[INSTANCE] for state in self._cloud.states.values() if INSTANCE in state.resources
        ]
        for resource in (*self._cloud.orphans.values(), *known):
            if resource["identifier"] == DBInstanceIdentifier:
                tags = [{"Key": key, "Value": value} for key, value in resource["tags"].items()]
                managed = {"SecretArn": secret_arn(DBInstanceIdentifier)}
                secret = {"MasterUserSecret": managed} if DBInstanceIdentifier in self._cloud.secrets else {}
                version = self._cloud.runs or f"{resource.get('engine_version', '')}.9"
                return {"DBInstances": [{"TagList": tags, "EngineVersion": version, **secret}]}
        raise ClientError({"Error": {"Code": "DBInstanceNotFound", "Message": ""}}, "DescribeDBInstances")


@dataclass(slots=True)
class FakeTerraform(Terraform):
    """Terraform on a root that the provisioner wrote: a parameter group and an instance."""

    cloud: Cloud = field(default_factory=Cloud)
    _plan: dict[str, Any] = field(default_factory=dict)

    @property
    def state(self) -> State:
        environment, name = self.directory.parts[-2:]
        return self.cloud.states.setdefault(f"{environment}/{name}", State())

    def init(self) -> None:
        self.cloud.lifeline.step()
        assert sorted(path.name for path in self.directory.iterdir()) == [".terraform.lock.hcl", "main.tf"]

    def plan(self, plan_file: str, *, lock: bool) -> tuple[str, dict[str, Any]]:
        self.cloud.lifeline.step()
        self.cloud.planned.append("/".join(self.directory.parts[-2:]))
        wanted = self._wanted()
        changes = [
            change
            for address in sorted({*wanted, *self.state.resources})
            if (change := self._change(address, wanted.get(address)))
        ]
        outputs = {"database": self._result()} if wanted and self.state.resources else {}
        same = not changes and outputs == self.state.outputs
        self._plan = {
            "resource_changes": changes,
            "output_changes": {} if same else {"database": {"actions": ["update"]}},
        }
        return f"{len(changes)} to change{self.cloud.words}", self._plan

    def apply(self, plan_file: str) -> None:
        for change in self._order():
            self.cloud.lifeline.step()
            address, actions = change["address"], change["change"]["actions"]
            place = "/".join(self.directory.parts[-2:])
            if error := self.cloud.fail.pop(address, None):
                if actions == ["create"] and "tainted" in error:
                    self.state.resources[address] = change["change"]["after"]
                    self.state.tainted.add(address)
                    if not self._root().restore:
                        self.cloud.secrets.add(change["change"]["after"]["identifier"])
                raise TerraformError("apply", f"Error: {error}")
            if actions == ["create"] and change["change"]["after"].get("identifier") in self.cloud.orphans:
                raise TerraformError("apply", "Error: DBInstanceAlreadyExists: it already exists")
            self.cloud.applied.append(f"{place}: {'+'.join(actions)} {address.rsplit('.', 2)[1]}")
            if actions == ["delete"]:
                del self.state.resources[address]
                continue
            after = copy.deepcopy(change["change"]["after"])
            if self.cloud.restored_class and actions == ["create"] and address == INSTANCE:
                after["instance_class"] = self.cloud.restored_class
            if address == INSTANCE and not (change["change"]["before"] or {}).get(MANAGED):
                self.cloud.secrets.add(after["identifier"])  # for a restore by a second call
            if address == INSTANCE and actions == ["create"]:
                # RDS has it for a while before the state does.
                self.cloud.orphans[after["identifier"]] = after
                self.cloud.lifeline.step()
                if self.cloud.killed_while_creating:
                    self.cloud.killed_while_creating = False
                    raise Killed
                del self.cloud.orphans[after["identifier"]]
            self.state.resources[address] = after
            self.state.tainted.discard(address)
        self.cloud.lifeline.step()
        self.state.outputs = {"database": self._result()} if self.state.resources else {}

    def adopt(self, address: str, identifier: str) -> None:
        self.cloud.lifeline.step()
        unread = {"skip_final_snapshot": None, MANAGED: None}
        self.state.resources[address] = self.cloud.orphans.pop(identifier) | unread

    def forget(self, address: str) -> bool:
        self.cloud.lifeline.step()
        self.state.tainted.discard(address)
        found = self.state.resources.pop(address, None)
        if found:
            self.cloud.orphans[found["identifier"]] = found
        return found is not None

    def untaint(self, address: str) -> bool:
        self.cloud.lifeline.step()
        was = address in self.state.tainted
        self.state.tainted.discard(address)
        return was

    def outputs(self) -> dict[str, Any]:
        self.cloud.lifeline.step()
        return self.state.outputs

    def _root(self) -> Root:
        return parse((self.directory / "main.tf").read_text(encoding="utf-8"))

    def _wanted(self) -> dict[str, dict[str, Any]]:
        try:
            root = self._root()
        except RootSyntaxError:
            return {}
        identifier = f"{root.environment}-{root.database_name}"
        instance = {
            "identifier": identifier,
            "engine_version": root.engine_version,
            "instance_class": root.instance_class,
            "allocated_storage": root.storage_gb,
            "deletion_protection": root.deletion_protection,
            "skip_final_snapshot": not root.final_snapshot,
            MANAGED: True,
            "tags": {
                "ManagedBy": "rds-provisioner",
                "RequestId": root.request_id,
                "Team": root.team,
                "ExpiresAt": root.expires_at,
            },
        }
        group: dict[str, Any] = {
            "name_prefix": f"{identifier}-",
            "parameter": [{"name": "require_secure_transport"}],
        }
        module = self.directory.parents[2] / "modules" / "rds_database" / "main.tf"
        if module.exists():
            group["description"] = module.read_text(encoding="utf-8")
        return {GROUP: group, INSTANCE: instance}

    def _change(self, address: str, wanted: dict[str, Any] | None) -> dict[str, Any] | None:
        before, reason = self.state.resources.get(address), None
        unknown: dict[str, Any] = {}
        if wanted is None:
            actions = ["delete"]
        elif before is None:
            actions, unknown = ["create"], {"arn": True, "parameter": [{}]}
        elif address in self.state.tainted:
            if address == INSTANCE:
                raise TerraformError("plan", PREVENTED)
            actions, reason = ["delete", "create"], "replace_because_tainted"
        elif before != wanted:
            actions = ["update"]
        else:
            return None
        return {
            "address": address,
            "type": address.split(".")[2],
            "provider_name": PROVIDER,
            "action_reason": reason,
            "change": {"actions": actions, "before": before, "after": wanted, "after_unknown": unknown},
        }

    def _order(self) -> list[dict[str, Any]]:
        """Terraform makes the group before the instance, and destroys it after."""
        changes: list[dict[str, Any]] = self._plan["resource_changes"]
        destroying = any(change["change"]["actions"] == ["delete"] for change in changes)
        return sorted(changes, key=lambda change: (change["address"] == INSTANCE) != destroying)

    def _result(self) -> dict[str, Any]:
        identifier = "-".join(self.directory.parts[-2:])
        known = secret_arn(identifier) if identifier in self.cloud.secrets else None
        return {
            "identifier": identifier,
            "endpoint": self.cloud.endpoint,
            "port": 3306,
            "secret_arn": known,
        }


def secret_arn(identifier: str) -> str:
    return f"arn:aws:secretsmanager:eu-central-1:123456789012:secret:rds!db-{identifier}"
