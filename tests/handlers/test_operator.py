"""An operator's key reads every team's things and changes nothing but what failed; each call is audited."""

import datetime as dt

import pytest
from provisioner.core import events
from provisioner.handlers import api
from provisioner.ledger.codecs import when

from tests.core.examples import NOW, ROOMY, charge, request
from tests.handlers.api_client import Client
from tests.handlers.conftest import Cloud
from tests.handlers.described import assert_described
from tests.ledger.moto_table import TABLE

PAUL, ALPHA = Client("key-paul"), Client("key-alpha")


def operator(cloud: Cloud, key_id: str = "key-paul", **other: str) -> None:
    """An operator's key in the ledger."""
    end = dt.datetime.now(dt.UTC) + dt.timedelta(days=29)
    row = {
        "team": "operators",
        "actor": "paul",
        "person": "paul",
        "scope": "operator",
        "expires_at": when(end),
    }
    row = {name: text for name, text in (row | {"name": f"n-{key_id}"} | other).items() if text}
    keys = {"pk": {"S": f"KEY#{key_id}"}, "sk": {"S": "KEY"}}
    cloud.dynamodb.put_item(TableName=TABLE, Item=keys | {name: {"S": text} for name, text in row.items()})
    api._key_of.cache_clear()


@pytest.fixture
def failed(cloud: Cloud) -> str:
    """A failed request of team alpha, on dev/mydb123."""
    operator(cloud)
    one = request()
    cloud.ledger.open_create(one, charge(one.root), ROOMY)
    event = events.failed_apply(
        NOW, pipeline_url="https://ci.example/1", commit="0" * 40, cause="no room", fix="wait", retryable=True
    )
    cloud.ledger.add_event(one.id, event, NOW)
    return one.id


def test_an_operator_reads_every_teams_things(failed: str) -> None:
    assert PAUL.call("GET", f"/requests/{failed}").json["team"] == "alpha"
    assert PAUL.call("GET", "/databases/dev/mydb123").json["team"] == "alpha"
    whose = {"team": "alpha"}
    assert len(PAUL.call("GET", "/databases", query=whose).json["databases"]) == 1
    assert len(PAUL.call("GET", "/requests", query=whose).json["requests"]) == 1
    assert PAUL.call("GET", "/quota", query=whose).json["team"] == "alpha"
    assert PAUL.call("GET", "/snapshots", query=whose).json["snapshots"] == []
    assert PAUL.call("GET", "/whoami").json["scopes"] == ["operator"]


@pytest.mark.parametrize("path", ["/databases", "/requests", "/quota", "/snapshots"])
def test_an_operator_says_whose_list_and_a_team_sees_its_own_alone(failed: str, path: str) -> None:
    refused = PAUL.call("GET", path)
    assert (refused.status, refused.json["detail"].partition(".")[0]) == (400, "Say whose: team=NAME")
    assert_described(refused, path, "get")
    assert ALPHA.call("GET", path, query={"team": "alpha"}).status == 200
    assert ALPHA.call("GET", path, query={"team": "beta"}).status == 400


def test_an_operator_retries_what_failed_in_their_own_name(cloud: Cloud, failed: str) -> None:
    answer = PAUL.call("POST", f"/requests/{failed}/retry", headers={"idempotency-key": "once"})
    assert answer.status == 202
    retried = answer.json["timeline"][-1]
    assert (retried["event"], retried["actor"], answer.json["team"]) == ("retried", "paul", "alpha")
    again = PAUL.call("POST", f"/requests/{failed}/retry", headers={"idempotency-key": "once"})
    assert (again.status, again.headers["idempotency-replayed"]) == (202, "true")


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("POST", "/provision-rds"),
        ("PATCH", "/databases/dev/mydb123"),
        ("DELETE", "/databases/dev/mydb123"),
        ("POST", "/databases/dev/mydb123/rotate"),
        ("POST", "/requests/{failed}/cancel"),
    ],
)
def test_an_operator_changes_nothing_else(cloud: Cloud, failed: str, method: str, path: str) -> None:
    before = cloud.rows()
    body = {"database_name": "mydb9", "database_engine": "mysql", "environment": "dev"}
    refused = PAUL.call(method, path.format(failed=failed), body)
    assert (refused.status, refused.json["type"]) == (403, "urn:rds-provisioner:problem:operator-reads")
    assert cloud.rows() == before


@pytest.mark.parametrize("wrong", ["no end", "too far", "nobody"])
def test_an_operators_key_without_a_name_or_a_near_end_opens_nothing(
    cloud: Cloud, failed: str, wrong: str
) -> None:
    far = when(dt.datetime.now(dt.UTC) + dt.timedelta(days=31))
    changes = {"no end": {"expires_at": ""}, "too far": {"expires_at": far}, "nobody": {"person": ""}}
    operator(cloud, "key-odd", **changes[wrong])
    assert Client("key-odd").call("GET", f"/requests/{failed}").status == 403


def test_each_call_of_an_operator_is_in_the_log_with_who_made_it(
    failed: str, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.clear()
    PAUL.call("GET", "/databases", query={"team": "alpha"})
    ALPHA.call("GET", "/databases")
    (audited,) = [vars(record) for record in caplog.records if record.message == "operator call"]
    assert {
        name: audited[name] for name in ("person", "key", "key_id", "source_ip", "method", "path", "query")
    } == {
        "person": "paul",
        "key": "n-key-paul",
        "key_id": "key-paul",
        "source_ip": "192.0.2.1",
        "method": "GET",
        "path": "/databases",
        "query": {"team": "alpha"},
    }
