"""The pipeline's jobs with real Terraform on an emulated AWS."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from pipeline.apply import ApplyJob
from pipeline.claims import Claims
from pipeline.instances import Instances
from pipeline.interruption import Interruption
from pipeline.logs import Logs
from pipeline.plan import PlanJob, judge
from pipeline.pulse import Pulse
from pipeline.reporter import Reporter
from pipeline.store import Store
from pipeline.terraform_cli import Terraform, backend_settings
from sandbox.cloud import REGION, Cloud
from tests.core.examples import NOW, catalog
from tests.pipeline.fakes import Functions
from tests.pipeline.repository import Repository

BUCKET: Final = "states"


def create_bucket(cloud: Cloud) -> None:
    """The bucket of states, in which the jobs keep everything."""
    cloud.client("s3").create_bucket(Bucket=BUCKET, CreateBucketConfiguration={"LocationConstraint": REGION})


@dataclass(frozen=True, slots=True)
class EmulatedJobs:
    """The jobs, and what they leave on the emulated AWS."""

    cloud: Cloud
    repository: Repository
    functions: Functions

    @property
    def store(self) -> Store:
        return Store(self.cloud.client("s3"), BUCKET)

    @property
    def instances(self) -> Instances:
        return Instances(self.cloud.client("rds"))

    @property
    def reporter(self) -> Reporter:
        return Reporter(self.functions, "report", sleep=lambda _: None)

    def terraform(self, directory: Path) -> Terraform:
        return Terraform(directory, backend_settings({**self.cloud.variables, "TF_STATE_BUCKET": BUCKET}))

    def review(self, branch: str, files: dict[str, str | None]) -> None:
        """Plan a pull request, and merge it."""
        self.repository.branch(branch, "origin/main")
        self.repository.commit(files)
        checkout = self.repository.checkout
        verdict = judge(checkout, branch=branch, catalog=catalog(), now=NOW)
        logs = Logs(self.cloud.client("s3"), BUCKET, "plan", lambda: NOW, branch.replace("/", "-"))
        job = PlanJob(checkout, self.store, self.reporter, self.instances, self.terraform, branch, "", logs)
        assert job.run(verdict), self.functions.reports[-1]
        assert self.functions.reports[-1]["outcome"] == "passed"
        self.repository.on_main(files)

    def apply(self, run: str = "a run", **options: Any) -> list[str]:
        """The apply job of dev, as a run of that name; its failures."""
        self.repository.checkout.follow_base()
        s3 = self.cloud.client("s3")
        return ApplyJob(
            self.repository.checkout,
            self.store,
            self.instances,
            self.reporter,
            self.terraform,
            catalog(),
            lambda: NOW,
            "",
            Interruption(),
            Claims(s3, BUCKET, run, lambda: NOW),
            Pulse(self.reporter, "dev", "", lambda: NOW),
            Logs(s3, BUCKET, "apply", lambda: NOW, run),
            **options,
        ).run("dev")
