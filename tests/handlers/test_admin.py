"""What operators see of all teams, and that nobody else finds anything there."""

import json
import os
from typing import Any

import boto3
import pytest
from provisioner import settings
from provisioner.handlers import admin, api
from provisioner.ledger.ledger import Ledger

from tests.console.team import Team, ago, orders
from tests.handlers.admin_client import call
from tests.handlers.api_client import Client
from tests.handlers.conftest import Cloud
from tests.handlers.described import OPENAPI, assert_described
from tests.handlers.test_operator import operator
from tests.ledger.memory_table import MemoryTable
from tests.ledger.moto_table import TABLE

VIEWS = (
    "board",
    "queue",
    "approvals",
    "failed",
    "expiring",
    "spend",
    "drift",
    "times",
    "channels",
    "dead-letters",
    "keys",
)
STACK = "rds-provisioner"
# What is not deployed has no queues.
OPTIONAL = [
    f"{part}_{kind}" for part in ("ACCESS", "EVENT_WEBHOOK", "NOTIFIER") for kind in ("QUEUE", "DEAD_LETTERS")
]


@pytest.fixture
def queues(cloud: Cloud) -> Cloud:
    """The queues and an operator's key, on a ledger in moto."""
    admin._key_of.cache_clear()
    os.environ["POWERTOOLS_SERVICE_NAME"] = STACK
    os.environ["REQUEST_QUEUE_URL"] = cloud.queue
    for name in ("REQUEST_DEAD_LETTERS", "EVENTS_DEAD_LETTERS", "SCHEDULE_DEAD_LETTERS"):
        made = cloud.sqs.create_queue(QueueName=name.lower().replace("_", "-"))
        os.environ[f"{name}_URL"] = made["QueueUrl"]
    for name in OPTIONAL:
        os.environ[f"{name}_URL"] = ""
    operator(cloud)
    return cloud


@pytest.fixture
def world(queues: Cloud, monkeypatch: pytest.MonkeyPatch) -> Cloud:
    """Two teams with databases in every state, on a ledger in memory, whose transactions cost less."""
    queues.dynamodb = MemoryTable()
    queues.ledger = Ledger(queues.dynamodb, TABLE)
    monkeypatch.setattr(settings, "ledger", lambda: queues.ledger)
    operator(queues)
    operator(queues, "key-alpha", scope="", team="alpha", person="", expires_at="")
    orders(queues.ledger)
    beta = Team(queues.ledger, "beta")
    beta.ready(beta.ask("dev/raw-1", ago(days=3), ttl="7d"))
    return queues


def test_the_board_is_read_from_dynamodb(queues: Cloud) -> None:
    team = Team(queues.ledger, "beta")
    team.ask("dev/raw-1", ago(days=3), ttl="7d")
    board = call("GET", "/admin/board").json
    assert [each["database_name"] for each in board["expiring"]] == ["raw-1"]
    assert board["states"]["requested"] == 1


def test_each_view_is_as_the_description_says(world: Cloud) -> None:
    boto3.client("apigateway").create_usage_plan(name=STACK)
    for view in VIEWS:
        answer = call("GET", f"/admin/{view}")
        assert (view, answer.status) == (view, 200)
        assert_described(answer, f"/admin/{view}", "get")


@pytest.mark.parametrize("key", ["key-alpha", "key-nobody", None])
def test_there_is_nothing_for_any_other_key(world: Cloud, key: str | None) -> None:
    answers = [call("GET", f"/admin/{view}", key=key) for view in VIEWS]
    answers += [call("POST", "/admin/dead-letters/requests/send-back", key=key)]
    answers += [call("DELETE", "/admin/keys/key-alpha", key=key)]
    unknown = call("GET", "/admin/nothing")
    assert {(answer.status, answer.json["type"]) for answer in [*answers, unknown]} == {
        (404, "urn:rds-provisioner:problem:not-found")
    }


def test_an_operators_key_of_before_the_limit_finds_nothing(world: Cloud) -> None:
    operator(world, "key-odd", expires_at="")
    assert call("GET", "/admin/queue", key="key-odd").status == 404


