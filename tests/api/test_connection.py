"""How to connect: the users that there are, and the one for everyday work."""

import dataclasses
import datetime as dt
from typing import Any

import pytest
from provisioner.api.connection import connection
from provisioner.core import database_events
from provisioner.core.database_events import DatabaseEvent
from provisioner.core.lifecycle import DatabaseState
from provisioner.core.models import Database

from tests.core.examples import NOW, catalog, database

RESULT = {"endpoint": "h.example", "port": 5432, "database_name": "orders_db", "secret_arn": "arn:master"}
READY = {"application": "arn:app", "read_only": "arn:read"}
SINCE_MADE = {"password_changed_at": "2026-11-23T12:00:00Z", "rotating": False}
UNKNOWN = {"password_changed_at": None, "rotating": False}


def made(**body: Any) -> Database:
    return dataclasses.replace(database(**body), result=RESULT)


def ready(of: Database) -> DatabaseEvent:
    return database_events.users_ready(of.origin, NOW, secrets=READY)


def failed() -> DatabaseEvent:
    return database_events.access_failed("making users", NOW, cause="timed out", fix="open the network")


def test_it_says_where_and_which_users_there_are_the_working_one_first() -> None:
    found = made()
    assert connection(found, [ready(found)], catalog(), makes_users=True) == {
        "host": "h.example",
        "reader_host": None,
        "port": 5432,
        "dbname": "orders_db",
        "users": [
            {"name": "application", "secret_arn": "arn:app", **SINCE_MADE},
            {"name": "read_only", "secret_arn": "arn:read", **SINCE_MADE},
            {"name": "master", "secret_arn": "arn:master", **UNKNOWN},
        ],
        "users_state": "ready",
        "default_user": "application",
        "certificates": "/certificates.pem",
    }


def test_where_a_reviewer_approves_the_everyday_user_only_reads() -> None:
    found = made(environment="prod")
    shown = connection(found, [ready(found)], catalog(), makes_users=True)
    assert shown is not None
    assert shown["default_user"] == "read_only"


@pytest.mark.parametrize(
    ("events", "makes_users", "state", "user"),
    [
        ([], True, "pending", "application"),
        ([failed()], True, "failed", "application"),
        ([], False, "none", "master"),
    ],
)
def test_without_users_it_says_why(
    events: list[DatabaseEvent], makes_users: bool, state: str, user: str
) -> None:
    shown = connection(made(), events, catalog(), makes_users=makes_users)
    assert shown is not None
    assert (shown["users_state"], shown["default_user"]) == (state, user)
    assert shown["users"] == [{"name": "master", "secret_arn": "arn:master", **UNKNOWN}]


def test_a_later_failure_leaves_users_that_are_ready_ready() -> None:
    found = made()
    shown = connection(found, [ready(found), failed()], catalog(), makes_users=True)
    assert shown is not None
    assert shown["users_state"] == "ready"


def test_there_is_none_before_the_endpoint_and_after_the_removal() -> None:
    assert connection(database(), [], catalog(), makes_users=True) is None
    removed = dataclasses.replace(made(), state=DatabaseState.REMOVED)
    assert connection(removed, [ready(removed)], catalog(), makes_users=True) is None


def test_an_environment_that_left_the_catalog_is_one_that_reviews() -> None:
    rules = catalog()
    rules.environments.pop("dev")
    found = made()
    shown = connection(found, [ready(found)], rules, makes_users=True)
    assert shown is not None
    assert shown["default_user"] == "read_only"


def passwords(found: Database, *known: DatabaseEvent) -> dict[str, tuple[str | None, bool]]:
    shown = connection(found, [ready(found), *known], catalog(), makes_users=True)
    assert shown is not None
    return {user["name"]: (user["password_changed_at"], user["rotating"]) for user in shown["users"]}


def test_a_rotation_shows_while_it_is_under_way_and_when_it_was_done() -> None:
    found, later = made(), NOW + dt.timedelta(hours=1)
    before = ("2026-11-23T12:00:00Z", False)
    asked = database_events.rotation_asked("7", NOW, "jane", user="application")
    assert passwords(found, asked) == {
        "application": ("2026-11-23T12:00:00Z", True),
        "read_only": before,
        "master": (None, False),
    }
    done = database_events.rotated(asked, later, user="application", secret_arn="arn:app")
    assert passwords(found, asked, done)["application"] == ("2026-11-23T13:00:00Z", False)


def test_a_rotation_that_failed_is_over_and_the_password_as_old_as_it_was() -> None:
    found = made()
    asked = database_events.rotation_asked("7", NOW, "jane", user="master")
    over = database_events.rotation_failed(asked, NOW, cause="c", fix="f")
    assert passwords(found, asked)["master"] == (None, True)
    assert passwords(found, asked, over)["master"] == (None, False)
