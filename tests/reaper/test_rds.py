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
from provisioner.core.engines import CLUSTER, INSTANCE, Resource
from provisioner.core.errors import NeedsPerson, TryLater
from provisioner.core.names import Place
from provisioner.reaper.rds import Observer, Running

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


def cluster(identifier: str, tags: dict[str, str]) -> None:
    rds: Any = boto3.client("rds")
    pairs = [{"Key": key, "Value": value} for key, value in tags.items()]
    rds.create_db_cluster(
        DBClusterIdentifier=identifier,
        Engine="aurora-postgresql",
        MasterUsername="dbadmin",
        MasterUserPassword="not-a-secret",
        Tags=pairs,
    )
    for number in (1, 2):
        rds.create_db_instance(
            DBInstanceIdentifier=f"{identifier}-member-{number}",
            DBClusterIdentifier=identifier,
            DBInstanceClass="db.serverless",
            Engine="aurora-postgresql",
            Tags=pairs,
        )


def running(identifier: str, resource: Resource = INSTANCE) -> Running:
    place = Place.of_identifier(identifier)
    assert place is not None
    return Running(identifier, place, NOW, resource)


def connected(
    identifier: str,
    count: float,
    at: dt.datetime,
    *,
    of: str = "DBInstanceIdentifier",
    metric: str = "DatabaseConnections",
) -> None:
    boto3.client("cloudwatch").put_metric_data(
        Namespace="AWS/RDS",
        MetricData=[
            {
                "MetricName": metric,
                "Dimensions": [{"Name": of, "Value": identifier}],
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

    found = observer.databases()

    assert [(instance.identifier, instance.place) for instance in found] == [
        ("dev-orders", Place("dev", "orders")),
        ("dev-big-orders", Place("dev", "big-orders")),
    ]


def test_a_cluster_is_one_database_and_its_members_are_none(observer: Observer) -> None:
    instance("dev-orders", OURS)
    cluster("dev-bills", OURS)
    cluster("dev-theirs", {"Environment": "dev"})

    found = observer.databases()

    assert [(each.identifier, each.resource, each.storage_gb) for each in found] == [
        ("dev-orders", INSTANCE, 20),
        ("dev-bills", CLUSTER, 0),
    ]


def test_an_instance_that_an_earlier_release_named_like_a_member_is_a_database(observer: Observer) -> None:
    instance("dev-orders-member-1", OURS)

    (found,) = observer.databases()

    assert found.place == Place("dev", "orders-member-1")


def test_a_cluster_counts_the_connections_of_all_its_members_and_none_while_it_sleeps(
    observer: Observer,
) -> None:
    of = "DBClusterIdentifier"
    capacity = "ServerlessDatabaseCapacity"
    connected("dev-bills", 2, NOW, of=of)
    connected("dev-bills", 0.5, NOW, of=of, metric=capacity)
    connected("dev-bills", 0, NOW + HOUR, of=of, metric=capacity)  # asleep, and nobody counts connections
    connected("dev-bills", 1, NOW + 2 * HOUR, of=of)  # it slept, then someone woke it
    connected("dev-bills", 0, NOW + 2 * HOUR, of=of, metric=capacity)
    connected("dev-bills", 0, NOW + 3 * HOUR, of=of, metric=capacity)
    connected("dev-bills", 0.5, NOW + 3 * HOUR + HOUR / 2, of=of, metric=capacity)  # no word of connections
    connected("dev-bills", 9, NOW)  # of an instance that has its name

    found = observer.connections([running("dev-bills", CLUSTER)], NOW, NOW + 5 * HOUR)

    assert sorted(found["dev-bills"]) == [(NOW, 2.0), (NOW + HOUR, 0.0), (NOW + 2 * HOUR, 1.0)]


def test_an_instance_that_is_still_being_made_and_one_whose_name_says_no_place_are_left_out() -> None:
    tags = [{"Key": key, "Value": value} for key, value in OURS.items()]
    made = {"DBInstanceIdentifier": "dev-orders", "InstanceCreateTime": NOW, "TagList": tags}
    making = {"DBInstanceIdentifier": "dev-bills", "TagList": tags}
    nowhere = {**made, "DBInstanceIdentifier": "orders"}

    found = Observer(Listing([made, making, nowhere]), None).databases()

    assert [instance.identifier for instance in found] == ["dev-orders"]


class Listing:
    """RDS that lists these instances, and no clusters."""

    def __init__(self, instances: list[dict[str, Any]]) -> None:
        self._instances = instances

    def get_paginator(self, operation: str) -> "Listing":
        return self if operation == "describe_db_instances" else Listing([])

    def paginate(self, **call: Any) -> Iterator[dict[str, Any]]:
        yield {"DBInstances": self._instances, "DBClusters": []}


def test_all_pages_of_instances_are_read(observer: Observer) -> None:
    for number in range(120):
        instance(f"dev-db{number}", OURS)

    assert len(observer.databases()) == 120


def test_the_most_connections_of_each_hour_are_read_and_hours_without_data_are_left_out(
    observer: Observer,
) -> None:
    connected("dev-orders", 0, NOW)
    connected("dev-orders", 3, NOW + 10 * HOUR / 60)
    connected("dev-orders", 0, NOW + 20 * HOUR / 60)
    connected("dev-orders", 0, NOW + 2 * HOUR)
    connected("dev-bills", 7, NOW)
    connected("dev-orders", 9, NOW - HOUR)

    found = observer.connections([running("dev-orders"), running("dev-never")], NOW, NOW + 3 * HOUR)

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
    databases = [running(name) for name in names]

    found = Observer(None, cloudwatch).connections(databases, NOW, NOW + 14 * 24 * HOUR)

    assert [len(call["MetricDataQueries"]) for call in cloudwatch.asked] == [300, 300, 100]
    assert found == {name: [(NOW, 1.0), (NOW + HOUR, 1.0)] for name in names}
    Observer(None, cloudwatch).connections(databases, NOW, NOW + HOUR)
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
        lambda observer: observer.databases(),
        lambda observer: observer.connections([running("dev-orders")], NOW, NOW + HOUR),
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
