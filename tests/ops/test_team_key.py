import dataclasses
import datetime as dt
import json
import os
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from unittest import mock

import boto3
import pytest
from moto import mock_aws
from provisioner.core.models import ApiKey
from provisioner.ledger.ledger import Ledger

from ops.stack import Refused
from ops.team_key import TeamKeys, main
from tests.ledger.moto_table import FAKE_ACCOUNT, TABLE, create_table

STACK = "rds-provisioner"


class Account:
    """An AWS account that has the stack: its usage plan, its ledger and its outputs."""

    def __init__(self) -> None:
        self.gateway: Any = boto3.client("apigateway")
        self.dynamodb: Any = boto3.client("dynamodb")
        create_table(self.dynamodb)
        self.plan = self.gateway.create_usage_plan(name=STACK)["id"]
        boto3.client("cloudformation").create_stack(
            StackName=STACK,
            TemplateBody=json.dumps(
                {
                    "Resources": {"Topic": {"Type": "AWS::SNS::Topic"}},
                    "Outputs": {"UsagePlanId": {"Value": self.plan}, "LedgerTable": {"Value": TABLE}},
                }
            ),
        )

    def key(self, key_id: str) -> ApiKey | None:
        """What the API finds for a key."""
        return Ledger(self.dynamodb, TABLE).api_key(key_id)

    def team_of(self, key_id: str) -> tuple[str, str] | None:
        """Its team and actor."""
        key = self.key(key_id)
        return (key.team, key.actor) if key else None

    def attached(self) -> list[str]:
        items = self.gateway.get_usage_plan_keys(usagePlanId=self.plan)["items"]
        return [str(item["id"]) for item in items]

    def rows(self) -> int:
        return int(self.dynamodb.scan(TableName=TABLE)["Count"])


@pytest.fixture
def account() -> Iterator[Account]:
    with mock.patch.dict(os.environ, FAKE_ACCOUNT), mock_aws():
        yield Account()


def test_a_new_key_opens_the_api_for_its_team(account: Account) -> None:
    key, value = TeamKeys.of_stack(STACK).create("alpha")
    assert key.name == "rds-provisioner-alpha-1"
    assert account.team_of(key.id) == ("alpha", "alpha")
    assert account.attached() == [key.id]
    kept = account.gateway.get_api_key(apiKey=key.id, includeValue=True)
    assert (kept["value"], kept["enabled"], kept["tags"]) == (
        value,
        True,
        {"team": "alpha", "actor": "alpha"},
    )


def test_a_team_may_have_several_keys_each_for_its_own_actor(account: Account) -> None:
    keys = TeamKeys.of_stack(STACK)
    first, _ = keys.create("alpha")
    second, _ = keys.create("alpha", "Ada Lovelace")
    assert [first.name, second.name] == ["rds-provisioner-alpha-1", "rds-provisioner-alpha-2"]
    assert account.team_of(second.id) == ("alpha", "Ada Lovelace")


def test_a_personal_key_names_its_user_and_may_end_also_after_a_restore(account: Account) -> None:
    keys = TeamKeys.of_stack(STACK)
    end = dt.datetime(2027, 3, 1, tzinfo=dt.UTC)
    made, _ = keys.create("alpha", person="jane", expires_at=end)
    known = ApiKey(team="alpha", actor="jane", person="jane", name=made.name, expires_at=end)

    assert account.key(made.id) == known
    account.dynamodb.delete_item(TableName=TABLE, Key={"pk": {"S": f"KEY#{made.id}"}, "sk": {"S": "KEY"}})
    assert [(key.person, key.expires) for key in keys.restore()] == [("jane", "2027-03-01")]
    assert account.key(made.id) == known


def test_a_name_that_begins_like_another_counts_for_itself(account: Account) -> None:
    keys = TeamKeys.of_stack(STACK)
    keys.create("alpha-one")
    assert keys.create("alpha")[0].name == "rds-provisioner-alpha-1"


