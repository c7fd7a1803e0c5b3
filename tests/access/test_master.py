"""RDS rotates the master's password: its secret says when, and what AWS refuses says what to do."""

import datetime as dt
from collections.abc import Iterator
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError
from moto import mock_aws
from provisioner.access import master
from provisioner.core.errors import NeedsPerson, TryLater

ASKED = dt.datetime(2026, 11, 23, 12, 0, 30, 500_000, tzinfo=dt.UTC)
CURRENT, PREVIOUS = {"1": ["AWSCURRENT"]}, {"0": ["AWSPREVIOUS"]}


class Secrets:
    """Secrets Manager with one secret."""

    def __init__(self, refusal: str | None = None, **found: Any) -> None:
        self.found, self.refusal = found, refusal

    def describe_secret(self, *, SecretId: str) -> dict[str, Any]:  # noqa: N803 - boto3's name
        assert SecretId == "arn"
        return self._answer()

    def rotate_secret(self, *, SecretId: str) -> dict[str, Any]:  # noqa: N803 - boto3's name
        assert SecretId == "arn"
        return self._answer()

    def _answer(self) -> dict[str, Any]:
        if self.refusal:
            raise ClientError({"Error": {"Code": self.refusal, "Message": "said AWS"}}, "Call")
        return self.found


def seconds(number: int) -> dt.datetime:
    return ASKED.replace(microsecond=0) + dt.timedelta(seconds=number)


@pytest.mark.parametrize(
    ("found", "done"),
    [
        ({"LastRotatedDate": seconds(60), "VersionIdsToStages": CURRENT | PREVIOUS}, True),
        ({"LastRotatedDate": seconds(0), "VersionIdsToStages": CURRENT}, True),  # AWS counts whole seconds
        ({"LastRotatedDate": seconds(-1), "VersionIdsToStages": CURRENT}, False),
        ({"LastRotatedDate": seconds(60), "VersionIdsToStages": CURRENT | {"2": ["AWSPENDING"]}}, False),
        ({"LastRotatedDate": seconds(60), "VersionIdsToStages": {"1": ["AWSCURRENT", "AWSPENDING"]}}, True),
        ({"LastChangedDate": seconds(60), "VersionIdsToStages": CURRENT}, True),  # never rotated before
        ({"LastChangedDate": seconds(-60), "VersionIdsToStages": CURRENT}, False),
        (
            {
                "LastRotatedDate": seconds(-60),
                "LastChangedDate": seconds(60),  # a tag, or a rotation that began
                "VersionIdsToStages": CURRENT,
            },
            False,
        ),
    ],
)
def test_a_secret_says_whether_it_was_rotated(found: dict[str, Any], done: bool) -> None:
    assert master.is_rotated(Secrets(**found), "arn", ASKED) is done


def test_what_is_refused_is_tried_again_or_needs_an_operator() -> None:
    with pytest.raises(TryLater, match="rotating a master password: InvalidRequestException: said AWS"):
        master.rotate(Secrets("InvalidRequestException"), "arn")
    with pytest.raises(NeedsPerson, match="secretsmanager:RotateSecret"):
        master.rotate(Secrets("AccessDeniedException"), "arn")
    with pytest.raises(NeedsPerson, match="secretsmanager:DescribeSecret"):
        master.is_rotated(Secrets("AccessDeniedException"), "arn", ASKED)


@pytest.fixture
def secrets(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "test")
    with mock_aws():
        yield boto3.client("secretsmanager", region_name="us-east-1")


def test_a_secret_as_botocore_describes_it_is_read(secrets: Any) -> None:
    arn = secrets.create_secret(Name="rds!db-1", SecretString="{}")["ARN"]
    now = dt.datetime.now(dt.UTC)
    assert not master.is_rotated(secrets, arn, now + dt.timedelta(hours=1))
    secrets.put_secret_value(SecretId=arn, SecretString="{}")
    assert master.is_rotated(secrets, arn, now - dt.timedelta(hours=1))
