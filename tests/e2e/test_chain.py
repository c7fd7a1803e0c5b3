"""The whole chain: from a POST over GitHub, CircleCI and Terraform to a database that answers."""

import json
from typing import Any

import pytest

from sandbox import hosting
from sandbox.client import get_json
from sandbox.instance import describe, log_in
from sandbox.place import HOME
from tests.e2e.conftest import Sandbox, until

pytestmark = [pytest.mark.e2e, pytest.mark.xdist_group("e2e")]

MYSQL = {"database_name": "mydb123", "database_engine": "mysql", "environment": "dev"}
POSTGRES = {
    "database_name": "orders",
    "database_engine": "postgres",
    "environment": "dev",
    "purpose": 'Load tests ${file("/etc/hostname")} `@everyone` [skip ci]',
    "ttl": "8h",
    "tags": {"Service": "orders"},
}
PROD = {"database_name": "ledger", "database_engine": "postgres", "environment": "prod"}


@pytest.fixture(scope="module")
def made(sandbox: Sandbox) -> dict[str, str]:
    """One request for each engine, under way at the same time, and one for prod."""
    requests = {}
    for name, body in (("mysql", MYSQL), ("postgres", POSTGRES), ("prod", PROD)):
        answer = sandbox.alpha.call("POST", "/provision-rds", body)
        assert answer.status == 202, answer.body
        requests[name] = answer.body["id"]
    return requests


def test_a_request_without_a_good_key_is_refused(sandbox: Sandbox) -> None:
    bare = type(sandbox.alpha)(sandbox.alpha.url, "")
    wrong = type(sandbox.alpha)(sandbox.alpha.url, "wrong-key-wrong-key-wrong-key")

    assert [one.call("POST", "/provision-rds", MYSQL).status for one in (bare, wrong)] == [403, 403]


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (b"{", 400),
        (MYSQL | {"database_engine": "oracle"}, 422),
        (MYSQL | {"environment": "mars"}, 422),
        (MYSQL | {"database_name": "Bad_Name"}, 422),
        (MYSQL | {"database_name": "select"}, 422),
        (MYSQL | {"ttl": "31d"}, 422),
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
    sandbox: Sandbox, made: dict[str, str]
) -> None:
    again = sandbox.alpha.call("POST", "/provision-rds", MYSQL)
    other = sandbox.alpha.call("POST", "/provision-rds", MYSQL | {"size": "medium"})

    assert again.body["id"] == made["mysql"]
    assert again.headers["idempotency-replayed"] == "true"
    assert other.status == 409
    assert other.body["errors"] == [{"pointer": "/size", "detail": 'it has "small", not "medium"'}]


def test_health_and_the_description_need_no_key(sandbox: Sandbox) -> None:
    bare = type(sandbox.alpha)(sandbox.alpha.url, "")

    assert bare.call("GET", "/health").body == {"status": "ok"}
    assert bare.call("GET", "/openapi.json").body["info"]["title"] == "RDS Provisioner"


def test_a_production_database_waits_for_a_person(sandbox: Sandbox, made: dict[str, str]) -> None:
    def planned() -> dict[str, Any] | None:
        document = sandbox.request(made["prod"])
        return document if "planned" in [one["event"] for one in document["timeline"]] else None

    document = until(planned, "the plan of the production database")

    assert document["state"] == "pull_request_open"
    number = int(document["links"]["pull_request"].rpartition("/")[2])
    hosting.approve_and_merge(sandbox.github, number)
    merged = sandbox.wait(made["prod"], "merged", "applying", "done")
    events = [one["event"] for one in merged["timeline"]]
    assert events.index("approved") < events.index("merged")


@pytest.mark.parametrize("engine", ["mysql", "postgres"])
def test_a_post_becomes_a_database_that_answers(sandbox: Sandbox, made: dict[str, str], engine: str) -> None:
    document = sandbox.wait(made[engine], "done")

    result = document["result"]
    instance = describe(sandbox.cloud, result["identifier"])
    assert instance["DBInstanceStatus"] == "available"
    assert instance["StorageEncrypted"]
    assert not instance["PubliclyAccessible"]
    assert instance["MasterUserSecret"]["SecretArn"] == result["secret_arn"]
    if engine not in sandbox.state["missing_engines"]:
        assert log_in(sandbox.cloud, instance)
    events = [one["event"] for one in document["timeline"]]
    assert [
        name
        for name in ("requested", "opened", "planned", "merged", "started", "succeeded")
        if name in events
    ] == [
        "requested",
        "opened",
        "planned",
        "merged",
        "started",
        "succeeded",
    ]
    tags = {tag["Key"]: tag["Value"] for tag in instance["TagList"]}
    assert tags["ManagedBy"] == "rds-provisioner"
    assert tags["RequestId"] == made[engine]
    assert tags["ExpiresAt"] == document["database"]["expires_at"]


def test_each_request_has_one_branch_one_pull_request_and_no_needless_call(
    sandbox: Sandbox, made: dict[str, str]
) -> None:
    opened = [
        call for call in sandbox.calls() if call["method"] == "POST" and call["path"].endswith("/pulls")
    ]

    assert [call["status"] for call in opened] == [201] * len(made)


def test_no_password_stands_in_any_log_state_or_answer(sandbox: Sandbox, made: dict[str, str]) -> None:
    document = sandbox.wait(made["mysql"], "done")
    secrets = sandbox.cloud.client("secretsmanager")
    secret = secrets.get_secret_value(SecretId=document["result"]["secret_arn"])["SecretString"]
    password = json.loads(secret)["password"]
    s3 = sandbox.cloud.client("s3")
    bucket = next(one["Name"] for one in s3.list_buckets()["Buckets"] if "state" in one["Name"])
    keys = [one["Key"] for one in s3.list_objects_v2(Bucket=bucket).get("Contents", [])]
    stored = [s3.get_object(Bucket=bucket, Key=key)["Body"].read().decode("utf-8", "replace") for key in keys]
    told = [str(delivery) for delivery in get_json(f"{sandbox.github}/_sandbox/deliveries")]
    logs = [path.read_text(errors="replace") for path in (HOME / "test").rglob("*.log")]
    texts = [str(document), *stored, *told, *logs]

    assert len(texts) > 3
    assert not [text[:200] for text in texts if password in text]


def test_a_removal_takes_the_database_away(sandbox: Sandbox, made: dict[str, str]) -> None:
    sandbox.wait(made["postgres"], "done")

    answer = sandbox.alpha.call("DELETE", "/databases/dev/orders")
    assert answer.status == 202, answer.body
    document = sandbox.wait(answer.body["id"], "done")

    assert document["kind"] == "remove"
    identifiers = [
        one["DBInstanceIdentifier"]
        for one in sandbox.cloud.client("rds").describe_db_instances()["DBInstances"]
    ]
    assert "dev-orders" not in identifiers
    assert sandbox.alpha.call("GET", "/databases/dev/orders").body["state"] == "removed"
    assert sandbox.alpha.call("PATCH", "/databases/dev/orders", {"ttl": "8h"}).status == 409
    assert sandbox.beta.call("GET", "/databases/dev/orders").status == 404
