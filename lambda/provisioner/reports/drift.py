"""⑤ What a report of drift leads to: a comment that something changed the database outside git."""

from collections.abc import Callable
from dataclasses import dataclass

from provisioner.github.client import GitHub
from provisioner.ledger.ledger import Ledger
from provisioner.pull_requests.comments import DRIFT
from provisioner.reports.comments import drift_comment
from provisioner.reports.schema import DriftReport


@dataclass(frozen=True, slots=True)
class DriftReceiver:
    """Receives what the nightly check found, with what it needs passed in."""

    ledger: Ledger
    github: Callable[[], GitHub]

    def receive(self, report: DriftReport) -> None:
        """Say on the pull request that made the database that it drifted."""
        database = self.ledger.database(report.place)
        number = self.ledger.origin_pull_request(database) if database else None
        if number is not None:
            self.github().put_comment(number, DRIFT, drift_comment(report))