@pytest.mark.parametrize("team", ["", "Alpha", "1team", "a--b", "a-", "a_b", "a#b", "x" * 41])
def test_a_wrong_team_name_makes_nothing(account: Account, team: str) -> None:
    with pytest.raises(Refused, match="lower-case letters"):
        TeamKeys.of_stack(STACK).create(team)
    assert account.attached() == []


@pytest.mark.parametrize("actor", ["", " x", "a\nb", "<b>", "x" * 65])
def test_a_wrong_actor_makes_nothing(account: Account, actor: str) -> None:
    with pytest.raises(Refused, match="actor"):
        TeamKeys.of_stack(STACK).create("alpha", actor)
    assert account.rows() == 0


def test_a_key_that_cannot_be_given_to_its_team_does_not_stay(account: Account) -> None:
    keys = TeamKeys(account.gateway, account.dynamodb, STACK, account.plan, "no-such-table")
    with pytest.raises(account.dynamodb.exceptions.ResourceNotFoundException):
        keys.create("alpha")
    assert account.gateway.get_api_keys()["items"] == []
    assert account.attached() == []


@pytest.mark.parametrize("named_by", ["name", "id"])
def test_revoking_ends_the_key_and_forgets_its_team(account: Account, named_by: str) -> None:
    keys = TeamKeys.of_stack(STACK)
    key, _ = keys.create("alpha")
    other, _ = keys.create("beta")
    assert keys.revoke(getattr(key, named_by)) == key
    assert account.team_of(key.id) is None
    left = [key["id"] for key in account.gateway.get_api_keys()["items"]]
    assert left == [other.id]


def test_a_key_of_another_api_cannot_be_revoked(account: Account) -> None:
    foreign = account.gateway.create_api_key(name="someone-elses", enabled=True)
    with pytest.raises(Refused, match="has no key"):
        TeamKeys.of_stack(STACK).revoke(foreign["id"])
    assert account.gateway.get_api_key(apiKey=foreign["id"])["name"] == "someone-elses"


def test_the_rows_of_a_lost_ledger_come_back_from_the_keys_tags(
    account: Account, capsys: pytest.CaptureFixture[str]
) -> None:
    keys = TeamKeys.of_stack(STACK)
    first, _ = keys.create("alpha", "Ada Lovelace")
    second, _ = keys.create("beta")
    foreign = account.gateway.create_api_key(name="someone-elses", enabled=True)
    account.gateway.create_usage_plan_key(usagePlanId=account.plan, keyId=foreign["id"], keyType="API_KEY")
    before = account.dynamodb.scan(TableName=TABLE)["Items"]
    account.dynamodb.delete_table(TableName=TABLE)
    create_table(account.dynamodb)

    assert main(["restore"]) == 0

    said = "Restored rds-provisioner-alpha-1 of team alpha.\nRestored rds-provisioner-beta-1 of team beta.\n"
    assert capsys.readouterr().out == said
    assert account.team_of(first.id) == ("alpha", "Ada Lovelace")
    assert account.team_of(second.id) == ("beta", "beta")
    after = account.dynamodb.scan(TableName=TABLE)["Items"]
    assert sorted(after, key=str) == sorted(before, key=str)
    assert main(["restore"]) == 0
    assert capsys.readouterr().out == ""


