"""A ledger that was lost comes back from pull requests, git and Terraform's states, row for row."""

import dataclasses
import datetime as dt
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import boto3
import pytest
from provisioner.core import events
from provisioner.core.events import Step
from provisioner.core.hcl import FORMAT_PATH, content_hash, render
from provisioner.core.lifecycle import DatabaseState, Kind, State
from provisioner.core.models import Request
from provisioner.core.names import Place
from provisioner.ledger.codecs import from_item
from provisioner.reports.schema import ApplyOutcome
from provisioner.wiring import intake

from ops import rebuild
from tests.handlers.chain import ALPHA, RESULT, Chain, now
from tests.handlers.conftest import chain  # noqa: F401 - a fixture
from tests.handlers.reaping import reap
from tests.ledger.moto_table import TABLE, create_table

Row = dict[str, str | int]
Rows = dict[tuple[str, str], Row]

BUCKET = "states"
HOUR, MINUTE = dt.timedelta(hours=1), dt.timedelta(minutes=1)
# What carries no history: `version` and `attempts` count writes and tries, `lease_until` is whoever's work
# on it now, and `due_*` is when the reaper looks next, which an early look does not harm.
NO_HISTORY = {"version", "attempts", "lease_until", "due_at", "due_kind"}
# Rows that are not replayed: an Idempotency-Key counts for a week, and the same POST finds its request by
# the database's name; USE and TURN are looked up again every day; keys come back by `ops.team_key restore`.
NOT_TOLD = {"IDEM", "USE", "TURN", "KEY"}


@dataclasses.dataclass
class World:
    """The chain with a state bucket and a stack."""

    chain: Chain
    delivered: int = 0

    def create(self, name: str, **body: Any) -> Request:
        content = {"database_name": name, "database_engine": "mysql", "environment": "dev"} | body
        return self.open(intake.use_cases(now()).create(content, ALPHA).request)

    def change(self, place: str, **body: Any) -> Request:
        environment, name = place.split("/")
        accepted = intake.use_cases(now()).change(Place(environment, name), body, ALPHA)
        assert not isinstance(accepted, dict)
        return self.open(accepted.request)

    def remove(self, place: str) -> Request:
        environment, name = place.split("/")
        accepted = intake.use_cases(now()).remove(
            Place(environment, name), ALPHA, reason="Not needed; `-->` gone."
        )
        assert not isinstance(accepted, dict)
        return self.open(accepted.request)

    def open(self, one: Request) -> Request:
        assert self.chain.work() == []
        return self.chain.now(one)

    def carry(self, one: Request, outcome: ApplyOutcome = "succeeded") -> Request:
        """Plan, merge and apply."""
        self.merge(one)
        self.chain.apply(one, "started")
        result = RESULT | {"identifier": f"{one.environment}-{one.database_name}"}
        self.chain.apply(one, outcome, **({"result": result} if outcome == "succeeded" else {}))
        if outcome == "succeeded":
            self.keep_state(one.environment, one.database_name, result)
        return self.settled(one)

    def merge(self, one: Request) -> Request:
        kinds = {
            Kind.CREATE: {"add": 2, "databases_added": 1},
            Kind.REMOVE: {"destroy": 2, "databases_destroyed": 1},
        }
        summary = {"only_own_database": True} | kinds.get(one.kind, {"change": 1})
        self.chain.plan(one, summary=summary)
        number = self.number(one)
        if not self.chain.server.hub.pulls[number].merged:
            self.chain.server.users.approve(number, "ann")
            self.chain.server.users.merge(number, "ann")
        return self.settled(one)

    def settled(self, one: Request) -> Request:
        self.deliver()
        return self.chain.now(one)

    def deliver(self) -> None:
        """Bring what GitHub wanted to deliver, one after the other: moto's tables are for one thread."""
        self.chain.server.webhooks.settle()
        deliveries = self.chain.server.webhooks.deliveries
        while self.delivered < len(deliveries):
            delivery = deliveries[self.delivered]
            self.delivered += 1
            assert self.chain.deliver(delivery["event"], delivery["body"].encode())["statusCode"] == 200

    def number(self, one: Request) -> int:
        return self.chain.now(one).progress.pull_request or 0

    def reap(self, after: dt.timedelta = 10 * MINUTE) -> None:
        """Two looks, five minutes apart: what the first one writes down, the second one keeps on GitHub."""
        self.deliver()
        for moment in (now() + after, now() + after + 5 * MINUTE):
            assert reap(moment).errors == []

    def keep_state(self, environment: str, name: str, result: dict[str, Any]) -> None:
        content = {"version": 4, "outputs": {"database": {"value": result}}}
        boto3.client("s3").put_object(
            Bucket=BUCKET, Key=Place(environment, name).state_key, Body=json.dumps(content).encode()
        )

    def keep_marker(self, one: Request) -> None:
        """What the pipeline keeps of the newest apply."""
        marker = {"commit": "0" * 40, "at": now().isoformat(), "pipeline_url": "https://ci.example/jobs/2"}
        boto3.client("s3").put_object(
            Bucket=BUCKET,
            Key=f"applied/{one.place}/{content_hash(render(one.root))}.json",
            Body=json.dumps(marker).encode(),
        )

    def rows(self) -> Rows:
        items = boto3.client("dynamodb").get_paginator("scan").paginate(TableName=TABLE)
        rows = [dict(from_item(item)) for page in items for item in page["Items"]]
        return {
            (str(row["pk"]), str(row["sk"])): {k: v for k, v in row.items() if k not in NO_HISTORY}
            for row in rows
            if row["sk"] not in NOT_TOLD
        }

    def lose(self) -> Rows:
        """The rows of a lost table."""
        self.deliver()
        rows = self.rows()
        dynamodb = boto3.client("dynamodb")
        dynamodb.delete_table(TableName=TABLE)
        create_table(dynamodb)
        assert self.rows() == {}
        return rows


