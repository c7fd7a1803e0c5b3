"""③④ Labels, reviewers, mentions and links: who should look at a pull request, and why.

Nothing depends on them. What GitHub refuses or fails is left out, and made up for when the plan is reported.
"""

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Final

from provisioner.core.catalog import Catalog
from provisioner.core.code_owners import Owner
from provisioner.core.effects import Interruption, interruption, monthly_cost
from provisioner.core.errors import NeedsPerson, TryLater
from provisioner.core.models import Request
from provisioner.github.client import GitHub
from provisioner.github.pull_request import PullRequest
from provisioner.pull_requests.comments import REMOVAL, removal_comment

RESTARTS: Final = "restarts"
COST_UP: Final = "cost-up"
# https://docs.github.com/en/enterprise-cloud@latest/admin/managing-iam/iam-configuration-reference/username-considerations-for-external-authentication
_MENTION: Final = re.compile(r"@([A-Za-z0-9](?:[A-Za-z0-9]|-(?=[A-Za-z0-9])){0,38})")


def labels(request: Request, catalog: Catalog) -> list[str]:
    """What a pull request is about: environment, kind, whether it restarts and costs more."""
    found = [f"env:{request.environment}", f"kind:{request.kind.value}"]
    if interruption(request.before, request.root) is not Interruption.NONE:
        found.append(RESTARTS)
    if request.before is not None and monthly_cost(request.before, request.root, catalog).more > 0:
        found.append(COST_UP)
    return found


@dataclass(frozen=True, slots=True)
class Signposts:
    """Puts them up, with what it needs passed in; `warn` receives what GitHub refused."""

    github: GitHub
    catalog: Catalog
    warn: Callable[[str], None] = lambda _: None

    def label(self, request: Request, found: PullRequest) -> None:
        """Add the labels that a pull request lacks, by one call at most."""
        if missing := [name for name in labels(request, self.catalog) if name not in found.labels]:
            self._try(lambda: self.github.notices.label(found.number, missing))

    def ask(self, found: PullRequest, owners: Iterable[str]) -> None:
        """Ask those code owners for a review who were not asked yet, each by a separate call.

        GitHub refuses all of a call for one that may not review; it asks the owners of the changed file
        itself, so that there is seldom anybody left.
        """
        for owner in owners:
            user, team = self._reviewer(owner)
            if user and user not in found.reviewers and user != found.author:
                self._ask_one(found.number, user=user)
            elif team and team not in found.reviewers:
                self._ask_one(found.number, team=team)

    def _ask_one(self, number: int, *, user: str = "", team: str = "") -> None:
        users, teams = [user] if user else [], [team] if team else []
        self._try(lambda: self.github.notices.ask(number, users=users, teams=teams))

    def lead_on(self, disarmed_by: int, removal: Request, opened: PullRequest) -> None:
        """Say on the pull request that disarmed a database which one removes it, once, by two calls."""
        reviewed = bool(self.catalog.approvers(removal.environment, None))
        text = removal_comment(place=str(removal.place), number=opened.number, reviewed=reviewed)
        self._try(lambda: self.github.comment_once(disarmed_by, [REMOVAL], text))

    def mention(self, request: Request) -> str:
        """The login of the database's owner, where that is a member of the organization; else ""."""
        match = _MENTION.fullmatch(request.root.owner)
        if match is None:
            return ""
        login = match[1]
        found: list[bool] = []
        self._try(lambda: found.append(self.github.notices.is_in_organization(self.github.owner, login)))
        return login if found == [True] else ""

    def _reviewer(self, owner: str) -> tuple[str, str]:
        """(user, team) that can be asked; both are empty for an address, or another organization's team."""
        try:
            known = Owner.parse(owner)
        except ValueError:
            return "", ""
        ours = known.organization.lower() == self.github.owner.lower()
        return known.user, known.team if ours else ""

    def _try(self, call: Callable[[], object]) -> None:
        try:
            call()
        except (TryLater, NeedsPerson) as error:
            self.warn(str(error))
