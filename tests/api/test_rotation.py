"""A rotation is asked for once, by a team that may, of a user who is there; what AWS refused, again."""

import datetime as dt
from dataclasses import dataclass, field
from typing import Any

import pytest
from provisioner.api.rotation import SAME, Rotations
from provisioner.core import database_events, events
from provisioner.core.errors import TryLater
from provisioner.core.names import Place

from tests.core.examples import NOW
from tests.intake.setting import ALPHA, BETA, DEV, Setting, refused


@dataclass
class SecretsManager:
    """Notes which secrets were to be rotated; may be down."""

    rotated: list[str] = field(default_factory=list)
    down: bool = False

    def rotate(self, arn: str) -> None:
        if self.down:
            raise TryLater("rotating", "no answer")
        self.rotated.append(arn)


@pytest.fixture
def setting() -> Setting:
    return Setting()


@pytest.fixture
def aws() -> SecretsManager:
    return SecretsManager()


def ask(setting: Setting, aws: SecretsManager, user: str = "master") -> tuple[str, bool]:
    """The state that a rotation is answered with, and whether it was asked for before."""
    answer = Rotations(setting.use_cases, aws.rotate).ask(DEV, {"user": user}, ALPHA)
    return answer.document["state"], answer.replayed


def with_users(setting: Setting) -> None:
    secrets = {"application": "arn:app", "read_only": "arn:read"}
    ready = database_events.users_ready(setting.database().origin, NOW, secrets=secrets)
    setting.ledger.add_database_event(DEV, ready)


def written(setting: Setting) -> list[tuple[str, str, str]]:
    events = setting.ledger.database_events(DEV)
    return [(event.type.value, event.actor, event.detail.get("user", "")) for event in events]


def test_the_masters_password_is_rotated_by_rds(setting: Setting, aws: SecretsManager) -> None:
    setting.database()
    answer = Rotations(setting.use_cases, aws.rotate).ask(DEV, {}, ALPHA)
    assert (answer.replayed, answer.document) == (
        False,
        {
            "environment": "dev",
            "database_name": "mydb123",
            "user": "master",
            "secret_arn": "arn",
            "state": "rotating",
            "requested_by": "alpha-ci",
            "requested_at": "2026-11-23T12:00:00Z",
            "reason": "",
            "links": {"database": "/databases/dev/mydb123"},
        },
    )
    assert aws.rotated == ["arn"]
    assert written(setting) == [("rotation_asked", "alpha-ci", "master")]


def test_another_users_password_is_left_to_the_access_function(setting: Setting, aws: SecretsManager) -> None:
    with_users(setting)
    assert ask(setting, aws, "application") == ("rotating", False)
    assert aws.rotated == []
    assert ("rotation_asked", "alpha-ci", "application") in written(setting)


@pytest.mark.parametrize("user", ["master", "application"])
def test_the_same_within_a_minute_is_the_same_rotation(
    setting: Setting, aws: SecretsManager, user: str
) -> None:
    with_users(setting)
    state, _ = ask(setting, aws, user)
    before = setting.rows()
    setting.now += SAME - dt.timedelta(seconds=1)
    assert ask(setting, aws, user) == (state, True)
    assert setting.rows() == before
    assert ask(setting, aws, "read_only") == ("rotating", False)  # another user's
    setting.now += dt.timedelta(seconds=1)
    assert ask(setting, aws, user) == (state, False)


def test_a_rotation_that_aws_did_not_do_is_asked_for_again(setting: Setting, aws: SecretsManager) -> None:
    setting.database()
    aws.down = True
    with pytest.raises(TryLater):
        ask(setting, aws)
    aws.down = False
    assert ask(setting, aws) == ("rotating", False)
    assert aws.rotated == ["arn"]
    assert sorted(event for event, *_ in written(setting)) == [
        "access_failed",  # which says why
        "rotation_asked",
        "rotation_asked",
    ]


def test_what_is_rotated_by_now_is_shown_as_rotated(setting: Setting, aws: SecretsManager) -> None:
    with_users(setting)
    ask(setting, aws, "application")
    (asked,) = (event for event in setting.ledger.database_events(DEV) if "asked" in event.type)
    done = database_events.rotated(asked, NOW, user="application", secret_arn="arn:app")
    setting.ledger.add_database_event(DEV, done)
    assert ask(setting, aws, "application") == ("rotated", True)


def test_a_dry_run_writes_and_rotates_nothing(setting: Setting, aws: SecretsManager) -> None:
    setting.database()
    before = setting.rows()
    shown = Rotations(setting.use_cases, aws.rotate).dry_run(DEV, {}, ALPHA)
    assert (shown["state"], shown["requested_by"], shown["requested_at"]) == ("would_rotate", None, None)
    assert (setting.rows(), aws.rotated) == (before, [])


def test_what_cannot_be_rotated_is_refused_in_the_call_and_in_its_dry_run(
    setting: Setting, aws: SecretsManager
) -> None:
    rotations = Rotations(setting.use_cases, aws.rotate)
    made = setting.create()

    def both(status: int, slug: str, content: Any, place: Place = DEV) -> None:
        refused(status, slug, rotations.ask, place, content, ALPHA)
        refused(status, slug, rotations.dry_run, place, content, ALPHA)

    both(409, "not-available", {})
    setting.applied(made)
    both(409, "no-user", {"user": "application"})
    both(422, "invalid-request", {"user": "root"})
    both(404, "not-found", {}, Place("dev", "other"))
    refused(404, "not-found", rotations.ask, DEV, {}, BETA)
    setting.applied(setting.use_cases.remove(DEV, ALPHA).request)
    both(409, "removed", {})
    assert aws.rotated == []


def test_a_database_whose_result_names_no_secret_has_no_master_to_rotate(
    setting: Setting, aws: SecretsManager
) -> None:
    made = setting.create()
    bare = events.succeeded(NOW, pipeline_url="u", commit="c", result={"endpoint": "h"})
    setting.happened(made, bare)
    refused(409, "not-available", Rotations(setting.use_cases, aws.rotate).ask, DEV, {}, ALPHA)
