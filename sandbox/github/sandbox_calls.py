"""Calls below /_sandbox, which GitHub does not have: users' hands, faults, and what happened."""

import dataclasses
import re
from collections.abc import Callable, Mapping
from typing import Any

from sandbox.github.accounts import Actor
from sandbox.github.faults import Fault
from sandbox.github.organization import OWNER
from sandbox.github.refused import NOT_FOUND, Refused
from sandbox.github.site import EVENTS, Site


def answer(site: Site, path: str, body: Mapping[str, Any]) -> Any:
    """The content of the answer; raises Refused."""
    if path == "/_sandbox/calls":
        return site.calls
    if path == "/_sandbox/deliveries":
        return site.hub.webhooks.deliveries
    if path == "/_sandbox/pulls":
        return [dataclasses.asdict(pull) for _, pull in sorted(site.hub.pulls.items())]
    if path == "/_sandbox/webhooks":
        site.add_webhook(body["url"], body.get("secret"), tuple(body.get("events", EVENTS)))
        return {"added": body["url"]}
    if path == "/_sandbox/pushed":
        with site.hub.lock:
            site.hub.pushed(body["branch"], body["before"], body["after"], Actor(OWNER))
        return {"reported": body["after"]}
    if path == "/_sandbox/faults":
        site.faults.add(Fault(**body))
        return {"added": body["match"]}
    if match := re.fullmatch(r"/_sandbox/deliveries/([0-9a-f-]+)/redeliver", path):
        return {"redelivered": site.hub.webhooks.redeliver(match[1])}
    if match := re.fullmatch(r"/_sandbox/tokens/([a-z-]+)", path):
        return {"token": site.hub.organization.new_token(match[1])}
    hands: dict[str, Callable[[int], object]] = {
        "approve": site.users.approve,
        "request-changes": site.users.request_changes,
        "dismiss": site.users.dismiss,
        "merge": site.users.merge,
        "close": site.users.close,
    }
    if match := re.fullmatch(rf"/_sandbox/pulls/(\d+)/({'|'.join(hands)})", path):
        hands[match[2]](int(match[1]))
        return {match[2]: int(match[1])}
    raise Refused(*NOT_FOUND)
