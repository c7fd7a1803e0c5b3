"""④ Whether the approvals that a change takes are there, for the very commit that would be merged.

GitHub's own rules are not relied on: a private repository on its free plan has none. Each approval is held
against CODEOWNERS of the base branch, the teams' members and the reviewer's rights, as they are now.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any, Final

from provisioner.core import approvals
from provisioner.core.approvals import Due
from provisioner.core.catalog import Catalog
from provisioner.core.code_owners import CodeOwners, CodeOwnersError, Owner
from provisioner.core.errors import NeedsPerson, TryLater
from provisioner.core.events import Event
from provisioner.core.models import Request
from provisioner.core.reviews import Review, objections, opinions
from provisioner.core.reviews import approvals as given
from provisioner.github.pull_request import PullRequest, PullRequests

_NO_MEMBERS: Final = (
    "the App may not read who belongs to {team}, so that no approval of a member counts. "
    "An owner of the organization accepts its permission `Members: read` (docs/deploy.md, step 2)"
)

# Of one owner: a page names a few, and then the team.
MOST_PEOPLE: Final = 20


@dataclass(frozen=True, slots=True)
class Verdict:
    """Whether the approvals are there: `missing` says what is not, and is "" where nothing is.

    `owners` are those of whom one is waited for, `approved_by` those whose approvals counted, and `trouble`
    says that no approval helps before an operator acts.
    """

    missing: str = ""
    owners: tuple[str, ...] = ()
    approved_by: tuple[str, ...] = ()
    trouble: bool = False


@dataclass(frozen=True, slots=True)
class Approvals:
    """Holds approvals against what they need, with what it needs passed in."""

    catalog: Catalog
    github: PullRequests
    base: str

    def verdict(self, request: Request, events: Collection[Event], found: PullRequest) -> Verdict:
        """Whether the approvals due are there; asks GitHub only where some are. Raises TryLater."""
        plan = approvals.newest_plan(events, found.head_sha)
        exact = approvals.is_exact(request, plan, found.head_sha)
        if approvals.takes_none(request, self.catalog, exact=exact):
            return Verdict()
        try:
            owners = CodeOwners.parse(self.github.reviewers.code_owners(self.base) or "")
        except CodeOwnersError as error:
            return Verdict(f"CODEOWNERS on {self.base} cannot be read: {error}", trouble=True)
        dues = approvals.due(request, self.catalog, owners, exact=exact)
        if nobody := [wanted.of for wanted in dues if not wanted.owners]:
            names = " and ".join(f"`{name}`" for name in nobody)
            return Verdict(
                f"CODEOWNERS on {self.base} names no owner of {names}, so that nobody can approve it. "
                "Add a line for it",
                trouble=True,
            )
        if teams := self._unreadable(dues):
            return Verdict(_NO_MEMBERS.format(team=teams), trouble=True)
        known = opinions(
            self.github.reviewers.reviews(found.number), without=self._authors(request, events, found)
        )
        people = _People(self.github)
        against = [review.login for review in objections(known) if people.may_write(review.login)]
        if against:
            return Verdict(f"{_names(against)} asked for changes", tuple(against))
        since = plan.at if plan and not exact else None
        return _counted(dues, given(known, found.head_sha, after=since), people, late=since is not None)

    def merge_refusal(self, request: Request, events: Collection[Event]) -> str:
        """Why a request's merge does not count; "" where it does: the App's, or one with the approvals due.

        For whoever acts on what is merged, such as before an apply: a user who may push to the base branch
        can merge by hand. Raises TryLater.
        """
        number = request.progress.pull_request
        if number is None:
            return f"request {request.id} has no pull request"
        found = self.github.pull_request(number)
        if not found.merged or found.base != self.base:
            return f"pull request {number} of request {request.id} is not merged into {self.base}"
        if found.merged_by_app:
            return ""
        verdict = self.verdict(request, events, found)
        if not verdict.missing:
            return ""
        return f"{found.merged_by or 'someone'} merged pull request {number} by hand, but {verdict.missing}"

    def _unreadable(self, dues: Sequence[Due]) -> str:
        """The teams of what nobody else may approve, where the App may not know who belongs to them."""
        if self.github.reviewers.may_read_teams():
            return ""
        found = [
            owner.text
            for wanted in dues
            if all(owner.team for owner in wanted.owners)
            for owner in wanted.owners
        ]
        return _names(list(dict.fromkeys(found))) if found else ""

    def _authors(self, request: Request, events: Collection[Event], found: PullRequest) -> frozenset[str]:
        """Whose approval would be one of what they wrote."""
        authors = frozenset({found.author}) | approvals.pushers(events)
        if found.head_sha == request.progress.commit:
            return authors
        return authors | self.github.reviewers.commit_authors(found.number)


def people(github: PullRequests, owners: Sequence[str]) -> list[dict[str, Any]]:
    """Each owner with its people, where GitHub says who they are: without that the owner's name is enough."""
    found = []
    for text in owners:
        owner = _owner(text)
        if owner is None:
            continue
        logins = [owner.user] if owner.user else _members(github, owner)
        if logins:
            found.append({"owner": text, "people": logins[:MOST_PEOPLE]})
    return found


