"""A pull request as GitHub shows it, and what is done with one: without the client that calls GitHub."""

from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, slots=True)
class PullRequest:
    """One pull request; times are GitHub's own texts."""

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


@dataclass(frozen=True, slots=True)
class Merge:
    """The merge commit, or why GitHub did not merge."""

    commit: str | None
    reason: str = ""


class PullRequests(Protocol):
    """What reaper and merge do with pull requests: at GitHub (client.py says how), or in a test's memory."""

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

    def delete_branch(self, branch: str) -> None:
        """Delete a branch; nothing happens where it no longer exists."""
        ...
