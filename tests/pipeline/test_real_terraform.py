"""A database's life with Terraform itself, its S3 backend and an emulated AWS, one step after the other.

The module is a small one: RDS instances take the provider over a minute, and the end-to-end tests have them.
"""

import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from provisioner.core.hcl import content_hash, render
from provisioner.core.names import Place

from sandbox.aws.servers import free_port
from sandbox.aws.start import start
from sandbox.cloud import Cloud
from sandbox.processes import Processes
from tests.core.examples import root
from tests.pipeline.emulated import BUCKET, EmulatedJobs, create_bucket
from tests.pipeline.fakes import Functions, Killed, Lifeline
from tests.pipeline.repository import LOCK, Repository, file_of

PROJECT = Path(__file__).parents[2]
MODULE = """
resource "aws_db_parameter_group" "this" {
  name_prefix = "${var.environment}-${var.database_name}-"
  family      = "${var.engine}${var.engine_version}"
  tags        = { RequestId = var.request_id }

  parameter {
    name  = "require_secure_transport"
    value = "1"
  }
}

output "endpoint" {
  value = "${aws_db_parameter_group.this.name}.example.com"
}

output "secret_arn" {
  value = "arn:aws:secretsmanager:us-east-1:123456789012:secret:rds!db-${var.database_name}"
}
"""


@pytest.fixture
def cloud(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Cloud]:
    databases = Path(tempfile.mkdtemp(prefix="rds-"))
    found = Cloud(free_port())
    processes = Processes(tmp_path / "logs")
    start(found, processes, databases)
    for name, value in found.environment().items():
        monkeypatch.setenv(name, value)
    create_bucket(found)
    yield found
    processes.stop()


@pytest.fixture
def repository(tmp_path: Path) -> Repository:
    """Main with the small module in the real one's place, and the real provider lock."""
    found = Repository(tmp_path)
    module = PROJECT / "terraform" / "modules" / "rds_database"
    texts = {
        f"terraform/modules/rds_database/{name}": (module / name).read_text()
        for name in ("variables.tf", "versions.tf")
    }
    found.on_main(
        {**texts, "terraform/modules/rds_database/main.tf": MODULE, LOCK: (PROJECT / LOCK).read_text()}
    )
    return found


class Jobs(EmulatedJobs):
    """The jobs, and what they left."""

    def keys(self) -> set[str]:
        found = self.cloud.client("s3").list_objects_v2(Bucket=BUCKET)
        return {stored["Key"] for stored in found.get("Contents", [])}

    def groups(self) -> list[str]:
        found = self.cloud.client("rds").describe_db_parameter_groups()["DBParameterGroups"]
        names = [group["DBParameterGroupName"] for group in found]
        return [name for name in names if name.startswith("dev-")]


@pytest.mark.skipif(shutil.which("terraform") is None, reason="needs Terraform")
def test_a_database_is_planned_applied_after_a_kill_and_removed(cloud: Cloud, repository: Repository) -> None:
    s3, lifeline = cloud.client("s3"), Lifeline()
    functions = Functions(lifeline)
    jobs = Jobs(cloud, repository, functions)
    state, digest = Place("dev", "mydb123").state_key, content_hash(render(root()))
    jobs.review("rds/dev/mydb123/create-3f0c1a2b", file_of(root()))
    assert jobs.keys() == {f"reviewed/dev/mydb123/{digest}.json"}
    assert functions.reports[-1]["summary"]["add"] == 1
    assert "aws_db_parameter_group.this will be created" in functions.reports[-1]["plan_text"]

    lifeline.kill_at = lifeline.steps + 3  # the job has died when it would report the success
    with pytest.raises(Killed):
        jobs.apply()
    (group,) = jobs.groups()
    assert jobs.keys() == {f"reviewed/dev/mydb123/{digest}.json", "applied/dev/mydb123/attempted.json", state}

    lock = (
        b'{"ID":"b7c1","Operation":"OperationTypeApply","Who":"ci@host","Created":"2026-11-23T11:15:00.5Z"}'
    )
    s3.put_object(Bucket=BUCKET, Key=state + ".tflock", Body=lock)
    (failure,) = jobs.apply()
    assert "ci@host took lock b7c1 for OperationTypeApply, 45 minutes ago" in failure
    s3.delete_object(Bucket=BUCKET, Key=state + ".tflock")

    assert jobs.apply() == []
    assert jobs.groups() == [group]
    assert functions.reports[-1]["result"]["endpoint"] == f"{group}.example.com"
    assert jobs.keys() == {f"reviewed/dev/mydb123/{digest}.json", f"applied/dev/mydb123/{digest}.json", state}

    jobs.review("rds/dev/mydb123/remove-3f0c1a2b", {Place("dev", "mydb123").root_path: None})
    assert functions.reports[-1]["summary"]["destroy"] == 1
    assert jobs.apply() == []
    assert functions.reports[-1]["outcome"] == "removed"
    assert jobs.groups() == []
    assert jobs.keys() == {state}
