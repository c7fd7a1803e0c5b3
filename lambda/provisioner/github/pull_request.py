"""A pull request as GitHub shows it, and what is done with one: without the client that calls GitHub."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from provisioner.core.reviews import Review


@dataclass(frozen=True, slots=True)
class PullRequest:
    """One pull request; times are GitHub's own texts.

    `reviewers` are the logins and the teams' slugs whose reviews were asked for and are not there yet.
    """

    number: int
    url: str
    state: str  # open | closed
    merged: bool
    head_sha: str
    branch: str
    base: str
    merged_at: str | None = None
    closed_at: str | None = None
    merge_commit: str | None = None
    created_at: str | None = None
    author: str = ""
    merged_by: str | None = None
    labels: tuple[str, ...] = ()
    reviewers: tuple[str, ...] = ()

    @property
    def merged_by_app(self) -> bool:
        """Whether the App that opened it merged it too: no user's login ends like that."""
        return self.merged_by == self.author and self.author.endswith("[bot]")


@dataclass(frozen=True, slots=True)
class Merge:
    """The merge commit, or why GitHub did not merge."""

    commit: str | None
    reason: str = ""


class Reviewers(Protocol):
    """Who reviews: at GitHub (reviewers.py says how), or in a test's memory."""

    def may_read_teams(self) -> bool:
        """Whether the App may know who belongs to a team, as far as GitHub has said."""
        ...

    def reviews(self, number: int) -> Sequence[Review]:
        """Every review of a pull request."""
        ...

    def code_owners(self, branch: str) -> str | None:
        """The text of the CODEOWNERS file that counts on a branch; None where there is none."""
        ...

    def members(self, organization: str, team: str, *, most: int) -> Sequence[str]:
        """The logins of a team's first `most` members, as far as the App may know them."""
        ...

    def is_member(self, organization: str, team: str, login: str) -> bool | None:
        """Whether a user belongs to a team; None where the App may not know."""
        ...

    def may_write(self, login: str) -> bool:
        """Whether a user may push to the repository: no other user's review counts."""
        ...

    def public_email(self, login: str) -> str:
        """The address that a user shows and GitHub has verified; "" where there is none."""
        ...

    def commit_authors(self, number: int) -> frozenset[str]:
        """The users in whose names the commits of a pull request stand."""
        ...


class PullRequests(Protocol):
    """What reaper and merge do with pull requests: at GitHub (client.py says how), or in a test's memory."""

    @property
    def reviewers(self) -> Reviewers:
        """Who reviews them."""
        ...

    def pull_request(self, number: int) -> PullRequest:
        """A pull request as it is now."""
        ...

    def close_pull_request(self, number: int) -> PullRequest:
        """Close a pull request; one that is merged stays merged."""
        ...

    def merge(self, number: int, *, head: str, title: str) -> Merge:
        """Merge `head`, unless GitHub says that it may not be merged now."""
        ...

    def put_comment(self, number: int, marker: str, body: str) -> None:
        """Write the one comment that begins with a marker, or replace its text."""
        ...

    def comment_once(self, number: int, markers: Sequence[str], body: str) -> None:
        """Write a comment, where none begins with one of the markers yet; a new one reaches people."""
        ...

    def delete_branch(self, branch: str) -> None:
        """Delete a branch; nothing happens where it no longer exists."""
        ...