@pytest.fixture
def world(chain: Chain) -> World:  # noqa: F811
    boto3.client("s3").create_bucket(Bucket=BUCKET)
    parameters = {
        "GitHubApiUrl": chain.server.url,
        "GitHubRepository": chain.server.repository,
        "GitHubAppId": chain.server.app_id,
        "GitHubInstallationId": chain.server.installation_id,
    }
    template = {
        "Parameters": {name: {"Type": "String"} for name in parameters},
        "Resources": {"Topic": {"Type": "AWS::SNS::Topic"}},
        "Outputs": {
            "LedgerTable": {"Value": TABLE},
            "RequestTopicArn": {"Value": os.environ["REQUEST_TOPIC_ARN"]},
            "GitHubAppKeySecretArn": {"Value": os.environ["GITHUB_APP_KEY_SECRET_ARN"]},
        },
    }
    boto3.client("cloudformation").create_stack(
        StackName="rds-provisioner",
        TemplateBody=json.dumps(template),
        Parameters=[{"ParameterKey": k, "ParameterValue": v} for k, v in parameters.items()],
    )
    chain.server.add_webhook("http://localhost:9/")  # nobody is there; see `World.deliver`
    return World(chain)


def restored(*more: str) -> int:
    return rebuild.main(["--bucket", BUCKET, *more])


def differing(key: tuple[str, str], was: Row, is_now: Row) -> list[str]:
    """What differs in one row, so that a failing test says it in a line."""
    names = sorted(was.keys() | is_now.keys())
    return [
        f"{key} {name}: {was.get(name)} is now {is_now.get(name)}"
        for name in names
        if was.get(name) != is_now.get(name)
    ]


def test_every_row_comes_back_as_it_was(world: World, capsys: pytest.CaptureFixture[str]) -> None:
    """A whole team's history: all kinds of requests, all of their ends, and one that is under way."""
    tags = {"Service": "a-b"}
    world.carry(world.create("orders", purpose="Orders -- `of` <b>the</b> shop", tags=tags))
    world.carry(world.change("dev/orders", size="medium"))
    world.reap(4 * 24 * HOUR)  # warned once
    world.carry(world.change("dev/orders", ttl="20d"))
    world.carry(world.create("short", ttl="8h"))
    world.reap(5 * HOUR)
    world.reap(dt.timedelta(hours=7, minutes=50))  # warned twice
    world.carry(world.create("books", environment="prod", database_engine="postgres", ttl="90d"))
    disarm = world.carry(world.remove("prod/books"))
    assert disarm.kind is Kind.DISARM
    follow_up = world.chain.ledger.request(disarm.follow_up or "")
    assert follow_up is not None
    world.carry(world.open(follow_up), "removed")
    cancelled = world.create("never")
    intake.use_cases(now()).cancel(cancelled.id, ALPHA)
    assert world.open(cancelled).progress.state is State.CANCELLED
    rejected = world.change("dev/orders", storage_gb=50)
    world.chain.server.users.close(world.number(rejected), "ben")
    assert world.settled(rejected).progress.state is State.REJECTED
    world.carry(world.create("never"))  # the name again, after the cancelled one
    failed = world.carry(world.change("dev/never", storage_gb=30), "failed")
    assert failed.progress.state is State.FAILED
    world.chain.server.users.push("main", FORMAT_PATH, b"3\n", "Release")
    world.carry(world.create("asleep", database_engine="aurora-postgresql", size="sleepy"))
    world.carry(world.change("dev/asleep", ttl="20d"))
    under_way = world.create("bills", environment="staging")
    world.chain.server.users.approve(world.number(under_way), "cyd")
    world.settled(under_way)
    world.reap()

    lost = world.lose()
    assert sum('"max_acu":2' in str(row.get("root")) for row in lost.values()) == 3

    assert restored() == 0, capsys.readouterr().out
    back = world.rows()
    assert back.keys() == lost.keys()
    assert [difference for key in lost for difference in differing(key, lost[key], back[key])] == []
    kinds = {(row["kind"], row["state"]) for row in lost.values() if "kind" in row}
    assert kinds == {
        ("create", "done"),
        ("create", "cancelled"),
        ("create", "pull_request_open"),
        ("update", "done"),
        ("update", "rejected"),
        ("update", "failed"),
        ("extend", "done"),
        ("disarm", "done"),
        ("remove", "done"),
    }
    assert {pk.partition("#")[0] for pk, _ in lost} == {"REQ", "DB", "QUOTA", "STAT"}
    assert any(pk.startswith("DB#") and sk.startswith("EVT#expiring:") for pk, sk in lost)


