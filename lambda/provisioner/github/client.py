"""A thin GitHub client: one repository, one method for each call (calls.py says how they are made)."""

import base64
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote, urlencode

import urllib3

from provisioner.core.errors import TryLater
from provisioner.github.app import GitHubApp
from provisioner.github.calls import Calls
from provisioner.github.issues import Issues
from provisioner.github.notices import Notices
from provisioner.github.pull_request import Merge, PullRequest
from provisioner.github.refusals import Answer, check
from provisioner.github.reviewers import Reviewers


@dataclass(frozen=True, slots=True)
class Commit:
    """A commit just made, and the one that it stands on."""

    sha: str
    parent: str


@dataclass(frozen=True, slots=True)
class FileDifference:
    """One file that differs: what happened to it, and the name of its content as git has it."""

    path: str
    status: str  # added | modified | removed | renamed | ...
    blob: str


@dataclass(frozen=True, slots=True)
class Comparison:
    """What a commit adds to a branch: how many commits, and which files."""

    commits: int
    files: tuple[FileDifference, ...]


class GitHub:
    """One repository, seen through one installation of the App."""

    def __init__(
        self, api_url: str, repository: str, app: GitHubApp, pool: urllib3.PoolManager | None = None
    ):
        self.repository = repository
        self._calls = Calls(api_url, repository, app, pool)
        self._reviewers = Reviewers(self._calls, self.file)
        self._notices = Notices(self._calls)
        self._issues = Issues(self._calls)

    @property
    def reviewers(self) -> Reviewers:
        """Who reviews its pull requests."""
        return self._reviewers

    @property
    def notices(self) -> Notices:
        """Labels and reviewers of its pull requests."""
        return self._notices

    @property
    def issues(self) -> Issues:
        """Its issues."""
        return self._issues

    @property
    def owner(self) -> str:
        """The account that the repository belongs to."""
        return self.repository.partition("/")[0]

    @property
    def rate_limited_for(self) -> float:
        """The seconds for which GitHub still wants to be left alone; until then every call raises."""
        return self._calls.rate_limited_for

    def branch_head(self, branch: str) -> str:
        """The commit that a branch points to; raises NeedsPerson where there is no such branch."""
        doing = f"reading branch {branch}"
        answer = self._expect(200, "GET", f"/git/ref/heads/{quote(branch)}", doing=doing)
        return str(answer.content["object"]["sha"])

    def create_branch(self, branch: str, commit: str) -> bool:
        """Create a branch; False where it exists already."""
        doing = f"creating branch {branch}"
        answer = self._calls.repository(
            "POST", "/git/refs", {"ref": f"refs/heads/{branch}", "sha": commit}, doing=doing
        )
        if answer.status == 422 and "already exists" in answer.message:
            return False
        check(answer, 201, doing)
        return True

    def delete_branch(self, branch: str) -> None:
        """Delete a branch; nothing happens where it no longer exists."""
        doing = f"deleting branch {branch}"
        answer = self._calls.repository("DELETE", f"/git/refs/heads/{quote(branch)}", doing=doing)
        if answer.status not in (404, 422):
            check(answer, 204, doing)

    def file(self, path: str, ref: str) -> tuple[str, bytes] | None:
        """(blob sha, content) of a file on a branch; None where the branch has no such file."""
        doing = f"reading {path} on {ref}"
        answer = self._calls.repository(
            "GET", f"/contents/{quote(path)}?{urlencode({'ref': ref})}", doing=doing
        )
        if _is_no_file(answer):
            return None
        check(answer, 200, doing)
        return str(answer.content["sha"]), _from_base64(answer.content["content"])

    def compare(self, base: str, commit: str) -> Comparison:
        """What a commit adds to a branch."""
        doing = f"comparing {commit[:12]} with {base}"
        answer = self._expect(200, "GET", f"/compare/{quote(base)}...{quote(commit)}", doing=doing)
        files = [
            FileDifference(str(file["filename"]), str(file["status"]), str(file.get("sha") or ""))
            for file in answer.content.get("files") or []
        ]
        return Comparison(int(answer.content["ahead_by"]), tuple(files))

    def put_file(
        self, path: str, content: str, *, branch: str, message: str, replaces: str | None
    ) -> Commit | None:
        """Commit a file to a branch; the new commit, or None where the file is not as `replaces` says.

        Author and committer are left out, so that GitHub signs the commit as the App's own:
        https://docs.github.com/en/authentication/managing-commit-signature-verification
        """
        doing = f"committing {path} to {branch}"
        body = {"message": message, "content": _to_base64(content), "branch": branch}
        if replaces:
            body["sha"] = replaces
        answer = self._calls.repository("PUT", f"/contents/{quote(path)}", body, doing=doing)
        gone = replaces is not None and _is_no_file(answer)
        if gone or answer.status == 409 or (answer.status == 422 and "sha" in answer.message):
            return None
        check(answer, (200, 201), doing)
        return _commit(answer.content["commit"])

    def delete_file(self, path: str, *, branch: str, message: str, replaces: str) -> Commit | None:
        """Delete a file on a branch; the new commit, None where it is missing or not as `replaces` says."""
        doing = f"deleting {path} on {branch}"
        body = {"message": message, "branch": branch, "sha": replaces}
        answer = self._calls.repository("DELETE", f"/contents/{quote(path)}", body, doing=doing)
        if _is_no_file(answer) or answer.status == 409 or (answer.status == 422 and "sha" in answer.message):
            return None
        check(answer, 200, doing)
        return _commit(answer.content["commit"])

    def open_pull_request(self, *, branch: str, base: str, title: str, body: str) -> PullRequest | None:
        """Open a pull request; None where GitHub says that this branch has one already."""
        doing = f"opening the pull request for {branch}"
        content = {"title": title, "head": branch, "base": base, "body": body, "maintainer_can_modify": False}
        answer = self._calls.repository("POST", "/pulls", content, doing=doing)
        if answer.status == 422 and "already exists" in answer.message:
            return None
        check(answer, 201, doing)
        return _pull_request(answer.content)

    def find_pull_request(self, branch: str) -> PullRequest | None:
        """The newest pull request that a branch ever had, open or not."""
        query = urlencode({"head": f"{self.owner}:{branch}", "state": "all", "per_page": 10})
        doing = f"looking for the pull request of {branch}"
        answer = self._expect(200, "GET", f"/pulls?{query}", doing=doing)
        # GitHub ignores a `head` that it cannot read, and lists everything.
        found = [pull for pull in map(_pull_request, answer.content) if pull.branch == branch]
        return max(found, key=lambda pull: (pull.state == "open", pull.number), default=None)

    def pull_request(self, number: int) -> PullRequest:
        """A pull request as it is now."""
        doing = f"reading pull request {number}"
        return _pull_request(self._expect(200, "GET", f"/pulls/{number}", doing=doing).content)

    def close_pull_request(self, number: int) -> PullRequest:
        """Close a pull request; one that is merged stays merged."""
        doing = f"closing pull request {number}"
        answer = self._expect(200, "PATCH", f"/pulls/{number}", {"state": "closed"}, doing=doing)
        return _pull_request(answer.content)

    def merge(self, number: int, *, head: str, title: str) -> Merge:
        """Squash and merge, unless GitHub says that it may not be merged now.

        `head` is the only commit that may be merged: a push in the meantime makes GitHub refuse.
        """
        doing = f"merging pull request {number}"
        body = {"sha": head, "merge_method": "squash", "commit_title": title, "commit_message": ""}
        answer = self._calls.repository("PUT", f"/pulls/{number}/merge", body, doing=doing)
        if "Base branch was modified" in answer.message:  # another merge came at the same moment
            raise TryLater(doing, "the base branch moved at the same moment")
        if answer.status in (403, 405, 409, 422):
            return Merge(None, answer.message)
        check(answer, 200, doing)
        return Merge(str(answer.content["sha"]))

    def comment(self, number: int, body: str) -> int:
        """Comment on a pull request; the comment's id."""
        doing = f"commenting on pull request {number}"
        answer = self._expect(201, "POST", f"/issues/{number}/comments", {"body": body}, doing=doing)
        return int(answer.content["id"])

    def put_comment(self, number: int, marker: str, body: str) -> None:
        """Write the one comment that begins with a marker, or replace its text."""
        known = self.marked_comment(number, marker)
        if known is None or not self.update_comment(known, body):
            self.comment(number, body)

    def comment_once(self, number: int, markers: Sequence[str], body: str) -> None:
        """Write a comment, where none begins with one of the markers yet; a new one reaches people."""
        if self.marked_comment(number, *markers) is None:
            self.comment(number, body)

    def marked_comment(self, number: int, *markers: str) -> int | None:
        """The id of an App's comment that begins with a marker, if there is one among the first 300."""
        doing = f"reading the comments of pull request {number}"
        for page in (1, 2, 3):
            query = urlencode({"per_page": 100, "page": page})
            answer = self._expect(200, "GET", f"/issues/{number}/comments?{query}", doing=doing)
            for comment in answer.content:
                if _by_an_app(comment) and str(comment["body"]).startswith(markers):
                    return int(comment["id"])
            if len(answer.content) < 100:
                break
        return None

    def update_comment(self, comment_id: int, body: str) -> bool:
        """Replace a comment's text; False where someone deleted it."""
        doing = f"updating comment {comment_id}"
        answer = self._calls.repository(
            "PATCH", f"/issues/comments/{comment_id}", {"body": body}, doing=doing
        )
        if answer.status == 404:
            return False
        check(answer, 200, doing)
        return True

    def _expect(
        self, status: int, method: str, path: str, body: Mapping[str, Any] | None = None, *, doing: str
    ) -> Answer:
        answer = self._calls.repository(method, path, body, doing=doing)
        check(answer, status, doing)
        return answer


