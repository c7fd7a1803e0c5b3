"""Applies the two rulesets to a repository: python -m ops.rulesets OWNER/NAME --app ID --team NAME.

Safe to repeat: a ruleset of the same name is replaced. Takes a token of a user who administers the repository
from GITHUB_TOKEN, and GitHub's address from GITHUB_API_URL where it is not github.com.
"""

import argparse
import json
import os
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final
from urllib.parse import quote

import urllib3

FILES: Final = ("reviews.json", "restrict_updates.json")
_HERE: Final = Path(__file__).parent
_TIMEOUT: Final = urllib3.Timeout(connect=5, read=30)
_FIXES: Final = {
    401: "put a token that is valid into GITHUB_TOKEN",
    403: "take a token of a user who administers the repository, with the right to write its administration",
    404: "check the repository's and the team's name, and that the token may see both",
    422: "look at GitHub's words and at the files in ops/rulesets",
}
_NO_RULESETS: Final = (
    "GitHub's plan of this account has no rulesets for private repositories. The provisioner still merges "
    "nothing without the approvals due, and applies nothing that was merged without; but whoever may push "
    "can change the rest of the repository unreviewed"
)


class Refused(Exception):
    """A call that GitHub refused; the message says which, its words and what to do."""


@dataclass(frozen=True, slots=True)
class Repository:
    """One repository, as its administrator sees it."""

    name: str
    token: str = field(repr=False)
    api_url: str = "https://api.github.com"

    def apply(self, ruleset: Mapping[str, Any]) -> str:
        """Make a ruleset, or replace the one of its name; what was done."""
        doing = f"applying the ruleset {ruleset['name']}"
        listed = self._call("GET", f"/repos/{self.name}/rulesets?per_page=100", doing)
        known = next((str(there["id"]) for there in listed if there["name"] == ruleset["name"]), None)
        method, path = ("POST", "") if known is None else ("PUT", f"/{known}")
        self._call(method, f"/repos/{self.name}/rulesets{path}", doing, ruleset)
        return f"{'made' if known is None else 'replaced'} {ruleset['name']}"

    def team_id(self, team: str) -> int:
        """The number of a team of the repository's organization."""
        owner = self.name.partition("/")[0]
        path = f"/orgs/{quote(owner)}/teams/{quote(team, safe='')}"
        return int(self._call("GET", path, f"looking for the team {team}")["id"])

    def _call(self, method: str, path: str, doing: str, body: Mapping[str, Any] | None = None) -> Any:
        headers = {
            "Accept": "application/vnd.github+json",
            "Authorization": f"Bearer {self.token}",
            "Content-Type": "application/json",
            "User-Agent": "rds-provisioner",
            "X-GitHub-Api-Version": "2022-11-28",
        }
        data = None if body is None else json.dumps(body).encode()
        try:
            answer = urllib3.request(
                method,
                self.api_url.rstrip("/") + path,
                headers=headers,
                body=data,
                timeout=_TIMEOUT,
                retries=False,
                redirect=False,
            )
            content = json.loads(answer.data)
        except urllib3.exceptions.HTTPError as error:
            raise Refused(f"{doing}: GitHub did not answer ({type(error).__name__}); run it again") from error
        except ValueError as error:
            raise Refused(f"{doing}: the answer is no JSON; check GITHUB_API_URL") from error
        if answer.status < 300:
            return content
        words = str(content.get("message", "")) if isinstance(content, Mapping) else ""
        if answer.status == 403 and words.startswith("Upgrade to"):
            raise Refused(f"{doing}: {_NO_RULESETS}")
        fix = _FIXES.get(answer.status, "look at GitHub's words, then run it again")
        raise Refused(f"{doing}: GitHub answered {answer.status}: {words}; {fix}")


def rulesets(app: int, team: int | None) -> list[dict[str, Any]]:
    """The files, with the numbers of the App and of the team that may update the branch."""
    numbers = {"Integration": app, "Team": team}
    found = []
    for file in FILES:
        content: dict[str, Any] = json.loads((_HERE / file).read_text(encoding="utf-8"))
        content["bypass_actors"] = [
            actor | {"actor_id": numbers[actor["actor_type"]]}
            for actor in content["bypass_actors"]
            if numbers[actor["actor_type"]] is not None
        ]
        found.append(content)
    return found


def main(arguments: Sequence[str] | None = None, say: Callable[[str], None] = print) -> int:
    """The command; the exit status."""
    parser = argparse.ArgumentParser(prog="python -m ops.rulesets", description=__doc__)
    parser.add_argument("repository", help="owner/name")
    parser.add_argument("--app", type=int, required=True, help="the App's id, as its settings show it")
    parser.add_argument("--team", help="the team that may merge by hand; left out, the App alone may")
    chosen = parser.parse_args(arguments)
    token = os.environ.get("GITHUB_TOKEN", "")
    if not token:
        print("Put a token of a user who administers the repository into GITHUB_TOKEN.", file=sys.stderr)
        return 2
    url = os.environ.get("GITHUB_API_URL", "https://api.github.com")
    repository = Repository(chosen.repository, token, url)
    try:
        team = repository.team_id(chosen.team) if chosen.team else None
        for ruleset in rulesets(chosen.app, team):
            say(repository.apply(ruleset))
    except Refused as refused:
        print(refused, file=sys.stderr)
        return 1
    return 0