def test_running_it_again_changes_nothing(world: World) -> None:
    world.carry(world.create("orders"))
    world.carry(world.change("dev/orders", storage_gb=40))
    world.reap()
    world.lose()
    assert restored() == 0
    before = world.rows()

    assert restored("--missing-only") == 0

    assert world.rows() == before


def test_a_table_that_is_not_empty_is_refused(world: World, capsys: pytest.CaptureFixture[str]) -> None:
    world.create("orders")

    assert restored() == 2

    assert "is not empty" in capsys.readouterr().err


def test_a_dry_run_writes_nothing(world: World, capsys: pytest.CaptureFixture[str]) -> None:
    world.carry(world.create("orders"))
    world.reap()
    world.lose()

    assert restored("--dry-run") == 0

    assert world.rows() == {}
    assert capsys.readouterr().out == "Would restore 1 requests, 6 events and 0 events of databases.\n"


@pytest.mark.parametrize("reads_issues", [True, False])
def test_what_was_under_way_comes_back_to_where_github_says_it_is(world: World, reads_issues: bool) -> None:
    """The plan was only in the ledger; the merge is GitHub's."""
    one = world.merge(world.create("orders"))
    world.lose()
    if not reads_issues:
        world.chain.server.fault("GET .*/issues/1/events", status=403, body="{}")

    assert restored() == 0

    back = world.chain.now(one)
    assert back.progress.state is State.MERGED
    assert back.progress.commit == one.progress.commit
    events = {event.type.value for event in world.chain.events(one)}
    assert events == {"requested", "opened", "merged"}


def test_an_apply_whose_end_nobody_recorded_yet_is_known_from_the_state_bucket(world: World) -> None:
    one = world.carry(world.create("orders"))
    world.keep_marker(one)
    world.lose()

    assert restored() == 0

    back = world.chain.now(one)
    assert back.progress.state is State.DONE
    assert back.progress.result == one.progress.result
    database = world.chain.ledger.database(Place("dev", "orders"))
    assert database is not None
    assert database.state is DatabaseState.AVAILABLE


def test_an_apply_that_nobody_recorded_is_known_from_that_of_a_later_change(world: World) -> None:
    """The pipeline's marker is that of the newest apply alone."""
    made = world.carry(world.create("orders"))
    grown = world.carry(world.change("dev/orders", storage_gb=40))
    longer = world.carry(world.change("dev/orders", ttl="2d"))
    world.keep_marker(longer)
    world.lose()

    assert restored() == 0

    for asked in (made, grown, longer):
        back = world.chain.now(asked).progress
        assert (asked.kind, back.state, back.result) == (asked.kind, State.DONE, asked.progress.result)
        assert back.since <= asked.progress.since + MINUTE
    database = world.chain.ledger.database(Place("dev", "orders"))
    assert database is not None
    assert (database.state, database.root.storage_gb) == (DatabaseState.AVAILABLE, 40)


def test_an_apply_that_nobody_recorded_stays_open_where_no_later_change_was_applied(world: World) -> None:
    made = world.carry(world.create("orders"))
    failed = world.carry(world.change("dev/orders", storage_gb=40), "failed")
    world.lose()

    assert restored() == 0

    assert world.chain.now(made).progress.state is State.MERGED
    assert world.chain.now(failed).progress.state is State.MERGED


