"""① What the scope of a key opens: a team's things, or for an operator those of all teams, to read."""

import datetime as dt
from typing import Any

from provisioner.api.query import Given, Query
from provisioner.core.errors import Problem
from provisioner.core.models import ApiKey
from provisioner.core.scopes import LONGEST_OPERATOR, OPERATOR
from provisioner.intake.opening import Caller


def audit(key: ApiKey, event: Any, logger: Any) -> None:
    """Log a call of an operator's key: who, with which key, from where, what; before it is served."""
    identity = event.request_context.identity
    logger.info(
        "operator call",
        person=key.person,
        key=key.name,
        key_id=identity.api_key_id,
        source_ip=identity.source_ip,
        method=event.http_method,
        path=event.path,
        query=dict(event.query_string_parameters or {}),
    )


def is_operator(key: ApiKey, now: dt.datetime) -> bool:
    """Whether it is an operator's key, of someone, and ends soon enough."""
    near = key.expires_at is not None and key.expires_at - now <= LONGEST_OPERATOR
    return key.scope == OPERATOR and key.person is not None and near


def check_scope(key: ApiKey, now: dt.datetime, event: Any, logger: Any) -> ApiKey:
    """The key, if its scope opens the call that `event` is; raises Problem (403). An operator's is audited.

    An operator reads everything and retries what failed: whatever else changes a database is its team's.
    """
    if key.scope != OPERATOR:
        return key
    audit(key, event, logger)
    if not is_operator(key, now):
        raise Problem(
            403,
            "The operator's key is not valid",
            f"It needs a name and an end within {LONGEST_OPERATOR.days} days; "
            "python -m ops.team_key create --operator makes one.",
            slug="key-expired",
        )
    if event.http_method != "GET" and not event.path.endswith("/retry"):
        raise Problem(
            403,
            "An operator's key changes nothing",
            "It reads every team's requests and databases and retries what failed; "
            "for anything else use the team's key.",
            slug="operator-reads",
        )
    return key


def team_of(caller: Caller, given: Given) -> tuple[str, Given]:
    """Whose things are asked for, and the other parameters: the caller's, or those of `team` for an operator.

    Raises Problem (400) where an operator names no team, and a team another one.
    """
    asked = given.get("team")
    team = Query({"team": asked} if asked else {}, "team").text("team", longest=64)
    if team is None and not caller.of_all:
        return caller.team, given
    if team is None or not caller.sees(team):
        raise Problem(
            400,
            "The query is not valid",
            "Say whose: team=NAME. GET /admin/spend names the teams."
            if caller.of_all
            else f"team has to be {caller.team}, whose key it is; leave it out.",
            slug="bad-query",
        )
    return team, {name: values for name, values in given.items() if name != "team"}
