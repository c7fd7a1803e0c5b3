"""What the databases log has an end, and what others log is left alone; on moto's CloudWatch."""

import datetime as dt
from collections.abc import Iterator
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError
from moto import mock_aws
from provisioner.core.names import Place
from provisioner.reaper.log_groups import LogGroups, Retained

from tests.reaper.world import ALPHA, DAY, HOUR, World

LOGS = "/aws/rds/instance/"


@pytest.fixture
def logs() -> Iterator[Any]:
    with mock_aws():
        yield boto3.client("logs", region_name="eu-central-1")


def run(world: World, logs: Any, after: dt.timedelta = DAY) -> Retained | None:
    world.now += after
    return LogGroups(world.opening, lambda: logs).run()


def retentions(logs: Any) -> dict[str, int | None]:
    found = logs.describe_log_groups()["logGroups"]
    return {group["logGroupName"]: group.get("retentionInDays") for group in found}


def test_a_group_without_an_end_gets_that_of_its_environment(world: World, logs: Any) -> None:
    world.database("orders")
    world.database("bills", environment="prod", ttl="30d")
    for name in ("dev-orders/error", "dev-orders/slowquery", "prod-bills/postgresql"):
        logs.create_log_group(logGroupName=LOGS + name)

    assert run(world, logs) == Retained(
        limited=[
            f"{LOGS}dev-orders/error: 30",
            f"{LOGS}dev-orders/slowquery: 30",
            f"{LOGS}prod-bills/postgresql: 90",
        ]
    )
    assert set(retentions(logs).values()) == {30, 90}
    assert run(world, logs) == Retained()


def test_the_groups_of_a_cluster_end_as_those_of_an_instance(world: World, logs: Any) -> None:
    world.database("orders", database_engine="aurora-mysql", size="sleepy")
    group = "/aws/rds/cluster/dev-orders/error"
    for name in (group, "/aws/rds/cluster/dev-unknown/error", "/aws/rds/proxy/dev-orders"):
        logs.create_log_group(logGroupName=name)

    assert run(world, logs) == Retained(limited=[f"{group}: 30"])


def test_the_group_of_a_removed_database_ends_too(world: World, logs: Any) -> None:
    world.database("orders")
    world.api.remove(Place("dev", "orders"), ALPHA)
    logs.create_log_group(logGroupName=f"{LOGS}dev-orders/error")

    assert run(world, logs) == Retained(limited=[f"{LOGS}dev-orders/error: 30"])


def test_what_is_not_ours_and_what_someone_has_set_stays(world: World, logs: Any) -> None:
    world.database("orders")
    names = ["dev-unknown/error", "theirs/error", "test-orders/error", "dev-orders"]
    for name in names:
        logs.create_log_group(logGroupName=LOGS + name)
    logs.create_log_group(logGroupName="/aws/lambda/dev-orders")
    logs.create_log_group(logGroupName=f"{LOGS}dev-orders/error")
    logs.put_retention_policy(logGroupName=f"{LOGS}dev-orders/error", retentionInDays=365)

    assert run(world, logs) == Retained()
    assert retentions(logs) == {
        **{LOGS + name: None for name in names},
        "/aws/lambda/dev-orders": None,
        f"{LOGS}dev-orders/error": 365,
    }


def test_it_is_done_once_a_day(world: World, logs: Any) -> None:
    world.database("orders")
    assert run(world, logs) == Retained()
    logs.create_log_group(logGroupName=f"{LOGS}dev-orders/error")
    assert run(world, logs, HOUR) is None
    assert run(world, logs, DAY) == Retained(limited=[f"{LOGS}dev-orders/error: 30"])


class Refusing:
    """CloudWatch that refuses one call with a code, and takes all others."""

    def __init__(self, logs: Any, call: str, code: str) -> None:
        self.logs, self.call, self.code = logs, call, code

    def _refused(self, call: str) -> None:
        if call == self.call:
            raise ClientError({"Error": {"Code": self.code, "Message": "not now"}}, call)

    def get_paginator(self, operation: str) -> Any:
        self._refused(operation)
        return self.logs.get_paginator(operation)

    def put_retention_policy(self, **call: Any) -> None:
        self._refused("put_retention_policy")
        self.logs.put_retention_policy(**call)


@pytest.mark.parametrize("code", ["ThrottlingException", "AccessDeniedException"])
@pytest.mark.parametrize(
    ("call", "doing"),
    [
        ("describe_log_groups", "listing the log groups: "),
        ("put_retention_policy", f"setting the retention of {LOGS}dev-orders/error: "),
    ],
)
def test_a_refusal_is_an_error_and_tried_again_in_an_hour(
    world: World, logs: Any, call: str, doing: str, code: str
) -> None:
    world.database("orders")
    logs.create_log_group(logGroupName=f"{LOGS}dev-orders/error")

    refused = run(world, Refusing(logs, call, code))

    assert refused is not None
    assert (refused.limited, len(refused.errors)) == ([], 1)
    assert refused.errors[0].startswith(doing)
    assert run(world, logs, HOUR / 2) is None
    assert run(world, logs, HOUR / 2) == Retained(limited=[f"{LOGS}dev-orders/error: 30"])


def test_the_group_of_an_environment_that_left_the_catalog_stays(world: World, logs: Any) -> None:
    world.database("orders", environment="staging", ttl="14d")
    logs.create_log_group(logGroupName=f"{LOGS}staging-orders/error")
    rest = {name: rules for name, rules in world.catalog.environments.items() if name != "staging"}
    world.catalog = world.catalog.model_copy(update={"environments": rest})

    assert run(world, logs) == Retained()
    assert retentions(logs) == {f"{LOGS}staging-orders/error": None}
