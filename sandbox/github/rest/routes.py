"""Finds a call's route, checks who calls and whether they may, and does it."""

import dataclasses
import re
from collections.abc import Callable
from typing import Any, Final
from urllib.parse import unquote

from sandbox.github.accounts import Actor
from sandbox.github.hub import Hub
from sandbox.github.refused import NOT_FOUND, Refused
from sandbox.github.rest import app, contents, conversation, issues, people, pulls, refs, repository, rules
from sandbox.github.rest.call import Answer, Call

Function = Callable[..., Answer]
_REPOSITORY: Final = r"/repos/(?P<repository>[^/]+/[^/]+)"
_REF: Final = _REPOSITORY + r"/git/refs/heads/(?P<branch>.+)"
_COMPARE: Final = _REPOSITORY + r"/compare/(?P<base>.+?)\.\.\.(?P<head>[0-9a-f]{40})"
_FILE: Final = _REPOSITORY + r"/contents/(?P<path>.+)"
_PULL: Final = _REPOSITORY + r"/pulls/(?P<number>\d+)"
_ISSUE: Final = _REPOSITORY + r"/issues/(?P<number>\d+)"
_COMMENT: Final = _REPOSITORY + r"/issues/comments/(?P<comment>\d+)"
_RULESET: Final = _REPOSITORY + r"/rulesets/(?P<ruleset>\d+)"
_TEAM: Final = r"/orgs/(?P<organization>[^/]+)/teams/(?P<team>[^/]+)"
_JWT: Final = "jwt"  # the App itself calls, for no installation

# (method, path, permission, function)
ROUTES: Final[list[tuple[str, str, str, Function]]] = [
    ("POST", r"/app/installations/(?P<installation>\d+)/access_tokens", _JWT, app.new_token),
    ("GET", r"/app", _JWT, app.get_app),
    ("GET", r"/app/installations/(?P<installation>\d+)", _JWT, app.get_installation),
    ("GET", r"/app/hook/config", _JWT, app.get_hook_config),
    ("GET", r"/app/hook/deliveries", _JWT, app.list_deliveries),
    ("GET", _REPOSITORY, "metadata:read", repository.get_repository),
    ("GET", _REPOSITORY + r"/git/ref/heads/(?P<branch>.+)", "contents:read", refs.get_ref),
    ("POST", _REPOSITORY + r"/git/refs", "contents:write", refs.create_ref),
    ("DELETE", _REF, "contents:write", refs.delete_ref),
    ("GET", _REPOSITORY + r"/git/trees/(?P<ref>.+)", "contents:read", refs.get_tree),
    ("GET", _COMPARE, "contents:read", refs.compare),
    ("GET", _FILE, "contents:read", contents.get_file),
    ("PUT", _FILE, "contents:write", contents.put_file),
    ("DELETE", _FILE, "contents:write", contents.delete_file),
    ("GET", _REPOSITORY + r"/pulls", "pull_requests:read", pulls.list_pulls),
    ("POST", _REPOSITORY + r"/pulls", "pull_requests:write", pulls.create_pull),
    ("GET", _PULL, "pull_requests:read", pulls.get_pull),
    ("PATCH", _PULL, "pull_requests:write", pulls.update_pull),
    ("PUT", _PULL + r"/merge", "contents:write", pulls.merge_pull),
    ("GET", _PULL + r"/commits", "pull_requests:read", pulls.list_commits),
    ("POST", _PULL + r"/requested_reviewers", "pull_requests:write", conversation.request_reviewers),
    ("GET", _PULL + r"/reviews", "pull_requests:read", conversation.list_reviews),
    ("GET", _REPOSITORY + r"/issues", "issues:read", issues.list_issues),
    ("POST", _REPOSITORY + r"/issues", "issues:write", issues.create_issue),
    ("PATCH", _ISSUE, "issues:write", issues.update_issue),
    ("GET", _ISSUE + r"/comments", "pull_requests:read", conversation.list_comments),
    ("GET", _ISSUE + r"/events", "pull_requests:read", conversation.list_events),
    ("POST", _ISSUE + r"/comments", "pull_requests:write", conversation.create_comment),
    ("POST", _ISSUE + r"/labels", "pull_requests:write", conversation.add_labels),
    ("PATCH", _COMMENT, "pull_requests:write", conversation.update_comment),
    (
        "GET",
        _REPOSITORY + r"/collaborators/(?P<login>[^/]+)/permission",
        "metadata:read",
        people.get_permission,
    ),
    ("GET", r"/orgs/(?P<organization>[^/]+)/members/(?P<login>[^/]+)", "members:read", people.get_member),
    ("GET", _TEAM + r"/memberships/(?P<login>[^/]+)", "members:read", people.get_membership),
    ("GET", _TEAM + r"/members", "members:read", people.list_members),
    ("GET", r"/users/(?P<login>[^/]+)", "metadata:read", people.get_user),
    ("GET", _TEAM, "members:read", people.get_team),
    ("GET", _REPOSITORY + r"/rulesets", "metadata:read", rules.list_rulesets),
    ("POST", _REPOSITORY + r"/rulesets", "administration:write", rules.create_ruleset),
    ("GET", _RULESET, "metadata:read", rules.get_ruleset),
    ("PUT", _RULESET, "administration:write", rules.update_ruleset),
    ("GET", _REPOSITORY + r"/rules/branches/(?P<branch>.+)", "metadata:read", rules.branch_rules),
    ("GET", _REPOSITORY + r"/codeowners/errors", "contents:read", rules.code_owner_errors),
]


def answer(hub: Hub, call: Call) -> Answer:
    """Do what a call asks for; raises Refused."""
    with hub.lock:
        for method, pattern, permission, function in ROUTES:
            match = re.fullmatch(pattern, call.path)
            if match and method == call.method:
                words = {name: unquote(text) for name, text in match.groupdict().items()}
                repository = words.pop("repository", hub.shapes.full_name)
                return function(hub, _checked(hub, call, permission, repository), **words)
    raise Refused(*NOT_FOUND)


def _checked(hub: Hub, call: Call, permission: str, repository: Any) -> Call:
    """The call with who makes it; raises Refused where they may not."""
    if permission == _JWT:
        hub.app.check_jwt(call.authorization)
        return call
    name, level = permission.split(":")
    user = hub.organization.tokens.get(call.authorization.partition(" ")[2])
    actor = hub.app.check_token(call.authorization) if user is None else Actor(user)
    if repository != hub.shapes.full_name:
        raise Refused(*NOT_FOUND)
    if user is None:
        hub.app.check_permission(name, level)
    else:
        hub.organization.check_permission(user, name, level)
    return dataclasses.replace(call, actor=actor)
