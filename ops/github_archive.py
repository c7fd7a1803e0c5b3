"""Reads back from GitHub what the provisioner wrote on its pull requests, and what people did to them.

Two calls for each pull request, three or four more for one under way. What others wrote is left out: only the
App's own pull requests and comments count, on branches that are named as requests are.
"""

import base64
import json
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import quote, urlencode

import urllib3
from provisioner.core.errors import NeedsPerson, RateLimited
from provisioner.core.names import DATABASES, ENVIRONMENT, NAME, BranchName, Place
from provisioner.github.app import GitHubApp
from provisioner.github.calls import Calls
from provisioner.github.refusals import Answer, check
from provisioner.pull_requests import request_record

_PAGE: Final = 100
_ROOT: Final = re.compile(re.escape(DATABASES) + rf"(?P<environment>{ENVIRONMENT})/(?P<name>{NAME})/main\.tf")


@dataclass(frozen=True, slots=True)
class Pull:
    """One pull request of the App, as GitHub lists it."""

    number: int
    url: str
    branch: str
    base: str
    head_sha: str
    body: str
    state: str
    merged: bool
    created_at: str


@dataclass(frozen=True, slots=True)
class Commit:
    """A commit of a pull request, oldest first in every list."""

    sha: str
    message: str
    login: str
    at: str


@dataclass(frozen=True, slots=True)
class TimelineItem:
    """What someone did to a pull request: approved, changes_requested, closed, merged or reopened."""

    id: int
    what: str
    login: str
    at: str
    commit: str | None = None


