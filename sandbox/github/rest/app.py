"""The App: who it is, what its installation accepted, its tokens and its webhook.

The first address that gets webhooks is the App's own; what is added later plays other Apps.
"""

from sandbox.github.accounts import APP_LOGIN
from sandbox.github.hub import Hub
from sandbox.github.refused import NOT_FOUND, Refused
from sandbox.github.rest.call import Answer, Call, page

EVENTS = ("pull_request", "pull_request_review")


def get_app(hub: Hub, call: Call) -> Answer:
    slug = APP_LOGIN.removesuffix("[bot]")
    about = {"id": int(hub.app.app_id), "slug": slug, "name": slug, "node_id": "A_1"}
    return 200, about | {"permissions": hub.app.permissions, "events": list(EVENTS)}


def get_installation(hub: Hub, call: Call, *, installation: str) -> Answer:
    if installation != hub.app.installation_id:
        raise Refused(*NOT_FOUND)
    return 200, {
        "id": int(installation),
        "app_id": int(hub.app.app_id),
        "account": hub.shapes.user(hub.shapes.owner),
        "repository_selection": "selected",
        "permissions": hub.app.permissions,
        "events": list(EVENTS),
        "suspended_at": None,
    }


def get_hook_config(hub: Hub, call: Call) -> Answer:
    if not hub.webhooks.targets:
        raise Refused(*NOT_FOUND)
    return 200, {
        "content_type": "json",
        "insecure_ssl": "0",
        "secret": "********",
        "url": hub.webhooks.targets[0].url,
    }


def list_deliveries(hub: Hub, call: Call) -> Answer:
    """The newest first."""
    own = hub.webhooks.targets[0].url if hub.webhooks.targets else None
    kept = [entry for entry in hub.webhooks.deliveries if entry["url"] == own]
    shown = [hub.shapes.delivery(number, entry) for number, entry in enumerate(kept, start=1)]
    return 200, page(shown[::-1], call.query)


def new_token(hub: Hub, call: Call, *, installation: str) -> Answer:
    if installation != hub.app.installation_id:
        raise Refused(*NOT_FOUND)
    token, end = hub.app.new_token()
    content = {"token": token, "expires_at": end, "permissions": hub.app.permissions}
    return 201, content | {"repository_selection": "selected"}
