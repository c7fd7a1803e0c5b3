"""Every night: what differs between the databases and their roots, without anybody having changed a root."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from provisioner.core.hcl import content_hash
from provisioner.core.names import Place
from provisioner.reports.schema import PLAN_TEXT_LIMIT, DriftReport

from pipeline.git import Checkout
from pipeline.interruption import Interruption
from pipeline.plan_changes import changes_of
from pipeline.reporter import Reporter, Undelivered
from pipeline.store import Store
from pipeline.terraform_cli import Terraform, TerraformError
from pipeline.workspace import prepare, roots


@dataclass(frozen=True, slots=True)
class Drift:
    """The nightly job; it plans, and changes nothing."""

    checkout: Checkout
    store: Store
    reporter: Reporter
    terraform: Callable[[Path], Terraform]
    pipeline_url: str
    interruption: Interruption

    def run(self) -> list[str]:
        """Look at every applied database; what could not be looked at."""
        found = roots(self.checkout)
        applied = {name: self.store.applied(name) for name in {place.environment for place in found}}
        failures = []
        for place, text in sorted(found.items()):
            if applied[place.environment].get(place.database_name) != {content_hash(text)}:
                continue  # an apply has yet to come to it
            if self.interruption.requested:
                failures.append(f"{place}: not looked at, because the job was ended from outside")
                continue
            try:
                self._look(place, text)
            except (TerraformError, Undelivered) as error:
                failures.append(f"{place}: {error}")
        return failures

    def _look(self, place: Place, text: str) -> None:
        terraform = self.terraform(prepare(self.checkout.directory, place, text))
        terraform.init()
        shown, plan = terraform.plan("tfplan", lock=False)
        drifted = bool(changes_of(plan))
        print(f"{place}: {'DRIFTED' if drifted else 'as its root says'}", flush=True)
        if drifted:
            print(shown, flush=True)
        self.reporter.send(
            DriftReport(
                version=1,
                environment=place.environment,
                database_name=place.database_name,
                commit=self.checkout.head(),
                drifted=drifted,
                plan_text=shown[:PLAN_TEXT_LIMIT] if drifted else "",
                pipeline_url=self.pipeline_url,
            )
        )