def test_the_board_shows_what_waits_what_failed_and_what_ends(world: Cloud) -> None:
    board = call("GET", "/admin/board").json
    assert board["states"]["failed"] == 1
    waits = {
        each["environment"]: [item["database_name"] for item in each["waiting"]] for each in board["queue"]
    }
    assert waits == {"dev": [], "staging": ["checkout"], "prod": []}
    applies = {
        each["environment"]: [item["database_name"] for item in each["applying"]] for each in board["queue"]
    }
    assert applies["dev"] == ["reports"]
    (approval,) = board["approvals"]
    assert (approval["database_name"], approval["approval_of"]) == ("payments", ["a reviewer of prod"])
    assert approval["approvers"] == []
    assert approval["monthly_usd_difference"] > 0
    (failure,) = board["failed"]
    assert failure["retryable"] is True
    assert "InsufficientDBInstanceCapacity" in failure["cause"]
    ends = [(each["team"], each["database_name"]) for each in board["expiring"]]
    assert ("alpha", "shop") in ends
    assert ("beta", "raw-1") in ends
    assert [each["expires_at"] for each in board["expiring"]] == sorted(
        each["expires_at"] for each in board["expiring"]
    )


def test_spend_is_what_the_quota_counts_by_team_and_environment(world: Cloud) -> None:
    spend = call("GET", "/admin/spend").json["spend"]
    teams = {team["team"]: team for team in spend["teams"]}
    assert [*teams] == ["alpha", "beta"]
    for name, team in teams.items():
        for environment, held in team["environments"].items():
            used = world.ledger.quota_used(name, environment)
            assert (held["databases"], held["monthly_usd"]) == (used.databases, used.monthly_cents / 100)
    assert spend["monthly_usd"] == round(sum(team["monthly_usd"] for team in teams.values()), 2)


def test_times_are_those_of_creations_that_were_done(world: Cloud) -> None:
    times = call("GET", "/admin/times", query={"days": "90"}).json["times"]
    applied = next(step for step in times["steps"] if step["step"] == "apply")
    assert times["creations"] == applied["count"] == 7
    assert (applied["half"], applied["nine_of_ten"], applied["most"]) == (400.0, 400.0, 400.0)
    few = call("GET", "/admin/times", query={"days": "1"}).json["times"]
    assert few["creations"] == 1
    assert call("GET", "/admin/times", query={"days": "91"}).status == 400


def test_drift_is_shown_from_the_night_on_that_finds_it_and_no_longer_than_it_lasts(world: Cloud) -> None:
    one = next(iter(world.ledger.all_databases("beta")))
    shown = {"since": "2026-11-24T03:00:00Z", "link": "https://ci.example/7"}
    world.ledger.all_teams.keep_drift(one.place, shown)
    assert call("GET", "/admin/drift").json["drift"] == [
        {"environment": "dev", "database_name": "raw-1", "team": "beta", **shown}
    ]
    world.ledger.all_teams.keep_drift(one.place, None)
    assert call("GET", "/admin/drift").json["drift"] == []


def test_a_channel_that_fails_is_shown_until_it_takes_a_message(world: Cloud) -> None:
    deliveries, name = world.ledger.deliveries, "slack:rds-provisioner/notify/alpha"
    deliveries.failed(
        name, "alpha", ago(hours=1), cause="Slack answered 404 no_service", fix="another webhook"
    )
    (shown,) = call("GET", "/admin/channels").json["channels"]
    assert (shown["channel"], shown["team"], shown["cause"]) == (
        name,
        "alpha",
        "Slack answered 404 no_service",
    )
    assert call("GET", "/admin/board").json["channels"] == [shown]
    deliveries.works(name, ago(hours=0))
    assert call("GET", "/admin/channels").json["channels"] == []