def test_listing_shows_no_values(account: Account, capsys: pytest.CaptureFixture[str]) -> None:
    keys = TeamKeys.of_stack(STACK)
    key, value = keys.create("alpha", "Ada Lovelace")
    keys.create("beta")
    assert main(["list"]) == 0
    shown = capsys.readouterr().out
    assert value not in shown
    assert [line.split()[0] for line in shown.splitlines()] == [
        "NAME",
        "rds-provisioner-alpha-1",
        "rds-provisioner-beta-1",
    ]
    assert main(["list", "alpha"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[1].split("  ")[:4] == ["rds-provisioner-alpha-1", key.id, "alpha", "Ada Lovelace"]


def test_listing_says_what_to_do_where_there_is_none(
    account: Account, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["list"]) == 0
    assert capsys.readouterr().out == "No keys. Make one: python -m ops.team_key create TEAM\n"


def test_create_prints_the_value_once_and_quietly_the_value_alone(
    account: Account, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["create", "alpha"]) == 0
    shown = capsys.readouterr().out
    (first,) = account.gateway.get_api_keys(includeValues=True)["items"]
    assert shown.count(first["value"]) == 1
    assert main(["create", "beta", "--quiet"]) == 0
    values = {key["value"] for key in account.gateway.get_api_keys(includeValues=True)["items"]}
    assert {capsys.readouterr().out.strip(), first["value"]} == values


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--stack", "no-such", "list"], "There is no stack 'no-such'"),
        (["revoke", "nothing"], "has no key 'nothing'; `list` shows its keys."),
        (["create", "Alpha"], "lower-case letters"),
    ],
)
def test_a_refusal_says_what_to_do_and_ends_with_2(
    account: Account, capsys: pytest.CaptureFixture[str], arguments: list[str], said: str
) -> None:
    assert main(arguments) == 2
    assert said in capsys.readouterr().err


def test_a_stack_of_something_else_is_refused(account: Account) -> None:
    boto3.client("cloudformation").create_stack(
        StackName="other", TemplateBody=json.dumps({"Resources": {"Topic": {"Type": "AWS::SNS::Topic"}}})
    )
    with pytest.raises(Refused, match="no output UsagePlanId; is it this product's"):
        TeamKeys.of_stack("other")


@pytest.fixture
def half_gone(account: Account) -> str:
    """The id of alpha's first key, which was deleted in the console; the usage plan still names it."""
    keys = TeamKeys.of_stack(STACK)
    gone, _ = keys.create("alpha")
    keys.create("beta")
    account.gateway.delete_api_key(apiKey=gone.id)
    assert gone.id in account.attached()
    return gone.id


def test_a_key_that_was_removed_keeps_no_other_from_being_listed_restored_or_revoked(
    account: Account, half_gone: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["list"]) == 0
    shown = capsys.readouterr().out.splitlines()
    assert [line.split()[0] for line in shown] == ["NAME", "rds-provisioner-beta-1"]
    assert main(["restore"]) == 0
    assert main(["revoke", "rds-provisioner-beta-1"]) == 0
    assert account.attached() == [half_gone]


def test_a_key_that_is_half_gone_is_ended_as_a_whole(
    account: Account, half_gone: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["revoke", half_gone]) == 0
    assert "Revoked rds-provisioner-alpha-1 of team alpha." in capsys.readouterr().out
    assert half_gone not in account.attached()
    assert account.team_of(half_gone) is None


def test_a_revoked_key_is_detached_before_it_is_deleted(account: Account) -> None:
    keys = TeamKeys.of_stack(STACK)
    key, _ = keys.create("alpha")
    keys.revoke(key.id)
    assert account.attached() == []


