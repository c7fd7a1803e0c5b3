"""What is read from RDS and CloudWatch, on moto's."""

import datetime as dt
import os
from collections.abc import Callable, Iterator
from typing import Any
from unittest import mock

import boto3
import pytest
from botocore.exceptions import ClientError, EndpointConnectionError
from moto import mock_aws
from provisioner.core.errors import NeedsPerson, TryLater
from provisioner.core.names import Place
from provisioner.reaper.rds import Observer

from tests.core.examples import NOW
from tests.ledger.moto_table import FAKE_ACCOUNT

HOUR = dt.timedelta(hours=1)
OURS = {"ManagedBy": "rds-provisioner", "Environment": "dev"}


@pytest.fixture(autouse=True)
def account() -> Iterator[None]:
    with mock.patch.dict(os.environ, FAKE_ACCOUNT), mock_aws():
        yield


@pytest.fixture
def observer() -> Observer:
    return Observer(boto3.client("rds"), boto3.client("cloudwatch"))


def instance(identifier: str, tags: dict[str, str]) -> None:
    boto3.client("rds").create_db_instance(
        DBInstanceIdentifier=identifier,
        DBInstanceClass="db.t4g.micro",
        Engine="postgres",
        AllocatedStorage=20,
        MasterUsername="dbadmin",
        MasterUserPassword="not-a-secret",
        Tags=[{"Key": key, "Value": value} for key, value in tags.items()],
    )


def connected(identifier: str, count: float, at: dt.datetime) -> None:
    boto3.client("cloudwatch").put_metric_data(
        Namespace="AWS/RDS",
        MetricData=[
            {
                "MetricName": "DatabaseConnections",
                "Dimensions": [{"Name": "DBInstanceIdentifier", "Value": identifier}],
                "Timestamp": at,
                "Value": count,
            }
        ],
    )


def test_instances_are_ours_by_their_tags_and_their_name(observer: Observer) -> None:
    instance("dev-orders", OURS)
    instance("dev-big-orders", OURS)
    instance("staging-orders", OURS)
    instance("dev-legacy", {"Environment": "dev"})
    instance("dev-other", {"ManagedBy": "another", "Environment": "dev"})

    found = observer.instances()

    assert [(instance.identifier, instance.place) for instance in found] == [
        ("dev-orders", Place("dev", "orders")),
        ("dev-big-orders", Place("dev", "big-orders")),
    ]


def test_an_instance_that_is_still_being_made_and_one_whose_name_says_no_place_are_left_out() -> None:
    tags = [{"Key": key, "Value": value} for key, value in OURS.items()]
    made = {"DBInstanceIdentifier": "dev-orders", "InstanceCreateTime": NOW, "TagList": tags}
    making = {"DBInstanceIdentifier": "dev-bills", "TagList": tags}
    nowhere = {**made, "DBInstanceIdentifier": "orders"}

    found = Observer(Listing([made, making, nowhere]), None).instances()

    assert [instance.identifier for instance in found] == ["dev-orders"]


class Listing:
    """RDS that lists these instances."""

    def __init__(self, instances: list[dict[str, Any]]) -> None:
        self._instances = instances

    def get_paginator(self, operation: str) -> "Listing":
        assert operation == "describe_db_instances"
        return self

    def paginate(self, **call: Any) -> Iterator[dict[str, Any]]:
        yield {"DBInstances": self._instances}


def test_all_pages_of_instances_are_read(observer: Observer) -> None:
    for number in range(120):
        instance(f"dev-db{number}", OURS)

    assert len(observer.instances()) == 120


def test_the_most_connections_of_each_hour_are_read_and_hours_without_data_are_left_out(
    observer: Observer,
) -> None:
    connected("dev-orders", 0, NOW)
    connected("dev-orders", 3, NOW + 10 * HOUR / 60)
    connected("dev-orders", 0, NOW + 20 * HOUR / 60)
    connected("dev-orders", 0, NOW + 2 * HOUR)
    connected("dev-bills", 7, NOW)
    connected("dev-orders", 9, NOW - HOUR)

    found = observer.connections(["dev-orders", "dev-never"], NOW, NOW + 3 * HOUR)

    assert sorted(found["dev-orders"]) == [(NOW, 3.0), (NOW + 2 * HOUR, 0.0)]
    assert found["dev-never"] == []


class FakeCloudWatch:
    """CloudWatch that answers in two pages, and remembers how it was asked."""

    def __init__(self) -> None:
        self.asked: list[dict[str, Any]] = []

    def get_paginator(self, operation: str) -> "FakeCloudWatch":
        assert operation == "get_metric_data"
        return self

    def paginate(self, **call: Any) -> Iterator[dict[str, Any]]:
        self.asked.append(call)
        for at in (NOW, NOW + HOUR):
            yield {
                "MetricDataResults": [
                    {"Id": query["Id"], "Timestamps": [at], "Values": [1.0]}
                    for query in call["MetricDataQueries"]
                ]
            }


def test_a_call_asks_for_as_much_as_one_answer_holds_and_pages_are_put_together() -> None:
    cloudwatch = FakeCloudWatch()
    names = [f"dev-db{number}" for number in range(700)]

    found = Observer(None, cloudwatch).connections(names, NOW, NOW + 14 * 24 * HOUR)

    assert [len(call["MetricDataQueries"]) for call in cloudwatch.asked] == [300, 300, 100]
    assert found == {name: [(NOW, 1.0), (NOW + HOUR, 1.0)] for name in names}
    Observer(None, cloudwatch).connections(names, NOW, NOW + HOUR)
    assert [len(call["MetricDataQueries"]) for call in cloudwatch.asked[3:]] == [500, 200]


def test_no_databases_ask_nothing() -> None:
    assert Observer(None, None).connections([], NOW, NOW + HOUR) == {}


class Broken:
    """A client whose pages fail."""

    def __init__(self, error: Exception) -> None:
        self._error = error

    def get_paginator(self, operation: str) -> "Broken":
        return self

    def paginate(self, **call: Any) -> Iterator[dict[str, Any]]:
        raise self._error
        yield {}


@pytest.mark.parametrize(
    "ask",
    [
        lambda observer: observer.instances(),
        lambda observer: observer.connections(["dev-orders"], NOW, NOW + HOUR),
    ],
    ids=["rds", "cloudwatch"],
)
@pytest.mark.parametrize(
    ("error", "ours"),
    [
        (ClientError({"Error": {"Code": "Throttling", "Message": "slow down"}}, "X"), TryLater),
        (ClientError({"Error": {"Code": "InternalServiceFault", "Message": "sorry"}}, "X"), TryLater),
        (EndpointConnectionError(endpoint_url="https://rds"), TryLater),
        (ClientError({"Error": {"Code": "AccessDenied", "Message": "no"}}, "X"), NeedsPerson),
    ],
    ids=["throttled", "broken", "unreachable", "refused"],
)
def test_what_aws_answers_becomes_a_fault_of_ours(
    ask: Callable[[Observer], object], error: Exception, ours: type[Exception]
) -> None:
    with pytest.raises(ours):
        ask(Observer(Broken(error), Broken(error)))