def _pull_request(content: Mapping[str, Any]) -> PullRequest:
    return PullRequest(
        number=int(content["number"]),
        url=str(content["html_url"]),
        state=str(content["state"]),
        merged=bool(content.get("merged") or content.get("merged_at")),
        head_sha=str(content["head"]["sha"]),
        branch=str(content["head"]["ref"]),
        base=str(content["base"]["ref"]),
        merged_at=content.get("merged_at"),
        closed_at=content.get("closed_at"),
        merge_commit=content.get("merge_commit_sha"),
        created_at=content.get("created_at"),
        author=str((content.get("user") or {}).get("login") or ""),
        merged_by=(content.get("merged_by") or {}).get("login"),
        labels=tuple(str(label["name"]) for label in content.get("labels") or ()),
        reviewers=(
            *(str(user["login"]) for user in content.get("requested_reviewers") or ()),
            *(str(team["slug"]) for team in content.get("requested_teams") or ()),
        ),
    )


def _is_no_file(answer: Answer) -> bool:
    """Whether a branch has no such file; of a branch that it does not know, GitHub says more."""
    return answer.status == 404 and answer.message == "Not Found"


def _commit(content: Mapping[str, Any]) -> Commit:
    return Commit(str(content["sha"]), str(content["parents"][0]["sha"]))


def _by_an_app(comment: Mapping[str, Any]) -> bool:
    """Not a user's, who could have put our marker there, and could change the text afterwards."""
    return bool((comment.get("user") or {}).get("type") == "Bot")


def _to_base64(text: str) -> str:
    return base64.b64encode(text.encode()).decode()


def _from_base64(text: str) -> bytes:
    return base64.b64decode(text)
