"""GitHub's JSON for each thing that a call returns or a webhook carries."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sandbox.github.issues import Issue
from sandbox.github.pulls import Comment, IssueEvent, Pull, Review, now
from sandbox.github.repository import Repository


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
            **{f"{name}_url": f"{base}/{name}" for name in lists},
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

    def delivery(self, number: int, entry: Mapping[str, Any]) -> dict[str, Any]:
        """One delivery of a webhook, as the list of them shows it."""
        status = int(entry["status"])
        return {
            "id": number,
            "guid": entry["id"],
            "delivered_at": entry["at"],
            "redelivery": False,
            "duration": 0.1,
            "status": "OK" if 200 <= status < 300 else "Invalid HTTP Response",
            "status_code": status,
            "event": entry["event"],
            "action": None,
            "url": "",
        }

    def pull(self, pull: Pull, *, state: str = "unknown") -> dict[str, Any]:
        """A pull request as a call for it alone shows it; `state` is its `mergeable_state`."""
        return self.listed_pull(pull) | {
            "merged": pull.merged,
            "mergeable": None if pull.merged else True,
            "mergeable_state": "unknown" if pull.merged else state,
            "rebaseable": None,
            "merged_by": self.user(pull.merged_by) if pull.merged_by else None,
            "comments": len(pull.comments),
            "review_comments": 0,
            "maintainer_can_modify": False,
            "commits": 1,
            "additions": 0,
            "deletions": 0,
            "changed_files": 1,
        }

    def listed_pull(self, pull: Pull) -> dict[str, Any]:
        """A pull request as a list of them shows it."""
        return {
            **self._addresses(pull),
            "id": 1000 + pull.number,
            "node_id": f"PR_{pull.number}",
            "number": pull.number,
            "state": pull.state,
            "locked": False,
            "title": pull.title,
            "user": self.user(pull.login),
            "body": pull.body,
            "labels": [self._label(name) for name in pull.labels],
            "milestone": None,
            "active_lock_reason": None,
            "created_at": pull.created_at,
            "updated_at": pull.updated_at,
            "closed_at": pull.closed_at,
            "merged_at": pull.merged_at,
            "merge_commit_sha": pull.merge_commit,
            "assignee": None,
            "assignees": [],
            "requested_reviewers": [self.user(login) for login in pull.reviewers],
            "requested_teams": [{"name": slug, "slug": slug} for slug in pull.teams],
            "head": self._side(pull.branch, pull.head_sha),
            "base": self._side(pull.base, pull.base_sha),
            "author_association": "NONE",
            "auto_merge": None,
            "draft": False,
        }

    def _addresses(self, pull: Pull) -> dict[str, Any]:
        api = f"{self.api}/pulls/{pull.number}"
        issue = f"{self.api}/issues/{pull.number}"
        html = f"{self.url}/{self.full_name}/pull/{pull.number}"
        links = {
            "self": api,
            "html": html,
            "issue": issue,
            "comments": f"{issue}/comments",
            "review_comments": f"{api}/comments",
            "review_comment": f"{self.api}/pulls/comments{{/number}}",
            "commits": f"{api}/commits",
            "statuses": f"{self.api}/statuses/{pull.head_sha}",
        }
        return {
            "url": api,
            "diff_url": f"{html}.diff",
            "patch_url": f"{html}.patch",
            **{f"{name}_url": href for name, href in links.items() if name != "self"},
            "_links": {name: {"href": href} for name, href in links.items()},
        }

    def issue(self, issue: Issue) -> dict[str, Any]:
        api = f"{self.api}/issues/{issue.number}"
        return {
            "id": 5000 + issue.number,
            "node_id": f"I_{issue.number}",
            "number": issue.number,
            "url": api,
            "html_url": f"{self.url}/{self.full_name}/issues/{issue.number}",
            "comments_url": f"{api}/comments",
            "title": issue.title,
            "user": self.user(issue.login),
            "body": issue.body,
            "labels": [self._label(name) for name in issue.labels],
            "state": issue.state,
            "created_at": issue.created_at,
            "updated_at": issue.updated_at,
        }

    def comment(self, number: int, comment: Comment) -> dict[str, Any]:
        return {
            "id": comment.id,
            "node_id": f"IC_{comment.id}",
            "url": f"{self.api}/issues/comments/{comment.id}",
            "html_url": f"{self.url}/{self.full_name}/pull/{number}#issuecomment-{comment.id}",
            "body": comment.body,
            "user": self.user(comment.login),
            "created_at": comment.created_at,
            "updated_at": comment.updated_at,
            "issue_url": f"{self.api}/issues/{number}",
            "author_association": "NONE",
            "performed_via_github_app": None,
        }

    def issue_event(self, event: IssueEvent) -> dict[str, Any]:
        return {
            "id": event.id,
            "node_id": f"HE_{event.id}",
            "url": f"{self.api}/issues/events/{event.id}",
            "actor": self.user(event.login),
            "event": event.event,
            "commit_id": event.commit,
            "commit_url": event.commit and f"{self.api}/commits/{event.commit}",
            "created_at": event.created_at,
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
            "author": self.user(content["author"]["name"]),
            "committer": self.user("web-flow"),
            "parents": content["parents"],
        }

    def review(self, pull: Pull, review: Review) -> dict[str, Any]:
        html = f"{self.url}/{self.full_name}/pull/{pull.number}#pullrequestreview-{review.id}"
        api = f"{self.api}/pulls/{pull.number}"
        return {
            "id": review.id,
            "node_id": f"PRR_{review.id}",
            "user": self.user(review.login),
            "body": "",
            "state": review.state,
            "html_url": html,
            "pull_request_url": api,
            "author_association": "MEMBER",
            "_links": {"html": {"href": html}, "pull_request": {"href": api}},
            "submitted_at": review.submitted_at,
            "commit_id": review.commit,
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
                {"sha": parent, "url": f"{api}/{parent}", "html_url": f"{html}/{parent}"}
                for parent in fields[7].split()
            ],
            # GitHub signs what an App commits without a named author.
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
