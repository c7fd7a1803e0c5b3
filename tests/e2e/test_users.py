"""Users of a real database: each logs in with its secret, before and after a rotation."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import psycopg
import pymysql
import pytest

from sandbox import stack
from tests.e2e.running import Sandbox, until
from tests.e2e.scenes import Copied, Revived

pytestmark = [pytest.mark.e2e, pytest.mark.xdist_group("e2e")]

USERS = ("master", "application", "read_only")
Secret = dict[str, Any]


def test_the_clones_users_log_in_before_and_after_a_rotation(sandbox: Sandbox, cloned: Copied) -> None:
    look_at_users(sandbox, "dev/orders-copy", cloned.instance)


def test_the_revived_ones_users_log_in_before_and_after_a_rotation(
    sandbox: Sandbox, revived: Revived
) -> None:
    look_at_users(sandbox, "staging/shop-back", revived.copy.instance)


def test_both_engines_were_looked_at(cloned: Copied, revived: Revived) -> None:
    assert {cloned.instance["Engine"], revived.copy.instance["Engine"]} == set(LOG_IN)


def look_at_users(sandbox: Sandbox, place: str, instance: dict[str, Any]) -> None:
    if missing := sandbox.state["missing_engines"]:
        pytest.skip(f"no server installed for {missing}, so that the sandbox makes no users")
    log_in = LOG_IN[instance["Engine"]]
    arns = until(lambda: secrets(sandbox, place), f"the users of {place}")
    before = {user: read(sandbox, arns[user]) for user in USERS}
    assert [before[user]["username"] for user in USERS[1:]] == ["application", "read_only"]
    assert before["application"]["host"] == instance["Endpoint"]["Address"]
    for user in USERS:
        log_in(sandbox, instance, before[user], "select 1")
    log_in(sandbox, instance, before["application"], "create table written (answer int)")
    log_in(sandbox, instance, before["read_only"], "select * from written")
    with pytest.raises((psycopg.Error, pymysql.err.Error)):
        log_in(sandbox, instance, before["read_only"], "insert into written values (1)")

    for user in USERS:
        answer = sandbox.alpha.call("POST", f"/databases/{place}/rotate", {"user": user})
        assert answer.status == 202, answer.body
        assert answer.body["secret_arn"] == arns[user]
        assert before[user]["password"] not in json.dumps(answer.body)
    until(lambda: rotated_by_now(sandbox, place) or None, f"every password of {place} to be rotated")

    after = {user: read(sandbox, arns[user]) for user in USERS}
    for user in USERS:
        assert after[user]["password"] != before[user]["password"]
        log_in(sandbox, instance, after[user], "select 1")
        with pytest.raises((psycopg.OperationalError, pymysql.err.OperationalError)):
            log_in(sandbox, instance, before[user], "select 1")
    asked = [event for event in sandbox.database(place)["events"] if event["event"] == "rotation_asked"]
    assert {event["actor"] for event in asked} == {"alpha"}


def secrets(sandbox: Sandbox, place: str) -> dict[str, str] | None:
    found: dict[str, str] = sandbox.database(place)["secrets"]
    return found if set(found) == set(USERS) else None


def rotated_by_now(sandbox: Sandbox, place: str) -> bool:
    stack.reap(sandbox.cloud)  # says when RDS has rotated the master's
    return rotated(sandbox, place)


def rotated(sandbox: Sandbox, place: str) -> bool:
    events = sandbox.database(place)["events"]
    failed = [event for event in events if event["event"] == "access_failed"]
    assert not failed, failed
    return {event["detail"]["user"] for event in events if event["event"] == "rotated"} == set(USERS)


def read(sandbox: Sandbox, arn: str) -> Secret:
    client = sandbox.cloud.client("secretsmanager")
    found: Secret = json.loads(client.get_secret_value(SecretId=arn)["SecretString"])
    return found


def roots(sandbox: Sandbox) -> str:
    return str(Path(sandbox.state["temporary"][0]) / "databases" / "roots.crt")


def postgres(sandbox: Sandbox, instance: dict[str, Any], secret: Secret, statement: str) -> None:
    with psycopg.connect(
        host=instance["Endpoint"]["Address"],
        port=instance["Endpoint"]["Port"],
        dbname=instance["DBName"],
        user=secret["username"],
        password=secret["password"],
        sslmode="verify-full",
        sslrootcert=roots(sandbox),
    ) as connection:
        connection.execute(statement)


def mysql(sandbox: Sandbox, instance: dict[str, Any], secret: Secret, statement: str) -> None:
    with (
        pymysql.connect(
            host=instance["Endpoint"]["Address"],
            port=instance["Endpoint"]["Port"],
            database=instance["DBName"],
            user=secret["username"],
            password=secret["password"],
            ssl_ca=roots(sandbox),
            ssl_verify_cert=True,
            autocommit=True,
        ) as other,
        other.cursor() as cursor,
    ):
        cursor.execute(statement)


LOG_IN: dict[str, Callable[[Sandbox, dict[str, Any], Secret, str], None]] = {
    "postgres": postgres,
    "mysql": mysql,
}
