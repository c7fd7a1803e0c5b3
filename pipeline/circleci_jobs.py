"""Whether another job of the project has ended: CircleCI knows, and nobody else may say so for it.

`GET /api/v2/workflow/{id}/job`: https://circleci.com/docs/api/v2/. Without CIRCLECI_API_TOKEN among the
project's variables nothing is known, and an operator takes stale claims away (`python -m pipeline unlock`).
"""

from collections.abc import Callable, Mapping
from typing import Any, Final

import urllib3

URL: Final = "https://circleci.com"
_OVER: Final = {
    "success",
    "failed",
    "canceled",
    "not_run",
    "infrastructure_fail",
    "timedout",
    "terminated-unknown",
    "unauthorized",
}
_UNDER_WAY: Final = {"running", "queued", "not_running", "on_hold", "blocked", "retried"}


def this_job(environment: Mapping[str, str]) -> str:
    """The job's name in CircleCI's API, `<workflow>/<job>`; empty outside CircleCI."""
    workflow, job = environment.get("CIRCLE_WORKFLOW_ID"), environment.get("CIRCLE_WORKFLOW_JOB_ID")
    return f"{workflow}/{job}" if workflow and job else ""


def ended(
    environment: Mapping[str, str], pool: urllib3.PoolManager | None = None
) -> Callable[[str], bool | None]:
    """Says of `<workflow>/<job>` whether it has ended; None where that is not known."""
    token = environment.get("CIRCLECI_API_TOKEN", "")
    url = environment.get("CIRCLECI_API_URL", "").rstrip("/") or URL
    http = pool or urllib3.PoolManager(timeout=urllib3.Timeout(10), retries=False)

    def look(job: str) -> bool | None:
        workflow, _, job_id = job.partition("/")
        if not token or not job_id or not workflow.replace("-", "").isalnum():
            return None
        try:
            answer = http.request(
                "GET",
                f"{url}/api/v2/workflow/{workflow}/job",
                headers={"Circle-Token": token},
                redirect=False,
            )
            content: Any = answer.json() if answer.status == 200 else {}
            found = [item["status"] for item in content.get("items", []) if item["id"] == job_id]
        except (urllib3.exceptions.HTTPError, ValueError, AttributeError, KeyError, TypeError):
            return None
        status = found[0] if len(found) == 1 else ""
        return True if status in _OVER else False if status in _UNDER_WAY else None

    return look
