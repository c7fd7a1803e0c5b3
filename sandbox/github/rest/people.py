"""Users, their rights on the repository, and who belongs to a team."""

from sandbox.github.hub import Hub
from sandbox.github.refused import NOT_FOUND, Refused
from sandbox.github.rest.call import Answer, Call, page


def get_permission(hub: Hub, call: Call, *, login: str) -> Answer:
    permission = hub.organization.permission(login)
    return 200, {"permission": permission, "role_name": permission, "user": hub.shapes.user(login)}


def get_membership(hub: Hub, call: Call, *, organization: str, team: str, login: str) -> Answer:
    if login not in hub.organization.team(organization, team).members:
        raise Refused(*NOT_FOUND)
    url = f"{hub.shapes.url}/organizations/1/team/{team}/memberships/{login}"
    return 200, {"url": url, "role": "member", "state": "active"}


def list_members(hub: Hub, call: Call, *, organization: str, team: str) -> Answer:
    members = sorted(hub.organization.team(organization, team).members)
    return 200, [hub.shapes.user(login) for login in page(members, call.query)]


def get_member(hub: Hub, call: Call, *, organization: str, login: str) -> Answer:
    if organization.lower() != hub.organization.name.lower() or not hub.organization.has_member(login):
        raise Refused(*NOT_FOUND)
    return 204, None


def get_team(hub: Hub, call: Call, *, organization: str, team: str) -> Answer:
    found = hub.organization.team(organization, team)
    return 200, {"id": found.id, "node_id": f"T_{found.id}", "name": team, "slug": team, "privacy": "closed"}


def get_user(hub: Hub, call: Call, *, login: str) -> Answer:
    return 200, hub.shapes.user(login) | {"email": hub.organization.emails.get(login)}
