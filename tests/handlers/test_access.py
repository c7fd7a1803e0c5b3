"""The access function takes whatever the topic publishes, and says where an operator has to look."""

import dataclasses
import json
import os
from collections.abc import Iterator
from typing import Any
from unittest import mock

import boto3
import pytest
from botocore.exceptions import EndpointConnectionError
from provisioner.access.users import DatabaseUsers
from provisioner.core import events
from provisioner.core.database_events import DatabaseEvent, DatabaseEventType
from provisioner.core.events import Event, EventType, Step
from provisioner.core.lifecycle import State, derive
from provisioner.core.models import Request
from provisioner.core.names import Place
from provisioner.handlers import access
from provisioner.notify import cloudevents

from tests.core.examples import NOW, ROOMY, charge, request
from tests.handlers.chain import Context
from tests.handlers.conftest import Cloud


@pytest.fixture
def available(cloud: Cloud) -> Iterator[Cloud]:
    """dev/mydb123 is available at an address where nobody answers."""
    secret = json.dumps({"username": "dbadmin", "password": "m"})
    arn = boto3.client("secretsmanager").create_secret(Name="rds!db-1", SecretString=secret)["ARN"]
    one = request()
    cloud.ledger.open_create(one, charge(one.root), ROOMY)
    result = {"endpoint": "127.0.0.1", "port": 9, "database_name": "mydb123", "secret_arn": arn}
    done = Event(id="s", type=EventType.SUCCEEDED, at=NOW, actor="pipeline", detail={"result": result})
    cloud.ledger.add_event(one.id, done, NOW)
    with mock.patch.dict(os.environ, {"MAX_RECEIVE_COUNT": "3"}):
        yield cloud


def published(cloud: Cloud, noted: DatabaseEventType, note_id: str = "n") -> str:
    database = cloud.ledger.database(Place("dev", "mydb123"))
    assert database is not None
    note = DatabaseEvent(id=note_id, type=noted, at=NOW, actor="alpha-ci", detail={"user": "application"})
    return cloudevents.encode(cloudevents.of_database(note, database, source="urn:x"))


def applied() -> str:
    return json.dumps(
        {"id": "r/e", "data": {"event": "applied", "environment": "dev", "database_name": "mydb123"}}
    )


def run(*bodies: str, received: int = 1) -> list[str]:
    records = [
        {
            "messageId": str(number),
            "receiptHandle": "r",
            "body": body,
            "attributes": {"ApproximateReceiveCount": str(received)},
        }
        for number, body in enumerate(bodies)
    ]
    answer = access.handler({"Records": records}, Context())
    return [failure["itemIdentifier"] for failure in answer["batchItemFailures"]]


def failures(cloud: Cloud) -> list[DatabaseEvent]:
    return [
        note
        for note in cloud.ledger.database_events(Place("dev", "mydb123"))
        if note.type is DatabaseEventType.ACCESS_FAILED
    ]


def test_a_database_that_does_not_answer_is_tried_again(available: Cloud) -> None:
    assert run(applied()) == ["0"]
    assert failures(available) == []


def test_the_last_try_says_what_failed_and_why(available: Cloud) -> None:
    assert run(applied(), received=3) == ["0"]
    (note,) = failures(available)
    assert note.detail["doing"] == "making the users"
    assert note.detail["cause"].startswith("logging in to 127.0.0.1 as dbadmin: ")


def test_a_rotation_that_was_asked_for_is_found_by_its_note(available: Cloud) -> None:
    asked = DatabaseEvent(
        id="rotation_asked:1",
        type=DatabaseEventType.ROTATION_ASKED,
        at=NOW,
        actor="a",
        detail={"user": "application"},
    )
    available.ledger.add_database_event(Place("dev", "mydb123"), asked)
    body = published(available, DatabaseEventType.ROTATION_ASKED, "rotation_asked:1")
    assert run(body, received=3) == ["0"]
    assert failures(available)[0].detail["doing"] == "rotating a password"
    assert run(published(available, DatabaseEventType.ROTATION_ASKED, "rotation_asked:invented")) == []


@pytest.mark.parametrize(
    "noted", [DatabaseEventType.EXPIRING, DatabaseEventType.IDLE, DatabaseEventType.ROTATED]
)
def test_what_is_none_of_its_business_goes(available: Cloud, noted: DatabaseEventType) -> None:
    assert run(published(available, noted)) == []


