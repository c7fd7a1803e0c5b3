"""What draws people's eyes to a pull request: labels, reviewers who are asked, and who may be mentioned."""

from collections.abc import Collection
from urllib.parse import quote

from provisioner.github.calls import Calls
from provisioner.github.refusals import check


class Notices:
    """Labels and reviewers of one repository's pull requests."""

    def __init__(self, calls: Calls) -> None:
        self._calls = calls

    def label(self, number: int, names: Collection[str]) -> None:
        """Add labels; GitHub makes those that the repository does not have yet.

        https://github.com/github/docs/issues/35718
        """
        doing = f"labelling pull request {number}"
        body = {"labels": list(names)}
        answer = self._calls.repository("POST", f"/issues/{number}/labels", body, doing=doing)
        check(answer, 200, doing)

    def ask(self, number: int, *, users: Collection[str], teams: Collection[str]) -> None:
        """Ask for reviews; `teams` by their slugs, of the organization that owns the repository."""
        doing = f"asking for reviews of pull request {number}"
        body = {"reviewers": list(users), "team_reviewers": list(teams)}
        answer = self._calls.repository("POST", f"/pulls/{number}/requested_reviewers", body, doing=doing)
        check(answer, 201, doing)

    def is_in_organization(self, organization: str, login: str) -> bool:
        """Whether a user is a member, as far as the App may know: it needs `Members: read`.

        https://docs.github.com/en/rest/orgs/members#check-organization-membership-for-a-user
        """
        doing = f"looking for {login} in {organization}"
        path = f"/orgs/{quote(organization)}/members/{quote(login, safe='')}"
        return self._calls.anywhere("GET", path, doing=doing).status == 204
