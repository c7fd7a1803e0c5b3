"""Pull requests, their comments, reviews and history."""

import datetime as dt
from dataclasses import dataclass, field

from sandbox.github.accounts import APP_LOGIN


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

    def edit(self, body: str) -> None:
        self.body, self.updated_at = body, now()


@dataclass(slots=True)
class Review:
    id: int
    login: str
    state: str  # APPROVED | COMMENTED | CHANGES_REQUESTED | DISMISSED
    commit: str
    submitted_at: str = field(default_factory=now)


@dataclass(slots=True)
class IssueEvent:
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
    reviewers: list[str] = field(default_factory=list)  # whose review was asked for: logins
    teams: list[str] = field(default_factory=list)  # and slugs
    history: list[IssueEvent] = field(default_factory=list)
