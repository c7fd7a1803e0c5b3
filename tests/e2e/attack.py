"""What an insider tries on databases of others, who may push but decides nothing, and what comes of it."""

import base64
import dataclasses
import datetime as dt
import json
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from provisioner.core.hcl import parse, render
from provisioner.core.names import Place
from provisioner.core.root import Restore, Root

from sandbox.client import Client, get_json
from sandbox.github import control
from sandbox.instance import identifiers
from tests.e2e.running import Sandbox, events, number, until
from tests.e2e.scenes import Scenes

VICTIM, STEAL, FREE = Place("dev", "victim"), Place("dev", "steal"), Place("dev", "free")


@dataclass(frozen=True, slots=True, kw_only=True)
class Attacked:
    """What each attack met, and what was there in the end."""

    denied: dict[str, str]  # the comment on each pull request
    unmerged: dict[str, str]  # what GitHub says when the insider merges it
    instances: set[str]  # in RDS, after someone else merged all of them
    not_applied: list[dict[str, Any]]  # the events of the victim
    after: str  # the victim's state, once its root is back
    impostor: list[str]  # what happened to the request whose id the insider borrowed


@dataclass(frozen=True, slots=True)
class Insider:
    """A member of the organization who may push branches and open pull requests."""

    sandbox: Sandbox
    client: Client
    repository: str

    @classmethod
    def of(cls, sandbox: Sandbox, login: str) -> "Insider":
        token = Client(sandbox.github, "").call("POST", f"/_sandbox/tokens/{login}", {}).body["token"]
        repository = sandbox.state["repository"]
        return cls(sandbox, Client(sandbox.github, token), repository)

    def call(self, method: str, path: str, body: Any = None) -> Any:
        headers = {"authorization": f"Bearer {self.client.key}"}
        answer = self.client.call(method, f"/repos/{self.repository}{path}", body, headers)
        return answer.body

    def main(self, path: str) -> str:
        content = self.call("GET", f"/contents/{quote(path)}?ref=main")["content"]
        return base64.b64decode(content).decode()

    def open(self, branch: str, path: str, text: str | None) -> int:
        """A pull request that changes, or removes, one file; its number."""
        head = self.call("GET", "/git/ref/heads/main")["object"]["sha"]
        self.call("POST", "/git/refs", {"ref": f"refs/heads/{branch}", "sha": head})
        there = self.call("GET", f"/contents/{quote(path)}?ref={quote(branch, safe='')}")
        body = {"message": "Tidy", "branch": branch} | ({"sha": there["sha"]} if "sha" in there else {})
        if text is not None:
            body["content"] = base64.b64encode(text.encode()).decode()
        self.call("PUT" if text is not None else "DELETE", f"/contents/{quote(path)}", body)
        made = self.call("POST", "/pulls", {"head": branch, "base": "main", "title": "Tidy", "body": ""})
        return int(made["number"])

    def merge(self, pull: int) -> str:
        """GitHub's words; "" where it merged."""
        answer = self.call("PUT", f"/pulls/{pull}/merge", {"merge_method": "squash"})
        return "" if answer.get("merged") else str(answer["message"])


def attacked(scenes: Scenes) -> Attacked:
    """dev/victim: someone without a say removes it, copies prod's data, makes roots, borrows a name."""
    sandbox = scenes.sandbox
    insider = Insider.of(sandbox, "mallory")
    body = {"database_name": "victim", "database_engine": "mysql", "environment": "dev"}
    sandbox.wait(sandbox.ask("POST", "/provision-rds", body), "done")
    impostor = impostor_closed(sandbox, insider)
    text = insider.main(VICTIM.root_path)
    copied = Restore(database="prod-ledger", point_in_time="latest")
    pulls = {
        "copy": insider.open("tidy/dev-copy", STEAL.root_path, by_hand(parse(text), STEAL, restore=copied)),
        "free": insider.open("tidy/free", FREE.root_path, by_hand(parse(text), FREE)),
        "remove": insider.open("tidy/rm", VICTIM.root_path, None),
    }
    denied = {name: comment(sandbox, pull) for name, pull in pulls.items()}
    unmerged = {name: insider.merge(pull) for name, pull in pulls.items()}
    for pull in pulls.values():
        control.post(f"{sandbox.github}/_sandbox/pulls/{pull}/merge", {})  # the platform team, by mistake
    shown = until(lambda: not_applied(sandbox) or None, "what is not applied to be shown")
    there = set(identifiers(sandbox.cloud))
    back = insider.open("tidy/back", VICTIM.root_path, text)
    control.post(f"{sandbox.github}/_sandbox/pulls/{back}/merge", {})
    return Attacked(
        denied=denied,
        unmerged=unmerged,
        instances=there,
        not_applied=shown,
        after=sandbox.database(str(VICTIM))["state"],
        impostor=impostor,
    )


def by_hand(known: Root, place: Place, **fields: Any) -> str:
    """A root like another one, at a place where no request made one."""
    end = (dt.datetime.now(dt.UTC) + dt.timedelta(days=1)).strftime("%Y-%m-%dT%H:%M:%SZ")
    name = place.database_name
    return render(dataclasses.replace(known, database_name=name, expires_at=end, **fields))


def impostor_closed(sandbox: Sandbox, insider: Insider) -> list[str]:
    """Close another pull request in the name of a request's branch; what happened to that request."""
    body = {"database_name": "p6", "database_engine": "mysql", "environment": "staging"}
    request_id = sandbox.ask("POST", "/provision-rds", body)
    own = number(sandbox.planned(request_id))
    other = insider.open(f"rds/staging/p6/update-{request_id[:8]}", "README.md", "# Mine\n")
    control.post(f"{sandbox.github}/_sandbox/pulls/{other}/close", {})
    until(lambda: delivered(sandbox, other) or None, "the webhook of the closed pull request")
    happened = events(sandbox.request(request_id))
    assert next(pull for pull in control.pulls(sandbox.github) if pull["number"] == own)["state"] == "open"
    sandbox.alpha.call("POST", f"/requests/{request_id}/cancel")
    return happened


def delivered(sandbox: Sandbox, pull: int) -> bool:
    """Whether the product's webhook has answered that a pull request was closed."""
    for delivery in get_json(f"{sandbox.github}/_sandbox/deliveries"):
        content = json.loads(delivery["body"])
        closed = content.get("action") == "closed" and content["pull_request"]["number"] == pull
        if closed and delivery["url"].endswith("/webhooks/github") and "status" in delivery:
            return True
    return False


def comment(sandbox: Sandbox, pull: int) -> str:
    """The comment of the plan's report on a pull request."""

    def written() -> str | None:
        found = next(known for known in control.pulls(sandbox.github) if known["number"] == pull)
        return next((text["body"] for text in found["comments"]), None)

    return until(written, f"a comment on pull request {pull}")


def not_applied(sandbox: Sandbox) -> list[dict[str, Any]]:
    shown = sandbox.database(str(VICTIM))["events"]
    return [event for event in shown if event["event"] == "not_applied"]
