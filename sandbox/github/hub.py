"""One repository with its pull requests, and the webhooks that report every change."""

import threading
from typing import Any

from sandbox.github.accounts import APP, Actor, App
from sandbox.github.issues import Issue
from sandbox.github.organization import Organization
from sandbox.github.pulls import IssueEvent, Pull, Review, now
from sandbox.github.refused import NOT_FOUND, Refused
from sandbox.github.repository import Repository
from sandbox.github.rules import Rulesets
from sandbox.github.shapes import Shapes
from sandbox.github.webhooks import Webhooks

NO_COMMIT = "0" * 40


class Hub:
    """What GitHub knows. Whoever changes it holds `lock`: there is one call at a time."""

    def __init__(self, repository: Repository, app: App, webhooks: Webhooks, shapes: Shapes) -> None:
        self.repository = repository
        self.app = app
        self.webhooks = webhooks
        self.shapes = shapes
        self.organization = Organization(shapes.owner)
        self.rules = Rulesets(self.organization, repository, app.app_id)
        self.pulls: dict[int, Pull] = {}
        self.issues: dict[int, Issue] = {}
        self.lock = threading.RLock()
        self._last_id = 1

    def next_id(self) -> int:
        self._last_id += 1
        return self._last_id

    def next_number(self) -> int:
        """Of a pull request or an issue."""
        return max([0, *self.pulls, *self.issues]) + 1

    def head(self, branch: str) -> str:
        """The commit of a branch; raises Refused."""
        head = self.repository.head(branch)
        if head is None:
            raise Refused(*NOT_FOUND)
        return head

    def pull(self, number: int | str) -> Pull:
        """A pull request; raises Refused."""
        pull = self.pulls.get(int(number))
        if pull is None:
            raise Refused(*NOT_FOUND)
        return pull

    def open_pulls(self, branch: str) -> list[Pull]:
        return [pull for pull in self.pulls.values() if pull.branch == branch and pull.state == "open"]

    def commit(self, branch: str, path: str, content: bytes | None, message: str, actor: Actor) -> str:
        """Commit one file to a branch (None: remove it); the commit. Raises Refused."""
        before = self.head(branch)
        self.rules.check_push(branch, actor)
        commit = self.repository.commit_file(branch, path, content, message, author=actor.login)
        self.pushed(branch, before, commit, actor)
        return commit

    def pushed(self, branch: str, before: str, after: str, actor: Actor = APP) -> None:
        """Report a branch's new head, and take it over into its open pull requests."""
        message = self.shapes.commit(self.repository, after)["message"]
        payload = {
            "ref": f"refs/heads/{branch}",
            "before": before,
            "after": after,
            "created": before == NO_COMMIT,
            "deleted": False,
            "forced": False,
            "repository": self.shapes.repository(),
            "pusher": {"name": actor.login, "email": None},
            "sender": self.shapes.user(actor.login),
            "head_commit": {"id": after, "message": message},
        }
        self.webhooks.send("push", payload)
        for pull in self.open_pulls(branch):
            pull.head_sha, pull.updated_at = after, now()
            self.send_event(pull, "synchronize", actor)
            if self.rules.dismisses_stale_reviews(pull.base):
                for review in pull.reviews:
                    if review.state == "APPROVED":
                        self.dismiss(pull, review, actor)

    def close(self, pull: Pull, actor: Actor) -> None:
        pull.state = "closed"
        pull.closed_at = pull.updated_at = now()
        pull.history.append(IssueEvent(self.next_id(), "closed", actor.login, created_at=pull.closed_at))
        self.send_event(pull, "closed", actor)

    def reopen(self, pull: Pull, actor: Actor) -> None:
        pull.state, pull.closed_at, pull.updated_at = "open", None, now()
        pull.history.append(IssueEvent(self.next_id(), "reopened", actor.login, created_at=pull.updated_at))
        self.send_event(pull, "reopened", actor)

    def payload(self, pull: Pull, actor: Actor) -> dict[str, Any]:
        """What every webhook about a pull request carries."""
        return {
            "number": pull.number,
            "pull_request": self.shapes.pull(pull),
            "repository": self.shapes.repository(),
            "sender": self.shapes.user(actor.login),
            "installation": {"id": int(self.app.installation_id)},
        }

    def dismiss(self, pull: Pull, review: Review, actor: Actor) -> None:
        review.state, pull.updated_at = "DISMISSED", now()
        self.send_review(pull, review, "dismissed", actor)

    def send_review(self, pull: Pull, review: Review, action: str, actor: Actor) -> None:
        """A webhook writes a review's state small, a call writes it large."""
        shown = self.shapes.review(pull, review) | {"state": review.state.lower()}
        payload = {"action": action, "review": shown} | self.payload(pull, actor)
        self.webhooks.send("pull_request_review", payload)

    def send_event(self, pull: Pull, action: str, actor: Actor) -> None:
        self.webhooks.send("pull_request", {"action": action} | self.payload(pull, actor))
