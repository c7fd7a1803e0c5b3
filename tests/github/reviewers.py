"""The people around a pull request, in memory."""

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass, field

from provisioner.core.reviews import Opinion, Review

from tests.core.examples import NOW

OWNERS = """
* @acme/platform
/terraform/databases/dev/
"""
HEAD = "c" * 40


def review(
    login: str,
    opinion: Opinion = Opinion.APPROVED,
    *,
    number: int = 1,
    commit: str = HEAD,
    at: dt.datetime = NOW,
    is_bot: bool = False,
) -> Review:
    return Review(id=number, login=login, is_bot=is_bot, opinion=opinion, commit=commit, at=at)


@dataclass
class FakeReviewers:
    """Reviews, teams, rights and addresses as they were put; `asked` is what was looked up."""

    given: list[Review] = field(default_factory=list)
    owners: str | None = OWNERS
    teams: Mapping[str, set[str]] = field(default_factory=lambda: {"@acme/platform": {"ann", "bob"}})
    writers: set[str] = field(default_factory=lambda: {"ann", "bob", "cyd", "dan"})
    emails: Mapping[str, str] = field(default_factory=dict)
    authors: frozenset[str] = frozenset()
    members_hidden: bool = False
    members_fault: Exception | None = None
    granted: bool = True
    asked: list[str] = field(default_factory=list)

    def may_read_teams(self) -> bool:
        return self.granted

    def reviews(self, number: int) -> list[Review]:
        self.asked.append(f"reviews {number}")
        return list(self.given)

    def code_owners(self, branch: str) -> str | None:
        self.asked.append(f"owners {branch}")
        return self.owners

    def members(self, organization: str, team: str, *, most: int) -> list[str]:
        self.asked.append(f"members {team}")
        if self.members_fault:
            raise self.members_fault
        return [] if self.members_hidden else sorted(self.teams.get(f"@{organization}/{team}", set()))[:most]

    def is_member(self, organization: str, team: str, login: str) -> bool | None:
        self.asked.append(f"member {login}")
        return login in self.teams.get(f"@{organization}/{team}", set()) if not self.members_hidden else None

    def may_write(self, login: str) -> bool:
        self.asked.append(f"rights {login}")
        return login in self.writers

    def public_email(self, login: str) -> str:
        self.asked.append(f"address {login}")
        return self.emails.get(login, "")

    def commit_authors(self, number: int) -> frozenset[str]:
        self.asked.append(f"authors {number}")
        return self.authors
