"""What the pipeline keeps in the state bucket, on moto's S3 and on the tests' own."""

# ruff: noqa: N803 - boto3's own argument names

import datetime as dt
import json
from collections.abc import Iterator
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError
from moto import mock_aws
from provisioner.core.hcl import content_hash, render_removed
from provisioner.core.names import Place

from pipeline.plan_changes import ResourceChange
from pipeline.store import Lock, Store
from tests.pipeline.fakes import Bucket

LOCK = {
    "ID": "b7c1",
    "Who": "ci@host",
    "Operation": "OperationTypeApply",
    "Created": "2026-11-23T11:15:00.123456789Z",
}
CHANGE = ResourceChange(address="x", actions=("create",), sets={"port": 3306}, unknown={"arn": True})
KEY = "databases/dev/a/terraform.tfstate"


@pytest.fixture(params=["moto", "fake"])
def client(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    if request.param == "fake":
        yield Bucket()
        return
    monkeypatch.delenv("AWS_ENDPOINT_URL", raising=False)
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "test")
    with mock_aws():
        s3 = boto3.client("s3", region_name="us-east-1")
        s3.create_bucket(Bucket="states")
        yield s3


@pytest.fixture
def store(client: Any) -> Store:
    return Store(client, "states")


def put(client: Any, key: str, content: Any) -> None:
    client.put_object(
        Bucket="states", Key=key, Body=json.dumps(content).encode(), ContentType="application/json"
    )


def test_a_reviewed_plan_is_kept_under_its_roots_hash(store: Store) -> None:
    assert store.reviewed(Place("dev", "a"), "h1") is None
    store.keep_reviewed(Place("dev", "a"), "h1", [CHANGE])
    assert store.reviewed(Place("dev", "a"), "h1") == [CHANGE]
    assert store.reviewed(Place("dev", "a"), "h2") is None


def test_markers_are_listed_by_environment(store: Store) -> None:
    store.mark_applied(Place("dev", "a"), "h1", {"commit": "c"})
    store.mark_applied(Place("dev", "a-b"), "h2", {})
    store.mark_applied(Place("prod", "a"), "h3", {})
    assert store.applied("dev") == {"a": {"h1"}, "a-b": {"h2"}}
    assert store.applied("staging") == {}


def test_one_marker_is_left_of_all_that_went_before(store: Store) -> None:
    store.mark_applied(Place("dev", "a"), "h1", {})
    store.mark_attempted(Place("dev", "a"))
    assert store.applied("dev") == {"a": {"h1", "attempted"}}
    store.mark_applied(Place("dev", "a"), "h2", {})
    assert store.applied("dev") == {"a": {"h2"}}


def test_forgetting_takes_everything_but_what_was_reviewed_since(store: Store) -> None:
    removal = content_hash(render_removed(Place("dev", "a")))
    store.keep_reviewed(Place("dev", "a"), "h1", [])
    store.keep_reviewed(Place("dev", "a-b"), "h1", [])
    store.mark_applied(Place("dev", "a"), "h1", {})
    store.keep_reviewed(Place("dev", "a"), removal, [])
    store.forget(Place("dev", "a"))
    assert store.applied("dev") == {}
    assert store.reviewed(Place("dev", "a"), "h1") is None
    assert store.reviewed(Place("dev", "a"), removal) is None
    assert store.reviewed(Place("dev", "a-b"), "h1") == []


def test_a_lock_is_shown_with_its_owner_and_age(client: Any, store: Store) -> None:
    assert store.lock(Place("dev", "a")) is None
    put(client, KEY, {})
    put(client, KEY + ".tflock", LOCK)
    lock = store.lock(Place("dev", "a"))
    assert lock == Lock("b7c1", "ci@host", "OperationTypeApply", LOCK["Created"])
    now = dt.datetime(2026, 11, 23, 12, 0, tzinfo=dt.UTC)
    assert lock.describe(now) == "ci@host took lock b7c1 for OperationTypeApply, 45 minutes ago"
    assert store.locks() == {KEY: lock}


def test_a_lock_without_a_time_is_shown_all_the_same() -> None:
    assert Lock("1", "x", "plan", "unknown").describe(dt.datetime.now(dt.UTC)).endswith("at unknown")


@pytest.mark.parametrize("text", [b"", b"[]", b"not JSON", b"\xff", b'{"ID": "b7c1"}'])
def test_a_lock_that_cannot_be_read_is_a_lock(client: Any, store: Store, text: bytes) -> None:
    client.put_object(Bucket="states", Key=KEY + ".tflock", Body=text, ContentType="application/json")
    lock = store.lock(Place("dev", "a"))
    assert lock is not None
    assert lock.who == "unknown"
    assert list(store.locks()) == [KEY]


class Forbidding(Bucket):
    """S3 as a role sees it that may list some prefixes only: 403 for what is not there."""

    def get_object(self, *, Bucket: str, Key: str) -> dict[str, Any]:
        if Key not in self.objects or Key.startswith("reviewed/secret/"):
            raise ClientError({"Error": {"Code": "AccessDenied", "Message": Key}}, "GetObject")
        return super().get_object(Bucket=Bucket, Key=Key)


def test_a_missing_object_is_missing_also_when_s3_says_forbidden() -> None:
    store = Store(Forbidding(), "states")
    assert store.reviewed(Place("dev", "a"), "h1") is None
    store.keep_reviewed(Place("secret", "a"), "h1", [])
    with pytest.raises(ClientError, match="AccessDenied"):
        store.reviewed(Place("secret", "a"), "h1")