@pytest.mark.parametrize("body", ["", "{", "[]", "{}", '{"id": "x", "data": {}}', '{"id": "x", "data": 1}'])
def test_what_is_no_event_stays_for_an_operator_and_holds_nobody_up(available: Cloud, body: str) -> None:
    assert run(body, published(available, DatabaseEventType.EXPIRING)) == ["0"]


def test_the_secrets_of_a_removed_database_go(available: Cloud) -> None:
    secrets: Any = boto3.client("secretsmanager")
    secrets.create_secret(Name="rds-provisioner/dev/mydb123/application", SecretString="{}")
    gone = DatabaseEvent(id="g", type=DatabaseEventType.REMOVED_IN_GIT, at=NOW, actor="pipeline")
    available.ledger.mark_removed(Place("dev", "mydb123"), gone)
    assert run(published(available, DatabaseEventType.REMOVED_IN_GIT)) == []
    names = [secret["Name"] for secret in secrets.list_secrets()["SecretList"]]
    assert "rds-provisioner/dev/mydb123/application" not in names


@pytest.mark.parametrize("received", [1, 3])
def test_what_nobody_thought_of_is_said_in_the_end_without_its_words(available: Cloud, received: int) -> None:
    lost = EndpointConnectionError(endpoint_url="https://secretsmanager.example.com")
    with mock.patch.object(DatabaseUsers, "prepare", side_effect=lost):
        assert run(applied(), received=received) == ["0"]

    notes = available.ledger.database_events(Place("dev", "mydb123"))
    assert [note.type for note in notes] == ([DatabaseEventType.ACCESS_FAILED] if received == 3 else [])
    assert all("EndpointConnectionError" in note.detail["cause"] for note in notes)
    assert "example.com" not in str(notes)


@pytest.fixture
def waiting(available: Cloud) -> Request:
    """The creation of dev/orders, applied and waiting for its users, at the address where nobody answers."""
    made = available.ledger.database(Place("dev", "mydb123"))
    assert made is not None
    asked = events.requested(NOW, "alpha", users=True)
    one = request(database_name="orders")
    one = dataclasses.replace(one, progress=derive([asked]))
    available.ledger.open_create(one, charge(one.root), ROOMY)
    done = events.succeeded(NOW, pipeline_url="https://ci", commit="c", result=made.result)
    return available.ledger.add_event(one.id, done, NOW)


def of_orders(event: str, request_id: str) -> str:
    data = {"event": event, "environment": "dev", "database_name": "orders", "request": {"id": request_id}}
    return json.dumps({"id": "r/e", "data": data})


def test_the_last_try_fails_the_creation_that_waits_at_its_users(available: Cloud, waiting: Request) -> None:
    assert run(of_orders("applied", waiting.id), received=2) == ["0"]
    assert step_of(available, waiting) == (State.APPLYING, Step.USERS)
    assert run(of_orders("applied", waiting.id), received=3) == ["0"]
    assert step_of(available, waiting) == (State.FAILED, Step.USERS)
    found = available.ledger.request(waiting.id)
    assert found is not None
    assert found.progress.failure is not None
    assert found.progress.failure.cause.startswith("logging in to 127.0.0.1 as dbadmin: ")
    assert found.progress.failure.retryable


def test_a_retry_makes_the_users_of_a_creation_that_waits_for_them_alone(
    available: Cloud, waiting: Request
) -> None:
    other = available.ledger.database(Place("dev", "mydb123"))
    assert other is not None
    with mock.patch.object(DatabaseUsers, "prepare", return_value=[]) as prepare:
        assert run(of_orders("retried", other.origin)) == []
        assert run(of_orders("retried", "00000000-0000-4000-8000-000000000000")) == []
        prepare.assert_not_called()
        assert run(of_orders("retried", waiting.id)) == []
        prepare.assert_called_once_with(Place("dev", "orders"))


def test_a_failure_of_a_database_whose_creation_does_not_wait_is_no_failure_of_it(available: Cloud) -> None:
    assert run(applied(), received=3) == ["0"]
    database = available.ledger.database(Place("dev", "mydb123"))
    assert database is not None
    found = available.ledger.request(database.origin)
    assert found is not None
    assert found.progress.state is State.DONE


def step_of(cloud: Cloud, one: Request) -> tuple[State, Step]:
    found = cloud.ledger.request(one.id)
    assert found is not None
    return found.progress.state, found.progress.step