@pytest.mark.parametrize("ready", [True, False], ids=["ready", "failed"])
def test_a_creation_that_waits_for_its_users_comes_back_as_it_was(
    world: World, monkeypatch: pytest.MonkeyPatch, ready: bool
) -> None:
    monkeypatch.setenv("MAKES_USERS", "true")
    one = world.carry(world.create("orders"))
    assert one.progress.step is Step.USERS
    ledger, at = world.chain.ledger, one.progress.since + MINUTE
    said = events.users_ready(at) if ready else events.failed_users(at, cause="no way in", fix="look")
    before = ledger.add_event(one.id, said, at).progress
    world.reap()
    world.lose()

    assert restored() == 0

    back = world.chain.now(one).progress
    assert (back.state, back.step, back.since) == (before.state, before.step, before.since)
    database = ledger.database(Place("dev", "orders"))
    assert database is not None
    assert database.state is DatabaseState.AVAILABLE


def test_what_never_reached_github_does_not_come_back_and_the_same_post_asks_again(world: World) -> None:
    content = {"database_name": "orders", "database_engine": "mysql", "environment": "dev"}
    intake.use_cases(now()).create(content, ALPHA)
    world.lose()

    assert restored() == 0
    assert world.rows() == {}
    assert not intake.use_cases(now()).create(content, ALPHA).replayed


def test_a_root_that_no_record_names_is_reported(world: World, capsys: pytest.CaptureFixture[str]) -> None:
    path = Place("dev", "handmade").root_path
    world.chain.server.users.push("main", path, b"# by hand\n", "By hand")
    world.lose()

    assert restored() == 1

    assert "dev/handmade is on main, and no record names it." in capsys.readouterr().out


def test_a_database_that_git_no_longer_has_is_taken_for_removed(
    world: World, capsys: pytest.CaptureFixture[str]
) -> None:
    world.carry(world.create("orders"))
    world.reap()
    world.chain.server.users.push("main", Place("dev", "orders").root_path, None, "Take it out")
    world.lose()

    assert restored() == 1

    assert "dev/orders is not on main: it is taken for removed." in capsys.readouterr().out
    database = world.chain.ledger.database(Place("dev", "orders"))
    assert database is not None
    assert database.state is DatabaseState.REMOVED
    assert world.chain.ledger.quota_used("alpha", "dev").databases == 0


def test_git_and_state_are_held_against_the_records(world: World, capsys: pytest.CaptureFixture[str]) -> None:
    one = world.carry(world.create("orders"))
    world.reap()
    other = render(dataclasses.replace(one.root, storage_gb=77)).encode()
    world.chain.server.users.push("main", Place("dev", "orders").root_path, other, "By hand")
    world.keep_state("dev", "orders", RESULT | {"identifier": "dev-orders", "endpoint": "elsewhere"})
    world.lose()

    assert restored() == 1

    said = capsys.readouterr().out
    assert "dev/orders: its main.tf has another storage_gb than its newest request" in said
    assert "dev/orders: its Terraform state says otherwise than its record of endpoint" in said


@pytest.mark.parametrize("place", ["body", "comment"])
def test_a_record_that_someone_changed_to_another_team_is_left_out(
    world: World, capsys: pytest.CaptureFixture[str], place: str
) -> None:
    """A collaborator may edit the App's texts, and cannot change the words of its commit."""
    world.carry(world.create("orders"))
    world.reap()
    pull = world.chain.server.hub.pulls[1]
    if place == "body":
        pull.body = pull.body.replace('"team": "alpha"', '"team": "beta"')
        reason = "its record names another request or team than its first commit does"
    else:
        for comment in pull.comments:
            comment.body = comment.body.replace('"team": "alpha"', '"team": "beta"')
        reason = "the records in its body and in its comment differ"
    world.lose()

    assert restored() == 1

    assert reason in capsys.readouterr().out
    assert world.chain.ledger.database(Place("dev", "orders")) is None


def test_a_pull_request_or_comment_of_anybody_else_counts_for_nothing(
    world: World, capsys: pytest.CaptureFixture[str]
) -> None:
    world.carry(world.create("orders"))
    world.reap()
    pull = world.chain.server.hub.pulls[1]
    record = next(comment for comment in pull.comments if "record v1" in comment.body)
    mine = dataclasses.replace(record, login="mallory", body=record.body.replace("succeeded", "failed"))
    pull.comments.insert(0, mine)
    copy = dataclasses.replace(pull, number=2, login="mallory", comments=[])
    world.chain.server.hub.pulls[2] = copy
    lost = world.lose()

    assert restored() == 0, capsys.readouterr().out

    assert world.rows() == lost


def test_it_runs_from_a_clone_without_further_settings() -> None:
    home = Path(__file__).parents[2]
    shown = subprocess.run(
        [sys.executable, "-m", "ops.rebuild", "--help"], cwd=home, env={}, capture_output=True, check=True
    )
    assert b"Restores a lost ledger from GitHub." in shown.stdout
