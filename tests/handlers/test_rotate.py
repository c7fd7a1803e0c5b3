"""A rotation is asked for, audited and answered with where the password is, never with what it is."""

import datetime as dt
import json
from typing import Any
from unittest import mock

import boto3
import pytest
from moto.secretsmanager.models import SecretsManagerBackend
from provisioner.api import rotation
from provisioner.core import database_events
from provisioner.core.database_events import DatabaseEvent, DatabaseEventType
from provisioner.core.events import Detail, Event, EventType
from provisioner.core.models import Request
from provisioner.core.names import Place
from provisioner.handlers import reaper
from provisioner.ledger.ledger import Ledger
from provisioner.ledger.new_request import KeyUsed

from tests.core.examples import NOW, ROOMY, charge, request
from tests.handlers.api_client import Client
from tests.handlers.chain import Context
from tests.handlers.conftest import Cloud
from tests.handlers.described import assert_described

ALPHA, BETA = Client("key-alpha"), Client("key-beta")
PATH = "/databases/dev/mydb123/rotate"
ROUTE = ("/databases/{environment}/{database_name}/rotate", "post")
ARN = "arn:aws:secretsmanager:us-east-1:123456789012:secret:rds-provisioner/dev/mydb123/application-AbCdEf"


@pytest.fixture
def rotated(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The secrets that Secrets Manager was asked to rotate; moto wants a function of one's own for that."""
    asked: list[str] = []

    def rotate_secret(self: Any, secret_id: str, **_: Any) -> str:
        asked.append(secret_id)
        return json.dumps({"ARN": secret_id, "Name": "rds!db-1", "VersionId": "1"})

    monkeypatch.setattr(SecretsManagerBackend, "rotate_secret", rotate_secret)
    return asked


@pytest.fixture
def master(cloud: Cloud) -> str:
    """The ARN of the master secret of dev/mydb123, which is available."""
    arn: str = boto3.client("secretsmanager").create_secret(Name="rds!db-1", SecretString="{}")["ARN"]
    one = request()
    cloud.ledger.open_create(one, charge(one.root), ROOMY)
    detail: Detail = {"result": {"endpoint": "h", "port": 3306, "secret_arn": arn}}
    cloud.ledger.add_event(
        one.id, Event(id="s", type=EventType.SUCCEEDED, at=NOW, actor="pipeline", detail=detail), NOW
    )
    return arn


def origin(cloud: Cloud) -> str:
    database = cloud.ledger.database(Place("dev", "mydb123"))
    assert database is not None
    return database.origin


def with_users(cloud: Cloud) -> None:
    note = DatabaseEvent(
        id=f"users_ready:{origin(cloud)[:8]}",
        type=DatabaseEventType.USERS_READY,
        at=NOW,
        actor="rds-provisioner",
        detail={"secrets": {"application": ARN, "read_only": ARN + "2"}},
    )
    cloud.ledger.add_database_event(Place("dev", "mydb123"), note)


@pytest.mark.parametrize("body", [None, {}, {"user": "master"}])
def test_the_masters_password_is_left_to_rds_which_takes_its_time(
    cloud: Cloud, master: str, rotated: list[str], body: Any
) -> None:
    answer = ALPHA.call("POST", PATH, body)

    assert answer.status == 202
    assert answer.json["state"] == "rotating"
    assert answer.json["secret_arn"] == master
    assert answer.json["requested_by"] == "alpha-ci"
    assert_described(answer, *ROUTE)
    assert rotated == [master]
    shown = ALPHA.call("GET", "/databases/dev/mydb123")
    assert [(event["event"], event["actor"]) for event in shown.json["events"]] == [
        ("rotation_asked", "alpha-ci"),
    ]
    assert shown.json["secrets"] == {"master": master}
    assert_described(shown, "/databases/{environment}/{database_name}", "get")


def test_the_reaper_says_when_rds_has_rotated_it(cloud: Cloud, master: str) -> None:
    before = dt.datetime.now(dt.UTC) - dt.timedelta(minutes=5)
    asked = database_events.rotation_asked("1", before, "alpha-ci", user="master")
    cloud.ledger.add_database_event(Place("dev", "mydb123"), asked)
    boto3.client("secretsmanager").put_secret_value(SecretId=master, SecretString="{}")

    reaper.handler({}, Context())

    # The database is as old as NOW, and the reaper looks at the clock: it may speak of an expiry as well.
    events = ALPHA.call("GET", "/databases/dev/mydb123").json["events"]
    assert [(event["event"], event["actor"]) for event in events if event["event"].startswith("rotat")] == [
        ("rotation_asked", "alpha-ci"),
        ("rotated", "rds-provisioner"),
    ]


def test_another_users_password_is_left_to_the_access_function(
    cloud: Cloud, master: str, rotated: list[str]
) -> None:
    with_users(cloud)
    answer = ALPHA.call("POST", PATH, {"user": "application"})
    assert (answer.status, answer.json["state"], answer.json["secret_arn"]) == (202, "rotating", ARN)
    assert_described(answer, *ROUTE)
    assert rotated == []
    asked = [
        note
        for note in cloud.ledger.database_events(Place("dev", "mydb123"))
        if note.type is DatabaseEventType.ROTATION_ASKED
    ]
    assert [(note.actor, note.detail) for note in asked] == [("alpha-ci", {"user": "application"})]
    shown = ALPHA.call("GET", "/databases/dev/mydb123").json["secrets"]
    assert shown == {"master": master, "application": ARN, "read_only": ARN + "2"}


@pytest.mark.parametrize("user", ["master", "application"])
def test_a_second_click_is_the_same_rotation(
    cloud: Cloud, master: str, rotated: list[str], user: str
) -> None:
    with_users(cloud)
    first = ALPHA.call("POST", PATH, {"user": user})
    rows = cloud.rows()
    again = ALPHA.call("POST", PATH, {"user": user})
    assert again.status == 202
    assert again.json == first.json
    assert again.headers["idempotency-replayed"] == "true"
    assert cloud.rows() == rows
    assert len(rotated) == (user == "master")
    other = ALPHA.call("POST", PATH, {"user": "read_only"})
    assert "idempotency-replayed" not in other.headers


def test_all_tries_with_one_key_are_one_rotation_however_much_later(
    cloud: Cloud, master: str, rotated: list[str]
) -> None:
    with_users(cloud)
    key = {"Idempotency-Key": "try-1"}
    first = ALPHA.call("POST", PATH, {"user": "application"}, headers=key)
    with mock.patch.object(rotation, "SAME", dt.timedelta(0)):
        again = ALPHA.call("POST", PATH, {"user": "application"}, headers=key)

    assert (again.status, again.json) == (202, first.json)
    assert again.headers["idempotency-replayed"] == "true"
    kinds = [note.type for note in cloud.ledger.database_events(Place("dev", "mydb123"))]
    assert kinds.count(DatabaseEventType.ROTATION_ASKED) == 1
    assert rotated == []


def test_a_key_that_stands_for_another_rotation_is_refused(
    cloud: Cloud, master: str, rotated: list[str]
) -> None:
    with_users(cloud)
    key = {"Idempotency-Key": "try-1"}
    assert ALPHA.call("POST", PATH, {"user": "application"}, headers=key).status == 202
    other = ALPHA.call("POST", PATH, {"user": "master"}, headers=key)
    assert (other.status, other.json["type"]) == (422, "urn:rds-provisioner:problem:idempotency-key-reused")
    assert rotated == []


def test_the_same_call_twice_at_one_moment_is_asked_for_later(
    cloud: Cloud, master: str, rotated: list[str]
) -> None:
    with_users(cloud)
    key = {"Idempotency-Key": "try-1"}
    with mock.patch.object(Ledger, "add_database_event", side_effect=KeyUsed("f", "r")):
        answer = ALPHA.call("POST", PATH, {"user": "application"}, headers=key)
    assert (answer.status, answer.json["retryable"]) == (503, True)
    assert rotated == []


def test_a_minute_later_it_is_another_one(cloud: Cloud, master: str, rotated: list[str]) -> None:
    earlier = dt.datetime.now(dt.UTC) - dt.timedelta(seconds=61)
    for noted, note_id in ((DatabaseEventType.ROTATION_ASKED, "a"), (DatabaseEventType.ROTATED, "rotated:a")):
        note = DatabaseEvent(id=note_id, type=noted, at=earlier, actor="x", detail={"user": "master"})
        cloud.ledger.add_database_event(Place("dev", "mydb123"), note)
    assert "idempotency-replayed" not in ALPHA.call("POST", PATH).headers
    assert rotated == [master]


def test_a_dry_run_rotates_nothing(cloud: Cloud, master: str, rotated: list[str]) -> None:
    rows = cloud.rows()
    answer = ALPHA.call("POST", PATH, query={"dry_run": "true"})
    assert (answer.status, answer.json["state"]) == (200, "would_rotate")
    assert_described(answer, *ROUTE)
    assert (rotated, cloud.rows()) == ([], rows)


def test_a_rotation_that_aws_refuses_is_asked_for_again(
    cloud: Cloud, master: str, monkeypatch: pytest.MonkeyPatch, rotated: list[str]
) -> None:
    boto3.client("secretsmanager").delete_secret(SecretId=master, ForceDeleteWithoutRecovery=True)
    monkeypatch.undo()
    answer = ALPHA.call("POST", PATH)
    assert answer.status == 503
    assert answer.json["retryable"] is True
    again = ALPHA.call("POST", PATH)
    assert again.status == 503  # not answered with the first one's success
    events = ALPHA.call("GET", "/databases/dev/mydb123").json["events"]
    assert [event["event"] for event in events] == ["rotation_asked", "access_failed"] * 2
    assert events[1]["detail"]["doing"] == "rotating a password"
    assert "ResourceNotFoundException" in events[1]["detail"]["cause"]


@pytest.mark.parametrize("body", [{"user": "root"}, {"user": None}, {"who": "master"}, []])
def test_an_unknown_user_is_422(cloud: Cloud, master: str, rotated: list[str], body: Any) -> None:
    answer = ALPHA.call("POST", PATH, body)
    assert answer.status == 422
    assert_described(answer, *ROUTE)
    assert rotated == []


def test_a_user_that_was_not_made_is_409_and_says_what_makes_one(cloud: Cloud, master: str) -> None:
    answer = ALPHA.call("POST", PATH, {"user": "read_only"})
    assert (answer.status, answer.json["type"]) == (409, "urn:rds-provisioner:problem:no-user")
    assert "AccessSubnetIds" in answer.json["detail"]


def test_another_teams_database_is_404(cloud: Cloud, master: str, rotated: list[str]) -> None:
    assert BETA.call("POST", PATH).status == 404
    assert rotated == []


def pending(cloud: Cloud) -> Request:
    one = request()
    cloud.ledger.open_create(one, charge(one.root), ROOMY)
    return one


def test_a_database_that_is_not_there_yet_or_no_more_is_409(cloud: Cloud) -> None:
    one = pending(cloud)
    answer = ALPHA.call("POST", PATH)
    assert (answer.status, answer.json["type"]) == (409, "urn:rds-provisioner:problem:not-available")
    cloud.ledger.add_event(one.id, Event(id="s", type=EventType.SUCCEEDED, at=NOW, actor="pipeline"), NOW)
    cloud.ledger.mark_removed(
        Place("dev", "mydb123"),
        DatabaseEvent(id="g", type=DatabaseEventType.REMOVED_IN_GIT, at=NOW, actor="x"),
    )
    answer = ALPHA.call("POST", PATH)
    assert (answer.status, answer.json["type"]) == (409, "urn:rds-provisioner:problem:removed")
