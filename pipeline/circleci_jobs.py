"""Whether another job of the project has ended: CircleCI knows, and nobody else may say so for it.

The apply-report function asks it, which holds the stack's token for CircleCI; no job holds one. Where the
stack has none, nothing is known, and an operator takes stale claims away (`python -m pipeline unlock`).
"""

from collections.abc import Callable, Mapping

from provisioner.reports.schema import JobQuestion
from pydantic import ValidationError

from pipeline.reporter import Reporter, Undelivered


def this_job(environment: Mapping[str, str]) -> str:
    """The job's name in CircleCI's API, `<workflow>/<job>`; empty outside CircleCI."""
    workflow, job = environment.get("CIRCLE_WORKFLOW_ID"), environment.get("CIRCLE_WORKFLOW_JOB_ID")
    return f"{workflow}/{job}" if workflow and job else ""


def ended_by(reporter: Reporter, pipeline_url: str) -> Callable[[str], bool | None]:
    """Says of `<workflow>/<job>` whether it has ended; None where that is not known."""

    def look(job: str) -> bool | None:
        try:
            question = JobQuestion(version=1, environment="", pipeline_url=pipeline_url, job=job)
            return reporter.send_once(question).ended
        except (Undelivered, ValidationError):
            return None

    return look
