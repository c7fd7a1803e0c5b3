"""What each call does: the rules that GitHub enforces, on real git."""

import base64
import binascii
import re
import threading
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote

from sandbox.github.auth import App, Refused
from sandbox.github.pulls import APP_LOGIN, Comment, Happening, Pull, Review, Shapes, now
from sandbox.github.repository import Conflict, Repository
from sandbox.github.webhooks import Webhooks

# Code owners review what happens in these environments, as a ruleset on the repository asks for.
REVIEWED = re.compile(r"terraform/databases/(?!dev/)")
PERSON = "platform-engineer"


@dataclass(frozen=True, slots=True)
class Call:
    """One call, parsed."""

    method: str
    path: str
    query: Mapping[str, str]
    body: Mapping[str, Any]
    authorization: str


Answer = tuple[int, Any]


class Hub:
    """One repository with its pull requests; one call at a time."""

    def __init__(self, repository: Repository, app: App, webhooks: Webhooks, shapes: Shapes) -> None:
        self.repository = repository
        self.app = app
        self.webhooks = webhooks
        self.shapes = shapes
        self.pulls: dict[int, Pull] = {}
        self._next_id = 1
        self._lock = threading.RLock()

    def answer(self, call: Call) -> Answer:
        """Find the call's route, check who calls, and do it."""
        with self._lock:
            for method, pattern, permission, function in _ROUTES:
                match = re.fullmatch(pattern, call.path)
                if match and method == call.method:
                    if permission == "jwt":
                        self.app.check_jwt(call.authorization)
                    else:
                        self.app.check_token(call.authorization)
                        self._check_repository(match)
                        self.app.check_permission(*permission.split(":"))
                    words = {name: unquote(text) for name, text in match.groupdict().items()}
                    words.pop("repository", None)
                    result: Answer = function(self, call, **words)
                    return result
        raise Refused(404, "Not Found")

    def _check_repository(self, match: re.Match[str]) -> None:
        if match.groupdict().get("repository", self.shapes.full_name) != self.shapes.full_name:
            raise Refused(404, "Not Found")

    # The App

    def new_token(self, call: Call, *, installation: str) -> Answer:
        if installation != self.app.installation_id:
            raise Refused(404, "Not Found")
        token, end = self.app.new_token()
        content = {"token": token, "expires_at": end, "permissions": self.app.permissions}
        return 201, content | {"repository_selection": "selected"}

    def get_app(self, call: Call) -> Answer:
        slug = APP_LOGIN.removesuffix("[bot]")
        return 200, {"id": int(self.app.app_id), "slug": slug, "name": slug, "node_id": "A_1"}

    # Git

    def get_tree(self, call: Call, *, ref: str) -> Answer:
        commit = self.repository.commit(ref)
        if commit is None:
            raise Refused(404, "Not Found")
        recursive = ["-r", "-t"] if call.query.get("recursive") else []
        lines = self.repository.git("ls-tree", *recursive, commit).splitlines()
        entries = [(*line.partition("\t")[0].split(), line.partition("\t")[2]) for line in lines]
        tree = [{"path": path, "mode": mode, "type": kind, "sha": sha} for mode, kind, sha, path in entries]
        return 200, {"sha": commit, "tree": tree, "truncated": False}

    def get_repository(self, call: Call) -> Answer:
        return 200, self.shapes.repository()

    def get_ref(self, call: Call, *, branch: str) -> Answer:
        return 200, self.shapes.ref(branch, self._head(branch))

    def create_ref(self, call: Call) -> Answer:
        ref, sha = str(call.body.get("ref", "")), str(call.body.get("sha", ""))
        if not ref.startswith("refs/heads/") or ref.count("/") < 2:
            raise Refused(422, "Reference name must start with 'refs/' and have at least two slashes.")
        if self.repository.commit(sha) is None:
            raise Refused(422, "Object does not exist")
        branch = ref.removeprefix("refs/heads/")
        if not self.repository.set_branch(branch, sha, None):
            raise Refused(422, "Reference already exists")
        self._push(branch, "0" * 40, sha)
        return 201, self.shapes.ref(branch, sha)

    def delete_ref(self, call: Call, *, branch: str) -> Answer:
        before = self.repository.head(branch)
        if before is None:
            raise Refused(422, "Reference does not exist")
        self.repository.delete_branch(branch)
        for pull in self._open_pulls(branch):
            self._close(pull, APP_LOGIN)
        return 204, None

    def get_commit(self, call: Call, *, sha: str) -> Answer:
        if self.repository.commit(sha) is None:
            raise Refused(404, "Not Found")
        return 200, self.shapes.commit(self.repository, sha)

    def compare(self, call: Call, *, base: str, head: str) -> Answer:
        ends = self.repository.commit(base), self.repository.commit(head)
        if ends[0] is None or ends[1] is None:
            raise Refused(404, "Not Found")
        ahead, behind = self.repository.ahead(ends[0], ends[1]), self.repository.ahead(ends[1], ends[0])
        return 200, {
            "status": "diverged"
            if ahead and behind
            else "ahead"
            if ahead
            else "behind"
            if behind
            else "identical",
            "ahead_by": ahead,
            "behind_by": behind,
            "total_commits": ahead,
            "files": self.repository.files(ends[0], ends[1]),
        }

    # Contents

    def get_file(self, call: Call, *, path: str) -> Answer:
        ref = call.query.get("ref", "main")
        commit = self.repository.commit(ref)
        if commit is None:
            raise Refused(404, f"No commit found for the ref {ref}")
        found = self.repository.file(commit, path)
        if found is None:
            raise Refused(404, "Not Found")
        sha, content = found
        return 200, self.shapes.file(path, ref, sha, content, base64.encodebytes(content).decode())

    def put_file(self, call: Call, *, path: str) -> Answer:
        branch = str(call.body.get("branch", "main"))
        there = self.repository.file(self._head(branch), path)
        self._check_blob(there, call.body.get("sha"), path)
        try:
            content = base64.b64decode(str(call.body["content"]), validate=False)
        except (KeyError, binascii.Error) as error:
            raise Refused(422, 'Invalid request.\n\n"content" wasn\'t supplied.') from error
        commit = self._commit(branch, path, content, str(call.body["message"]))
        found = self.repository.file(commit, path)
        assert found is not None
        shown = self.shapes.file(path, branch, found[0], content, "")
        return 200 if there else 201, {
            "content": shown,
            "commit": self.shapes.commit(self.repository, commit),
        }

    def delete_file(self, call: Call, *, path: str) -> Answer:
        branch = str(call.body.get("branch", "main"))
        there = self.repository.file(self._head(branch), path)
        if there is None:
            raise Refused(404, "Not Found")
        self._check_blob(there, call.body.get("sha"), path)
        commit = self._commit(branch, path, None, str(call.body["message"]))
        return 200, {"content": None, "commit": self.shapes.commit(self.repository, commit)}

    @staticmethod
    def _check_blob(there: tuple[str, bytes] | None, sha: Any, path: str) -> None:
        if there and not sha:
            raise Refused(422, 'Invalid request.\n\n"sha" wasn\'t supplied.')
        if there and sha != there[0]:
            raise Refused(409, f"{path} does not match {sha}")
        if not there and sha:
            raise Refused(404, "Not Found")

    def _commit(self, branch: str, path: str, content: bytes | None, message: str) -> str:
        before = self._head(branch)
        commit = self.repository.commit_file(branch, path, content, message)
        self._push(branch, before, commit)
        return commit

    # Pull requests

    def list_pulls(self, call: Call) -> Answer:
        state, head = call.query.get("state", "open"), call.query.get("head")
        found = [
            pull
            for pull in sorted(self.pulls.values(), key=lambda one: -one.number)
            if state in ("all", pull.state) and head in (None, f"{self.shapes.owner}:{pull.branch}")
        ]
        return 200, [self.shapes.pull(one, whole=False) for one in _page(found, call.query)]

    def get_pull(self, call: Call, *, number: str) -> Answer:
        return 200, self.shapes.pull(self._pull(number))

    def create_pull(self, call: Call) -> Answer:
        branch, base = str(call.body.get("head", "")), str(call.body.get("base", ""))
        branch = branch.removeprefix(f"{self.shapes.owner}:")
        head, base_head = self.repository.head(branch), self.repository.head(base)
        if head is None or base_head is None:
            field = "head" if head is None else "base"
            raise Refused(
                422, "Validation Failed", [{"resource": "PullRequest", "field": field, "code": "invalid"}]
            )
        if list(self._open_pulls(branch)):
            message = f"A pull request already exists for {self.shapes.owner}:{branch}."
            raise Refused(
                422, "Validation Failed", [{"resource": "PullRequest", "code": "custom", "message": message}]
            )
        if self.repository.ahead(base_head, head) == 0:
            message = f"No commits between {base} and {branch}"
            raise Refused(
                422, "Validation Failed", [{"resource": "PullRequest", "code": "custom", "message": message}]
            )
        pull = Pull(
            number=len(self.pulls) + 1,
            title=str(call.body["title"]),
            body=str(call.body.get("body") or ""),
            branch=branch,
            base=base,
            head_sha=head,
            base_sha=base_head,
        )
        self.pulls[pull.number] = pull
        self._event(pull, "opened", APP_LOGIN)
        return 201, self.shapes.pull(pull)

    def update_pull(self, call: Call, *, number: str) -> Answer:
        pull = self._pull(number)
        pull.title = str(call.body.get("title", pull.title))
        pull.body = str(call.body.get("body", pull.body))
        if call.body.get("state") == "closed" and pull.state == "open":
            self._close(pull, APP_LOGIN)
        elif call.body.get("state") == "open" and pull.state == "closed":
            if pull.merged:
                raise Refused(422, "Validation Failed", [{"resource": "PullRequest", "field": "state"}])
            self._reopen(pull, APP_LOGIN)
        return 200, self.shapes.pull(pull)

    def merge_pull(self, call: Call, *, number: str) -> Answer:
        sha = self.merge(self._pull(number), call.body, APP_LOGIN)
        return 200, {"sha": sha, "merged": True, "message": "Pull Request successfully merged"}

    def merge(self, pull: Pull, body: Mapping[str, Any], login: str) -> str:
        """Merge as somebody; raises Refused where a rule stands against it."""
        if pull.state != "open":
            raise Refused(405, "Pull Request is not mergeable")
        if body.get("sha") not in (None, pull.head_sha):
            raise Refused(409, "Head branch was modified. Review and try the merge again.")
        if self._wants_review(pull) and not self._approved(pull):
            raise Refused(405, "At least 1 approving review is required by reviewers with write access.")
        title = str(body.get("commit_title") or f"{pull.title} (#{pull.number})")
        message = str(body.get("commit_message") or "")
        before = self._head(pull.base)
        try:
            squash = body.get("merge_method", "merge") == "squash"
            text = f"{title}\n\n{message}".strip()
            commit = self.repository.merge(pull.base, pull.head_sha, text, squash=squash)
        except Conflict as error:
            raise Refused(405, "Pull Request is not mergeable") from error
        pull.state, pull.merged, pull.merge_commit = "closed", True, commit
        pull.merged_at = pull.closed_at = pull.updated_at = now()
        pull.merged_by = login
        for event in ("merged", "closed"):
            pull.history.append(Happening(self._id(), event, login, commit, pull.merged_at))
        self._event(pull, "closed", login)
        self._push(pull.base, before, commit)
        return commit

    def list_files(self, call: Call, *, number: str) -> Answer:
        pull = self._pull(number)
        files = self.repository.files(pull.base_sha, pull.head_sha)
        urls = {"blob_url": self.shapes.url, "raw_url": self.shapes.url, "contents_url": self.shapes.url}
        return 200, [one | urls for one in files]

    def list_commits(self, call: Call, *, number: str) -> Answer:
        pull = self._pull(number)
        shas = self.repository.git("rev-list", "--reverse", f"{pull.base_sha}..{pull.head_sha}").split()
        return 200, [self.shapes.pull_commit(self.repository, sha) for sha in _page(shas, call.query)]

    # Conversation

    def list_happenings(self, call: Call, *, number: str) -> Answer:
        pull = self._pull(number)
        return 200, [self.shapes.happening(one) for one in _page(pull.history, call.query)]

    def list_comments(self, call: Call, *, number: str) -> Answer:
        pull = self._pull(number)
        return 200, [self.shapes.comment(pull.number, one) for one in _page(pull.comments, call.query)]

    def create_comment(self, call: Call, *, number: str) -> Answer:
        pull = self._pull(number)
        one = Comment(self._id(), _comment_body(call), APP_LOGIN)
        pull.comments.append(one)
        return 201, self.shapes.comment(pull.number, one)

    def update_comment(self, call: Call, *, comment: str) -> Answer:
        for pull in self.pulls.values():
            for one in pull.comments:
                if str(one.id) == comment:
                    one.body, one.updated_at = _comment_body(call), now()
                    return 200, self.shapes.comment(pull.number, one)
        raise Refused(404, "Not Found")

    def add_labels(self, call: Call, *, number: str) -> Answer:
        pull = self._pull(number)
        pull.labels += [str(name) for name in call.body["labels"] if name not in pull.labels]
        return 200, self.shapes.pull(pull)["labels"]

    def list_reviews(self, call: Call, *, number: str) -> Answer:
        pull = self._pull(number)
        return 200, [self.shapes.review(pull, one) for one in _page(pull.reviews, call.query)]

    # A person's hands

    def approve(self, number: int, login: str = PERSON) -> Pull:
        """Approve as a code owner."""
        with self._lock:
            pull = self._pull(str(number))
            review = Review(self._id(), login, "APPROVED", pull.head_sha)
            pull.reviews.append(review)
            payload = {
                "action": "submitted",
                "review": {**self.shapes.review(pull, review), "state": "approved"},
            }
            self.webhooks.send("pull_request_review", payload | self._payload(pull, login))
            return pull

    def merge_as_person(self, number: int, login: str = PERSON) -> str:
        """Merge as a code owner."""
        with self._lock:
            return self.merge(self._pull(str(number)), {"merge_method": "squash"}, login)

    def close_as_person(self, number: int, login: str = PERSON) -> None:
        """Close without merging."""
        with self._lock:
            pull = self._pull(str(number))
            if pull.state == "open":
                self._close(pull, login)

    def reopen_as_person(self, number: int, login: str = PERSON) -> None:
        """Open again what was closed."""
        with self._lock:
            pull = self._pull(str(number))
            if pull.state == "closed" and not pull.merged:
                self._reopen(pull, login)

    def push_as_person(self, branch: str, path: str, content: bytes | None, message: str) -> str:
        """Push one more commit to a branch."""
        with self._lock:
            return self._commit(branch, path, content, message)

    # How

    def _head(self, branch: str) -> str:
        head = self.repository.head(branch)
        if head is None:
            raise Refused(404, "Not Found")
        return head

    def _pull(self, number: str) -> Pull:
        pull = self.pulls.get(int(number))
        if pull is None:
            raise Refused(404, "Not Found")
        return pull

    def _open_pulls(self, branch: str) -> list[Pull]:
        return [one for one in self.pulls.values() if one.branch == branch and one.state == "open"]

    def _wants_review(self, pull: Pull) -> bool:
        files = self.repository.files(pull.base_sha, pull.head_sha)
        return any(REVIEWED.match(str(one["filename"])) for one in files)

    @staticmethod
    def _approved(pull: Pull) -> bool:
        return any(
            one.state == "APPROVED" and one.login != pull.login and one.commit == pull.head_sha
            for one in pull.reviews
        )

    def _id(self) -> int:
        self._next_id += 1
        return self._next_id

    def _close(self, pull: Pull, login: str) -> None:
        pull.state = "closed"
        pull.closed_at = pull.updated_at = now()
        pull.history.append(Happening(self._id(), "closed", login, created_at=pull.closed_at))
        self._event(pull, "closed", login)

    def _reopen(self, pull: Pull, login: str) -> None:
        pull.state, pull.closed_at, pull.updated_at = "open", None, now()
        pull.history.append(Happening(self._id(), "reopened", login, created_at=pull.updated_at))
        self._event(pull, "reopened", login)

    def _payload(self, pull: Pull, login: str) -> dict[str, Any]:
        return {
            "number": pull.number,
            "pull_request": self.shapes.pull(pull),
            "repository": self.shapes.repository(),
            "sender": self.shapes.user(login),
            "installation": {"id": int(self.app.installation_id)},
        }

    def _event(self, pull: Pull, action: str, login: str) -> None:
        self.webhooks.send("pull_request", {"action": action} | self._payload(pull, login))

    def _push(self, branch: str, before: str, after: str) -> None:
        payload = {
            "ref": f"refs/heads/{branch}",
            "before": before,
            "after": after,
            "created": before == "0" * 40,
            "deleted": False,
            "forced": False,
            "repository": self.shapes.repository(),
            "pusher": {"name": APP_LOGIN, "email": None},
            "sender": self.shapes.user(APP_LOGIN),
            "head_commit": {"id": after, "message": self.shapes.commit(self.repository, after)["message"]},
        }
        self.webhooks.send("push", payload)
        for pull in self._open_pulls(branch):
            pull.head_sha, pull.updated_at = after, now()
            self._event(pull, "synchronize", APP_LOGIN)