def _members(github: PullRequests, owner: Owner) -> Sequence[str]:
    if not owner.team:
        return []
    try:
        return github.reviewers.members(owner.organization, owner.team, most=MOST_PEOPLE)
    except (TryLater, NeedsPerson):
        return []


def _owner(text: str) -> Owner | None:
    try:
        return Owner.parse(text)
    except ValueError:
        return None  # a login, of someone who asked for changes


class _People:
    """What GitHub says of users, asked once each."""

    def __init__(self, github: PullRequests) -> None:
        self._reviewers = github.reviewers
        self._writers: dict[str, bool] = {}
        self._owners: dict[tuple[str, str], bool | None] = {}

    def may_write(self, login: str) -> bool:
        if login not in self._writers:
            self._writers[login] = self._reviewers.may_write(login)
        return self._writers[login]

    def owns(self, owner: Owner, login: str) -> bool | None:
        """Whether a user is an owner, or one of its team; None where the App may not know."""
        if owner.user:
            return owner.user.lower() == login.lower()
        key = (owner.text, login)
        if key not in self._owners:
            self._owners[key] = self._asked(owner, login)
        return self._owners[key]

    def _asked(self, owner: Owner, login: str) -> bool | None:
        if owner.team:
            return self._reviewers.is_member(owner.organization, owner.team, login)
        return self._reviewers.public_email(login).lower() == owner.email.lower()


def _counted(dues: Sequence[Due], approving: Sequence[Review], people: _People, *, late: bool) -> Verdict:
    """The verdict of what is due on the approvals of the right commit; `late` where it is not as asked."""
    counted: list[str] = []
    unknown: list[str] = []
    missing: list[Due] = []
    for wanted in dues:
        approver = _approver(wanted, approving, people, unknown)
        if approver is None:
            missing.append(wanted)
        elif approver not in counted:
            counted.append(approver)
    if not missing:
        return Verdict(approved_by=tuple(counted))
    names = tuple(dict.fromkeys(str(owner) for wanted in missing for owner in wanted.owners))
    if unknown:
        return Verdict(unknown[0], names, trouble=True)
    waits = " and ".join(f"an approval of {_names(list(map(str, wanted.owners)))}" for wanted in missing)
    plan = ", given after the newest plan, since that is not exactly what was asked" if late else ""
    others = [review.login for review in approving if review.login not in counted]
    note = f" ({_names(others, 'and')} approved it, but may not decide this)" if others else ""
    return Verdict(f"it waits for {waits}{plan}{note}", names)


def _approver(wanted: Due, approving: Sequence[Review], people: _People, unknown: list[str]) -> str | None:
    """Who approved what is due; adds to `unknown` where the App may not know whether someone did."""
    for review in approving:
        for owner in wanted.owners:
            owns = people.owns(owner, review.login)
            if owns is None:
                unknown.append(_NO_MEMBERS.format(team=f"`{owner}`"))
            elif owns and people.may_write(review.login):
                return review.login
    return None


def _names(names: Sequence[str], last: str = "or") -> str:
    """Names as a sentence lists them, in code, so that nobody is called on GitHub."""
    quoted = [f"`{name}`" for name in names]
    return quoted[0] if len(quoted) == 1 else f"{', '.join(quoted[:-1])} {last} {quoted[-1]}"
