"""Rulesets: who may update a branch, and which reviews a merge takes.

https://docs.github.com/en/repositories/configuring-branches-and-merges-in-your-repository/managing-rulesets/available-rules-for-rulesets
A bypass list counts for its ruleset alone: an App that may update the branch still needs the reviews.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from provisioner.core.code_owners import LOCATIONS, CodeOwners, Owner

from sandbox.github.accounts import APP, Actor
from sandbox.github.organization import Organization
from sandbox.github.pulls import Pull, Review
from sandbox.github.refused import Refused, invalid
from sandbox.github.repository import Repository

DEFAULT_BRANCH: Final = "main"
RULES: Final = frozenset({"deletion", "non_fast_forward", "pull_request", "update"})
ACTORS: Final = frozenset({"Integration", "Team", "OrganizationAdmin", "RepositoryRole"})
_VIOLATION: Final = "Repository rule violations found\n\n{}\n\n"
_NO_UPDATE: Final = "Cannot update this protected ref."
_NO_PUSH: Final = "Changes must be made through a pull request."
_NO_OWNER: Final = "Waiting on code owner review from {}."
_TOO_FEW: Final = "At least {} approving review is required by reviewers with write access."
_AGAINST: Final = "Changes have been requested by reviewers with write access."


@dataclass(slots=True)
class Rulesets:
    """The repository's rulesets, and what they say of a change."""

    organization: Organization
    repository: Repository
    app_id: str
    known: dict[int, dict[str, Any]] = field(default_factory=dict)

    def put(self, number: int, content: Mapping[str, Any]) -> dict[str, Any]:
        """Make or replace a ruleset; raises Refused."""
        name = content.get("name")
        if not name or not isinstance(name, str):
            raise invalid("RepositoryRuleset", field="name", code="missing_field")
        if any(other["name"] == name for key, other in self.known.items() if key != number):
            raise invalid("RepositoryRuleset", message="Name must be unique")
        for rule in content.get("rules", []):
            if rule.get("type") not in RULES:
                raise invalid("RepositoryRuleset", message=f"Invalid rule type {rule.get('type')}")
        for actor in content.get("bypass_actors", []):
            if actor.get("actor_type") not in ACTORS or not isinstance(actor.get("actor_id"), int):
                raise invalid("RepositoryRuleset", message="Invalid bypass actor")
        self.known[number] = {"id": number, "target": "branch", **content}
        return self.known[number]

    def rules(self, branch: str, actor: Actor | None = None) -> Iterator[tuple[int, dict[str, Any]]]:
        """(ruleset, rule) that are active for a branch, but those that the actor bypasses."""
        for number, ruleset in self.known.items():
            names = ruleset.get("conditions", {}).get("ref_name", {}).get("include", [])
            meant = {"~ALL", f"refs/heads/{branch}"} | (
                {"~DEFAULT_BRANCH"} if branch == DEFAULT_BRANCH else set()
            )
            active = ruleset.get("enforcement") == "active" and meant & set(names)
            if active and (actor is None or not self._bypasses(ruleset, actor)):
                yield from ((number, rule) for rule in ruleset.get("rules", []))

    def check_push(self, branch: str, actor: Actor) -> None:
        """Raises Refused where a commit may not be pushed to a branch."""
        types = {rule["type"] for _, rule in self.rules(branch, actor)}
        if "pull_request" in types:
            raise Refused(409, _VIOLATION.format(_NO_PUSH))
        if "update" in types:
            raise Refused(409, _VIOLATION.format(_NO_UPDATE))

    def check_deletion(self, branch: str, actor: Actor) -> None:
        """Raises Refused where a branch may not be deleted."""
        if any(rule["type"] == "deletion" for _, rule in self.rules(branch, actor)):
            raise Refused(422, _VIOLATION.format("Cannot delete this branch"))

    def check_merge(self, pull: Pull, actor: Actor) -> None:
        """Raises Refused where a pull request may not be merged by this actor, or not yet."""
        for _, rule in self.rules(pull.base, actor):
            if rule["type"] == "update":
                raise Refused(405, _VIOLATION.format(_NO_UPDATE))
            if rule["type"] == "pull_request":
                self._check_reviews(pull, rule.get("parameters", {}))

    def dismisses_stale_reviews(self, branch: str) -> bool:
        return any(
            rule.get("parameters", {}).get("dismiss_stale_reviews_on_push") for _, rule in self.rules(branch)
        )

    def code_owners(self, branch: str) -> CodeOwners:
        for path in LOCATIONS:
            if found := self.repository.file(branch, path):
                return CodeOwners.parse(found[1].decode())
        return CodeOwners(())

    def _check_reviews(self, pull: Pull, parameters: Mapping[str, Any]) -> None:
        newest: dict[str, Review] = {}
        for review in pull.reviews:
            if review.state not in ("COMMENTED", "PENDING") and self.organization.may_write(review.login):
                newest[review.login] = review
        approved = [login for login, review in newest.items() if review.state == "APPROVED"]
        count = int(parameters.get("required_approving_review_count", 0))
        by_owners = bool(parameters.get("require_code_owner_review"))
        against = any(review.state == "CHANGES_REQUESTED" for review in newest.values())
        if against and (count or by_owners):
            raise Refused(405, _VIOLATION.format(_AGAINST))
        if len(approved) < count:
            raise Refused(405, _VIOLATION.format(_TOO_FEW.format(count)))
        if by_owners:
            self._check_owners(pull, approved)

    def _check_owners(self, pull: Pull, approved: list[str]) -> None:
        owners = self.code_owners(pull.base)
        for file in self.repository.files(pull.base_sha, pull.head_sha):
            wanted = owners.of(str(file["filename"]))
            if wanted and not any(self._owns(owner, login) for owner in wanted for login in approved):
                names = " or ".join(str(owner) for owner in wanted)
                raise Refused(405, _VIOLATION.format(_NO_OWNER.format(names)))

    def _owns(self, owner: Owner, login: str) -> bool:
        if owner.team:
            return self.organization.in_team(owner.team, login)
        if owner.email:
            return self.organization.emails.get(login) == owner.email
        return owner.user.lower() == login.lower()

    def _bypasses(self, ruleset: Mapping[str, Any], actor: Actor) -> bool:
        for entry in ruleset.get("bypass_actors", []):
            number = entry["actor_id"]
            if entry["actor_type"] == "Integration" and actor == APP and str(number) == self.app_id:
                return True
            if entry["actor_type"] == "Team" and any(
                team.id == number and actor.login in team.members for team in self.organization.teams.values()
            ):
                return True
        return False