def test_the_region_is_the_one_that_aws_cli_and_terraform_take(
    account: Account, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_DEFAULT_REGION", "eu-west-3")
    monkeypatch.setenv("AWS_REGION", "us-east-1")
    assert TeamKeys.of_stack(STACK).gateway.meta.region_name == "us-east-1"
    monkeypatch.delenv("AWS_DEFAULT_REGION")
    assert TeamKeys.of_stack(STACK).table == TABLE


def test_no_region_at_all_says_what_to_set(
    account: Account, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    for name in ("AWS_DEFAULT_REGION", "AWS_REGION"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "none"))
    assert main(["list"]) == 2
    assert "Set AWS_REGION to the region that the stack is in." in capsys.readouterr().err


def days(number: int) -> dt.datetime:
    return dt.datetime.now(dt.UTC) + dt.timedelta(days=number)


def test_an_operators_key_has_a_name_and_lives_thirty_days(
    account: Account, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["create", "--operator", "--person", "paul.novak"]) == 0
    assert "of operator paul.novak, shown this once" in capsys.readouterr().out
    (attached,) = account.attached()
    key = account.key(attached)
    assert key is not None
    assert (key.scope, key.team, key.person) == ("operator", "operators", "paul.novak")
    assert key.expires_at is not None
    assert dt.timedelta(days=29) < key.expires_at - dt.datetime.now(dt.UTC) <= dt.timedelta(days=30)
    account.dynamodb.delete_item(TableName=TABLE, Key={"pk": {"S": f"KEY#{attached}"}, "sk": {"S": "KEY"}})
    assert main(["restore"]) == 0
    assert account.key(attached) == key


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["create", "--operator"], "has a name"),
        (["create", "--operator", "--person", "paul", "--expires", "31d"], "lives 30 days at most"),
        (["create"], "Say whose key it is"),
        (["rotate", "nothing"], "has no key 'nothing'"),
        (["create", "alpha", "--expires", "soon"], "--expires:"),
    ],
)
def test_a_key_that_may_not_be_is_not_made(
    account: Account, capsys: pytest.CaptureFixture[str], arguments: list[str], said: str
) -> None:
    assert main(arguments) == 2
    assert said in capsys.readouterr().err
    assert account.attached() == []


def test_keys_of_before_have_the_scope_of_their_team(account: Account) -> None:
    key, _ = TeamKeys.of_stack(STACK).create("alpha")
    row = account.dynamodb.get_item(TableName=TABLE, Key={"pk": {"S": f"KEY#{key.id}"}, "sk": {"S": "KEY"}})
    assert "scope" not in row["Item"]
    known = account.key(key.id)
    assert known is not None
    assert known.scope == "team"


@dataclass
class Gateway:
    """API Gateway, whose keys moto cannot tag."""

    inner: Any
    tagged: dict[str, dict[str, str]] = field(default_factory=dict)

    def __getattr__(self, name: str) -> Any:
        return getattr(self.inner, name)

    def tag_resource(self, *, resourceArn: str, tags: dict[str, str]) -> None:  # noqa: N803 - boto3's names
        self.tagged[resourceArn] = tags


def rotating(account: Account) -> TeamKeys:
    found = TeamKeys.of_stack(STACK)
    return dataclasses.replace(found, gateway=Gateway(found.gateway))  # type: ignore[arg-type]


def test_a_rotated_key_is_replaced_by_one_like_it_and_ends_after_the_grace(account: Account) -> None:
    keys = rotating(account)
    old, _ = keys.create("alpha", person="jane", expires_at=days(90))
    now = dt.datetime.now(dt.UTC)
    made, value, ended = keys.rotate(old.name, now, dt.timedelta(hours=24))
    assert (made.team, made.person, made.name) == ("alpha", "jane", "rds-provisioner-alpha-2")
    assert account.gateway.get_api_key(apiKey=made.id, includeValue=True)["value"] == value
    before, after = account.key(old.id), account.key(made.id)
    assert before is not None
    assert after is not None
    assert before.expires_at == now + dt.timedelta(hours=24)
    assert ended.expires == before.expires_at.strftime("%Y-%m-%d")
    assert after.expires_at is not None
    assert dt.timedelta(days=89) < after.expires_at - now <= dt.timedelta(days=91)
    tags = keys.gateway.tagged[f"arn:aws:apigateway:us-east-1::/apikeys/{old.id}"]  # type: ignore[attr-defined]
    assert tags == {"expires_at": before.expires_at.strftime("%Y-%m-%dT%H:%M:%S.%fZ")}  # for a restore


def test_a_rotated_operators_key_stays_one_and_lives_no_longer(account: Account) -> None:
    keys = rotating(account)
    old, _ = keys.create("operators", person="paul", expires_at=days(30), scope="operator")
    made, _, _ = keys.rotate(old.id, dt.datetime.now(dt.UTC), dt.timedelta())
    known = account.key(made.id)
    assert known is not None
    assert known.scope == "operator"
    assert known.expires_at is not None
    assert known.expires_at <= days(30)
