"""The break-glass switch in an operator's hands: for one database, for a while, and never unseen."""

import datetime as dt
import json
import os
from collections.abc import Iterator
from unittest import mock

import boto3
import pytest
from moto import mock_aws
from provisioner.core.names import Place
from provisioner.ledger.break_glass import Glass
from provisioner.ledger.ledger import Ledger

from ops.break_glass import Switch, main
from ops.stack import Refused
from tests.core.examples import ROOMY, charge, request
from tests.ledger.moto_table import FAKE_ACCOUNT, TABLE, create_table

NOW = dt.datetime(2026, 11, 23, 12, 0, tzinfo=dt.UTC)
HOUR = dt.timedelta(hours=1)
ORDERS = Place("dev", "orders")


@pytest.fixture
def switch() -> Iterator[Switch]:
    with mock.patch.dict(os.environ, FAKE_ACCOUNT), mock_aws():
        create_table(boto3.client("dynamodb"))
        outputs = {"LedgerTable": {"Value": TABLE}}
        body = {"Resources": {"Topic": {"Type": "AWS::SNS::Topic"}}, "Outputs": outputs}
        boto3.client("cloudformation").create_stack(
            StackName="rds-provisioner", TemplateBody=json.dumps(body)
        )
        yield Switch.of_stack("rds-provisioner")


def test_it_opens_for_one_database_and_ends_by_its_time(switch: Switch) -> None:
    glass = switch.open(ORDERS, "API down", HOUR, NOW)
    known = switch.ledger.break_glass
    assert known.open_for(ORDERS, NOW) == glass
    assert known.open_for(ORDERS, NOW + HOUR - dt.timedelta(seconds=1)) == glass
    assert known.open_for(ORDERS, NOW + HOUR) is None
    assert known.open_for(Place("dev", "other"), NOW) is None
    assert known.open_for(Place("prod", "orders"), NOW) is None


def test_it_can_be_closed_before_its_time_and_opened_again(switch: Switch) -> None:
    switch.open(ORDERS, "API down", HOUR, NOW)
    later = NOW + dt.timedelta(minutes=5)
    switch.close(ORDERS, later)
    assert switch.ledger.break_glass.open_for(ORDERS, later) is None
    again = switch.open(ORDERS, "once more", HOUR, later)
    assert switch.ledger.break_glass.open_for(ORDERS, later) == again


@pytest.mark.parametrize(
    ("reason", "duration", "words"),
    [
        ("", HOUR, "Say why"),
        ("  ", HOUR, "Say why"),
        ("x", dt.timedelta(), "1 to 480 minutes"),
        ("x", dt.timedelta(hours=8, minutes=1), "1 to 480 minutes"),
    ],
)
def test_it_opens_neither_for_ever_nor_without_a_reason(
    switch: Switch, reason: str, duration: dt.timedelta, words: str
) -> None:
    with pytest.raises(Refused, match=words):
        switch.open(ORDERS, reason, duration, NOW)
    assert switch.ledger.break_glass.of(ORDERS) == []


def test_it_is_opened_once_and_closed_once(switch: Switch) -> None:
    with pytest.raises(Refused, match="not open"):
        switch.close(ORDERS, NOW)
    switch.open(ORDERS, "API down", HOUR, NOW)
    with pytest.raises(Refused, match="It is open for dev/orders until 13:00 UTC, by arn:aws:sts"):
        switch.open(ORDERS, "me too", HOUR, NOW)


def test_who_opened_and_closed_it_is_an_event_of_the_database_and_stays_written(switch: Switch) -> None:
    made = request(database_name="orders", now=NOW)
    switch.ledger.open_create(made, charge(made.root), ROOMY)
    switch.open(ORDERS, "API down", HOUR, NOW)
    switch.close(ORDERS, NOW + HOUR / 2)
    happened = switch.ledger.database_events(ORDERS)
    assert [(event.type.value, event.actor, dict(event.detail)) for event in happened] == [
        ("break_glass", switch.actor, {"doing": doing, "reason": "API down", "until": "2026-11-23T13:00:00Z"})
        for doing in ("opened", "closed")
    ]
    assert [(glass.actor, glass.closed_at) for glass in switch.ledger.break_glass.of(ORDERS)] == [
        (switch.actor, NOW + HOUR / 2)
    ]


def test_a_row_is_read_as_it_was_written(switch: Switch) -> None:
    """What a release wrote is read for ever: its keys and attributes, written out."""
    switch.open(ORDERS, "API down", HOUR, NOW)
    (item,) = boto3.client("dynamodb").scan(TableName=TABLE)["Items"]
    assert item == {
        "pk": {"S": "GLASS#dev#orders"},
        "sk": {"S": "GLASS#2026-11-23T12:00:00.000000Z"},
        "environment": {"S": "dev"},
        "database_name": {"S": "orders"},
        "actor": {"S": switch.actor},
        "reason": {"S": "API down"},
        "opened_at": {"S": "2026-11-23T12:00:00.000000Z"},
        "until": {"S": "2026-11-23T13:00:00.000000Z"},
        "version": {"N": "1"},
        "due_kind": {"S": "glass"},
        "due_at": {"S": "2026-11-23T12:00:00.000000Z"},
    }
    assert Ledger(boto3.client("dynamodb"), TABLE).break_glass.of(ORDERS) == [
        Glass(place=ORDERS, actor=switch.actor, reason="API down", opened_at=NOW, until=NOW + HOUR)
    ]


def test_the_command_says_what_to_do_and_shows_every_use(
    switch: Switch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["list", "dev/orders"]) == 0
    assert main(["open", "dev/orders", "--reason", "API down", "--minutes", "30"]) == 0
    assert main(["close", "dev/orders"]) == 0
    assert main(["list", "dev/orders"]) == 0
    output = capsys.readouterr().out.splitlines()
    assert output[0] == "It was never opened for dev/orders."
    assert "the root of dev/orders may change without a request" in output[1]
    assert output[2] == "Closed: the root of dev/orders changes through the API alone again."
    assert output[3].endswith(f"  {switch.actor}  API down")
    assert "closed" in output[3]


@pytest.mark.parametrize("place", ["orders", "dev", "dev/Orders", "dev/orders/main.tf", "../x"])
def test_a_place_that_is_none_is_refused(
    switch: Switch, capsys: pytest.CaptureFixture[str], place: str
) -> None:
    assert main(["open", place, "--reason", "x"]) == 2
    assert "names no database" in capsys.readouterr().err
