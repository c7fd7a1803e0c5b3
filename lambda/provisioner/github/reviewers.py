"""Who reviews on GitHub: the reviews of a pull request, the code owners, and who belongs to a team.

Reviews and files need what the App has for its own work, teams the organization permission `Members: read`.
"""

import datetime as dt
from collections.abc import Callable, Mapping
from typing import Any, Final
from urllib.parse import quote, urlencode

from provisioner.core.code_owners import LOCATIONS
from provisioner.core.reviews import Opinion, Review
from provisioner.github.calls import Calls
from provisioner.github.refusals import check

_PAGE: Final = 100
# GitHub lists at most 250 commits of a pull request; reviews have no such bound, and nobody writes thousands.
_PAGES: Final = 20


class Reviewers:
    """The people around one repository's pull requests; `file` reads one on a branch."""

    def __init__(self, calls: Calls, file: Callable[[str, str], tuple[str, bytes] | None]) -> None:
        self._calls = calls
        self._file = file

    def may_read_teams(self) -> bool:
        """Whether the App may know who belongs to a team, as far as GitHub has said."""
        granted = self._calls.granted
        if granted is not None and "members" not in granted:  # it may have been accepted since
            granted = self._calls.granted_now()
        return granted is None or "members" in granted

    def reviews(self, number: int) -> list[Review]:
        """Every review of a pull request."""
        found = self._list(f"/pulls/{number}/reviews", f"reading the reviews of pull request {number}")
        return [_review(content) for content in found if content.get("submitted_at")]

    def code_owners(self, branch: str) -> str | None:
        """The text of the CODEOWNERS file that counts on a branch; None where there is none."""
        for path in LOCATIONS:
            if found := self._file(path, branch):
                return found[1].decode("utf-8", "replace")
        return None

    def is_member(self, organization: str, team: str, login: str) -> bool | None:
        """Whether a user belongs to a team or a team below it; None where the App may not know.

        https://docs.github.com/en/rest/teams/members#get-team-membership-for-a-user
        """
        doing = f"looking for {login} in @{organization}/{team}"
        path = f"/orgs/{quote(organization)}/teams/{quote(team)}/memberships/{quote(login, safe='')}"
        answer = self._calls.anywhere("GET", path, doing=doing)
        if answer.status == 403:
            return None
        if answer.status == 404:
            return False
        check(answer, 200, doing)
        return bool(answer.content["state"] == "active")

    def members(self, organization: str, team: str, *, most: int) -> list[str]:
        """The logins of a team's first `most` members; none where the App may not know, or there is no team.

        https://docs.github.com/en/rest/teams/members#list-team-members
        """
        doing = f"reading who belongs to @{organization}/{team}"
        path = f"/orgs/{quote(organization)}/teams/{quote(team)}/members?per_page={most}"
        answer = self._calls.anywhere("GET", path, doing=doing)
        if answer.status in (403, 404):
            return []
        check(answer, 200, doing)
        return [str(member["login"]) for member in answer.content]

    def may_write(self, login: str) -> bool:
        """Whether a user may push to the repository: no other user's review counts."""
        doing = f"reading the rights of {login}"
        answer = self._calls.repository(
            "GET", f"/collaborators/{quote(login, safe='')}/permission", doing=doing
        )
        if answer.status == 404:
            return False
        check(answer, 200, doing)
        return answer.content["permission"] in ("admin", "write")

    def public_email(self, login: str) -> str:
        """The address that a user shows and GitHub has verified; "" where there is none."""
        doing = f"reading the address of {login}"
        answer = self._calls.anywhere("GET", f"/users/{quote(login, safe='')}", doing=doing)
        if answer.status == 404:
            return ""
        check(answer, 200, doing)
        return str(answer.content.get("email") or "")

    def commit_authors(self, number: int) -> frozenset[str]:
        """The users in whose names the commits of a pull request stand, as far as GitHub knows them."""
        found = self._list(f"/pulls/{number}/commits", f"reading the commits of pull request {number}")
        users = [commit.get(role) or {} for commit in found for role in ("author", "committer")]
        return frozenset(str(user["login"]) for user in users if user.get("login"))

    def _list(self, path: str, doing: str) -> list[Mapping[str, Any]]:
        found: list[Mapping[str, Any]] = []
        for page in range(1, _PAGES + 1):
            query = urlencode({"per_page": _PAGE, "page": page})
            answer = self._calls.repository("GET", f"{path}?{query}", doing=doing)
            check(answer, 200, doing)
            found += answer.content
            if len(answer.content) < _PAGE:
                break
        return found


def _review(content: Mapping[str, Any]) -> Review:
    user = content.get("user") or {}
    return Review(
        id=int(content["id"]),
        login=str(user.get("login") or ""),
        is_bot=user.get("type") == "Bot",
        opinion=Opinion(str(content["state"]).upper()),
        commit=str(content.get("commit_id") or ""),
        at=dt.datetime.fromisoformat(str(content["submitted_at"])),
    )
