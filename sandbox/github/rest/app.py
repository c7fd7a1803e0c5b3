"""The App: who it is, and its installation's tokens."""

from sandbox.github.accounts import APP_LOGIN
from sandbox.github.hub import Hub
from sandbox.github.refused import NOT_FOUND, Refused
from sandbox.github.rest.call import Answer, Call


def get_app(hub: Hub, call: Call) -> Answer:
    slug = APP_LOGIN.removesuffix("[bot]")
    return 200, {"id": int(hub.app.app_id), "slug": slug, "name": slug, "node_id": "A_1"}


def new_token(hub: Hub, call: Call, *, installation: str) -> Answer:
    if installation != hub.app.installation_id:
        raise Refused(*NOT_FOUND)
    token, end = hub.app.new_token()
    content = {"token": token, "expires_at": end, "permissions": hub.app.permissions}
    return 201, content | {"repository_selection": "selected"}
