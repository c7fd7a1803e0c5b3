"""A thin GitHub client: one method, one call, a time limit on each, and no repetition inside.

Repeating is the queue's work: what comes back says whether another try can help (errors.py).
"""

import base64
import datetime as dt
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import quote, urlencode

import urllib3

from provisioner.errors import NeedsPerson, RateLimited, TryLater
from provisioner.github_app import GitHubApp

_TIMEOUT: Final = urllib3.Timeout(connect=3, read=10)
# "at least one minute" where a secondary limit names no time:
# https://docs.github.com/en/rest/using-the-rest-api/rate-limits-for-the-rest-api
_SECONDARY_WAIT: Final = 60.0


@dataclass(frozen=True, slots=True)
class Answer:
    """GitHub's answer to one call."""

    status: int
    content: Any

    @property
    def message(self) -> str:
        """GitHub's own words for an error."""
        if not isinstance(self.content, Mapping):
            return ""
        details = [
            str(error.get("message") or error.get("code") or "") if isinstance(error, Mapping) else str(error)
            for error in self.content.get("errors", [])
        ]
        return "; ".join(part for part in [str(self.content.get("message", "")), *details] if part)


@dataclass(frozen=True, slots=True)
class PullRequest:
    """A pull request as GitHub shows it."""

    number: int
    url: str
    state: str  # open | closed
    merged: bool
    head_sha: str
    branch: str
    merged_at: str | None = None
    closed_at: str | None = None
    merge_commit: str | None = None
    author: str = ""


