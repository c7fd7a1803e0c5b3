"""A repository, a bucket and a cloud in which pull requests are planned and main is applied."""

import copy
import datetime as dt
from collections.abc import Callable
from typing import Any

from provisioner.core.hcl import parse

from pipeline.apply import ApplyJob
from pipeline.claims import Claims
from pipeline.drift import Drift
from pipeline.git import Checkout
from pipeline.instances import Instances
from pipeline.interruption import Interruption
from pipeline.logs import Logs
from pipeline.plan import PlanJob, judge
from pipeline.pulse import Pulse
from pipeline.reporter import Reporter
from pipeline.store import Store
from tests.core.examples import NOW, catalog
from tests.pipeline.fakes import INSTANCE, Bucket, Cloud, Functions, Lifeline, Rds
from tests.pipeline.repository import Repository

URL = "https://ci.example/1"


class Setting:
    """The pipeline on both sides of a merge, with everything that it talks to."""

    def __init__(self, repository: Repository, functions: Any = None) -> None:
        self.repository = repository
        self.lifeline = Lifeline()
        self.bucket = Bucket(self.lifeline)
        self.functions = Functions(self.lifeline)
        self.cloud = Cloud(lifeline=self.lifeline)
        self.store = Store(self.bucket, "states")
        self.plans = Reporter(functions or self.functions, "plan-report", sleep=lambda _: None)
        self.applies = Reporter(functions or self.functions, "apply-report", sleep=lambda _: None)
        self.interruption = Interruption()
        self.now = NOW
        self.runs = 0
        self.clock: Callable[[], dt.datetime] | None = None

    def reviewed(self, files: dict[str, str | None], branch: str | None = None) -> None:
        """A pull request, planned and merged."""
        branch = branch or self.branch_of(files)
        self.repository.branch(branch, "origin/main")
        self.repository.commit(files)
        assert self.plan(branch)
        self.repository.on_main(files)
        self.functions.reports.clear()

    def branch_of(self, files: dict[str, str | None]) -> str:
        """The branch on which the provisioner brings a root, or removes one."""
        ((path, text),) = files.items()
        before = self.repository.checkout.file("origin/main", path)
        kind = "remove" if text is None else "create" if before is None else "update"
        known = parse(text or before or "")
        return known.place.branch(kind, known.request_id)

    def plan(self, branch: str) -> bool:
        checkout = self.repository.checkout
        verdict = judge(checkout, branch=branch, catalog=catalog(), now=self.now)
        instances = Instances(Rds(self.cloud))
        logs = Logs(self.bucket, "states", "plan", lambda: self.now, f"p{len(self.bucket.objects)}")
        return PlanJob(
            checkout, self.store, self.plans, instances, self.cloud.terraform, branch, URL, logs
        ).run(verdict)

    def apply(self, environment: str = "dev") -> list[str]:
        checkout: Checkout = self.repository.checkout
        checkout.follow_base()
        return ApplyJob(
            checkout,
            self.store,
            Instances(Rds(self.cloud)),
            self.applies,
            lambda directory: self.cloud.terraform(directory, self.interruption),
            catalog(),
            lambda: self.now,
            URL,
            self.interruption,
            self.claims(),
            *self.watched(environment),
        ).run(environment)

    def watched(self, environment: str = "dev") -> tuple[Pulse, Logs]:
        """The heart of the next run, and where it keeps its logs."""
        pulse = Pulse(self.applies, environment, URL, lambda: self.now)
        return pulse, Logs(self.bucket, "states", "apply", lambda: self.now, f"a{self.runs}")

    def claims(self) -> Claims:
        """The claims of the next run; every run before it has ended by then."""
        self.runs += 1
        return Claims(self.bucket, "states", f"run {self.runs}", lambda: self.now, ended=lambda _: True)

    def drift(self, at_once: int = 1) -> list[str]:
        return Drift(
            self.repository.checkout,
            self.store,
            self.plans,
            self.cloud.terraform,
            URL,
            self.interruption,
            lambda: self.clock() if self.clock else self.now,
            at_once,
        ).run()

    def save(self) -> Any:
        cloud = self.cloud
        kept = (cloud.states, cloud.orphans, cloud.secrets, cloud.snapshots, cloud.taken)
        return copy.deepcopy((self.bucket.objects, kept))

    def restore(self, saved: Any) -> None:
        self.bucket.objects, kept = copy.deepcopy(saved)
        cloud = self.cloud
        cloud.states, cloud.orphans, cloud.secrets, cloud.snapshots, cloud.taken = kept
        self.functions.reports.clear()

    def markers(self) -> list[str]:
        return [key for key in sorted(self.bucket.objects) if key.startswith("applied/")]

    def instance(self, place: str = "dev/mydb123") -> dict[str, Any]:
        return self.cloud.states[place].resources[INSTANCE]
