"""The reaper function: what it does at each run, and what once a day."""

import datetime as dt
import json

import boto3
import pytest
from provisioner.core.events import Event, EventType
from provisioner.core.lifecycle import DatabaseState
from provisioner.core.names import Place
from provisioner.core.times import instant
from provisioner.handlers.reaper import handler

from tests.core.examples import ROOMY, charge, request
from tests.handlers.chain import Context
from tests.handlers.conftest import Cloud
from tests.ledger.moto_table import TABLE

DAY, HOUR = dt.timedelta(days=1), dt.timedelta(hours=1)


def run(now: dt.datetime) -> dict[str, object]:
    outcome: dict[str, object] = handler({"now": instant(now)}, Context())
    return outcome


def database(cloud: Cloud, name: str, now: dt.datetime) -> None:
    """A database of the ledger and of RDS."""
    one = request(database_name=name, now=now, ttl="30d")
    cloud.ledger.open_create(one, charge(one.root), ROOMY)
    cloud.ledger.add_event(one.id, Event(id="done", type=EventType.SUCCEEDED, at=now, actor="x"), now)
    boto3.client("rds").create_db_instance(
        DBInstanceIdentifier=f"dev-{name}",
        DBInstanceClass="db.t4g.micro",
        Engine="mysql",
        AllocatedStorage=20,
        MasterUsername="dbadmin",
        MasterUserPassword="not-a-secret",
        Tags=[{"Key": "ManagedBy", "Value": "rds-provisioner"}, {"Key": "Environment", "Value": "dev"}],
    )


def connections(name: str, begin: dt.datetime, counts: list[int]) -> None:
    """What CloudWatch counted, hour by hour."""
    dimensions = [{"Name": "DBInstanceIdentifier", "Value": f"dev-{name}"}]
    data = [
        {
            "MetricName": "DatabaseConnections",
            "Dimensions": dimensions,
            "Timestamp": begin + position * HOUR,
            "Value": count,
        }
        for position, count in enumerate(counts)
    ]
    boto3.client("cloudwatch").put_metric_data(Namespace="AWS/RDS", MetricData=data)


def test_once_a_day_it_looks_for_idle_databases_and_old_snapshots(
    cloud: Cloud, capsys: pytest.CaptureFixture[str]
) -> None:
    now = dt.datetime.now(dt.UTC)
    database(cloud, "orders", now)
    database(cloud, "bills", now)
    connections("orders", now, [0] * 24 * 18)
    connections("bills", now, [0] * 24 * 5 + [2] + [0] * (24 * 13 - 1))

    warned = run(now + 14 * DAY + HOUR)
    metrics = [json.loads(line) for line in capsys.readouterr().out.splitlines() if '"_aws"' in line][-1]

    assert warned["idle"] == {
        "looked_at": 2,
        "idle": 1,
        "unknown": [],
        "reported": ["dev/orders"],
        "taken_back": [],
        "removals": [],
        "errors": [],
    }
    assert warned["snapshots"] == {"deleted": [], "kept": [], "errors": []}
    assert (metrics["Idle"], metrics["SnapshotsDeleted"], metrics["SweepErrors"]) == ([1.0], [0.0], [0.0] * 6)
    assert (metrics["StorageGrown"], metrics["LogGroupsLimited"]) == ([0.0], [0.0])
    assert warned["growth"] == {"grown": [], "errors": []}
    assert warned["support"] == {"warned": [], "errors": []}
    assert warned["log_groups"] == {"limited": [], "errors": []}

    assert "idle" not in run(now + 14 * DAY + 2 * HOUR)
    removed = run(now + 17 * DAY + HOUR)
    assert isinstance(removed["idle"], dict)
    assert removed["idle"]["removals"] == ["dev/orders"]
    assert [message["kind"] for message in cloud.messages()] == ["remove"]


def test_what_nobody_thought_of_is_an_error_of_the_function_once_the_rest_is_done(cloud: Cloud) -> None:
    now = dt.datetime.now(dt.UTC)
    database(cloud, "orders", now)
    database(cloud, "bills", now)
    for day in (24, 29):
        run(now + day * DAY)
    key = {"pk": {"S": "DB#dev#bills"}, "sk": {"S": "DB"}}
    row = cloud.dynamodb.get_item(TableName=TABLE, Key=key)["Item"]
    end = row["expires_at"]["S"]
    row["root"]["S"] = row["root"]["S"].replace(end, "some day")
    cloud.dynamodb.put_item(TableName=TABLE, Item=row)

    with pytest.raises(RuntimeError, match="dev/bills: ValueError: "):
        run(now + 31 * DAY)

    found = cloud.ledger.database(Place("dev", "orders"))
    assert found is not None
    assert found.state is DatabaseState.REMOVING