def _page(items: list[Any], query: Mapping[str, str]) -> list[Any]:
    size = min(int(query.get("per_page", "30")), 100)
    start = (int(query.get("page", "1")) - 1) * size
    return items[start : start + size]


def _comment_body(call: Call) -> str:
    body = str(call.body.get("body", ""))
    if len(body) > 65_536:
        raise Refused(422, "Validation Failed", [{"resource": "IssueComment", "message": "Body is too long"}])
    return body


_REPOSITORY = r"/repos/(?P<repository>[^/]+/[^/]+)"
_PULL = _REPOSITORY + r"/pulls/(?P<number>\d+)"
_ISSUE = _REPOSITORY + r"/issues/(?P<number>\d+)"
_ROUTES: list[tuple[str, str, str, Any]] = [
    ("POST", r"/app/installations/(?P<installation>\d+)/access_tokens", "jwt", Hub.new_token),
    ("GET", r"/app", "jwt", Hub.get_app),
    ("GET", _REPOSITORY, "metadata:read", Hub.get_repository),
    ("GET", _REPOSITORY + r"/git/ref/heads/(?P<branch>.+)", "contents:read", Hub.get_ref),
    ("POST", _REPOSITORY + r"/git/refs", "contents:write", Hub.create_ref),
    ("DELETE", _REPOSITORY + r"/git/refs/heads/(?P<branch>.+)", "contents:write", Hub.delete_ref),
    ("GET", _REPOSITORY + r"/git/trees/(?P<ref>.+)", "contents:read", Hub.get_tree),
    ("GET", _REPOSITORY + r"/git/commits/(?P<sha>[0-9a-f]{40})", "contents:read", Hub.get_commit),
    (
        "GET",
        _REPOSITORY + r"/compare/(?P<base>.+?)\.\.\.(?P<head>[0-9a-f]{40})",
        "contents:read",
        Hub.compare,
    ),
    ("GET", _REPOSITORY + r"/contents/(?P<path>.+)", "contents:read", Hub.get_file),
    ("PUT", _REPOSITORY + r"/contents/(?P<path>.+)", "contents:write", Hub.put_file),
    ("DELETE", _REPOSITORY + r"/contents/(?P<path>.+)", "contents:write", Hub.delete_file),
    ("GET", _REPOSITORY + r"/pulls", "pull_requests:read", Hub.list_pulls),
    ("POST", _REPOSITORY + r"/pulls", "pull_requests:write", Hub.create_pull),
    ("GET", _PULL, "pull_requests:read", Hub.get_pull),
    ("PATCH", _PULL, "pull_requests:write", Hub.update_pull),
    ("PUT", _PULL + r"/merge", "contents:write", Hub.merge_pull),
    ("GET", _PULL + r"/commits", "pull_requests:read", Hub.list_commits),
    ("GET", _PULL + r"/files", "pull_requests:read", Hub.list_files),
    ("GET", _PULL + r"/reviews", "pull_requests:read", Hub.list_reviews),
    ("GET", _ISSUE + r"/comments", "pull_requests:read", Hub.list_comments),
    ("GET", _ISSUE + r"/events", "pull_requests:read", Hub.list_happenings),
    ("POST", _ISSUE + r"/comments", "pull_requests:write", Hub.create_comment),
    ("POST", _ISSUE + r"/labels", "pull_requests:write", Hub.add_labels),
    ("PATCH", _REPOSITORY + r"/issues/comments/(?P<comment>\d+)", "pull_requests:write", Hub.update_comment),
]
