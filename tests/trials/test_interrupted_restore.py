"""A restore whose Terraform is killed, at several points, ends with a managed master secret or with a cause.

The pipeline's apply job, real Terraform, the module and the provider, against the emulated RDS. SIGKILL
ends Terraform and the provider alike, as the end of a job's machine does, and leaves what state there is.
"""

import os
import re
import shutil
import signal
import tempfile
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import pytest
from provisioner.core.hcl import content_hash, render
from provisioner.core.names import Place

from sandbox.aws.servers import free_port
from sandbox.aws.start import start
from sandbox.cloud import Cloud
from sandbox.processes import Processes
from tests.core.examples import NOW, root
from tests.pipeline.emulated import BUCKET, EmulatedJobs, create_bucket
from tests.pipeline.fakes import Functions
from tests.pipeline.repository import LOCK, Repository
from tests.trials.harness import REPOSITORY, TERRAFORM, Harness, lay_foundation

SNAPSHOT: Final = "dev-source-final-3f0c1a2b"
IN_TIME: Final = {"database": "dev/source", "point_in_time": "latest"}


@dataclass(frozen=True, slots=True)
class Kill:
    """When Terraform is killed: so many seconds after RDS took a call."""

    call: str
    seconds: float
    restore_from: dict[str, str]


COPIED: Final = {"snapshot": SNAPSHOT}
KILLS: Final = {
    "before": Kill("CreateDBParameterGroup", 0, COPIED),
    "at-once": Kill("RestoreDBInstanceFromDBSnapshot", 0, COPIED),
    "waiting": Kill("RestoreDBInstanceToPointInTime", 20, IN_TIME),
    "changing": Kill("ModifyDBInstance", 0, COPIED),
    "changed": Kill("ModifyDBInstance", 10, IN_TIME),
}


@dataclass(frozen=True, slots=True)
class Trial(EmulatedJobs):
    """The jobs of a pipeline on an emulated AWS, whose log says which calls RDS took."""

    log: Path

    def kill(self, name: str, kill: Kill) -> None:
        """Wait for the call, and kill the Terraform of this database with all that it started."""
        taken = re.compile(rf"RDS takes {kill.call}: .*\bdev-{name}\b")
        deadline = time.monotonic() + 600
        while not taken.search(self.log.read_text(errors="replace")):
            assert time.monotonic() < deadline, f"RDS got no {kill.call} of dev-{name}"
            time.sleep(0.05)
        time.sleep(kill.seconds)
        os.killpg(terraform_of(name), signal.SIGKILL)

    def unlock(self) -> None:
        """What `python -m pipeline unlock` does, once someone has seen that the job is over."""
        for name in KILLS:
            self.cloud.client("s3").delete_object(Bucket=BUCKET, Key=f"{Place('dev', name).state_key}.tflock")

    def described(self, name: str) -> dict[str, Any]:
        found = self.cloud.client("rds").describe_db_instances(DBInstanceIdentifier=f"dev-{name}")
        instance: dict[str, Any] = found["DBInstances"][0]
        return instance

    def outcomes(self, name: str) -> list[dict[str, Any]]:
        """What was reported of applies of this database, in order."""
        reports = [report for report in self.functions.reports if report.get("database_name") == name]
        return [report for report in reports if report.get("outcome") in ("started", "failed", "succeeded")]


def terraform_of(name: str) -> int:
    """The group of the `terraform apply` that runs in this database's root."""
    for process in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            command = process.read_bytes().decode(errors="replace").split("\0")
        except OSError:
            continue
        if command[:1] == ["terraform"] and "apply" in command and command[1].endswith(f"/{name}"):
            return int(process.parent.name)
    raise AssertionError(f"no terraform applies dev/{name}")


@pytest.fixture
def trial(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Trial]:
    databases = Path(tempfile.mkdtemp(prefix="rds-"))
    cloud, processes = Cloud(free_port()), Processes(tmp_path / "logs")
    try:
        start(cloud, processes, databases, servers=False)
        for name, value in cloud.environment().items():
            monkeypatch.setenv(name, value)
        lay_foundation(cloud, ["dev"])
        create_bucket(cloud)
        repository = Repository(tmp_path)
        module = sorted((TERRAFORM / "modules" / "rds_database").glob("*.tf"))
        texts = {str(path.relative_to(REPOSITORY)): path.read_text() for path in module}
        repository.on_main({**texts, LOCK: (REPOSITORY / LOCK).read_text()})
        yield Trial(cloud, repository, Functions(), tmp_path / "logs" / "aws.log")
    finally:
        processes.stop()
        shutil.rmtree(databases, ignore_errors=True)


def test_a_restore_that_is_killed_at_any_point_ends_with_a_managed_master_secret(
    trial: Trial, tmp_path: Path
) -> None:
    source = root(database_name="source", database_engine="postgres")
    harness = Harness(tmp_path / "source", trial.cloud)
    harness.write([source])
    made = harness.apply()
    assert made.status == 0, made.output
    trial.cloud.client("rds").create_db_snapshot(
        DBSnapshotIdentifier=SNAPSHOT,
        DBInstanceIdentifier="dev-source",
        Tags=trial.described("source")["TagList"],
    )
    trial.repository.on_main({source.place.root_path: render(source)})
    trial.store.mark_applied(source.place, content_hash(render(source)), {"at": NOW.isoformat()})
    for number, (name, kill) in enumerate(KILLS.items()):
        request_id = f"{number:08x}-8f5e-4c1d-9a70-1c2d3e4f5a6b"
        body: dict[str, Any] = {"database_engine": "postgres", "restore_from": kill.restore_from}
        wanted = root(request_id, database_name=name, **body)
        trial.review(wanted.place.branch("create", request_id), {wanted.place.root_path: render(wanted)})

    killers = [threading.Thread(target=trial.kill, args=(name, kill)) for name, kill in KILLS.items()]
    for killer in killers:
        killer.start()
    failures = trial.apply("first", at_once=len(KILLS))
    for killer in killers:
        killer.join()
    assert len(failures) == len(KILLS), failures
    for name in KILLS:
        assert [report["outcome"] for report in trial.outcomes(name)] == ["started", "failed"]
        assert trial.outcomes(name)[-1]["cause"]

    # The lock that is left is said, and nothing is done past it.
    for failure in trial.apply("second", at_once=len(KILLS)):
        assert "the state is locked" in failure
    trial.unlock()
    assert trial.apply("third", at_once=len(KILLS)) == []
    for name in KILLS:
        last = trial.outcomes(name)[-1]
        assert last["outcome"] == "succeeded"
        secret = trial.described(name)["MasterUserSecret"]["SecretArn"]
        assert last["result"]["secret_arn"] == secret
    assert trial.apply("fourth", at_once=len(KILLS)) == []
