"""Whether another job of the project has ended: CircleCI knows, and nobody else may say so for it.

`GET /api/v2/project/{slug}/job/{number}`: https://circleci.com/docs/api/v2/. Without CIRCLECI_API_TOKEN
among the project's variables nothing is known, and an operator takes stale claims away (`unlock`).
"""

import re
from collections.abc import Callable, Mapping
from typing import Final

import urllib3

_HOSTS: Final = ("https://circleci.com/", "https://app.circleci.com/")
_JOB: Final = re.compile(
    r"(?:pipelines/)?(?P<slug>(?:gh|github|bb|bitbucket|circleci)/[^/]+/[^/]+)/"
    r"(?:\d+/workflows/[^/]+/jobs/)?(?P<number>\d+)"
)
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


def ended(
    environment: Mapping[str, str], pool: urllib3.PoolManager | None = None
) -> Callable[[str], bool | None]:
    """Says of a job's address whether it has ended; None where that is not known."""
    token = environment.get("CIRCLECI_API_TOKEN", "")
    url = environment.get("CIRCLECI_API_URL", "").rstrip("/")
    http = pool or urllib3.PoolManager(timeout=urllib3.Timeout(10), retries=False)
    hosts = (*_HOSTS, f"{url}/") if url else _HOSTS

    def look(holder: str) -> bool | None:
        host = next((host for host in hosts if holder.startswith(host)), None)
        match = _JOB.fullmatch(holder.removeprefix(host)) if host else None
        if not token or match is None:
            return None
        path = f"/api/v2/project/{match['slug']}/job/{match['number']}"
        try:
            answer = http.request(
                "GET", (url or "https://circleci.com") + path, headers={"Circle-Token": token}, redirect=False
            )
            status = str(answer.json().get("status")) if answer.status == 200 else ""
        except (urllib3.exceptions.HTTPError, ValueError, AttributeError):
            return None
        return True if status in _OVER else False if status in _UNDER_WAY else None

    return look
