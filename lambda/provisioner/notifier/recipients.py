"""⑦ Who receives a message: the team's channels, an owner with an address, a reviewer's team."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from provisioner.core.catalog import Catalog
from provisioner.core.channels import Channels
from provisioner.core.code_owners import Owner
from provisioner.core.owner import domain_of

SLACK = "slack"
MAIL = "mail"


@dataclass(frozen=True, slots=True, order=True)
class Target:
    """One channel: of which sort, the name of its secret or its address, and whose it is."""

    sort: str
    at: str
    team: str

    @property
    def name(self) -> str:
        """The same for the same channel, whoever shares it."""
        return f"{self.sort}:{self.at.lower() if self.sort == MAIL else self.at}"


@dataclass(frozen=True, slots=True)
class Recipients:
    """Finds them in the catalog; mail goes to these `domains` alone."""

    catalog: Catalog
    domains: frozenset[str]

    def of_team(self, team: str, owner: str = "") -> tuple[Target, ...]:
        """The channels of a team; and the owner's address, where it is one of the domains."""
        found = [*self._channels(team), *self._address(owner, team)]
        return distinct(found)

    def of_reviewers(self, owners: Iterable[str]) -> tuple[Target, ...]:
        """The channels of code owners: of `@organization/team` those of the catalog's team, and addresses.

        A user's handle leads nowhere from here; GitHub itself writes to a reviewer whom it asks.
        """
        found: list[Target] = []
        for text in owners:
            try:
                owner = Owner.parse(text)
            except ValueError:
                continue
            found += self._channels(owner.team) if owner.team else self._address(owner.email, text)
        return distinct(found)

    def teams(self) -> list[str]:
        """The teams that have a channel."""
        return sorted(team for team, about in self.catalog.teams.items() if about.notify != Channels())

    def _channels(self, team: str) -> list[Target]:
        """Also an address of no domain that is allowed: that it fails is then seen on the board."""
        about = self.catalog.teams.get(team)
        channels = about.notify if about else Channels()
        found = [Target(SLACK, channels.slack, team)] if channels.slack else []
        return found + ([Target(MAIL, channels.email, team)] if channels.email else [])

    def _address(self, text: str, team: str) -> list[Target]:
        return [Target(MAIL, text, team)] if domain_of(text) in self.domains else []


def distinct(targets: Sequence[Target]) -> tuple[Target, ...]:
    """Each channel once, under the name that comes first."""
    found: dict[str, Target] = {}
    for target in targets:
        found.setdefault(target.name, target)
    return tuple(found.values())
