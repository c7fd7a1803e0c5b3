"""What the stack keeps: the ledger, the secrets, and no secret in a parameter."""

import re

from tests.ledger.moto_table import create_table
from tests.template.stack import FUNCTIONS, of_type, resource, template


class Recorder:
    """Takes a table's definition where DynamoDB would make the table."""

    def __init__(self) -> None:
        self.table: dict[str, object] = {}

    def create_table(self, **table: object) -> None:
        self.table = table


def test_the_ledger_has_the_keys_and_indexes_that_the_tests_use() -> None:
    recorder = Recorder()
    create_table(recorder)
    ledger = resource("Ledger")
    for part in ("BillingMode", "AttributeDefinitions", "KeySchema", "GlobalSecondaryIndexes"):
        assert ledger[part] == recorder.table[part]


def test_the_ledger_is_encrypted_recoverable_and_outlives_the_stack() -> None:
    ledger = resource("Ledger")
    assert ledger["PointInTimeRecoverySpecification"] == {"PointInTimeRecoveryEnabled": True}
    assert ledger["SSESpecification"] == {"SSEEnabled": True}
    assert ledger["DeletionProtectionEnabled"] == {"Ref": "DeletionProtection"}
    assert ledger["TimeToLiveSpecification"] == {"AttributeName": "expire_at", "Enabled": True}
    whole = template()["Resources"]["Ledger"]
    assert (whole["DeletionPolicy"], whole["UpdateReplacePolicy"]) == ("Retain", "Retain")
    assert template()["Parameters"]["DeletionProtection"]["Default"] == "true"


def test_no_secret_passes_through_the_template() -> None:
    for about in of_type("AWS::SecretsManager::Secret").values():
        assert "SecretString" not in about
    hints = re.compile("secret|password|token|private", re.IGNORECASE)
    assert [name for name in template()["Parameters"] if hints.search(name)] == []
    assert not any("NoEcho" in about for about in template()["Parameters"].values())
    values = [output["Value"] for output in template()["Outputs"].values()]
    assert "resolve:secretsmanager" not in str(values)


def test_logs_are_kept_as_long_as_the_parameter_says() -> None:
    groups = of_type("AWS::Logs::LogGroup")
    # One for each function, the check of the build and the access log.
    assert len(groups) == len(FUNCTIONS) + 2
    assert {str(group["RetentionInDays"]) for group in groups.values()} == {"{'Ref': 'LogRetentionDays'}"}


def test_the_schedule_retries_and_keeps_what_failed() -> None:
    target = resource("ReaperSchedule")["Target"]
    assert target["RetryPolicy"]["MaximumRetryAttempts"] >= 1
    assert target["DeadLetterConfig"] == {"Arn": {"Fn::GetAtt": ["ScheduleDeadLetters", "Arn"]}}
    assert resource("ReaperSchedule")["ScheduleExpression"] == {"Ref": "ReaperRate"}
    assert template()["Parameters"]["ReaperRate"]["Default"] == "rate(5 minutes)"
