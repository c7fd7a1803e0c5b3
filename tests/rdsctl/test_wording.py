"""What the screens say of whom and why, word by word."""

from typing import Any

import pytest

from rdsctl import words


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"requested_by": "payments"}, "team payments"),
        ({"requested_by": "payments", "person": "ann"}, "ann (payments)"),
        ({"requested_by": "ci"}, "ci (payments)"),
        (
            {"requested_by": "ci", "claimed_by": "jane@acme.example"},
            "ci (payments) for jane@acme.example, whose name nothing checked",
        ),
        ({"requested_by": "payments", "person": None, "claimed_by": None}, "team payments"),
    ],
)
def test_who_asked_is_the_key_and_a_claimed_name_is_said_to_be_claimed(
    given: dict[str, Any], said: str
) -> None:
    assert words.asker({"team": "payments", **given}) == said


@pytest.mark.parametrize(
    ("cause", "said"),
    [
        ("Error: no room", "Error: no room"),
        (
            "Error: creating RDS DB Instance (a): operation error RDS: CreateDBInstance, https response "
            "error StatusCode: 400, RequestID: 0a1b-2c, api error InsufficientDBInstanceCapacity: no room",
            "InsufficientDBInstanceCapacity: no room",
        ),
    ],
)
def test_a_cause_is_what_aws_said_without_the_call_that_said_it(cause: str, said: str) -> None:
    assert words.cause(cause) == said
