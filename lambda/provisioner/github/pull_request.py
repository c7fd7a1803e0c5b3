"""A pull request as GitHub shows it: a value, without the client that asks for it."""

from dataclasses import dataclass


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