class GitHub:
    """One repository, seen through one installation of the App."""

    def __init__(
        self, api_url: str, repository: str, app: GitHubApp, pool: urllib3.PoolManager | None = None
    ):
        self._api_url = api_url.rstrip("/")
        self.repository = repository
        self._app = app
        self._pool = pool or urllib3.PoolManager(timeout=_TIMEOUT, retries=False)

    @property
    def owner(self) -> str:
        """The account that the repository belongs to."""
        return self.repository.partition("/")[0]

    def branch_head(self, branch: str) -> str:
        """The commit that a branch points to; raises NeedsPerson where there is no such branch."""
        doing = f"reading branch {branch}"
        answer = self._expect(200, "GET", f"/git/ref/heads/{quote(branch)}", doing=doing)
        return str(answer.content["object"]["sha"])

    def create_branch(self, branch: str, commit: str) -> bool:
        """Create a branch; False where it exists already."""
        doing = f"creating branch {branch}"
        answer = self._repo("POST", "/git/refs", {"ref": f"refs/heads/{branch}", "sha": commit}, doing=doing)
        if answer.status == 422 and "already exists" in answer.message:
            return False
        self._check(answer, 201, doing)
        return True

    def delete_branch(self, branch: str) -> None:
        """Delete a branch; nothing happens where it is gone already."""
        doing = f"deleting branch {branch}"
        answer = self._repo("DELETE", f"/git/refs/heads/{quote(branch)}", doing=doing)
        if answer.status not in (404, 422):
            self._check(answer, 204, doing)

    def file(self, path: str, ref: str) -> tuple[str, bytes] | None:
        """(blob sha, content) of a file on a branch; None where there is none."""
        doing = f"reading {path} on {ref}"
        answer = self._repo("GET", f"/contents/{quote(path)}?{urlencode({'ref': ref})}", doing=doing)
        if answer.status == 404:
            return None
        self._check(answer, 200, doing)
        return str(answer.content["sha"]), _from_base64(answer.content["content"])

    def put_file(
        self, path: str, content: str, *, branch: str, message: str, replaces: str | None
    ) -> str | None:
        """Commit a file to a branch; the new commit, or None where the file is not as `replaces` says.

        Author and committer are left out, so that GitHub signs the commit as the App's own:
        https://docs.github.com/en/authentication/managing-commit-signature-verification
        """
        doing = f"committing {path} to {branch}"
        body = {"message": message, "content": _to_base64(content), "branch": branch}
        if replaces:
            body["sha"] = replaces
        answer = self._repo("PUT", f"/contents/{quote(path)}", body, doing=doing)
        gone = replaces is not None and answer.status == 404
        if gone or answer.status == 409 or (answer.status == 422 and "sha" in answer.message):
            return None
        self._check(answer, (200, 201), doing)
        return str(answer.content["commit"]["sha"])

    def delete_file(self, path: str, *, branch: str, message: str, replaces: str) -> str | None:
        """Delete a file on a branch; the new commit, or None where it is gone or not as `replaces` says."""
        doing = f"deleting {path} on {branch}"
        body = {"message": message, "branch": branch, "sha": replaces}
        answer = self._repo("DELETE", f"/contents/{quote(path)}", body, doing=doing)
        if answer.status in (404, 409) or (answer.status == 422 and "sha" in answer.message):
            return None
        self._check(answer, 200, doing)
        return str(answer.content["commit"]["sha"])

    def open_pull_request(self, *, branch: str, base: str, title: str, body: str) -> PullRequest | None:
        """Open a pull request; None where GitHub says that this branch has one already."""
        doing = f"opening the pull request for {branch}"
        content = {"title": title, "head": branch, "base": base, "body": body, "maintainer_can_modify": False}
        answer = self._repo("POST", "/pulls", content, doing=doing)
        if answer.status == 422 and "already exists" in answer.message:
            return None
        self._check(answer, 201, doing)
        return _pull_request(answer.content)

    def find_pull_request(self, branch: str) -> PullRequest | None:
        """The newest pull request that a branch ever had, open or not."""
        query = urlencode({"head": f"{self.owner}:{branch}", "state": "all", "per_page": 10})
        doing = f"looking for the pull request of {branch}"
        answer = self._expect(200, "GET", f"/pulls?{query}", doing=doing)
        found = [_pull_request(one) for one in answer.content]
        return max(found, key=lambda one: (one.state == "open", one.number), default=None)

    def pull_request(self, number: int) -> PullRequest:
        """A pull request as it is now."""
        doing = f"reading pull request {number}"
        return _pull_request(self._expect(200, "GET", f"/pulls/{number}", doing=doing).content)

    def close_pull_request(self, number: int) -> PullRequest:
        """Close a pull request; one that is merged stays merged."""
        doing = f"closing pull request {number}"
        answer = self._expect(200, "PATCH", f"/pulls/{number}", {"state": "closed"}, doing=doing)
        return _pull_request(answer.content)

    def merge(self, number: int, *, head: str, title: str) -> str | None:
        """Squash and merge; the merge commit, or None where GitHub says that it may not be merged now.

        `head` is the only commit that may be merged: a push in the meantime makes GitHub refuse.
        """
        doing = f"merging pull request {number}"
        body = {"sha": head, "merge_method": "squash", "commit_title": title, "commit_message": ""}
        answer = self._repo("PUT", f"/pulls/{number}/merge", body, doing=doing)
        if answer.status in (405, 409, 422):
            return None
        self._check(answer, 200, doing)
        return str(answer.content["sha"])

    def comment(self, number: int, body: str) -> int:
        """Comment on a pull request; the comment's id."""
        doing = f"commenting on pull request {number}"
        answer = self._expect(201, "POST", f"/issues/{number}/comments", {"body": body}, doing=doing)
        return int(answer.content["id"])

    def marked_comment(self, number: int, marker: str) -> int | None:
        """The id of the comment that begins with a marker, if there is one among the first 300."""
        doing = f"reading the comments of pull request {number}"
        for page in (1, 2, 3):
            query = urlencode({"per_page": 100, "page": page})
            answer = self._expect(200, "GET", f"/issues/{number}/comments?{query}", doing=doing)
            for comment in answer.content:
                if str(comment["body"]).startswith(marker):
                    return int(comment["id"])
            if len(answer.content) < 100:
                break
        return None

    def update_comment(self, comment_id: int, body: str) -> bool:
        """Replace a comment's text; False where somebody deleted it."""
        doing = f"updating comment {comment_id}"
        answer = self._repo("PATCH", f"/issues/comments/{comment_id}", {"body": body}, doing=doing)
        if answer.status == 404:
            return False
        self._check(answer, 200, doing)
        return True

    def _expect(
        self, status: int, method: str, path: str, body: Mapping[str, Any] | None = None, *, doing: str
    ) -> Answer:
        answer = self._repo(method, path, body, doing=doing)
        self._check(answer, status, doing)
        return answer

    def _repo(self, method: str, path: str, body: Mapping[str, Any] | None = None, *, doing: str) -> Answer:
        token = self._app.token(self._new_token)
        answer = self._call(method, f"/repos/{self.repository}{path}", f"Bearer {token}", body, doing=doing)
        if answer.status == 401:
            self._app.forget()
            raise TryLater(
                doing, "GitHub did not accept the installation token; the next try takes a new one"
            )
        return answer

    def _new_token(self, installation_id: str, jwt: str) -> tuple[str, str]:
        doing = "signing in to GitHub as the App"
        path = f"/app/installations/{quote(installation_id)}/access_tokens"
        answer = self._call("POST", path, f"Bearer {jwt}", {}, doing=doing)
        self._check(answer, 201, doing)
        return str(answer.content["token"]), str(answer.content["expires_at"])

    def _call(
        self, method: str, path: str, authorization: str, body: Mapping[str, Any] | None, *, doing: str
    ) -> Answer:
        headers = {
            "Accept": "application/vnd.github+json",
            "Authorization": authorization,
            "User-Agent": "rds-provisioner",
            "X-GitHub-Api-Version": "2022-11-28",
        }
        data = None
        if body is not None:
            data = json.dumps(body).encode()
            headers["Content-Type"] = "application/json"
        try:
            response = self._pool.request(
                method, self._api_url + path, body=data, headers=headers, redirect=False
            )
            text = response.data
        except urllib3.exceptions.HTTPError as error:
            raise TryLater(doing, f"GitHub did not answer ({type(error).__name__})") from error
        wait = _limited(response.status, response.headers, text)
        if wait is not None:
            raise RateLimited(doing, f"GitHub asks for {wait:.0f} s of quiet", wait)
        if response.status >= 500:
            raise TryLater(doing, f"GitHub answered {response.status}")
        try:
            return Answer(response.status, json.loads(text) if text else None)
        except ValueError as error:
            raise TryLater(
                doing, f"GitHub answered {response.status} with something else than JSON"
            ) from error

    @staticmethod
    def _check(answer: Answer, expected: int | tuple[int, ...], doing: str) -> None:
        wanted = expected if isinstance(expected, tuple) else (expected,)
        if answer.status in wanted:
            return
        fix = _FIXES.get(answer.status, "look at GitHub's words, correct the cause, then retry the request")
        raise NeedsPerson(doing, f"GitHub answered {answer.status}: {answer.message}", fix)