def test_a_dead_letter_is_seen_without_being_taken_and_goes_back(world: Cloud) -> None:
    dead = os.environ["REQUEST_DEAD_LETTERS_URL"]
    body = {"version": 1, "request_id": "r-1", "kind": "create", "secret": {"x": 1}}
    for text in (json.dumps(body), "no json"):
        world.sqs.send_message(QueueUrl=dead, MessageBody=text)
    world.messages()
    first, *others = call("GET", "/admin/dead-letters").json["dead_letters"]
    assert (first["queue"], first["count"], first["can_send_back"]) == ("requests", 2, True)
    abouts = sorted((message["about"] for message in first["messages"]), key=len)
    assert abouts == [{}, {"request_id": "r-1", "kind": "create"}]
    assert [(each["queue"], each["can_send_back"]) for each in others] == [
        ("events", False),
        ("schedule", False),
    ]
    sent = call("POST", "/admin/dead-letters/requests/send-back")
    assert {name: sent.json[name] for name in ("queue", "sent_back", "left")} == {
        "queue": "requests",
        "sent_back": 2,
        "left": 0,
    }
    assert_described(sent, "/admin/dead-letters/{queue_name}/send-back", "post")
    received = world.sqs.receive_message(QueueUrl=world.queue, MaxNumberOfMessages=10)["Messages"]
    assert sorted(message["Body"] for message in received) == sorted([json.dumps(body), "no json"])
    assert call("POST", "/admin/dead-letters/schedule/send-back").status == 404


def test_a_message_that_cannot_be_sent_stays_where_it_is(
    world: Cloud, monkeypatch: pytest.MonkeyPatch
) -> None:
    dead = os.environ["REQUEST_DEAD_LETTERS_URL"]
    world.sqs.send_message(QueueUrl=dead, MessageBody="{}")
    monkeypatch.setenv("REQUEST_QUEUE_URL", f"{world.queue}-gone")
    assert call("POST", "/admin/dead-letters/requests/send-back").status == 500
    answer = world.sqs.get_queue_attributes(
        QueueUrl=dead, AttributeNames=["ApproximateNumberOfMessagesNotVisible"]
    )
    assert answer["Attributes"] == {"ApproximateNumberOfMessagesNotVisible": "1"}


def test_a_key_is_ended_for_good_and_is_no_longer_listed(world: Cloud) -> None:
    gateway: Any = boto3.client("apigateway")
    plan = gateway.create_usage_plan(name=STACK)["id"]
    gateway.create_usage_plan(name="another")
    made = gateway.create_api_key(name="rds-provisioner-gamma-1", enabled=True)["id"]
    gateway.create_usage_plan_key(usagePlanId=plan, keyId=made, keyType="API_KEY")
    operator(world, made, scope="", team="gamma", person="", expires_at="")
    (listed,) = call("GET", "/admin/keys").json["keys"]
    assert (listed["id"], listed["team"], listed["scope"], listed["expires_at"]) == (
        made,
        "gamma",
        "team",
        None,
    )
    assert Client(made).call("GET", "/quota").status == 200
    ended = call("DELETE", f"/admin/keys/{made}")
    assert_described(ended, "/admin/keys/{key_id}", "delete")
    api._key_of.cache_clear()
    assert Client(made).call("GET", "/quota").json["type"].endswith(":key-expired")
    row = world.dynamodb.get_item(TableName=TABLE, Key={"pk": {"S": f"KEY#{made}"}, "sk": {"S": "KEY"}})
    assert row["Item"]["ended_by"] == {"S": "paul"}
    assert call("GET", "/admin/keys").json["keys"] == []
    assert call("DELETE", f"/admin/keys/{made}").status == 404


def test_every_admin_route_that_is_described_is_served(world: Cloud) -> None:
    described = {path for path in OPENAPI["paths"] if path.startswith("/admin/")}
    assert described == {f"/admin/{view}" for view in VIEWS} | {
        "/admin/dead-letters/{queue_name}/send-back",
        "/admin/keys/{key_id}",
    }


def test_a_fault_is_a_problem_that_says_no_more(world: Cloud, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Ledger, "all_teams", property(lambda _: 1 / 0))
    answer = call("GET", "/admin/queue")
    assert (answer.status, answer.json["title"]) == (500, "Something broke on our side")
