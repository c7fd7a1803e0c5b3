"""The whole chain: from a POST over GitHub, CircleCI and Terraform to a database that answers."""

import contextlib
import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from sandbox.client import get_json
from sandbox.github import control
from sandbox.state_directory import HOME
from tests.e2e.running import Sandbox, events, number
from tests.e2e.scenes import ORDERS, Born, has_server

pytestmark = [pytest.mark.e2e, pytest.mark.xdist_group("e2e")]


def test_a_request_without_a_good_key_is_refused(sandbox: Sandbox) -> None:
    bare = type(sandbox.alpha)(sandbox.alpha.url, "")
    wrong = type(sandbox.alpha)(sandbox.alpha.url, "wrong-key-wrong-key-wrong-key")

    for client in (bare, wrong):
        answer = client.call("POST", "/provision-rds", ORDERS)
        assert answer.status == 403
        assert answer.headers["content-type"] == "application/problem+json"
        assert answer.body["type"] == "urn:rds-provisioner:problem:no-key"
        assert answer.body["detail"].startswith("Send your team's key in the x-api-key header")
        assert answer.body["instance"].endswith("/provision-rds")


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (b"{", 400),
        (ORDERS | {"database_engine": "oracle"}, 422),
        (ORDERS | {"environment": "mars"}, 422),
        (ORDERS | {"database_name": "Bad_Name"}, 422),
        (ORDERS | {"database_name": "select"}, 422),
        (ORDERS | {"ttl": "31d"}, 422),
    ],
    ids=["malformed", "engine", "environment", "name", "reserved word", "lifetime"],
)
def test_bad_input_is_a_problem_document(sandbox: Sandbox, body: Any, status: int) -> None:
    answer = sandbox.beta.call("POST", "/provision-rds", body)

    assert answer.status == status
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.body["detail"]
    assert sandbox.beta.call("GET", "/requests").body["requests"] == []


def test_the_same_post_is_one_request_and_another_one_says_what_differs(
    sandbox: Sandbox, orders: Born
) -> None:
    again = sandbox.alpha.call("POST", "/provision-rds", ORDERS)
    other = sandbox.alpha.call("POST", "/provision-rds", ORDERS | {"size": "medium"})

    assert again.body["id"] == orders.document["id"]
    assert again.headers["idempotency-replayed"] == "true"
    assert other.status == 409
    (error,) = other.body["errors"]
    assert (error["pointer"], error["detail"], error["given"], error["allowed"]) == (
        "/size",
        'it has "small", not "medium"',
        "medium",
        '"small"',
    )


def test_health_and_the_description_need_no_key(sandbox: Sandbox) -> None:
    bare = type(sandbox.alpha)(sandbox.alpha.url, "")

    assert bare.call("GET", "/health").body == {"status": "ok"}
    assert bare.call("GET", "/openapi.json").body["info"]["title"] == "RDS Provisioner"


@pytest.mark.parametrize("name", ["orders", "shop"])
@pytest.mark.usefixtures("all_scenes")
def test_a_post_becomes_a_database_that_answers(
    sandbox: Sandbox, name: str, request: pytest.FixtureRequest
) -> None:
    born: Born = request.getfixturevalue(name)
    document, instance = born.document, born.instance

    assert instance["DBInstanceStatus"] == "available"
    assert instance["StorageEncrypted"]
    assert not instance["PubliclyAccessible"]
    assert instance["MasterUserSecret"]["SecretArn"] == document["result"]["secret_arn"]
    assert born.version or not has_server(sandbox, instance)
    known = ("requested", "opened", "planned", "merged", "started", "succeeded")
    assert [name for name in known if name in events(document)] == list(known)
    tags = {tag["Key"]: tag["Value"] for tag in instance["TagList"]}
    assert tags["ManagedBy"] == "rds-provisioner"
    assert tags["RequestId"] == document["id"]
    assert tags["ExpiresAt"] == document["database"]["expires_at"]


def test_each_request_has_one_branch_and_one_pull_request(sandbox: Sandbox, orders: Born, shop: Born) -> None:
    opened = [
        call["status"]
        for call in sandbox.calls()
        if call["method"] == "POST" and call["path"].endswith("/pulls")
    ]
    pulls = control.pulls(sandbox.github)
    branches = [pull["branch"] for pull in pulls]

    assert set(opened) == {201}
    assert len(set(branches)) == len(branches)
    for born in (orders, shop):
        mine = [
            pull["number"] for pull in pulls if pull["branch"].endswith(f"create-{born.document['id'][:8]}")
        ]
        assert mine == [number(born.document)]


def test_no_password_stands_in_any_log_state_or_answer(sandbox: Sandbox, orders: Born) -> None:
    document = orders.document
    secrets = sandbox.cloud.client("secretsmanager")
    secret = secrets.get_secret_value(SecretId=document["result"]["secret_arn"])["SecretString"]
    password = json.loads(secret)["password"]
    s3 = sandbox.cloud.client("s3")
    bucket = next(listed["Name"] for listed in s3.list_buckets()["Buckets"] if "state" in listed["Name"])
    keys = [stored["Key"] for stored in s3.list_objects_v2(Bucket=bucket).get("Contents", [])]
    stored = [text for key in keys if (text := content(s3, bucket, key)) is not None]
    published = [str(delivery) for delivery in get_json(f"{sandbox.github}/_sandbox/deliveries")]
    texts = [str(document), *stored, *published, *logs()]

    assert len(texts) > 3
    assert not [text[:200] for text in texts if password in text]


def content(s3: Any, bucket: str, key: str) -> str | None:
    """The text of an object; None for one that a running job took away since it was listed."""
    try:
        return str(s3.get_object(Bucket=bucket, Key=key)["Body"].read().decode("utf-8", "replace"))
    except s3.exceptions.NoSuchKey:
        return None


def logs() -> Iterator[str]:
    """Every log of the sandbox; jobs that end meanwhile take their directories away."""
    for directory, _, names in os.walk(HOME / "test"):
        for name in names:
            if name.endswith(".log"):
                with contextlib.suppress(FileNotFoundError):
                    yield (Path(directory) / name).read_text(errors="replace")
