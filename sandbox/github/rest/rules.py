"""Rulesets, the rules of a branch, and what is wrong with CODEOWNERS."""

from typing import Any

from provisioner.core.code_owners import CodeOwnersError

from sandbox.github.hub import Hub
from sandbox.github.refused import NOT_FOUND, Refused
from sandbox.github.rest.call import Answer, Call, page
from sandbox.github.rules import DEFAULT_BRANCH


def list_rulesets(hub: Hub, call: Call) -> Answer:
    kept = ("id", "name", "target", "enforcement")
    shown = [{key: ruleset[key] for key in kept if key in ruleset} for ruleset in hub.rules.known.values()]
    return 200, page(shown, call.query)


def get_ruleset(hub: Hub, call: Call, *, ruleset: str) -> Answer:
    return 200, _known(hub, ruleset)


def create_ruleset(hub: Hub, call: Call) -> Answer:
    return 201, hub.rules.put(hub.next_id(), call.body)


def update_ruleset(hub: Hub, call: Call, *, ruleset: str) -> Answer:
    return 200, hub.rules.put(_known(hub, ruleset)["id"], call.body)


def branch_rules(hub: Hub, call: Call, *, branch: str) -> Answer:
    shown = [rule | {"ruleset_id": number} for number, rule in hub.rules.rules(branch)]
    return 200, page(shown, call.query)


def code_owner_errors(hub: Hub, call: Call) -> Answer:
    try:
        found = hub.rules.code_owners(call.query.get("ref", DEFAULT_BRANCH))
    except CodeOwnersError as error:
        line = int(str(error).split()[1])
        return 200, {"errors": [{"line": line, "kind": "Invalid owner", "message": str(error)}]}
    if not found.rules:
        raise Refused(*NOT_FOUND)
    return 200, {"errors": []}


def _known(hub: Hub, number: str) -> dict[str, Any]:
    known = hub.rules.known.get(int(number))
    if known is None:
        raise Refused(*NOT_FOUND)
    return known
