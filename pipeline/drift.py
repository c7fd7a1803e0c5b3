"""Every night: what differs between the databases and their roots, without anybody having changed a root."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from provisioner.core.hcl import content_hash

from pipeline.git import Checkout
from pipeline.interruption import Interruption
from pipeline.plan_changes import normalise
from pipeline.reporter import Reporter, ReportError
from pipeline.store import Store
from pipeline.terraform_cli import Terraform, TerraformError
from pipeline.workspace import prepare, roots

PLAN_TEXT_LIMIT: Final = 50_000


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
        """Look at every applied database; what could not be looked at, in words."""
        found = roots(self.checkout)
        applied = {environment: self.store.applied(environment) for environment in {one for one, _ in found}}
        failures = []
        for (environment, name), text in sorted(found.items()):
            if applied[environment].get(name) != {content_hash(text)}:
                continue  # an apply has yet to come to it
            if self.interruption.requested:
                failures.append(
                    f"{environment}/{name}: not looked at, because the job was ended from outside"
                )
                continue
            try:
                self._look(environment, name, text)
            except (TerraformError, ReportError) as error:
                failures.append(f"{environment}/{name}: {error}")
        return failures

    def _look(self, environment: str, name: str, text: str) -> None:
        terraform = self.terraform(prepare(self.checkout.directory, environment, name, text))
        terraform.init()
        shown, plan = terraform.plan("tfplan", lock=False)
        drifted = bool(normalise(plan))
        print(f"{environment}/{name}: {'DRIFTED' if drifted else 'as its root says'}", flush=True)
        if drifted:
            print(shown, flush=True)
        self.reporter.send(
            {
                "version": 1,
                "type": "drift",
                "environment": environment,
                "database_name": name,
                "drifted": drifted,
                "plan_text": shown[:PLAN_TEXT_LIMIT] if drifted else "",
                "pipeline_url": self.pipeline_url,
            }
        )
