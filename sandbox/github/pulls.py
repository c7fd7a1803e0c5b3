"""Pull requests, their comments and reviews, and the JSON that shows them."""

import datetime as dt
from dataclasses import dataclass, field
from typing import Any

from sandbox.github.repository import Repository

APP_LOGIN = "rds-provisioner[bot]"


def now() -> str:
    """The present, as GitHub writes it."""
    return dt.datetime.now(dt.UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


@dataclass(slots=True)
class Comment:
    id: int
    body: str
    login: str
    created_at: str = field(default_factory=now)
    updated_at: str = field(default_factory=now)


@dataclass(slots=True)
class Review:
    id: int
    login: str
    state: str  # APPROVED | COMMENTED | CHANGES_REQUESTED
    commit: str
    submitted_at: str = field(default_factory=now)


@dataclass(slots=True)
class Happening:
    """One entry of a pull request's history."""

    id: int
    event: str  # closed | merged | reopened
    login: str
    commit: str | None = None
    created_at: str = field(default_factory=now)


@dataclass(slots=True)
class Pull:
    """One pull request."""

    number: int
    title: str
    body: str
    branch: str
    base: str
    head_sha: str
    base_sha: str
    login: str = APP_LOGIN
    state: str = "open"
    merged: bool = False
    merged_at: str | None = None
    merged_by: str | None = None
    merge_commit: str | None = None
    closed_at: str | None = None
    created_at: str = field(default_factory=now)
    updated_at: str = field(default_factory=now)
    comments: list[Comment] = field(default_factory=list)
    reviews: list[Review] = field(default_factory=list)
    labels: list[str] = field(default_factory=list)
    history: list[Happening] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Shapes:
    """Makes GitHub's JSON; `url` is the server's, `owner`/`name` the repository's."""

    url: str
    owner: str
    name: str

    @property
    def full_name(self) -> str:
        return f"{self.owner}/{self.name}"

    @property
    def api(self) -> str:
        return f"{self.url}/repos/{self.full_name}"

    def user(self, login: str) -> dict[str, Any]:
        kind = "Bot" if login.endswith("[bot]") else "User"
        base = f"{self.url}/users/{login}"
        lists = ("followers", "subscriptions", "organizations", "repos", "received_events")
        return {
            "login": login,
            "id": sum(login.encode()),
            "node_id": f"U_{login}",
            "avatar_url": f"{base}/avatar",
            "gravatar_id": "",
            "url": base,
            "html_url": f"{self.url}/{login}",
            **{f"{one}_url": f"{base}/{one}" for one in lists},
            "following_url": f"{base}/following{{/other_user}}",
            "gists_url": f"{base}/gists{{/gist_id}}",
            "starred_url": f"{base}/starred{{/owner}}{{/repo}}",
            "events_url": f"{base}/events{{/privacy}}",
            "type": kind,
            "site_admin": False,
        }

    def repository(self) -> dict[str, Any]:
        return {
            "id": 1,
            "node_id": "R_1",
            "name": self.name,
            "full_name": self.full_name,
            "private": True,
            "owner": self.user(self.owner),
            "html_url": f"{self.url}/{self.full_name}",
            "description": None,
            "fork": False,
            "url": self.api,
            "clone_url": f"{self.url}/{self.full_name}.git",
            "default_branch": "main",
        }

    def pull(self, one: Pull, *, whole: bool = True) -> dict[str, Any]:
        api = f"{self.api}/pulls/{one.number}"
        issue = f"{self.api}/issues/{one.number}"
        html = f"{self.url}/{self.full_name}/pull/{one.number}"
        links = {
            "self": api,
            "html": html,
            "issue": issue,
            "comments": f"{issue}/comments",
            "review_comments": f"{api}/comments",
            "review_comment": f"{self.api}/pulls/comments{{/number}}",
            "commits": f"{api}/commits",
            "statuses": f"{self.api}/statuses/{one.head_sha}",
        }
        content: dict[str, Any] = {
            "url": api,
            "id": 1000 + one.number,
            "node_id": f"PR_{one.number}",
            "html_url": html,
            "diff_url": f"{html}.diff",
            "patch_url": f"{html}.patch",
            "issue_url": issue,
            "commits_url": links["commits"],
            "review_comments_url": links["review_comments"],
            "review_comment_url": links["review_comment"],
            "comments_url": links["comments"],
            "statuses_url": links["statuses"],
            "number": one.number,
            "state": one.state,
            "locked": False,
            "title": one.title,
            "user": self.user(one.login),
            "body": one.body,
            "labels": [self._label(name) for name in one.labels],
            "milestone": None,
            "active_lock_reason": None,
            "created_at": one.created_at,
            "updated_at": one.updated_at,
            "closed_at": one.closed_at,
            "merged_at": one.merged_at,
            "merge_commit_sha": one.merge_commit,
            "assignee": None,
            "assignees": [],
            "requested_reviewers": [],
            "requested_teams": [],
            "head": self._side(one.branch, one.head_sha),
            "base": self._side(one.base, one.base_sha),
            "_links": {name: {"href": href} for name, href in links.items()},
            "author_association": "NONE",
            "auto_merge": None,
            "draft": False,
        }
        if whole:
            content |= {
                "merged": one.merged,
                "mergeable": None if one.merged else True,
                "mergeable_state": "unknown" if one.merged else "clean",
                "rebaseable": None,
                "merged_by": self.user(one.merged_by) if one.merged_by else None,
                "comments": len(one.comments),
                "review_comments": 0,
                "maintainer_can_modify": False,
                "commits": 1,
                "additions": 0,
                "deletions": 0,
                "changed_files": 1,
            }
        return content

    def comment(self, number: int, one: Comment) -> dict[str, Any]:
        return {
            "id": one.id,
            "node_id": f"IC_{one.id}",
            "url": f"{self.api}/issues/comments/{one.id}",
            "html_url": f"{self.url}/{self.full_name}/pull/{number}#issuecomment-{one.id}",
            "body": one.body,
            "user": self.user(one.login),
            "created_at": one.created_at,
            "updated_at": one.updated_at,
            "issue_url": f"{self.api}/issues/{number}",
            "author_association": "NONE",
            "performed_via_github_app": None,
        }

    def happening(self, one: Happening) -> dict[str, Any]:
        return {
            "id": one.id,
            "node_id": f"HE_{one.id}",
            "url": f"{self.api}/issues/events/{one.id}",
            "actor": self.user(one.login),
            "event": one.event,
            "commit_id": one.commit,
            "commit_url": one.commit and f"{self.api}/commits/{one.commit}",
            "created_at": one.created_at,
            "performed_via_github_app": None,
        }

    def pull_commit(self, repository: Repository, sha: str) -> dict[str, Any]:
        """A commit as the list of a pull request's commits shows it."""
        content = self.commit(repository, sha)
        inner = {name: content[name] for name in ("author", "committer", "message", "tree", "verification")}
        return {
            "sha": sha,
            "node_id": content["node_id"],
            "commit": inner | {"url": content["url"], "comment_count": 0},
            "url": f"{self.api}/commits/{sha}",
            "html_url": content["html_url"],
            "author": self.user(APP_LOGIN),
            "committer": self.user("web-flow"),
            "parents": content["parents"],
        }

    def review(self, pull: Pull, one: Review) -> dict[str, Any]:
        html = f"{self.url}/{self.full_name}/pull/{pull.number}#pullrequestreview-{one.id}"
        api = f"{self.api}/pulls/{pull.number}"
        return {
            "id": one.id,
            "node_id": f"PRR_{one.id}",
            "user": self.user(one.login),
            "body": "",
            "state": one.state,
            "html_url": html,
            "pull_request_url": api,
            "author_association": "MEMBER",
            "_links": {"html": {"href": html}, "pull_request": {"href": api}},
            "submitted_at": one.submitted_at,
            "commit_id": one.commit,
        }

    def file(self, path: str, ref: str, sha: str, content: bytes, encoded: str) -> dict[str, Any]:
        api, html = f"{self.api}/contents/{path}?ref={ref}", f"{self.url}/{self.full_name}/blob/{ref}/{path}"
        git = f"{self.api}/git/blobs/{sha}"
        return {
            "type": "file",
            "encoding": "base64",
            "size": len(content),
            "name": path.rpartition("/")[2],
            "path": path,
            "content": encoded,
            "sha": sha,
            "url": api,
            "git_url": git,
            "html_url": html,
            "download_url": f"{html}?raw=1",
            "_links": {"git": git, "html": html, "self": api},
        }

    def commit(self, repository: Repository, sha: str) -> dict[str, Any]:
        pattern = "%an%x00%ae%x00%aI%x00%cn%x00%ce%x00%cI%x00%T%x00%P%x00%B"
        fields = repository.git("show", "-s", f"--format={pattern}", sha).rstrip("\n").split("\0")
        author = dict(zip(("name", "email", "date"), fields[:3], strict=True))
        committer = dict(zip(("name", "email", "date"), fields[3:6], strict=True))
        api, html = f"{self.api}/git/commits", f"{self.url}/{self.full_name}/commit"
        return {
            "sha": sha,
            "node_id": f"C_{sha}",
            "url": f"{api}/{sha}",
            "html_url": f"{html}/{sha}",
            "author": author,
            "committer": committer,
            "message": fields[8],
            "tree": {"sha": fields[6], "url": f"{self.api}/git/trees/{fields[6]}"},
            "parents": [
                {"sha": one, "url": f"{api}/{one}", "html_url": f"{html}/{one}"} for one in fields[7].split()
            ],
            # GitHub signs what an App commits without an author of its own.
            "verification": {
                "verified": True,
                "reason": "valid",
                "signature": "signed",
                "payload": "tree",
                "verified_at": now(),
            },
        }

    def ref(self, branch: str, sha: str) -> dict[str, Any]:
        return {
            "ref": f"refs/heads/{branch}",
            "node_id": f"REF_{branch}",
            "url": f"{self.api}/git/refs/heads/{branch}",
            "object": {"sha": sha, "type": "commit", "url": f"{self.api}/git/commits/{sha}"},
        }

    def _side(self, branch: str, sha: str) -> dict[str, Any]:
        return {
            "label": f"{self.owner}:{branch}",
            "ref": branch,
            "sha": sha,
            "user": self.user(self.owner),
            "repo": self.repository(),
        }

    def _label(self, name: str) -> dict[str, Any]:
        return {"id": sum(name.encode()), "name": name, "color": "ededed", "default": False}