_FIXES: Final = {
    401: "check the App's id and that its private key is the one in Secrets Manager, then retry",
    403: "give the App read and write permission for contents and pull requests (docs/deploy.md), then retry",
    404: "check that the repository exists and that the App is installed on it, then retry",
    422: "look at GitHub's words and at the repository's rules for branches, then retry",
}


def _limited(status: int, headers: Mapping[str, str], text: bytes) -> float | None:
    """The seconds that GitHub wants to be left alone, where this answer is a rate limit."""
    if status not in (403, 429):
        return None
    if "retry-after" in headers:
        return _number(headers["retry-after"], _SECONDARY_WAIT)
    if headers.get("x-ratelimit-remaining") == "0":
        reset = _number(headers.get("x-ratelimit-reset", ""), 0)
        return max(reset - dt.datetime.now(dt.UTC).timestamp(), 1.0) if reset else _SECONDARY_WAIT
    if status == 429 or b"rate limit" in text.lower():
        return _SECONDARY_WAIT
    return None


def _number(text: str, default: float) -> float:
    return float(text) if text.isdecimal() else default


def _pull_request(content: Mapping[str, Any]) -> PullRequest:
    return PullRequest(
        number=int(content["number"]),
        url=str(content["html_url"]),
        state=str(content["state"]),
        merged=bool(content.get("merged") or content.get("merged_at")),
        head_sha=str(content["head"]["sha"]),
        branch=str(content["head"]["ref"]),
        merged_at=content.get("merged_at"),
        closed_at=content.get("closed_at"),
        merge_commit=content.get("merge_commit_sha"),
        author=str((content.get("user") or {}).get("login", "")),
    )


def _to_base64(text: str) -> str:
    return base64.b64encode(text.encode()).decode()


def _from_base64(text: str) -> bytes:
    return base64.b64decode(text)
