"""What an earlier release left outside the ledger: messages, reports, pull requests, roots, state bucket."""

import dataclasses
import datetime as dt
import json
from typing import Any

import pytest
from provisioner.core.events import Event, EventType
from provisioner.core.hcl import content_hash, format_of, parse, removals, render
from provisioner.core.lifecycle import Kind, derive
from provisioner.core.models import Charge, Request
from provisioner.core.names import Place
from provisioner.intake.message import Message, decode, encode
from provisioner.ledger.ledger import Ledger
from provisioner.pull_requests import request_record
from provisioner.pull_requests.content import branch, is_commit_of
from provisioner.reports import schema

from ops.states import Applied, States
from pipeline.plan_changes import changes_of
from pipeline.review_check import beyond_review
from pipeline.store import Marker, Store
from tests.compatibility import samples
from tests.compatibility.samples import plain
from tests.ledger.moto_table import TABLE
from tests.pipeline.fakes import Bucket

PULL_REQUESTS = samples.content("pull_requests/index.json")
ROOTS = samples.content("roots/index.json")
REPORTS = samples.lines("reports.jsonl")


@pytest.fixture
def ledger() -> Ledger:
    return Ledger(samples.table(), TABLE)


def test_messages_on_the_queue_are_read_and_would_be_sent_again() -> None:
    stored = samples.lines("messages.jsonl")
    later = {Kind.MAINTAIN}
    assert {sample["value"]["kind"] for sample in stored} == {
        kind.value for kind in Kind if kind not in later
    }
    for sample in stored:
        assert decode(sample["text"]) == Message(**sample["value"])
        assert encode(decode(sample["text"])) == sample["text"]


@pytest.mark.parametrize("report", REPORTS, ids=lambda report: f"{report['type']}-{report.get('outcome')}")
def test_reports_of_an_older_pipeline_are_read(report: dict[str, Any]) -> None:
    found = schema.parse(report).model_dump(mode="json")
    assert {name: found[name] for name in report} == report


@pytest.mark.parametrize("name", PULL_REQUESTS)
def test_the_body_of_a_pull_request_gives_its_request_again(ledger: Ledger, name: str) -> None:
    stored = PULL_REQUESTS[name]
    request = ledger.request(stored["id"])
    assert request is not None
    asked = as_asked(request)
    body = samples.text(f"pull_requests/{name}.body.md")
    read = request_record.parse(body)
    assert read is not None
    assert (read.request, read.events, read.database_events) == (asked, [], [])
    assert body.endswith(request_record.section(read.request) + "\n")
    assert branch(request) == stored["branch"]
    message = stored["commit_message"]
    assert message.startswith(f"{stored['title']}\n\n")
    assert is_commit_of(message, request)
    assert not is_commit_of(message.replace(request.id, "00000000-0000-4000-8000-000000000000"), request)


@pytest.mark.parametrize(
    "path", sorted(samples.HOME.glob("pull_requests/*.comment.md")), ids=lambda p: p.stem
)
def test_the_record_of_an_ended_request_gives_its_events_again(ledger: Ledger, path: Any) -> None:
    text = path.read_text(encoding="utf-8")
    request = ledger.request(PULL_REQUESTS[path.name.removesuffix(".comment.md")]["id"])
    assert request is not None
    read = request_record.parse(text)
    assert read is not None
    assert read.request == as_asked(request)
    assert read.events == ledger.events(request.id)
    if request.kind is Kind.CREATE:
        assert read.database_events == ledger.database_events(request.place)
    again = request_record.comment(
        dataclasses.replace(read.request, progress=derive(read.events)), read.events, read.database_events
    )
    assert again == text


def as_asked(request: Request) -> Request:
    """A request as a pull request keeps it: without what the ledger alone counts."""
    first = Event(id="requested", type=EventType.REQUESTED, at=request.created_at, actor=request.actor)
    return dataclasses.replace(
        request, progress=derive([first]), charge=Charge(), attempts=0, lease_until="0", version=1
    )


@pytest.mark.parametrize("name", ROOTS)
def test_a_root_on_main_is_read_and_rendered_again(name: str) -> None:
    stored, text = ROOTS[name], samples.text(f"roots/{name}.tf")
    environment, database_name = stored["path"].split("/")[2:4]
    if stored["root"] is None:
        assert text in removals(Place(environment, database_name))
    else:
        later: dict[str, Any] = {
            "backup_window": "",
            "maintenance_window": "",
            "upgrade": None,
            "capacity": None,
        }
        later |= {"extended_support": False}
        restore = stored["root"]["restore"]
        later |= {"restore": restore and restore | {"engine": None}}
        assert plain(parse(text)) == stored["root"] | later
        assert render(parse(text), format_of(text)) == text
    assert content_hash(text) == stored["hash"]
    assert Place(environment, database_name).root_path == stored["path"]
    assert Place(environment, database_name).state_key == stored["state_key"]


@pytest.fixture
def bucket() -> Bucket:
    found = Bucket()
    for key, kept in samples.content("state_bucket.json")["objects"].items():
        body = json.dumps(kept, sort_keys=True).encode()
        found.put_object(Bucket="states", Key=key, Body=body, ContentType="application/json")
    return found


def test_what_was_applied_is_known(bucket: Bucket) -> None:
    store = Store(bucket, "states")
    assert store.applied("dev") == {
        "orders": {ROOTS["dev-orders-extend"]["hash"]},
        "applying-now": {"attempted"},
    }
    assert store.applied("staging") == {
        "ledger-copy": {ROOTS["staging-ledger-copy-create"]["hash"], "attempted"}
    }
    marker = States(bucket, "states").applied(parse(samples.text("roots/dev-orders-extend.tf")))
    assert marker == Applied(
        at=dt.datetime(2026, 11, 23, 14, 52, 54, 123456, tzinfo=dt.UTC),
        pipeline_url="https://app.circleci.com/pipelines/github/acme/databases/101",
        commit="6b0d31c0d563223024da45691584643ac78c96e8",
        root_format=1,
        module="",
    )
    kept = store.marker(Place("dev", "orders"), ROOTS["dev-orders-extend"]["hash"])
    assert kept == Marker(commit="6b0d31c0d563223024da45691584643ac78c96e8", module="")


@pytest.mark.parametrize("name", samples.content("state_bucket.json")["plans"])
def test_a_plan_that_was_reviewed_before_is_the_same_plan_now(bucket: Bucket, name: str) -> None:
    environment, database_name, plan = samples.content("state_bucket.json")["plans"][name]
    digest, before = ROOTS[name]["hash"], dict(bucket.objects)
    store = Store(bucket, "states")
    reviewed, now = store.reviewed(Place(environment, database_name), digest), changes_of(plan)
    assert reviewed is not None
    assert beyond_review(reviewed, now, applied_before=True) == []
    store.keep_reviewed(Place(environment, database_name), digest, now)
    assert bucket.objects == before
