"""The organization around the repository: its users, their rights, its teams and their tokens."""

import secrets
from dataclasses import dataclass, field

from sandbox.github.refused import NOT_FOUND, Refused

OWNER = "platform-engineer"  # a code owner of everything, who administers the repository
STRANGER = "stranger"  # may read, as everybody may on a public repository


@dataclass(slots=True)
class Team:
    id: int
    members: set[str]


@dataclass(slots=True)
class Organization:
    """Whoever is not named here may push, as members of an organization usually may."""

    name: str
    teams: dict[str, Team] = field(
        default_factory=lambda: {
            "platform": Team(71, {OWNER, "platform-lead"}),
            "data-owners": Team(72, {"data-owner"}),
        }
    )
    rights: dict[str, str] = field(default_factory=lambda: {OWNER: "admin", STRANGER: "read"})
    emails: dict[str, str] = field(default_factory=dict)
    tokens: dict[str, str] = field(default_factory=lambda: {"ghp_" + secrets.token_hex(18): OWNER})

    @property
    def owner_token(self) -> str:
        """The token of the user who administers the repository."""
        return next(token for token, login in self.tokens.items() if login == OWNER)

    def new_token(self, login: str) -> str:
        """A token with which a user calls the API, as the user could make one in the browser."""
        token = "ghp_" + secrets.token_hex(18)
        self.tokens[token] = login
        return token

    def team(self, organization: str, slug: str) -> Team:
        """A team; raises Refused."""
        if organization.lower() != self.name.lower() or slug not in self.teams:
            raise Refused(*NOT_FOUND)
        return self.teams[slug]

    def permission(self, login: str) -> str:
        return self.rights.get(login, "write")

    def may_write(self, login: str) -> bool:
        return self.permission(login) in ("admin", "write")

    def check_permission(self, login: str, name: str, level: str) -> None:
        """Whether a user may do this with their own token; raises Refused."""
        if name == "administration" and self.permission(login) != "admin":
            raise Refused(403, "Must have admin rights to Repository.")
        if level == "write" and not self.may_write(login):
            raise Refused(403, "Must have push access to the repository.")

    def has_member(self, login: str) -> bool:
        """Whether a user belongs to the organization: to a team of it, or as who administers it."""
        return login == OWNER or any(login in team.members for team in self.teams.values())

    def in_team(self, slug: str, login: str) -> bool:
        return slug in self.teams and login in self.teams[slug].members
