"""④ CircleCI's API: runs the pipeline of the base branch again where another try is wanted, and says of jobs.

A pipeline reconciles everything on the branch that is not applied yet: one too many finds nothing to do.
https://circleci.com/docs/api/v2/
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any, Final
from urllib.parse import quote

import urllib3

from provisioner.core.errors import NeedsPerson, TryLater

# The states of a job: https://circleci.com/docs/api/v2/ (List a workflow's jobs)
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
DOING: Final = "running the pipeline again"
_TIMEOUT: Final = urllib3.Timeout(connect=3, read=10)
_FIXES: Final = {
    400: "check the project and the definition_id in the secret",
    401: "put a token that is valid into the secret",
    403: "give the token's owner the right to trigger pipelines of the project",
    404: "check the project in the secret, and that the token's owner sees it",
}


@dataclass(frozen=True, slots=True)
class CircleCiAccess:
    """Where the project is, and the token that may run it.

    `project` is a slug: gh/OWNER/NAME, or circleci/ORGANIZATION/PROJECT for one that CircleCI's GitHub App
    connects; the latter also needs the id of its pipeline definition.
    """

    project: str
    token: str = field(repr=False)
    definition_id: str = ""
    url: str = "https://circleci.com"

    @classmethod
    def parse(cls, text: str) -> "CircleCiAccess":
        """Read the secret, a JSON object of the fields above; raises NeedsPerson for anything else."""
        try:
            content = json.loads(text)
            access = cls(**{name: str(value) for name, value in content.items()})
        except (ValueError, TypeError, AttributeError) as error:
            raise NeedsPerson(
                DOING,
                "CircleCI's secret cannot be read",
                'put {"project": "gh/OWNER/NAME", "token": "..."} into it',
            ) from error
        return access


class CircleCi:
    """CircleCI's API, as far as it is needed here."""

    def __init__(self, access: CircleCiAccess, pool: urllib3.PoolManager | None = None) -> None:
        self._access = access
        self._pool = pool or urllib3.PoolManager(timeout=_TIMEOUT, retries=False)

    def run(self, branch: str) -> int:
        """Start a pipeline on the branch; its number. Raises TryLater and NeedsPerson."""
        access = self._access
        path = f"/api/v2/project/{access.project}/pipeline"
        body: dict[str, Any] = {"branch": branch}
        if access.definition_id:
            path += "/run"
            body = {
                "definition_id": access.definition_id,
                "config": {"branch": branch},
                "checkout": {"branch": branch},
            }
        status, content = self._ask("POST", access.url.rstrip("/") + path, body)
        if status not in (200, 201):
            fix = _FIXES.get(status, "look at CircleCI's words, or run the workflow there by hand")
            raise NeedsPerson(DOING, f"CircleCI answered {status}: {content.get('message', '')}", fix)
        return int(content.get("number", 0))

    def has_ended(self, job: str) -> bool | None:
        """Whether `<workflow id>/<job id>` has ended; None where CircleCI does not say. Raises TryLater."""
        workflow, _, job_id = job.partition("/")
        url = f"{self._access.url.rstrip('/')}/api/v2/workflow/{quote(workflow, safe='')}/job"
        status, content = self._ask("GET", url)
        items = content.get("items") if status == HTTPStatus.OK else None
        found = [
            item.get("status")
            for item in (items if isinstance(items, list) else [])
            if isinstance(item, dict) and item.get("id") == job_id
        ]
        if len(found) != 1:
            return None
        return True if found[0] in _OVER else False if found[0] in _UNDER_WAY else None

    def _ask(
        self, method: str, url: str, body: Mapping[str, Any] | None = None
    ) -> tuple[int, Mapping[str, Any]]:
        headers = {"Circle-Token": self._access.token, "Content-Type": "application/json"}
        sent = None if body is None else json.dumps(body).encode()
        try:
            answer = self._pool.request(method, url, body=sent, headers=headers, redirect=False)
        except urllib3.exceptions.HTTPError as error:
            raise TryLater(DOING, f"CircleCI did not answer ({type(error).__name__})") from error
        if answer.status == 429 or answer.status >= 500:
            wait = answer.headers.get("retry-after", "")
            raise TryLater(
                DOING, f"CircleCI answered {answer.status}", float(wait) if wait.isdecimal() else None
            )
        try:
            content = json.loads(answer.data or b"{}")
        except ValueError:
            content = {}
        return answer.status, content if isinstance(content, dict) else {}
