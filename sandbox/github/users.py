"""What users do in the browser and with git."""

from sandbox.github.accounts import Actor
from sandbox.github.hub import Hub
from sandbox.github.merging import merge
from sandbox.github.organization import OWNER
from sandbox.github.pulls import Comment, Review
from sandbox.github.refused import NOT_FOUND, Refused, invalid


class Users:
    """The hands of the organization's users."""

    def __init__(self, hub: Hub) -> None:
        self._hub = hub

    def approve(self, number: int, login: str = OWNER) -> None:
        """Approve the commit that the pull request has now."""
        self.review(number, "APPROVED", login)

    def request_changes(self, number: int, login: str = OWNER) -> None:
        self.review(number, "CHANGES_REQUESTED", login)

    def review(self, number: int, state: str, login: str = OWNER) -> None:
        """Review the commit that the pull request has now. Raises Refused."""
        with self._hub.lock:
            pull = self._hub.pull(number)
            if login == pull.login and state != "COMMENTED":
                raise invalid("PullRequestReview", message="Can not approve your own pull request")
            review = Review(self._hub.next_id(), login, state, pull.head_sha)
            pull.reviews.append(review)
            pull.reviewers = [asked for asked in pull.reviewers if asked != login]
            self._hub.send_review(pull, review, "submitted", Actor(login))

    def dismiss(self, number: int, reviewer: str = OWNER, login: str = OWNER) -> None:
        """Dismiss the newest review of a reviewer. Raises Refused."""
        with self._hub.lock:
            pull = self._hub.pull(number)
            theirs = [review for review in pull.reviews if review.login == reviewer]
            if not theirs:
                raise Refused(*NOT_FOUND)
            self._hub.dismiss(pull, theirs[-1], Actor(login))

    def comment(self, number: int, body: str, login: str = OWNER) -> None:
        with self._hub.lock:
            self._hub.pull(number).comments.append(Comment(self._hub.next_id(), body, login))

    def merge(self, number: int, login: str = OWNER) -> str:
        """Squash and merge; the merge commit. Raises Refused."""
        with self._hub.lock:
            return merge(self._hub, self._hub.pull(number), {"merge_method": "squash"}, Actor(login))

    def close(self, number: int, login: str = OWNER) -> None:
        """Close without merging."""
        with self._hub.lock:
            pull = self._hub.pull(number)
            if pull.state == "open":
                self._hub.close(pull, Actor(login))

    def reopen(self, number: int, login: str = OWNER) -> None:
        """Open again what was closed."""
        with self._hub.lock:
            pull = self._hub.pull(number)
            if pull.state == "closed" and not pull.merged:
                self._hub.reopen(pull, Actor(login))

    def push(self, branch: str, path: str, content: bytes | None, message: str, login: str = OWNER) -> str:
        """Push one more commit to a branch; the commit."""
        with self._hub.lock:
            return self._hub.commit(branch, path, content, message, Actor(login))