class GitHubArchive:
    """The repository's past; waits where GitHub asks for quiet, with `sleep`."""

    def __init__(
        self,
        api_url: str,
        repository: str,
        app: Callable[[], GitHubApp],
        sleep: Callable[[float], None],
        pool: urllib3.PoolManager | None = None,
    ) -> None:
        self._repository = repository
        self._pool = pool or urllib3.PoolManager(timeout=urllib3.Timeout(connect=5, read=30), retries=False)
        self._api_url = api_url.rstrip("/")
        self._app = app
        self._calls = Calls(api_url, repository, app(), self._pool)
        self._sleep = sleep
        self.login = self._own_login()

    def pulls(self) -> Iterator[Pull]:
        """The App's pull requests on branches of requests, from no fork, oldest first."""
        for pull in self._pages("/pulls", state="all", sort="created", direction="asc"):
            head = pull["head"]
            is_own = pull["user"]["login"] == self.login
            is_here = (head.get("repo") or {}).get("full_name") in (self._repository, None)
            if is_own and is_here and BranchName.parse(str(head["ref"])):
                yield Pull(
                    number=int(pull["number"]),
                    url=str(pull["html_url"]),
                    branch=str(head["ref"]),
                    base=str(pull["base"]["ref"]),
                    head_sha=str(head["sha"]),
                    body=str(pull["body"] or ""),
                    state=str(pull["state"]),
                    merged=bool(pull["merged_at"]),
                    created_at=str(pull["created_at"]),
                )

    def record(self, number: int) -> str | None:
        """The App's comment with the record; None where there is none yet."""
        for comment in self._pages(f"/issues/{number}/comments"):
            if (comment["user"] or {}).get("login") == self.login and comment["body"].startswith(
                request_record.MARKER
            ):
                return str(comment["body"])
        return None

    def commits(self, number: int) -> list[Commit]:
        """The commits of a pull request; its first one is the App's."""
        return [
            Commit(
                str(commit["sha"]),
                str(commit["commit"]["message"]),
                str((commit["author"] or {}).get("login", "github")),
                str(commit["commit"]["committer"]["date"]),
            )
            for commit in self._pages(f"/pulls/{number}/commits")
        ]

    def timeline(self, number: int) -> list[TimelineItem]:
        """What people, and the App, did to a pull request."""
        items = [
            TimelineItem(
                int(review["id"]),
                str(review["state"]).lower(),
                _login(review["user"]),
                str(review["submitted_at"]),
                review["commit_id"],
            )
            for review in self._pages(f"/pulls/{number}/reviews")
            if str(review["state"]).upper() in ("APPROVED", "CHANGES_REQUESTED")
        ]
        path = f"/issues/{number}/events"
        if self._get(f"{path}?per_page=1", f"looking at {path}").status in (403, 404):
            return items + self._end(number)  # an App without the right to read issues
        return items + [
            TimelineItem(
                int(event["id"]),
                event["event"],
                _login(event["actor"]),
                str(event["created_at"]),
                event["commit_id"],
            )
            for event in self._pages(path)
            if event["event"] in ("closed", "merged", "reopened")
        ]

    def _end(self, number: int) -> list[TimelineItem]:
        """How a pull request ended, as it says itself; who closed one it does not say."""
        doing = f"reading pull request {number}"
        answer = self._get(f"/pulls/{number}", doing)
        check(answer, 200, doing)
        pull = answer.content
        if pull["merged_at"]:
            by = _login(pull["merged_by"])
            return [TimelineItem(0, "merged", by, str(pull["merged_at"]), pull["merge_commit_sha"])]
        return [TimelineItem(0, "closed", "github", str(pull["closed_at"]))] if pull["closed_at"] else []

    def roots(self, base: str) -> dict[Place, str]:
        """The text of every main.tf on the base branch, by place."""
        found = {}
        for path in self._paths(base):
            if not (match := _ROOT.fullmatch(path)):
                continue
            doing = f"reading {path}"
            answer = self._get(f"/contents/{quote(path)}?{urlencode({'ref': base})}", doing)
            check(answer, 200, doing)
            found[Place(match["environment"], match["name"])] = base64.b64decode(
                answer.content["content"]
            ).decode()
        return found

    def _paths(self, base: str) -> list[str]:
        """https://docs.github.com/en/rest/git/trees: up to 100,000 entries."""
        doing = f"listing the files of {base}"
        answer = self._get(f"/git/trees/{quote(base)}?recursive=1", doing)
        check(answer, 200, doing)
        if answer.content["truncated"]:
            raise NeedsPerson(doing, "GitHub listed a part of them", "read the roots from a clone by hand")
        return [str(entry["path"]) for entry in answer.content["tree"] if entry["type"] == "blob"]

    def _pages(self, path: str, **query: str) -> Iterator[Mapping[str, Any]]:
        page = 1
        while True:
            doing = f"reading page {page} of {path}"
            words = urlencode({**query, "per_page": str(_PAGE), "page": str(page)})
            answer = self._get(f"{path}?{words}", doing)
            check(answer, 200, doing)
            yield from answer.content
            if len(answer.content) < _PAGE:
                return
            page += 1

    def _get(self, path: str, doing: str) -> Answer:
        while True:
            try:
                return self._calls.repository("GET", path, doing=doing)
            except RateLimited as limited:
                self._sleep(limited.retry_after or 60.0)

    def _own_login(self) -> str:
        """The name under which the App writes: https://docs.github.com/en/rest/apps/apps"""
        doing = "asking GitHub for the App's name"
        slugs: list[str] = []

        def ask(_: str, jwt: str) -> tuple[str, str]:
            headers = {"Accept": "application/vnd.github+json", "Authorization": f"Bearer {jwt}"}
            response = self._pool.request("GET", f"{self._api_url}/app", headers=headers)
            content = json.loads(response.data)
            if response.status != 200:
                fix = "check the App's id and its private key"
                raise NeedsPerson(doing, f"GitHub answered {response.status}", fix)
            slugs.append(str(content["slug"]))
            return "", "9999-12-31T00:00:00+00:00"

        self._app().token(ask)
        return f"{slugs[0]}[bot]"


def _login(user: Mapping[str, Any] | None) -> str:
    return str((user or {}).get("login", "github"))
